//! The command line of `drp`.

use clap::{Args, Parser, Subcommand, builder::NonEmptyStringValueParser};
use recovery::signal::Request;
use std::path::PathBuf;

/// Mainstay's tool for people: check the plan, explain a decision, fail a database over, see how it goes.
///
/// Exit codes: 0 done (a decision of any kind counts as done for `explain`); 1 the plan is not valid, the request was
/// refused, or the recovery did not end as recovered; 2 something could not be read or reached.
#[derive(Debug, Parser)]
#[command(name = "drp", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say everything that is wrong with a plan, by line, and how to mend it.
    Validate {
        /// The plan.
        plan: PathBuf,
        /// Print JSON: `valid`, `findings`.
        #[arg(long)]
        json: bool,
    },
    /// Say what Mainstay decides about an event, and why. Offline: the handler's own function.
    Explain {
        /// The event as it reaches alarm-handler.
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
        /// The plan.
        #[arg(long, value_name = "FILE", default_value = "plan.toml")]
        plan: PathBuf,
        /// What is known at that moment (heads, switches, account, region) as JSON; nothing if left out.
        #[arg(long, value_name = "FILE")]
        state: Option<PathBuf>,
        /// Print JSON: `decision`, `guard`, `reason`, `database`, `evidence`, `would_change`.
        #[arg(long)]
        json: bool,
    },
    /// Fail a database over now, and follow the recovery to its end.
    Failover {
        /// What is asked for.
        #[command(flatten)]
        ask: Failover,
        /// End when the recovery has been started.
        #[arg(long)]
        no_follow: bool,
        /// Where and who.
        #[command(flatten)]
        at: Door,
    },
    /// Show every database, or one with its newest incident, or one incident.
    Status {
        /// The plan's name of the database.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        database: Option<String>,
        /// One incident with its timeline.
        #[arg(long, value_name = "ID")]
        incident: Option<String>,
        /// Where and who.
        #[command(flatten)]
        at: Door,
    },
    /// Take note of an escalated incident: automatic action is allowed again.
    Ack {
        /// The incident.
        incident: String,
        /// Why it is safe now.
        #[arg(long, default_value = "")]
        reason: String,
        /// Where and who.
        #[command(flatten)]
        at: Door,
    },
    /// Stop automatic action for one database, or for all. People can still fail over.
    Pause {
        /// The plan's name of the database; all if left out.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        database: Option<String>,
        /// Why.
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        reason: String,
        /// Where and who.
        #[command(flatten)]
        at: Door,
    },
    /// Allow automatic action again.
    Resume {
        /// The plan's name of the database; the switch for all if left out.
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        database: Option<String>,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
        /// Where and who.
        #[command(flatten)]
        at: Door,
    },
}

/// A failover as a person asks for it.
#[derive(Debug, Args)]
// Flattened into the subcommand of the same name, which is a group already.
#[group(skip)]
pub struct Failover {
    /// The plan's name of the database.
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub database: String,
    /// Why. It goes into the incident and the notices.
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// Accept that data is lost which has not reached the reader. Without it, a database whose readers all lag more
    /// than the plan's RPO is not failed over.
    #[arg(long)]
    pub accept_data_loss: bool,
}

impl Failover {
    /// The request that is sent for it.
    #[must_use]
    pub fn request(&self, by: &str) -> Request {
        Request::Failover {
            database: self.database.clone(),
            reason: self.reason.clone(),
            by: by.to_owned(),
            dry_run: self.dry_run,
            accept_data_loss: self.accept_data_loss,
        }
    }
}

/// How alarm-handler is reached, and who asks. Region and credentials are AWS's usual ones.
#[derive(Debug, Args)]
pub struct Door {
    /// alarm-handler's name or ARN (the stack's output `AlarmHandlerName`).
    #[arg(long, env = "MAINSTAY_ALARM_HANDLER", value_name = "FUNCTION")]
    pub function: Option<String>,
    /// Who asks, as people know you.
    #[arg(long, env = "USER", value_name = "NAME", default_value = "somebody with drp")]
    pub by: String,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn data_loss_is_accepted_in_words_and_never_by_default() {
        let sent = |flags: &[&str]| {
            let line = ["drp", "failover", "orders", "--reason", "why", "--by", "dana"];
            let Command::Failover { ask, at, .. } = Cli::parse_from([&line[..], flags].concat()).command
            else {
                panic!("another command");
            };
            serde_json::to_value(ask.request(&at.by)).unwrap()
        };
        let plain = serde_json::json!({
            "mainstay": "failover", "database": "orders", "reason": "why", "by": "dana", "dry_run": false,
        });
        assert_eq!(sent(&[]), plain, "as a door of before reads it");
        let mut accepting = plain.clone();
        accepting["accept_data_loss"] = true.into();
        assert_eq!(sent(&["--accept-data-loss"]), accepting);
    }
}
