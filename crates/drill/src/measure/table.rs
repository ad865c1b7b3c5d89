//! The measurements as people read them.

use super::{Document, Measured, summary::Spread};

const COLUMNS: usize = 10;
const HEAD: [&str; COLUMNS] = [
    "",
    "start ms",
    "CPU ms",
    "connections",
    "TLS CPU ms",
    "first event ms",
    "CPU ms",
    "peak MB",
    "binary MB",
    "zip MB",
];

/// The table and what has to be said about it.
pub(super) fn text(document: &Document) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    rows.extend(document.functions.iter().map(row));
    let mut lines = vec![format!(
        "{} fresh processes of each function ({} build), over TLS on loopback: median / worst",
        document.runs, document.profile
    )];
    lines.extend(aligned(&rows));
    lines.push(format!(
        "TLS CPU ms: what TLS adds to the start, and for each connection. Limit for a connection: {} ms.",
        document.limit_cpu_ms
    ));
    if document.functions.iter().any(|f| f.over_tls.start_cpu_ms.is_none()) {
        lines.push(
            "Processor time and memory are not told on this system: it takes Linux's /proc.".to_owned(),
        );
    }
    for function in &document.functions {
        if let Some(why) = &function.sample_failed {
            lines.push(format!("{}: its first event failed: {why}", function.function));
        }
        if function.tls.is_some_and(|tls| !tls.passed) {
            lines.push(format!("{}: TLS costs more than the limit", function.function));
        }
    }
    lines.join("\n")
}

fn row(measured: &Measured) -> [String; COLUMNS] {
    let shown = &measured.over_tls;
    let untold = || "—".to_owned();
    let maybe = |spread: Option<Spread>| spread.map_or_else(untold, both);
    [
        measured.function.clone(),
        both(shown.start_ms),
        maybe(shown.start_cpu_ms),
        format!("{} + {}", shown.start_connections, shown.first_connections),
        measured
            .tls
            .map_or_else(untold, |tls| format!("{:.1}, {:.1} each", tls.cpu_ms, tls.cpu_ms_per_connection)),
        both(shown.first_ms),
        maybe(shown.first_cpu_ms),
        maybe(shown.peak_mb),
        format!("{:.1}", measured.binary_mb),
        measured.zip_mb.map_or_else(untold, |zip| format!("{zip:.1}")),
    ]
}

fn both(spread: Spread) -> String {
    format!("{:.1} / {:.1}", spread.median, spread.worst)
}

/// Columns as wide as their widest cell.
fn aligned(rows: &[[String; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
