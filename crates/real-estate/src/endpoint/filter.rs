//! Packet drop that an ordinary user can ask for.
//!
//! `IP_MINTTL` (`ip(7)`, made for BGP; TCP over IPv4) has the system throw away, without an answer, every packet
//! whose time to live is below a minimum, connection attempts at a listener too. Packets start with 64, so that a
//! minimum of 255 drops them all. A BPF filter on the socket would do the same, but newer kernels want
//! `CAP_NET_ADMIN` before they take one for TCP.

#[cfg(target_os = "linux")]
mod system {
    use std::io;
    use std::os::fd::AsFd;

    use nix::sys::socket::setsockopt;
    use nix::sys::socket::sockopt::SetStruct;
    use nix::{libc, setsockopt_impl};

    /// The largest minimum there is.
    const EVERYTHING: u8 = 255;

    #[derive(Clone, Copy, Debug)]
    struct MinTtl;

    setsockopt_impl!(MinTtl, libc::IPPROTO_IP, libc::IP_MINTTL, libc::c_int, SetStruct<libc::c_int>);

    pub(in super::super) fn set(socket: &impl AsFd, dropping: bool) -> io::Result<()> {
        let minimum = if dropping { EVERYTHING } else { 0 };
        Ok(setsockopt(socket, MinTtl, &libc::c_int::from(minimum))?)
    }

    pub(in super::super) fn is_possible() -> bool {
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).is_ok_and(|socket| {
            // A machine may be set to send everything with the maximum.
            socket.ttl_v4().is_ok_and(|ttl| ttl < u32::from(EVERYTHING)) && set(&socket, true).is_ok()
        })
    }
}

/// Other systems have no such option for TCP.
#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;
    use std::os::fd::AsFd;

    pub(in super::super) fn set(_: &impl AsFd, dropping: bool) -> io::Result<()> {
        if dropping { Err(io::ErrorKind::Unsupported.into()) } else { Ok(()) }
    }

    pub(in super::super) fn is_possible() -> bool {
        false
    }
}

/// `set` drops what arrives at a socket, or lets it through again; `is_possible` says whether this machine does.
pub(super) use self::system::{is_possible, set};
