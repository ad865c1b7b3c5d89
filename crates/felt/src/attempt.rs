//! One write that a probe tried, and the file of lines that keeps them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How long a client waits before it calls a write late. An acknowledgement that took longer does not count
/// towards the rate: a write that hung for half a minute was an outage to whoever waited for it.
pub const PATIENCE: SignedDuration = SignedDuration::from_secs(1);

/// One numbered write through a service, from the client's side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Line", into = "Line")]
pub struct Attempt {
    /// The service that was asked to write.
    pub service: String,
    /// The task that was asked; none when no task of the service took requests.
    pub task: Option<String>,
    /// The number of the row; it is used once for each service.
    pub n: u64,
    /// When the request left.
    pub sent_at: Timestamp,
    /// When the answer came, or the client gave up.
    pub ended_at: Timestamp,
    /// What came of it.
    pub answer: Answer,
}

/// What came of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The service said that the row is committed.
    Acknowledged {
        /// The database server that committed it, as the service saw it.
        server: String,
    },
    /// An error came back, or no connection was made.
    Refused {
        /// The error's text.
        reason: String,
    },
    /// No answer within the client's time. The row may or may not be there: it was promised to nobody.
    TimedOut,
}

impl Attempt {
    /// True when the row was acknowledged, however late.
    #[must_use]
    pub fn is_acknowledged(&self) -> bool {
        matches!(self.answer, Answer::Acknowledged { .. })
    }

    /// True when the row was acknowledged within [`PATIENCE`]: only this counts towards the rate.
    #[must_use]
    pub fn is_prompt(&self) -> bool {
        self.is_acknowledged() && self.ended_at.duration_since(self.sent_at) <= PATIENCE
    }

    /// The attempt as one line of JSON, without the newline.
    ///
    /// Times are kept to the microsecond, as microseconds since 1970 and as the microseconds it took:
    /// `{"service":"orders-api","task":"3f…","n":17,"sent_us":1795521600000000,"took_us":3100,"answer":{"acknowledged":"5433"}}`,
    /// or `{"refused":"…"}`, or `"timed-out"`.
    pub fn line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// The form on disk: what a probe writes 50 times a second is kept short.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    service: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    n: u64,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    sent_us: Timestamp,
    took_us: i64,
    answer: AnswerLine,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AnswerLine {
    Acknowledged(String),
    Refused(String),
    TimedOut,
}

impl From<Attempt> for Line {
    fn from(attempt: Attempt) -> Self {
        let Attempt { service, task, n, sent_at, ended_at, answer } = attempt;
        let answer = match answer {
            Answer::Acknowledged { server } => AnswerLine::Acknowledged(server),
            Answer::Refused { reason } => AnswerLine::Refused(reason),
            Answer::TimedOut => AnswerLine::TimedOut,
        };
        let took_us = ended_at.as_microsecond() - sent_at.as_microsecond();
        Self { service, task, n, sent_us: sent_at, took_us, answer }
    }
}

impl From<Line> for Attempt {
    fn from(line: Line) -> Self {
        let Line { service, task, n, sent_us, took_us, answer } = line;
        let answer = match answer {
            AnswerLine::Acknowledged(server) => Answer::Acknowledged { server },
            AnswerLine::Refused(reason) => Answer::Refused { reason },
            AnswerLine::TimedOut => Answer::TimedOut,
        };
        // A time beyond the year 9999 is no time that a probe wrote; it stays at the border.
        let took = SignedDuration::from_micros(took_us);
        let border = if took_us < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let ended_at = sent_us.checked_add(took).unwrap_or(border);
        Self { service, task, n, sent_at: sent_us, ended_at, answer }
    }
}

/// A line that is no attempt.
#[derive(Debug)]
pub struct LineError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} is no attempt of the probe: {}", self.line, self.source)
    }
}

impl std::error::Error for LineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Reads the text of a file of lines. Empty lines are skipped. A last line without its newline that cannot be
/// read is what a killed probe leaves: it is skipped, too. Any other line that cannot be read is an error.
pub fn read_lines(text: &str) -> Result<Vec<Attempt>, LineError> {
    let mut attempts = Vec::new();
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(line) {
            Ok(attempt) => attempts.push(attempt),
            Err(_) if !line.ends_with('\n') => {}
            Err(source) => return Err(LineError { line: index + 1, source }),
        }
    }
    Ok(attempts)
}

/// The attempts of each service.
#[must_use]
pub fn by_service(attempts: &[Attempt]) -> BTreeMap<&str, Vec<&Attempt>> {
    let mut services: BTreeMap<&str, Vec<&Attempt>> = BTreeMap::new();
    for attempt in attempts {
        services.entry(attempt.service.as_str()).or_default().push(attempt);
    }
    services
}
