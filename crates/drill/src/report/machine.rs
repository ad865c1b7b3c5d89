//! What the drill took of the machine, for people.

use crate::document::Document;
use std::fmt::Write as _;

/// How many programs the drill's memory is told by.
const PROGRAMS: usize = 5;

/// What the drill itself took of the machine.
pub(super) fn footprint(out: &mut String, doc: &Document) -> std::fmt::Result {
    let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
    if let Some(memory) = &doc.footprint.memory {
        let mut programs: Vec<_> = memory.programs.iter().collect();
        programs.sort_by_key(|(_, program)| std::cmp::Reverse(program.bytes));
        let told: Vec<String> = programs
            .into_iter()
            .take(PROGRAMS)
            .map(|(name, program)| format!("{name} {} in {}", megabytes(program.bytes), program.processes))
            .collect();
        writeln!(
            out,
            "  memory  {} MB at most, shared pages counted once; the largest, in MB and processes: {}",
            megabytes(memory.bytes),
            told.join(", ")
        )?;
        if memory.unread > 0 {
            writeln!(out, "          without {} processes that this user may not look at", memory.unread)?;
        }
    }
    let files = doc.footprint.files.iter().map(|(name, bytes)| match *name {
        "servers" => format!("{} MB of PostgreSQL's data", megabytes(*bytes)),
        _ => format!("{} MB in the run's folder", megabytes(*bytes)),
    });
    writeln!(out, "  files   {}; both are gone by now", files.collect::<Vec<_>>().join(", "))
}
