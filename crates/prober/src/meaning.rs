//! What a probe's outcome means.
//!
//! Three things are told apart, because an alarm on them may move a database. A writer answered. Or clients are
//! without a writer. Or the prober itself was turned away (its login, its certificates, its permissions, a server that
//! is full, an error that nobody has thought of): that says nothing about a dead writer, and must never look like one.

use std::{fmt, time::Duration};

/// The two parts of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Name, TCP, TLS, login.
    Connect,
    /// The question and its answer, the row's commit too where one is written.
    Answer,
}

/// What went wrong in a part, as the driver told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing within the part's time limit.
    TimedOut,
    /// No connection, or none any more.
    Lost,
    /// The server refused with this SQLSTATE.
    Server(String),
    /// It refused a write because of a setting that people made for a role or a database, or a client for itself.
    ReadOnlySetting,
    /// The server's certificate is not one that we trust, or TLS could not be agreed on.
    Certificate,
    /// No password could be had: no credentials to sign with, no secret, no file.
    NoPassword,
    /// An answer that is not the protocol's, or not that to our question.
    Unexpected,
}

/// Why clients are without a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No connection within the limit: a frozen server, or packets that are dropped.
    ConnectTimeout,
    /// Refused or reset, or no such name.
    NoConnection,
    /// Connected, and no answer within the limit.
    AnswerTimeout,
    /// Connected, and cut off before the answer.
    ConnectionLost,
    /// The server starts, stops or recovers (SQLSTATE 57P01 to 57P03).
    NotServing,
    /// A standby or reader answered at the writer endpoint.
    NotTheWriter,
    /// It is no standby, and took no write (SQLSTATE 25006), from nobody.
    ReadOnly,
    /// Something is broken in the server: a full disk, a damaged file, an internal error.
    Refused,
}

/// Why the prober cannot say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inability {
    /// [`Fault::NoPassword`].
    NoPassword,
    /// The login was refused, or the database's name (SQLSTATE class 28, 3D000).
    LoginRefused,
    /// The login lacks a right, or a table or schema is not there or not what it should be (SQLSTATE class 42, 3F000).
    NotAllowed,
    /// It took no write, because a role or the database was set to be read-only ([`Fault::ReadOnlySetting`]).
    ReadOnlySetting,
    /// [`Fault::Certificate`].
    Certificate,
    /// The server is full (SQLSTATE 53300). Load alone must not move a database.
    TooManyConnections,
    /// [`Fault::Unexpected`].
    Unexpected,
    /// Any error that is not known to mean a server that cannot serve.
    OtherError,
}

/// What a probe means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A writer answered, and committed where that was asked for.
    Writer,
    /// Clients are without a writer.
    Failed(Failure),
    /// Nothing can be said about the database.
    Unable(Inability),
}

/// What came of one probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What it means.
    pub meaning: Meaning,
    /// Which server answered: Aurora's instance identifier, else address and port.
    pub server: Option<String>,
    /// How long it took to be logged in; none when it was not.
    pub connect: Option<Duration>,
    /// How long question, answer and commit took; none when there was no answer.
    pub answer: Option<Duration>,
    /// The driver's or server's words, for people. Never a password.
    pub detail: Option<String>,
}

/// What a server said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `pg_is_in_recovery()`.
    pub in_recovery: bool,
    /// Which server it is, where it says so.
    pub server: Option<String>,
}

/// What a server that answered is to its clients.
#[must_use]
pub fn of_answer(answer: &Answer) -> Meaning {
    if answer.in_recovery { Meaning::Failed(Failure::NotTheWriter) } else { Meaning::Writer }
}

/// What a fault in a part of a probe means.
#[must_use]
pub fn of_fault(part: Part, fault: &Fault) -> Meaning {
    match (fault, part) {
        (Fault::TimedOut, Part::Connect) => Meaning::Failed(Failure::ConnectTimeout),
        (Fault::TimedOut, Part::Answer) => Meaning::Failed(Failure::AnswerTimeout),
        (Fault::Lost, Part::Connect) => Meaning::Failed(Failure::NoConnection),
        (Fault::Lost, Part::Answer) => Meaning::Failed(Failure::ConnectionLost),
        (Fault::Server(code), part) => of_code(part, code),
        (Fault::ReadOnlySetting, _) => Meaning::Unable(Inability::ReadOnlySetting),
        (Fault::Certificate, _) => Meaning::Unable(Inability::Certificate),
        (Fault::NoPassword, _) => Meaning::Unable(Inability::NoPassword),
        (Fault::Unexpected, _) => Meaning::Unable(Inability::Unexpected),
    }
}

