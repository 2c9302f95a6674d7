//! An address that refuses every connection.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpSocket;

/// An address on the loopback that refuses connections for as long as this lives.
///
/// A port that was merely free a moment ago may belong to another test's server by the time it is called. This one is
/// bound, so that the system gives it to nobody else, and nobody listens on it.
#[derive(Debug)]
pub struct ClosedPort {
    socket: TcpSocket,
}

impl ClosedPort {
    /// On a port that the system chooses.
    #[must_use]
    pub fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { socket }
    }

    /// In the place of a server that is ending: takes its port as soon as it lets go of it.
    pub async fn in_place_of(base_url: &str) -> Self {
        let address = base_url.trim_start_matches("http://").parse().unwrap();
        loop {
            let socket = TcpSocket::new_v4().unwrap();
            // Connections of that server may still be closing, which this passes over. It passes over no listener.
            socket.set_reuseaddr(true).unwrap();
            if socket.bind(address).is_ok() {
                return Self { socket };
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.socket.local_addr().unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Upstream;

    #[tokio::test]
    async fn nobody_connects_to_a_closed_port_and_nobody_else_gets_it() {
        let closed = ClosedPort::start();
        let address: SocketAddr = closed.base_url().trim_start_matches("http://").parse().unwrap();
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
        assert!(std::net::TcpListener::bind(address).is_err());
    }

    #[tokio::test]
    async fn a_closed_port_takes_the_place_of_a_server() {
        let upstream = Upstream::start().await;
        let base = upstream.base_url().to_owned();
        drop(upstream);
        let closed = ClosedPort::in_place_of(&base).await;
        assert_eq!(closed.base_url(), base);
        assert!(tokio::net::TcpStream::connect(base.trim_start_matches("http://")).await.is_err());
    }
}
