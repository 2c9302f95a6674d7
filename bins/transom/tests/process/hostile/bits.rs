//! Deflate and zip, written by hand: those who write them well do not write what is wrong.

/// Bits, least first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u64, count: u32) {
        self.pending |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// A Huffman code, which is written from its first bit.
    fn code(&mut self, code: u64, count: u32) {
        self.push(code.reverse_bits() >> (64 - count), count);
    }

    fn literal(&mut self, byte: u8) {
        match byte {
            0..144 => self.code(0x30 + u64::from(byte), 8),
            144.. => self.code(0x190 + u64::from(byte - 144), 9),
        }
    }

    /// The last 258 bytes that stand so far back, once more.
    fn repeat(&mut self, distance: u64) {
        self.code(0xC5, 8);
        let back = distance - 1;
        if back < 4 {
            return self.code(back, 5);
        }
        let extra = back.ilog2() - 1;
        self.code(u64::from(2 * (extra + 1)) + (back >> extra & 1), 5);
        self.push(back & ((1 << extra) - 1), extra);
    }
}

/// `before`, then `pattern` so often, then `after`, deflated: a hundred and fifty times smaller where it repeats.
pub fn deflated(before: &[u8], pattern: &[u8], times: u64, after: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b011, 3);
    before.iter().chain(pattern).for_each(|&byte| bits.literal(byte));
    let rest = (times.saturating_sub(1)) * pattern.len() as u64;
    (0..rest / 258).for_each(|_| bits.repeat(pattern.len() as u64));
    let (left, at) = (rest % 258, rest / 258 * 258);
    (0..left).for_each(|index| bits.literal(pattern[((at + index) % pattern.len() as u64) as usize]));
    after.iter().for_each(|&byte| bits.literal(byte));
    bits.code(0, 7);
    bits.push(0, 7);
    bits.bytes
}

/// The same in zlib's wrapping, as in PDFs. Its checksum is wrong, which nobody finds out before the end.
pub fn zlib(before: &[u8], pattern: &[u8], times: u64, after: &[u8]) -> Vec<u8> {
    [&[0x78, 0x9C], deflated(before, pattern, times, after).as_slice(), &[0; 4]].concat()
}

/// A file in a zip.
pub struct Entry {
    name: String,
    deflated: bool,
    data: Vec<u8>,
    declared: u32,
    checksum: u32,
}

impl Entry {
    /// As it is.
    pub fn stored(name: &str, data: impl Into<Vec<u8>>) -> Self {
        let data = data.into();
        Self { name: name.to_owned(), deflated: false, declared: data.len() as u32, checksum: checksum(&data), data }
    }

    /// Deflated already; it says that it unpacks to so much.
    pub fn packed(name: &str, data: Vec<u8>, declared: u32) -> Self {
        Self { name: name.to_owned(), deflated: true, data, declared, checksum: 0 }
    }
}

/// A zip of these.
pub fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = out.len() as u32;
        out.extend(local(entry));
        out.extend(&entry.data);
        directory.extend(central(entry, &entry.name, at));
    }
    finished(out, &directory, entries.len())
}

/// A zip whose directory names one entry so often, each time by another name.
pub fn zip_of_one(first: &[Entry], entry: &Entry, names: impl Iterator<Item = String>) -> Vec<u8> {
    let (mut out, mut directory, mut count) = (Vec::new(), Vec::new(), 0);
    for entry in first {
        directory.extend(central(entry, &entry.name, out.len() as u32));
        out.extend(local(entry));
        out.extend(&entry.data);
        count += 1;
    }
    let at = out.len() as u32;
    out.extend(local(entry));
    out.extend(&entry.data);
    for name in names {
        directory.extend(central(entry, &name, at));
        count += 1;
    }
    finished(out, &directory, count)
}

fn local(entry: &Entry) -> Vec<u8> {
    [b"PK\x03\x04".as_slice(), &described(entry), &(entry.name.len() as u16).to_le_bytes(), &[0; 2], entry.name.as_bytes()].concat()
}

fn central(entry: &Entry, name: &str, at: u32) -> Vec<u8> {
    let length = (name.len() as u16).to_le_bytes();
    [b"PK\x01\x02\x14\0".as_slice(), &described(entry), &length, &[0; 12], &at.to_le_bytes(), name.as_bytes()].concat()
}

/// Version, flags, method, time, checksum and sizes.
fn described(entry: &Entry) -> Vec<u8> {
    let method = if entry.deflated { [8, 0] } else { [0, 0] };
    let size = (entry.data.len() as u32).to_le_bytes();
    [&[20, 0, 0, 0], method.as_slice(), &[0, 0, 0x21, 0x5B], &entry.checksum.to_le_bytes(), &size, &entry.declared.to_le_bytes()].concat()
}

fn finished(mut out: Vec<u8>, directory: &[u8], count: usize) -> Vec<u8> {
    let at = out.len() as u32;
    let count = (count as u16).to_le_bytes();
    out.extend(directory);
    out.extend(
        [b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count, &(directory.len() as u32).to_le_bytes(), &at.to_le_bytes(), &[0; 2]].concat(),
    );
    out
}

fn checksum(data: &[u8]) -> u32 {
    !data
        .iter()
        .fold(!0u32, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (!(crc & 1)).wrapping_add(1))))
}

#[test]
fn what_is_deflated_here_is_a_zip_to_others() {
    let text = deflated(b"<a>", b"b/", 1000, b"</a>");
    let zipped = zip(&[Entry::stored("x", "stored"), Entry::packed("y", text, 2007)]);
    assert_eq!(checksum(b"123456789"), 0xCBF4_3926);
    assert_eq!(&zipped[zipped.len() - 22..][..4], b"PK\x05\x06");
}
