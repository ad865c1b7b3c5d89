//! A client of the services: a numbered write through each, at a steady pace, and what came of it. A service without a
//! database is asked whether it answers.

use crate::world::World;
use felt::{Answer, Attempt};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::Value;
use std::{
    io::{BufWriter, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::MissedTickBehavior,
};

/// The pace: 50 writes a second through each service.
pub const EVERY: Duration = Duration::from_millis(20);
/// How long a client waits for an answer. A short wait would hide the harm: a task drops a request whose client has
/// gone, and with it the stale connection that the request held.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// A probe that runs.
#[derive(Debug)]
pub struct Probe {
    stop: watch::Sender<bool>,
    pace: JoinHandle<()>,
    keeper: JoinHandle<std::io::Result<()>>,
}

impl Probe {
    /// Starts writing through `services`; each attempt becomes a line of `file`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start(world: Arc<World>, services: Vec<String>, file: &Path) -> std::io::Result<Self> {
        let file = std::fs::File::create(file)?;
        let (done, attempts) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let keeper = tokio::task::spawn_blocking(move || keep(BufWriter::new(file), attempts));
        let pace = tokio::spawn(pace(world, services, done, stopped));
        Ok(Self { stop, pace, keeper })
    }

    /// Ends it, and waits until everything is written down. What has no answer by then counts as timed out.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn stop(self) -> std::io::Result<()> {
        self.pace.abort();
        // The requests under way hold the channel open until they end, which they do now.
        let _ = self.stop.send(true);
        self.keeper.await.map_err(std::io::Error::other)?
    }
}

fn keep(
    mut file: BufWriter<std::fs::File>,
    mut attempts: mpsc::UnboundedReceiver<Attempt>,
) -> std::io::Result<()> {
    while let Some(first) = attempts.blocking_recv() {
        let mut next = Some(first);
        while let Some(attempt) = next {
            let line = attempt.line().map_err(std::io::Error::other)?;
            writeln!(file, "{line}")?;
            next = attempts.try_recv().ok();
        }
        // Whoever watches sees what has come so far.
        file.flush()?;
    }
    Ok(())
}

async fn pace(
    world: Arc<World>,
    services: Vec<String>,
    done: mpsc::UnboundedSender<Attempt>,
    stopped: watch::Receiver<bool>,
) {
    let http = crate::http_client();
    let mut ticks = tokio::time::interval(EVERY);
    // A busy machine catches up: the rate is what is measured.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for n in 1_u64.. {
        ticks.tick().await;
        for service in &services {
            let targets = world.tasks.in_service(service);
            let target = usize::try_from(n).ok().and_then(|n| targets.get(n % targets.len().max(1)));
            let (http, done, service) = (http.clone(), done.clone(), service.clone());
            let mut stopped = stopped.clone();
            let task = target.map(|t| t.task.clone());
            // Who has no database has nothing to write: that it answers is all that can be seen.
            let way = if world.tasks.uses_database(&service) {
                (Method::POST, format!("/writes?n={n}"))
            } else {
                (Method::GET, "/health".to_owned())
            };
            let request = target.map(|t| (way.0, format!("http://{}{}", t.address, way.1)));
            tokio::spawn(async move {
                let sent_at = Timestamp::now();
                let answer = match request {
                    Some((method, url)) => tokio::select! {
                        answer = ask(&http, method, url) => answer,
                        _ = stopped.wait_for(|stopped| *stopped) => Answer::TimedOut,
                    },
                    None => Answer::Refused { reason: "no task is in service".to_owned() },
                };
                let ended_at = Timestamp::now();
                let _ = done.send(Attempt { service, task, n, sent_at, ended_at, answer });
            });
        }
    }
}

async fn ask(http: &reqwest::Client, method: Method, url: String) -> Answer {
    let refused = |reason: String| Answer::Refused { reason };
    let response = match http.request(method, url).timeout(TIMEOUT).send().await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => return Answer::TimedOut,
        Err(error) => return refused(error.to_string()),
    };
    let status = response.status();
    match response.json::<Value>().await {
        Ok(body) if status.is_success() => {
            let server = body.get("server").map(Value::to_string).unwrap_or_default();
            Answer::Acknowledged { server }
        }
        Ok(body) => refused(body.get("error").and_then(Value::as_str).unwrap_or("no reason").to_owned()),
        Err(error) if error.is_timeout() => Answer::TimedOut,
        Err(error) => refused(error.to_string()),
    }
}
