//! What people were told, and what ended in a dead-letter queue.

use super::Check;
use crate::{evidence::Evidence, scenario::Expect};
use plan::NoticeKind;
use recovery::text::wire_name;

pub(super) fn notices(seen: &Evidence, audience: &str, name: &'static str, expected: &[NoticeKind]) -> Check {
    // SNS may deliver a copy: it bears the same incident and sequence, and is one notice.
    let mut got: Vec<(u64, &str)> =
        seen.inbox.iter().filter(|l| l.audience == audience).map(|l| (l.sequence, l.kind.as_str())).collect();
    got.sort_unstable();
    got.dedup();
    let got: Vec<&str> = got.into_iter().map(|(_, kind)| kind).collect();
    let wanted: Vec<String> = expected.iter().map(wire_name).collect();
    Check::new(name, got == wanted, format!("received {got:?}, expected {wanted:?}"))
}

pub(super) fn says_drill(seen: &Evidence, expect: &Expect) -> Check {
    let silent: Vec<&str> = seen
        .inbox
        .iter()
        .filter(|l| !(l.drill && l.subject.contains("DRILL") && l.body.contains("DRILL")))
        .map(|l| l.subject.as_str())
        .collect();
    let expected = !expect.stakeholders.is_empty() || !expect.on_call.is_empty();
    let any = !seen.inbox.is_empty();
    Check::new(
        "every-notice-says-drill",
        silent.is_empty() && (any || !expected),
        if silent.is_empty() { format!("{} notice(s)", seen.inbox.len()) } else { silent.join("; ") },
    )
}

pub(super) fn poison_found(seen: &Evidence) -> Check {
    let found = seen.dead_letters.iter().find(|d| d.body.contains(&seen.poison));
    Check::new(
        "poison-in-dead-letter-queue",
        found.is_some(),
        found.map_or("not found in any dead-letter queue".to_owned(), |d| format!("found in {}", d.queue)),
    )
}

pub(super) fn nothing_else_dead(seen: &Evidence) -> Check {
    let others: Vec<String> = seen
        .dead_letters
        .iter()
        .filter(|d| !d.body.contains(&seen.poison))
        .map(|d| format!("{}: {}", d.queue, recovery::text::plain(&d.body, 200)))
        .collect();
    Check::new(
        "nothing-else-in-dead-letter-queues",
        others.is_empty(),
        if others.is_empty() { "empty otherwise".to_owned() } else { others.join("; ") },
    )
}
