//! Wiring: read the command line, run, turn the outcome into an exit code.

use clap::Parser as _;
use drp::{Done, cli::Cli, run};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse(), &mut std::io::stdout()).await {
        Ok(Done::Yes) => ExitCode::SUCCESS,
        Ok(Done::No) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("drp: {error}");
            ExitCode::from(2)
        }
    }
}
