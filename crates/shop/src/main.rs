//! One task of the demo application.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use shop::pool::Pool;
use shop::serve::{Task, serve};
use shop::settings::Settings;
use shop::{lifetime, pool};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop: {}", pool::whole(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let environment: BTreeMap<String, String> = std::env::vars().collect();
    let settings = Settings::from(&environment)?;
    let end = lifetime::end()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    let pool = Pool::open(&settings.pool)?;
    writeln!(std::io::stdout(), "{}", serde_json::json!({"port": listener.local_addr()?.port()}))?;
    serve(listener, Task { service: settings.service, task: settings.task, pool }, end).await;
    Ok(())
}
