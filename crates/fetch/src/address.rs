//! Which addresses may be asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a fetcher reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses alone.
    #[default]
    Public,
    /// Also this machine and private networks. Link-local addresses and those of clouds' metadata stay closed.
    Local,
}

impl Reach {
    /// Whether an address lies within.
    pub(crate) fn admits(self, address: IpAddr) -> bool {
        let address = carried(address);
        match self {
            Reach::Public => is_public(address),
            Reach::Local => is_public(address) || is_local(address),
        }
    }
}

/// Addresses that clouds answer their machines on, though nothing in the number says so.
/// (169.254.169.254 is link-local anyway.)
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200)];
const METADATA_V6: [Ipv6Addr; 2] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// IPv4 blocks that are not the public internet, from IANA's registry of special-purpose addresses.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),       // this network
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared by a carrier's customers
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // protocol assignments, metadata
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // relays of 6to4
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, broadcast
];

/// What Reach::Local adds in IPv4.
const LOCAL_V4: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];

/// The one block of IPv6 that is routed publicly. All others (loopback, unique-local, link-local, multicast, IPv4-compatible …) are not.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What in it is not the public internet. Teredo (2001::/32, in the first) and 6to4 carry an IPv4 address that a relay would connect to;
/// nobody serves pages over either.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarks, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Where networks without IPv4 reach IPv4 (NAT64).
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// The IPv4 address that a connection to an IPv6 address would end at, for mapped ones and NAT64's.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    if within_v6(v6, NAT64) {
        let [.., a, b, c, d] = v6.octets();
        return Ipv4Addr::new(a, b, c, d).into();
    }
    address
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !METADATA_V4.contains(&v4) && !SPECIAL_V4.iter().any(|block| within_v4(v4, *block)),
        IpAddr::V6(v6) => within_v6(v6, GLOBAL_V6) && !SPECIAL_V6.iter().any(|block| within_v6(v6, *block)),
    }
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !METADATA_V4.contains(&v4) && LOCAL_V4.iter().any(|block| within_v4(v4, *block)),
        IpAddr::V6(v6) => !METADATA_V6.contains(&v6) && (v6.is_loopback() || v6.is_unique_local()),
    }
}

fn within_v4(address: Ipv4Addr, (block, bits): (Ipv4Addr, u32)) -> bool {
    (address.to_bits() ^ block.to_bits()).leading_zeros() >= bits
}

fn within_v6(address: Ipv6Addr, (block, bits): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ block.to_bits()).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judged(address: &str) -> (bool, bool) {
        let address = address.parse().expect(address);
        (Reach::Public.admits(address), Reach::Local.admits(address))
    }

    #[test]
    fn public_addresses_are_admitted() {
        for address in
            ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"]
        {
            assert_eq!(judged(address), (true, true), "{address}");
        }
    }

    #[test]
    fn ones_own_machine_and_network_are_admitted_only_where_they_are_opened() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "fc00::1",
            "fd12:3456::1",
        ] {
            assert_eq!(judged(address), (false, true), "{address}");
        }
    }

    #[test]
    fn what_is_no_host_on_any_network_is_never_admitted() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.1",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "198.18.0.1",
            "198.19.255.255",
            "192.88.99.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            "ff0e::1",
            "2001:db8::1",
            "3fff::1",
            "2001:2::1",
            "100::1",
            "5f00::1",
            "fec0::1",
        ] {
            assert_eq!(judged(address), (false, false), "{address}");
        }
    }

    #[test]
    fn metadata_and_link_local_addresses_are_never_admitted() {
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.0.1",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fe80::1",
            "fe80::a9fe:a9fe",
            "fd00:ec2::254",
            "fd20:ce::254",
        ] {
            assert_eq!(judged(address), (false, false), "{address}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_is_judged_as_what_it_is() {
        for (address, expected) in [
            ("::ffff:127.0.0.1", (false, true)),
            ("::ffff:10.0.0.1", (false, true)),
            ("::ffff:169.254.169.254", (false, false)),
            ("::ffff:1.1.1.1", (true, true)),
            ("64:ff9b::7f00:1", (false, true)),
            ("64:ff9b::a9fe:a9fe", (false, false)),
            ("64:ff9b::101:101", (true, true)),
        ] {
            assert_eq!(judged(address), expected, "{address}");
        }
    }

    #[test]
    fn tunnels_and_old_ways_to_carry_ipv4_are_never_admitted() {
        for address in [
            "::127.0.0.1",
            "::1.1.1.1",
            "2002:7f00:1::",
            "2002:101:101::",
            "2001:0:7f00:1::80ff:fffe",
            "64:ff9b:1::7f00:1",
            "::ffff:0:7f00:1",
        ] {
            assert_eq!(judged(address), (false, false), "{address}");
        }
    }
}