/// Whether a read-only session follows from a setting made by people rather than from the server's state:
/// `source` of `default_transaction_read_only`, while it is on. Roles' and databases' settings are kept in the data,
/// so that the next writer would have the same ones; a session's or client's hold for the prober alone.
///
/// Source: PostgreSQL, view `pg_settings`; its sources' names are in `guc_tables.c`.
#[must_use]
pub fn set_by_people(source: &str) -> bool {
    matches!(source, "global" | "database" | "user" | "database user" | "client" | "session")
}

/// Only what is known to mean a server that serves nobody is a failure: a code that nobody has thought of, or that may
/// hit the prober alone, must not move a database.
///
/// Source: PostgreSQL, appendix A, "PostgreSQL error codes".
fn of_code(part: Part, code: &str) -> Meaning {
    match code {
        // It stops, crashed or starts. 57P01 also ends a session that somebody ends by hand: one probe, not two.
        "57P01" | "57P02" | "57P03" => Meaning::Failed(Failure::NotServing),
        // Not by a setting of people: that was asked before.
        "25006" => Meaning::Failed(Failure::ReadOnly),
        // Storage: no space, an error of input or output, a file of the data that is gone, a damaged page or index.
        // XX000 is what PostgreSQL calls a state that must not be. Not 53200 (memory) and the rest of 53: that is
        // load. Not 58000: the server hardly uses it, and poolers do for whatever they don't like.
        "53100" | "58030" | "58P01" | "XX000" | "XX001" | "XX002" => Meaning::Failed(Failure::Refused),
        // Something in between that lost the server says so; clients get no further either. Not 08004 (turned away)
        // and 08P01: PgBouncer's answer to options that it does not know.
        "08000" | "08001" | "08003" | "08006" | "08007" => of_fault(part, &Fault::Lost),
        "53300" => Meaning::Unable(Inability::TooManyConnections),
        "3D000" => Meaning::Unable(Inability::LoginRefused),
        "3F000" => Meaning::Unable(Inability::NotAllowed),
        _ if code.starts_with("28") => Meaning::Unable(Inability::LoginRefused),
        _ if code.starts_with("42") => Meaning::Unable(Inability::NotAllowed),
        // Among them 0A000 and 26000 of poolers, 40001 and 57014 of a role's own settings or somebody's hand.
        _ => Meaning::Unable(Inability::OtherError),
    }
}

impl fmt::Display for Meaning {
    /// The reason as the log line has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Writer => "writer",
            Self::Failed(Failure::ConnectTimeout) => "connect-timeout",
            Self::Failed(Failure::NoConnection) => "no-connection",
            Self::Failed(Failure::AnswerTimeout) => "answer-timeout",
            Self::Failed(Failure::ConnectionLost) => "connection-lost",
            Self::Failed(Failure::NotServing) => "not-serving",
            Self::Failed(Failure::NotTheWriter) => "not-the-writer",
            Self::Failed(Failure::ReadOnly) => "read-only",
            Self::Failed(Failure::Refused) => "refused",
            Self::Unable(Inability::NoPassword) => "no-password",
            Self::Unable(Inability::LoginRefused) => "login-refused",
            Self::Unable(Inability::NotAllowed) => "not-allowed",
            Self::Unable(Inability::ReadOnlySetting) => "read-only-setting",
            Self::Unable(Inability::Certificate) => "certificate",
            Self::Unable(Inability::TooManyConnections) => "too-many-connections",
            Self::Unable(Inability::Unexpected) => "unexpected-answer",
            Self::Unable(Inability::OtherError) => "other-error",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_that_is_not_in_recovery_is_the_writer() {
        let answer = |in_recovery| Answer { in_recovery, server: None };
        assert_eq!(of_answer(&answer(false)), Meaning::Writer);
        assert_eq!(of_answer(&answer(true)).to_string(), "not-the-writer");
    }

