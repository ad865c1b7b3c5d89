//! Connection attempts that are on their way and unanswered, as the system lists them.
//!
//! A client that connects by name goes on asking the address that the name led to, also after the name moved. At
//! an endpoint of one address, its next packet would reach the new target instead: these are the ones to hold.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Linux' table of TCP sockets over IPv4; elsewhere there is none, and nobody is held.
const TABLE: &str = "/proc/net/tcp";
/// `SYN_SENT`, in the table's hexadecimal.
const ASKING: &str = "02";

/// The ports of this machine's clients that ask for an address and have no answer yet.
pub(super) fn at(address: SocketAddr) -> BTreeSet<u16> {
    std::fs::read_to_string(TABLE).map(|table| asking(&table, address)).unwrap_or_default()
}

fn asking(table: &str, address: SocketAddr) -> BTreeSet<u16> {
    let SocketAddr::V4(address) = address else { return BTreeSet::new() };
    // The four octets as the machine keeps them, read as one number.
    let wanted = format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port());
    let client = |line: &str| {
        let mut columns = line.split_whitespace().skip(1);
        let (local, remote, state) = (columns.next()?, columns.next()?, columns.next()?);
        let (_, port) = local.split_once(':')?;
        if remote == wanted && state == ASKING { u16::from_str_radix(port, 16).ok() } else { None }
    };
    table.lines().filter_map(client).collect()
}

#[cfg(all(test, target_endian = "little"))]
mod tests {
    use super::*;

    #[test]
    fn only_unanswered_attempts_at_the_address_are_listed() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 0100007F:A5B1 0100007F:1F90 02 00000001:00000000 01:00000064 00000001     0
   2: 0100007F:A5B2 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0
   3: 0100007F:A5B3 0100007F:1F91 02 00000001:00000000 01:00000064 00000001     0
   4: 0100007F:A5B4 0200007F:1F90 02 00000001:00000000 01:00000064 00000001     0
";
        let address = SocketAddr::from(([127, 0, 0, 1], 0x1F90));
        assert_eq!(asking(table, address), BTreeSet::from([0xA5B1]));
    }
}
