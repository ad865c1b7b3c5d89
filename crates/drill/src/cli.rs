//! The command line of `cargo drill`.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A real outage on a local cloud: the production template, the real functions, a model of RDS and ECS.
///
/// Without a subcommand: strikes the demo estate, watches Mainstay recover it, prints what was measured, and ends with
/// 0 only when every check held.
#[derive(Debug, Parser)]
#[command(name = "cargo drill", bin_name = "cargo drill", version)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The outage to play.
    #[command(flatten)]
    pub outage: Outage,
}

/// An outage and how to play it.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Outage {
    /// Which outage. Without it: `writer-hangs`, with real PostgreSQL servers, or `writer-silent` in the model alone where
    /// PostgreSQL can be neither found nor installed.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// List the outages and end.
    #[arg(long)]
    pub list: bool,
    /// Let the model of AWS take seconds instead of AWS's own times; the report says so.
    #[arg(long)]
    pub quick: bool,
    /// Print one JSON document on standard output; everything else goes to standard error.
    #[arg(long)]
    pub json: bool,
    /// The experiment: each fault with real servers, with services that are recycled and their twins that are not; prints
    /// a table.
    #[arg(long, conflicts_with_all = ["json", "keep", "list"])]
    pub experiment: bool,
    /// How often the experiment plays each fault.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "experiment")]
    pub runs: u32,
    /// A file, such as README.md, that gets the experiment's table between its marks; with `--scenario`, that fault's rows.
    #[arg(long, value_name = "FILE", requires = "experiment")]
    pub into: Option<PathBuf>,
    /// Leave the local cloud running at the end, and print how to reach it.
    #[arg(long)]
    pub keep: bool,
}

/// What can be done beside an outage.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the estate alone, for any SDK or the AWS CLI: RDS and ECS at one address, and DNS.
    Estate(EstateArgs),
    /// Invoke one function on a fresh local cloud with an event from a file, and print its answer.
    Invoke(InvokeArgs),
    /// Measure what each function costs when it is cold: its start, its first event, its memory, and what TLS adds.
    Measure(MeasureArgs),
}

/// How the estate is to be.
#[derive(Debug, Args)]
pub struct EstateArgs {
    /// Port on 127.0.0.1; 0 is a free one.
    #[arg(long, default_value_t = 4570)]
    pub port: u16,
    /// Port of the DNS server on 127.0.0.1 (UDP); 0 is a free one.
    #[arg(long, default_value_t = 4571)]
    pub dns_port: u16,
    /// The account id in every ARN.
    #[arg(long, default_value = "123456789012")]
    pub account: String,
    /// Seconds between two datapoints of its metrics.
    #[arg(long, default_value_t = 60.0)]
    pub metric_period: f64,
    /// A file with settings as JSON (`delays`, `seed`, `aws_failover_after`, …).
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The address of a local cloud that takes its metrics and events.
    #[arg(long, value_name = "URL")]
    pub emit_to: Option<String>,
    /// The secret by which that cloud lets events with an `aws.*` source in.
    #[arg(long, env = "MAINSTAY_EVENT_TOKEN", hide_env_values = true)]
    pub event_token: Option<String>,
    /// Delays of seconds instead of AWS's own.
    #[arg(long)]
    pub quick: bool,
    /// A folder for real servers and processes; without it there are none.
    #[arg(long, value_name = "FOLDER", hide = true)]
    pub real_in: Option<PathBuf>,
    /// A folder with PostgreSQL's programs, such as `/usr/lib/postgresql/17/bin`; else they are looked for, and at last
    /// installed.
    #[arg(long, value_name = "FOLDER", env = "MAINSTAY_POSTGRES")]
    pub postgres: Option<PathBuf>,
    /// The port of the cluster endpoint of the real servers; 0 is a free one.
    #[arg(long, hide = true, default_value_t = 0)]
    pub endpoint_port: u16,
    /// Start without the demo estate.
    #[arg(long)]
    pub empty: bool,
    /// End when standard input closes, and print the addresses as JSON.
    #[arg(long, hide = true)]
    pub lifeline: bool,
}

/// What to invoke.
#[derive(Debug, Args)]
pub struct InvokeArgs {
    /// The function, such as `alarm-handler`.
    pub function: String,
    /// The event, such as `events/alarm-writer-down.json`.
    #[arg(long, value_name = "FILE")]
    pub data_file: PathBuf,
}

/// What to measure.
#[derive(Debug, Args)]
pub struct MeasureArgs {
    /// The function, such as `alarm-handler`; may be given more than once. Without it: all.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(crate::artifacts::MEASURED))]
    pub function: Vec<String>,
    /// Fresh processes of each function over TLS, and as many without.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1000))]
    pub runs: usize,
    /// Measure the quickly built binaries of the drill instead of those that are deployed.
    #[arg(long)]
    pub dev: bool,
    /// Print one JSON document on standard output; everything else goes to standard error.
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
}
