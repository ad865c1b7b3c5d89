//! Wiring: read the command line, run, turn the outcome into an exit code.

use clap::Parser as _;
use drill::{cli::Cli, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run::run(cli)),
        Err(error) => Err(drill::error::DrillError::NotReady(format!("no runtime: {error}"))),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cargo drill: {error}");
            ExitCode::from(2)
        }
    }
}
