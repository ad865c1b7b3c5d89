//! What each command does, and what its exit code means: 0 every check held, 1 one did not, 2 it could not be run,
//! 130 it was interrupted.

use crate::{
    artifacts, checks,
    cli::{Cli, Command, EstateArgs, InvokeArgs, MeasureArgs, Outage},
    document::Document,
    error::DrillError,
    estate_process::{Addresses, KEEP, PASSWORD_FILE, ROOT_FILE},
    experiment, measure,
    pace::Pace,
    play, report, scenario,
    stage::{DATABASE, Prepared, Stage},
    view::View,
};
use real_estate::{RealEstate, world::Ground};
use serde::Serialize;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};
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
        None if cli.outage.experiment => or_interrupted(experiment(&cli.outage)).await,
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
    let mut scenario = scenario::named(args.scenario.as_deref().unwrap_or(scenario::DEFAULT))
        .map_err(DrillError::Scenario)?;
    let pace = if args.quick { Pace::Quick } else { Pace::Honest };
    let mut view = View::default();
    let stage = Stage::start_with(pace, scenario.needs_prober(), &mut view).await?;
    view.say("preparing the demo estate");
    let mut prepared = stage.prepare(&scenario).await;
    if let (Err(DrillError::Unreal(why)), None) = (&prepared, &args.scenario) {
        view.say(&format!("{why}; playing the outage in the model alone"));
        scenario = scenario::named(scenario::MODEL_ONLY).map_err(DrillError::Scenario)?;
        prepared = stage.prepare(&scenario).await;
    }
    let Prepared { plan, real } = prepared?;
    let seen = play::play(&stage, &scenario, real, &mut view).await?;
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
    let mut document = Document::of(&scenario, database, pace, &seen, checks);
    if let Some(clients) = &mut document.clients {
        clients.picture.subtitle =
            format!("`{}`: {}. {}. {}", scenario.name, scenario.title, clients.database, pace.told());
        document.picture = Some(draw(&clients.picture, &scenario.name)?);
    }
    let text = report::text(&document, view.terminal());
    conclude(&document, document.passed, &text, args.json)
}

/// Prints a document, for people or for programs, and says by the exit code whether it passed.
fn conclude(document: &impl Serialize, passed: bool, text: &str, json: bool) -> Result<ExitCode, DrillError> {
    if json {
        eprintln!("\n{text}");
        let json = serde_json::to_string_pretty(document).map_err(|e| DrillError::NotReady(e.to_string()))?;
        print(&json)?;
    } else {
        print(&format!("\n{text}"))?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn experiment(args: &Outage) -> Result<ExitCode, DrillError> {
    let pace = if args.quick { Pace::Quick } else { Pace::Honest };
    let mut view = View::default();
    let rows = experiment::rows(args.scenario.as_deref())?;
    let stage = Stage::start(pace, &mut view).await?;
    let so_far = reports()?.join("experiment.md");
    let table = experiment::run(&stage, &rows, args.runs, &so_far, &mut view).await?;
    stage.stop();
    if let Some(file) = &args.into {
        experiment::write_into(file, &table, args.scenario.as_deref())?;
    }
    print(&table)?;
    Ok(ExitCode::SUCCESS)
}

/// Draws the picture into `.mainstay/reports`.
fn draw(picture: &felt::Picture, scenario: &str) -> Result<PathBuf, DrillError> {
    let folder = reports()?;
    let at = picture.fault_at.strftime("%Y%m%dT%H%M%SZ");
    let path = folder.join(format!("{scenario}-{at}.svg"));
    std::fs::write(&path, felt::svg(picture))
        .map_err(|source| DrillError::File { path: path.clone(), source })?;
    Ok(path)
}

/// The folder of what drills leave for people to look at.
fn reports() -> Result<PathBuf, DrillError> {
    let folder = artifacts::repository().join(".mainstay/reports");
    std::fs::create_dir_all(&folder).map_err(|source| DrillError::File { path: folder.clone(), source })?;
    Ok(folder)
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
    conclude(&document, document.passed, &text, args.json)
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
    let real = match &args.real_in {
        Some(folder) => Some(real_estate(&args, folder, server.estate()).await?),
        None => None,
    };
    let addresses = Addresses {
        address: server.url(),
        dns: server.dns_address.to_string(),
        real: real.as_ref().map(|real| real.address.to_string()),
        front: real.as_ref().map(|real| real.front.to_string()),
    };
    if args.lifeline {
        print(&serde_json::to_string(&addresses).map_err(|e| wrong(e.to_string()))?)?;
        // Kept, it is ended by SIGTERM, as the drill tells people.
        tokio::select! {
            () = lifeline() => {}
            () = told_to_end() => {}
        }
    } else {
        print(&format!(
            "RDS and ECS: {0}   DNS: {1}\n  aws --endpoint-url {0} rds describe-db-clusters\n  curl {0}/_estate/log\nCtrl-C ends it.",
            addresses.address, addresses.dns
        ))?;
        told_to_end().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or SIGTERM.
async fn told_to_end() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// What can be made real beside the model. Its log goes into its folder.
async fn real_estate(
    args: &EstateArgs,
    folder: &Path,
    estate: estate::server::Handle,
) -> Result<RealEstate, DrillError> {
    let log = folder.join("real-estate.log");
    let file = std::fs::File::create(&log).map_err(|source| DrillError::File { path: log, source })?;
    let _ = tracing_subscriber::fmt().with_writer(std::sync::Mutex::new(file)).with_ansi(false).try_init();
    let ground = Ground {
        postgres: args.postgres.clone(),
        root: artifacts::repository(),
        folder: folder.to_owned(),
        shop: artifacts::binary("shop"),
        endpoint_port: args.endpoint_port,
        password_file: Some(folder.join(PASSWORD_FILE)),
        root_file: Some(folder.join(ROOT_FILE)),
    };
    RealEstate::serve(estate, ground).await.map_err(|e| DrillError::Real(e.to_string()))
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
