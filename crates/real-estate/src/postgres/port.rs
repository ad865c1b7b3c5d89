//! Ports and secrets: what must be free, and what must not be guessed.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener};

use super::PostgresError;

/// Where the ports that the system gives to outgoing connections begin, when the system does not say.
const USUAL_FIRST: u16 = 32_768;
const LOWEST: u16 = 15_000;

/// A port that is free on loopback and that no outgoing connection is given: a server that restarts must find it
/// free again.
pub(super) fn free(taken: &[u16]) -> Result<u16, PostgresError> {
    let end = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .filter(|first| *first > LOWEST + 1000)
        .unwrap_or(USUAL_FIRST);
    for pair in random::<512>()?.as_chunks::<2>().0 {
        let port = LOWEST + u16::from_ne_bytes(*pair) % (end - LOWEST);
        if !taken.contains(&port) && TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    any.map(|address| address.port()).map_err(PostgresError::file("a free port"))
}

/// 32 hexadecimal digits that nobody can guess.
pub(super) fn secret() -> Result<String, PostgresError> {
    Ok(format!("{:032x}", u128::from_ne_bytes(random::<16>()?)))
}

fn random<const N: usize>() -> Result<[u8; N], PostgresError> {
    let source = "/dev/urandom";
    let mut bytes = [0; N];
    let read = std::fs::File::open(source).and_then(|mut file| file.read_exact(&mut bytes));
    read.map(|()| bytes).map_err(PostgresError::file(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_below_those_of_outgoing_connections_and_not_taken_twice() {
        let first = free(&[]).unwrap();
        let second = free(&[first]).unwrap();
        assert_ne!(first, second);
        assert!((LOWEST..USUAL_FIRST).contains(&first), "{first}");
    }

    #[test]
    fn secrets_differ() {
        let one = secret().unwrap();
        assert_eq!(one.len(), 32);
        assert_ne!(one, secret().unwrap());
    }
}
