//! What each command does, and what its exit code means: 0 every check held, 1 one did not, 2 it could not be run,
//! 130 it was interrupted.

use crate::{
    artifacts, checks,
    cli::{Cli, Command, EstateArgs, InvokeArgs, MeasureArgs, Outage},
    document::Document,
    error::DrillError,
    estate_process::{Addresses, KEEP},
    measure,
    pace::Pace,
    play, report, scenario,
    stage::{DATABASE, Stage},
    view::View,
};
use std::{io::Write as _, process::ExitCode};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// Runs the command line.
///
/// # Errors
/// What could not be run and what to do.
pub async fn run(cli: Cli) -> Result<ExitCode, DrillError> {
    match cli.command {
        Some(Command::Estate(args)) => estate(args).await,
        Some(Command::Invoke(args)) => or_interrupted(invoke(&args)).await,
        Some(Command::Measure(args)) => or_interrupted(measured(&args)).await,
        None if cli.outage.list => list(),
        None => or_interrupted(outage(&cli.outage)).await,
    }
}

/// Dropping the future drops the stage, which ends every process that it started.
async fn or_interrupted(
    work: impl Future<Output = Result<ExitCode, DrillError>>,
) -> Result<ExitCode, DrillError> {
    tokio::select! {
        outcome = work => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("\ninterrupted: everything that was started is ended");
            Ok(ExitCode::from(130))
        }
    }
}

async fn outage(args: &Outage) -> Result<ExitCode, DrillError> {
    let scenario = scenario::named(&args.scenario).map_err(DrillError::Scenario)?;
    let pace = if args.quick { Pace::Quick } else { Pace::Honest };
    let mut view = View::default();
    let stage = Stage::start(pace, &mut view).await?;
    view.say("preparing the demo estate");
    let plan = stage.prepare(&scenario).await?;
    let seen = play::play(&stage, &scenario, &mut view).await?;
    if args.keep {
        for line in stage.keep()?.lines {
            eprintln!("{line}");
        }
    } else {
        view.say("cleaning up");
        stage.stop();
    }
    let database = plan
        .database(DATABASE)
        .ok_or_else(|| DrillError::Scenario(format!("the plan has no `{DATABASE}`")))?;
    let checks = checks::all(&seen, &scenario.expect);
    let document = Document::of(&scenario, database, pace, &seen, checks);
    let text = report::text(&document, view.terminal());
    if args.json {
        eprintln!("\n{text}");
        let json =
            serde_json::to_string_pretty(&document).map_err(|e| DrillError::NotReady(e.to_string()))?;
        print(&json)?;
    } else {
        print(&format!("\n{text}"))?;
    }
    Ok(if document.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list() -> Result<ExitCode, DrillError> {
    let all = scenario::all().map_err(DrillError::Scenario)?;
    let width = all.iter().map(|s| s.name.len()).max().unwrap_or_default();
    let lines: Vec<String> = all.iter().map(|s| format!("{:width$}  {}", s.name, s.title)).collect();
    print(&lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

async fn invoke(args: &InvokeArgs) -> Result<ExitCode, DrillError> {
    let event = std::fs::read_to_string(&args.data_file)
        .map_err(|e| DrillError::Scenario(format!("{}: {e}", args.data_file.display())))?;
    let event = serde_json::from_str(&event)
        .map_err(|e| DrillError::Scenario(format!("{} is not JSON: {e}", args.data_file.display())))?;
    if !artifacts::FUNCTIONS.contains(&args.function.as_str()) {
        let known = artifacts::FUNCTIONS.join(", ");
        return Err(DrillError::Scenario(format!(
            "there is no function `{}`. There are: {known}.",
            args.function
        )));
    }
    let mut view = View::default();
    let stage = Stage::start(Pace::Quick, &mut view).await?;
    stage.estate.seed_demo().await?;
    let answer = stage.api.invoke(stage.stack.id(&artifacts::logical_id(&args.function)), &event).await?;
    stage.stop();
    print(&serde_json::to_string_pretty(&answer).map_err(|e| DrillError::NotReady(e.to_string()))?)?;
    Ok(ExitCode::SUCCESS)
}

async fn measured(args: &MeasureArgs) -> Result<ExitCode, DrillError> {
    let document = measure::measure(args, &mut View::default()).await?;
    let text = measure::text(&document);
    if args.json {
        eprintln!("\n{text}");
        let json =
            serde_json::to_string_pretty(&document).map_err(|e| DrillError::NotReady(e.to_string()))?;
        print(&json)?;
    } else {
        print(&format!("\n{text}"))?;
    }
    Ok(if document.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The estate alone, until Ctrl-C or the end of its lifeline.
async fn estate(args: EstateArgs) -> Result<ExitCode, DrillError> {
    let wrong = |what: String| DrillError::Estate(what);
    let mut model = match &args.settings {
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
            serde_json::from_str(&text).map_err(|e| wrong(format!("{}: {e}", path.display())))?
        }
        None => estate::model::Settings::default(),
    };
    model.account.clone_from(&args.account);
    model.metric_period = args.metric_period;
    if args.quick {
        model.delays = Pace::Quick.delays();
    }
    let event_token = args.event_token.clone();
    let emission = args.emit_to.clone().map(|endpoint| estate::emit::Emission { endpoint, event_token });
    let settings = estate::server::Settings {
        model,
        port: args.port,
        dns_port: args.dns_port,
        emission,
        ..Default::default()
    };
    let server = estate::server::serve(settings).await.map_err(|e| wrong(e.to_string()))?;
    if !args.empty && !args.lifeline {
        server.estate().seed(&estate::model::Seed::demo()).map_err(|e| wrong(e.to_string()))?;
    }
    let addresses = Addresses { address: server.url(), dns: server.dns_address.to_string() };
    if args.lifeline {
        print(&serde_json::to_string(&addresses).map_err(|e| wrong(e.to_string()))?)?;
        lifeline().await;
    } else {
        print(&format!(
            "RDS and ECS: {0}   DNS: {1}\n  aws --endpoint-url {0} rds describe-db-clusters\n  curl {0}/_estate/log\nCtrl-C ends it.",
            addresses.address, addresses.dns
        ))?;
        let _ = tokio::signal::ctrl_c().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until standard input closes; for ever once it said to keep on.
async fn lifeline() {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line == KEEP {
            std::future::pending::<()>().await;
        }
    }
}

fn print(text: &str) -> Result<(), DrillError> {
    writeln!(std::io::stdout(), "{text}").map_err(|e| DrillError::NotReady(format!("standard output: {e}")))
}