    #[test]
    fn a_silent_or_absent_server_is_a_failure_in_either_part() {
        for (part, fault, reason) in [
            (Part::Connect, Fault::TimedOut, "connect-timeout"),
            (Part::Connect, Fault::Lost, "no-connection"),
            (Part::Answer, Fault::TimedOut, "answer-timeout"),
            (Part::Answer, Fault::Lost, "connection-lost"),
        ] {
            let meaning = of_fault(part, &fault);
            assert!(matches!(meaning, Meaning::Failed(_)), "{meaning:?}");
            assert_eq!(meaning.to_string(), reason);
        }
    }

    /// The distinction that keeps a forgotten grant or a full server from looking like a dead writer.
    #[test]
    fn what_turns_the_prober_away_is_not_the_databases_failure() {
        for (fault, reason) in [
            (Fault::Certificate, "certificate"),
            (Fault::NoPassword, "no-password"),
            (Fault::Unexpected, "unexpected-answer"),
            (Fault::ReadOnlySetting, "read-only-setting"),
            (Fault::Server("28P01".to_owned()), "login-refused"),
            (Fault::Server("28000".to_owned()), "login-refused"),
            (Fault::Server("3D000".to_owned()), "login-refused"),
            (Fault::Server("42501".to_owned()), "not-allowed"),
            (Fault::Server("53300".to_owned()), "too-many-connections"),
        ] {
            for part in [Part::Connect, Part::Answer] {
                let meaning = of_fault(part, &fault);
                assert!(matches!(meaning, Meaning::Unable(_)), "{fault:?}: {meaning:?}");
                assert_eq!(meaning.to_string(), reason);
            }
        }
    }

    fn of(part: Part, code: &str) -> Meaning {
        of_fault(part, &Fault::Server(code.to_owned()))
    }

    #[test]
    fn a_server_that_cannot_serve_is_a_failure() {
        for (code, reason) in [
            ("57P01", "not-serving"),
            ("57P02", "not-serving"),
            ("57P03", "not-serving"),
            ("25006", "read-only"),
            ("53100", "refused"),
            ("58030", "refused"),
            ("58P01", "refused"),
            ("XX000", "refused"),
            ("XX001", "refused"),
            ("XX002", "refused"),
            ("08000", "connection-lost"),
            ("08001", "connection-lost"),
            ("08003", "connection-lost"),
            ("08006", "connection-lost"),
            ("08007", "connection-lost"),
        ] {
            let meaning = of(Part::Answer, code);
            assert!(matches!(meaning, Meaning::Failed(_)), "{code}: {meaning:?}");
            assert_eq!(meaning.to_string(), reason, "{code}");
        }
        assert_eq!(of(Part::Connect, "08006").to_string(), "no-connection");
    }

    /// A code that nobody has thought of must not move a database.
    #[test]
    fn every_other_refusal_says_nothing_about_the_database() {
        for (code, reason) in [
            ("3F000", "not-allowed"),
            ("42P01", "not-allowed"),
            ("42501", "not-allowed"),
            ("53300", "too-many-connections"),
            ("0A000", "other-error"),
            ("08004", "other-error"),
            ("08P01", "other-error"),
            ("23505", "other-error"),
            ("25P04", "other-error"),
            ("26000", "other-error"),
            ("40001", "other-error"),
            ("40P01", "other-error"),
            ("53000", "other-error"),
            ("53200", "other-error"),
            ("53400", "other-error"),
            ("55P03", "other-error"),
            ("57014", "other-error"),
            ("57P04", "other-error"),
            ("58000", "other-error"),
            ("P0001", "other-error"),
            ("ZZ999", "other-error"),
            ("", "other-error"),
        ] {
            for part in [Part::Connect, Part::Answer] {
                let meaning = of(part, code);
                assert!(matches!(meaning, Meaning::Unable(_)), "{code}: {meaning:?}");
                assert_eq!(meaning.to_string(), reason, "{code}");
            }
        }
    }

    /// The sources as PostgreSQL names them.
    #[test]
    fn only_settings_of_roles_databases_and_clients_are_made_by_people() {
        for (source, people) in [
            ("user", true),
            ("database", true),
            ("database user", true),
            ("global", true),
            ("client", true),
            ("session", true),
            ("default", false),
            ("configuration file", false),
            ("command line", false),
            ("environment variable", false),
            ("override", false),
        ] {
            assert_eq!(set_by_people(source), people, "{source}");
        }
    }
}
