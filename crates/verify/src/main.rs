//! Wiring: reads the arguments and the environment, runs the checks, ends with their exit code.

use std::process::ExitCode;
use verify::{
    Place,
    arguments::{Asked, parse},
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let place = Place::here(std::env::var("CI").is_ok_and(|ci| ci == "true"));
    let mut out = std::io::stdout();
    let code = match parse(&arguments) {
        Ok(Asked::Run(wanted)) => verify::run(&wanted, &place, &mut out),
        Ok(Asked::Say(text)) => std::io::Write::write_all(&mut out, text.as_bytes()).map(|()| 0),
        Err(what) => {
            eprintln!("{what}");
            Ok(2)
        }
    };
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}
