//! A tick: probe after probe for a minute, a line for each.

use crate::{
    emf,
    meaning::{Meaning, Outcome},
    pace::Pace,
    probe::longest,
    settings::Settings,
};
use async_trait::async_trait;
use jiff::Timestamp;
use recovery::{CallError, Failure, StepError, text::plain};
use serde::Serialize;
use serde_json::Value;

/// What a tick's probing touches.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Comes back at `at`.
    async fn until(&self, at: Timestamp);
    /// Probes once.
    async fn probe(&self) -> Outcome;
    /// Writes a line to the log.
    fn print(&self, line: &str);
}

/// What a tick came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The plan's name of the database.
    pub database: String,
    /// Probes that a writer answered.
    pub succeeded: u32,
    /// Probes that met no writer.
    pub failed: u32,
    /// Which server answered last.
    pub server: Option<String>,
}

/// Probes for one tick, until the next one takes over, or Lambda's `deadline` comes near.
///
/// # Errors
/// [`StepError::MalformedEvent`] when the event is no tick; [`StepError::Refused`] when probes could not say anything,
/// with the last one's reason: that is a matter for whoever runs Mainstay, and an error of the function tells them.
/// A database that fails is no error: its metric tells.
pub async fn handle(
    event: &Value,
    settings: &Settings,
    surroundings: &dyn Surroundings,
    deadline: Timestamp,
) -> Result<Summary, StepError> {
    if event.get("mainstay").and_then(Value::as_str) != Some("probe") {
        return Err(StepError::MalformedEvent("`mainstay` is not `probe`: no tick of the prober".to_owned()));
    }
    let pace = Pace::new(settings.every, surroundings.now(), deadline, longest(settings.every));
    let mut summary = Summary { database: settings.database.clone(), ..Summary::default() };
    let (mut last, mut unable, mut count) = (None, None, 0_u32);
    while let Some(at) = pace.next(surroundings.now(), last) {
        surroundings.until(at).await;
        let outcome = surroundings.probe().await;
        surroundings.print(&emf::line(&settings.database, at, &outcome));
        last = Some(at);
        match outcome.meaning {
            Meaning::Writer => summary.succeeded += 1,
            Meaning::Failed(_) => summary.failed += 1,
            Meaning::Unable(_) => {
                count += 1;
                unable = Some(format!("{}: {}", outcome.meaning, outcome.detail.unwrap_or_default()));
            }
        }
        summary.server = outcome.server.or(summary.server);
    }
    match unable {
        None => Ok(summary),
        Some(why) => {
            let message =
                plain(&format!("{count} probes of {} could not say: {why}", settings.database), 300);
            Err(CallError::new("PostgreSQL", "probe", Failure::Refused, &message).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        meaning::{Failure as Without, Inability},
        settings::LoginBy,
    };
    use serde_json::json;
    use std::{
        collections::VecDeque,
        sync::{Mutex, MutexGuard},
        time::Duration,
    };

    /// A clock that moves only by waiting and probing, and outcomes that come in turn; the last one stays.
    struct Scripted {
        now: Mutex<Timestamp>,
        takes: Duration,
        outcomes: Mutex<VecDeque<Meaning>>,
        lines: Mutex<Vec<Value>>,
    }

    impl Scripted {
        fn new(outcomes: &[Meaning]) -> Self {
            Self {
                now: Mutex::new("2026-03-01T10:00:03Z".parse().unwrap()),
                takes: Duration::from_millis(20),
                outcomes: Mutex::new(outcomes.iter().copied().collect()),
                lines: Mutex::default(),
            }
        }

        fn lines(&self) -> MutexGuard<'_, Vec<Value>> {
            self.lines.lock().unwrap()
        }

        async fn tick(&self) -> Result<Summary, StepError> {
            let deadline = *self.now.lock().unwrap() + Duration::from_secs(75);
            handle(&json!({"mainstay": "probe"}), &settings(), self, deadline).await
        }
    }

    #[async_trait]
    impl Surroundings for Scripted {
        fn now(&self) -> Timestamp {
            *self.now.lock().unwrap()
        }

        async fn until(&self, at: Timestamp) {
            let mut now = self.now.lock().unwrap();
            *now = at.max(*now);
        }

        async fn probe(&self) -> Outcome {
            *self.now.lock().unwrap() += self.takes;
            let mut outcomes = self.outcomes.lock().unwrap();
            let meaning =
                if outcomes.len() > 1 { outcomes.pop_front().unwrap() } else { *outcomes.front().unwrap() };
            let server = (meaning == Meaning::Writer).then(|| "orders-1".to_owned());
            let detail = Some("why".to_owned());
            Outcome { meaning, server, connect: Some(self.takes), answer: None, detail }
        }

        fn print(&self, line: &str) {
            self.lines().push(serde_json::from_str(line).unwrap());
        }
    }

    fn settings() -> Settings {
        Settings {
            database: "orders".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 5432,
            name: "orders".to_owned(),
            user: "probe".to_owned(),
            login: LoginBy::Iam,
            write: false,
            every: Duration::from_secs(10),
            ca: "ca.pem".into(),
        }
    }

    #[tokio::test]
    async fn a_tick_prints_a_line_for_each_period_of_its_minute() {
        let well = Scripted::new(&[Meaning::Writer]);
        let summary = well.tick().await.unwrap();
        assert_eq!((summary.succeeded, summary.failed, summary.server.as_deref()), (6, 0, Some("orders-1")));
        let times: Vec<i64> = well.lines().iter().map(|l| l["_aws"]["Timestamp"].as_i64().unwrap()).collect();
        let first: Timestamp = "2026-03-01T10:00:10Z".parse().unwrap();
        let expected: Vec<i64> = (0..6).map(|i| first.as_millisecond() + i * 10_000).collect();
        assert_eq!(times, expected);
    }

    #[tokio::test]
    async fn a_database_that_fails_is_told_by_its_metric_and_is_no_error() {
        let failing = Scripted::new(&[Meaning::Writer, Meaning::Failed(Without::ConnectTimeout)]);
        let summary = failing.tick().await.unwrap();
        assert_eq!((summary.succeeded, summary.failed), (1, 5));
        let said: Vec<Value> = failing.lines().iter().map(|l| l["ProbeSuccess"].clone()).collect();
        assert_eq!(said, [1, 0, 0, 0, 0, 0]);
    }

    #[tokio::test]
    async fn a_prober_that_cannot_say_goes_on_and_is_an_error_at_the_end() {
        let turned_away = Meaning::Unable(Inability::LoginRefused);
        let unable = Scripted::new(&[turned_away, turned_away, Meaning::Writer]);
        let error = unable.tick().await.unwrap_err();
        assert_eq!(error.name(), "Refused");
        let text = error.to_string();
        assert!(text.contains("2 probes of orders could not say: login-refused: why"), "{text}");
        assert_eq!(unable.lines().len(), 6);
        assert_eq!(unable.lines().iter().filter(|l| l["ProbeSuccess"] == 1).count(), 4);
        assert_eq!(unable.lines()[0]["ProbeSuccess"], Value::Null);
    }

    #[tokio::test]
    async fn what_is_no_tick_probes_nothing() {
        let well = Scripted::new(&[Meaning::Writer]);
        for event in [json!(null), json!({"mainstay": "snapshot"}), json!({"detail-type": "Scheduled Event"})]
        {
            let error = handle(&event, &settings(), &well, well.now()).await.unwrap_err();
            assert_eq!(error.name(), "MalformedEvent");
        }
        assert!(well.lines().is_empty());
    }
}
