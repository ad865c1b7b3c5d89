//! System V shared memory: 56 bytes for each server, which outlive a server that was killed.
//!
//! A server that starts again in the same folder takes them over; when the folder goes instead, they must be
//! removed by hand. There is no safe call for it, so `ipcrm` (util-linux, busybox) does it.

use std::path::Path;

use super::account::Account;
use super::processes;

/// A segment, and the server that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    key: i64,
    id: i64,
    maker: i64,
}

/// The segment of the server that runs, or was killed, in `data`.
pub(super) fn of(data: &Path) -> Option<Segment> {
    parse(&std::fs::read_to_string(data.join("postmaster.pid")).ok()?)
}

/// `postmaster.pid`: the process on line 1 (negative for a server of one user), key and id on line 7.
fn parse(file: &str) -> Option<Segment> {
    let maker: i64 = file.lines().next()?.trim().parse().ok()?;
    let mut numbers = file.lines().nth(6)?.split_whitespace().map(str::parse::<i64>);
    Some(Segment { key: numbers.next()?.ok()?, id: numbers.next()?.ok()?, maker: maker.abs() })
}

/// Removes the segment if it is still there, is still the one that this server made, and nobody uses it.
pub(super) fn remove(segment: Segment, account: Account) {
    if !is_left(segment) {
        return;
    }
    let done = account.command(Path::new("ipcrm")).args(["-m", &segment.id.to_string()]).status();
    if !done.is_ok_and(|status| status.success()) && is_left(segment) {
        tracing::warn!(
            id = segment.id,
            "a shared memory segment of 56 bytes stays behind; remove it with ipcrm -m"
        );
    }
}

fn is_left(segment: Segment) -> bool {
    let table = std::fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    table.lines().any(|line| listed(line) == Some((segment, 0)))
}

/// A line of the kernel's table: key, id, mode, size, maker, last user, users.
fn listed(line: &str) -> Option<(Segment, i64)> {
    let number = |at: usize| line.split_whitespace().nth(at)?.parse::<i64>().ok();
    Some((Segment { key: number(0)?, id: number(1)?, maker: number(4)? }, number(6)?))
}

/// What a server that was killed in `data` left. The folder may go afterwards.
pub(super) fn clear(data: &Path, account: Account) {
    if processes::of(data).is_empty()
        && let Some(segment) = of(data)
    {
        remove(segment, account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_segment_is_on_line_seven_and_its_maker_on_line_one() {
        let file = "-4711\n/data\n1795520000\n15000\n\n127.0.0.1\n  1049342        65\nready\n";
        assert_eq!(parse(file), Some(Segment { key: 1_049_342, id: 65, maker: 4711 }));
        assert_eq!(parse("4711\n/data\n"), None);
    }

    #[test]
    fn a_segment_of_another_maker_is_not_ours() {
        let line = "   1049342         65   600                    56  4711  4712      0 65534 65534";
        let ours = Segment { key: 1_049_342, id: 65, maker: 4711 };
        assert_eq!(listed(line), Some((ours, 0)));
        assert_ne!(listed(line), Some((Segment { maker: 9, ..ours }, 0)));
        assert_eq!(listed("       key      shmid perms"), None);
    }
}
