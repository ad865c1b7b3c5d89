//! From the text of a plan to the plan, or to everything that is wrong with it.

use toml::de::DeTable;

use crate::finding::{Finding, Findings, Place, Severity};
use crate::lines::Lines;
use crate::section::Reader;
use crate::syntax::Readable;
use crate::{Plan, check, read, syntax};

/// The largest file that is read, in bytes.
pub const MOST_BYTES: usize = 1024 * 1024;

/// What became of a plan's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The plan; none if any finding is an error.
    pub plan: Option<Plan>,
    /// All findings, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Parsed {
    /// The findings that make the plan unusable.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

/// Reads a plan and reports everything that is wrong with it, not just the first thing.
/// `file_name` is only repeated in the findings.
#[must_use]
pub fn parse(text: &str, file_name: &str) -> Parsed {
    if text.len() > MOST_BYTES {
        return refused(file_name, 1, format!("the file has {} bytes", text.len()), too_large());
    }
    let mut reader = Reader { lines: Lines::of(text), findings: Findings::of(file_name), is_broken: false };
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut plan = None;
    if syntax::report(&mut reader, text, &errors) == Readable::Sections {
        let broken = reader.findings.count();
        let draft = read::plan(&mut reader, root.get_ref());
        if reader.is_broken {
            reader.findings.forget_consequences(broken);
        } else {
            check::all(&draft, &mut reader.findings);
        }
        if !reader.findings.has_errors() {
            plan = draft.finish();
            if let Some(plan) = &plan {
                check::size::check(plan, &draft, &mut reader.findings);
            }
        }
        plan = plan.filter(|_| !reader.findings.has_errors());
    }
    Parsed { plan, findings: reader.findings.in_order() }
}

/// Like [`parse`], for what was read from a file as it is: bytes that are not UTF-8 are a finding.
#[must_use]
pub fn parse_bytes(bytes: &[u8], file_name: &str) -> Parsed {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text, file_name),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = good.split(|byte| *byte == b'\n').count();
            refused(file_name, line, "the file is not UTF-8 text".into(), "save it as UTF-8".into())
        }
    }
}

fn too_large() -> String {
    format!(
        "keep the plan below {MOST_BYTES} bytes; divide it among several installations if it must be larger"
    )
}

fn refused(file_name: &str, line: usize, message: String, mend: String) -> Parsed {
    let mut findings = Findings::of(file_name);
    findings.error(&Place { line, key: "the whole file".into() }, message, mend);
    Parsed { plan: None, findings: findings.in_order() }
}
