//! Which addresses a check may be asked at. A name in the plan may lead anywhere; the function must not be led to
//! itself, to credentials, or, unless the plan says so, into a private network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Those of these addresses that may be asked.
///
/// # Errors
/// When there is none: why the first may not, or that there was none at all.
pub(crate) fn allowed(
    found: impl IntoIterator<Item = SocketAddr>,
    allow_private: bool,
) -> Result<Vec<SocketAddr>, String> {
    let mut good = Vec::new();
    let mut why = None;
    for address in found {
        match refusal(address.ip(), allow_private) {
            None => good.push(address),
            Some(reason) => {
                why.get_or_insert_with(|| format!("its name leads to {}, {reason}", address.ip()));
            }
        }
    }
    if good.is_empty() { Err(why.unwrap_or_else(|| "its name leads nowhere".to_owned())) } else { Ok(good) }
}

/// Why an address may not be asked.
fn refusal(address: IpAddr, allow_private: bool) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address, allow_private),
        IpAddr::V6(address) => v6(address, allow_private),
    }
}

const NEVER: &str = "which is never asked";
const CREDENTIALS: &str = "where AWS hands out credentials";
const PRIVATE: &str = "which is private or link-local, and the plan does not say `allow_private = true`";

fn v4(address: Ipv4Addr, allow_private: bool) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    // Instance metadata, the credentials of ECS tasks and of EKS pods.
    if a == 169 && b == 254 && (c == 169 || c == 170) {
        return Some(CREDENTIALS);
    }
    if a == 0 || a >= 224 || address.is_loopback() || address.is_documentation() {
        return Some(NEVER);
    }
    let shared = a == 100 && (64..128).contains(&b);
    let benchmarks = a == 198 && (b == 18 || b == 19);
    let protocols = a == 192 && b == 0 && c == 0;
    let private = address.is_private() || address.is_link_local() || shared || benchmarks || protocols;
    (private && !allow_private).then_some(PRIVATE)
}

fn v6(address: Ipv6Addr, allow_private: bool) -> Option<&'static str> {
    let [first, second, ..] = address.segments();
    // The same services as above, over IPv6.
    if first == 0xfd00 && second == 0x0ec2 {
        return Some(CREDENTIALS);
    }
    // An IPv4 address in other clothes: NAT64, and the ways through tunnels that nobody needs. Only in the well-known
    // prefix, a /96, are the last four bytes the address (RFC 6052); in 64:ff9b:1::/48 each network puts it where it
    // likes (RFC 8215), and what else begins so is nobody's.
    if first == 0x64 && second == 0xff9b {
        let [_, _, 0, 0, 0, 0, ..] = address.segments() else { return Some(NEVER) };
        let [.., a, b, c, d] = address.octets();
        return v4(Ipv4Addr::new(a, b, c, d), allow_private);
    }
    let tunnels = first == 0x2002 || (first == 0x2001 && second == 0) || first == 0;
    let documentation = first == 0x2001 && second == 0x0db8;
    if tunnels || documentation || address.is_multicast() {
        return Some(NEVER);
    }
    let private = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || first & 0xffc0 == 0xfec0;
    (private && !allow_private).then_some(PRIVATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(address: &str, allow_private: bool) -> bool {
        refusal(address.parse().unwrap(), allow_private).is_none()
    }

    #[test]
    fn public_addresses_may_always_be_asked() {
        for address in ["93.184.215.14", "52.95.110.1", "2600:1f18::1", "64:ff9b::5db8:d70e", "100.128.0.1"] {
            assert!(may(address, false) && may(address, true), "{address}");
        }
    }

    #[test]
    fn private_ones_only_as_the_plan_allows() {
        for address in [
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.1.1",
            "198.18.0.1",
            "fd12:3456::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert!(!may(address, false), "{address}");
            assert!(may(address, true), "{address}");
        }
    }

    #[test]
    fn itself_and_credentials_never() {
        for address in [
            "127.0.0.1",
            "127.255.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "192.0.2.1",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:0:1::5db8:d70e",
            "64:ff9b:1::5db8:d70e",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:2::5db8:d70e",
            "fd00:ec2::254",
            "2002:7f00:1::",
            "ff02::1",
        ] {
            assert!(!may(address, false) && !may(address, true), "{address}");
        }
    }

    #[test]
    fn of_several_addresses_the_good_ones_are_kept() {
        let of = |all: &[&str]| allowed(all.iter().map(|a| SocketAddr::new(a.parse().unwrap(), 443)), false);
        assert_eq!(of(&["10.0.0.1", "52.95.110.1"]).unwrap().len(), 1);
        assert!(of(&["10.0.0.1", "127.0.0.1"]).unwrap_err().contains("10.0.0.1, which is private"));
        assert_eq!(of(&[]).unwrap_err(), "its name leads nowhere");
    }
}
