//! What `confirm` and the last look see, read at once. Each part may be missing; what is missing is never
//! taken for healthy, for zero or for "nothing".

use crate::{Ports, incident_of::Case};
use jiff::Timestamp;
use recovery::{
    CallError, Evidence, Failure,
    deadline::shift,
    incident::Trigger,
    ports::Switch,
    signal::{AlarmValue, DatabaseEvent},
    topology::{AlarmState, Cluster},
};
use std::time::Duration;

/// How long each part of a look may take. Behind it may stand several calls of AWS, each with its repeats; a look
/// must leave the function time to write and to act.
pub const PATIENCE: Duration = Duration::from_secs(6);

/// A part of what is seen, or why it can't be.
pub type Seen<T> = Result<T, CallError>;

/// Seconds that are added to the detection window: RDS events and metrics arrive late.
const SLACK_S: i64 = 60;
/// The detection window of alarms without a period of their own (composites).
const UNKNOWN_WINDOW_S: i64 = 300;
/// How far before the trigger events are asked for: the longest detection window that can count.
const EVENTS_ASKED_S: i64 = 3600;

/// Everything that the decision to fail over rests on.
#[derive(Debug, Clone)]
pub struct Sight {
    /// The plan's alarms, as far as they exist.
    pub alarms: Seen<Vec<AlarmState>>,
    /// The cluster with its instances.
    pub cluster: Seen<Cluster>,
    /// RDS's events of the detection window, oldest first.
    pub events: Seen<Vec<DatabaseEvent>>,
    /// A blue/green deployment that is under way.
    pub switchover: Seen<Option<String>>,
    /// Kill switches that are set.
    pub switches: Seen<Vec<Switch>>,
}

/// Reads everything at once. How far back an event explains the alarm depends on the alarm, which is not known
/// yet: so more is asked for than will count. What does not answer within [`PATIENCE`] is missing.
pub async fn look(case: &Case<'_>, ports: &Ports) -> Sight {
    look_within(PATIENCE, case, ports).await
}

pub(crate) async fn look_within(patience: Duration, case: &Case<'_>, ports: &Ports) -> Sight {
    let names = case.plan.detection.names();
    let since = shift(began(case), -EVENTS_ASKED_S);
    // The identifier is enough to ask for the cluster's own events, even when its members can't be read.
    let asked = bare(&case.plan.identifier);
    let (alarms, cluster, events, switchover, switches) = tokio::join!(
        within(patience, CLOUDWATCH, ports.alarms.alarms(&names)),
        within(patience, RDS, ports.databases.cluster(&case.plan.identifier)),
        within(patience, EVENTS, ports.databases.events(&asked, since)),
        within(patience, SWITCHOVER, ports.databases.switchover(&asked)),
        within(patience, SWITCHES, ports.incidents.switches(&case.plan.name)),
    );
    Sight { alarms, cluster, events, switchover, switches }
}

/// Service and action of the first call behind each part, for the error that says it was too slow.
type Named = (&'static str, &'static str);
const CLOUDWATCH: Named = ("CloudWatch", "DescribeAlarms");
const RDS: Named = ("RDS", "DescribeDBClusters");
const EVENTS: Named = ("RDS", "DescribeEvents");
const SWITCHOVER: Named = ("RDS", "DescribeBlueGreenDeployments");
const SWITCHES: Named = ("DynamoDB", "Query");

pub(crate) async fn within<T>(
    patience: Duration,
    (service, action): Named,
    part: impl Future<Output = Seen<T>>,
) -> Seen<T> {
    tokio::time::timeout(patience, part).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", patience.as_secs());
        Err(CallError::new(service, action, Failure::Doubtful, &message))
    })
}

/// When what opened the incident happened.
fn began(case: &Case<'_>) -> Timestamp {
    case.incident.trigger().map_or(case.opened_at(), Trigger::at)
}

/// Since when an event of RDS may explain the alarm: the alarm's transition minus the time that CloudWatch
/// needs to see an outage (period × evaluation periods), and some slack.
#[must_use]
pub fn window_start(case: &Case<'_>, alarms: &[AlarmState]) -> Timestamp {
    let window = alarms.iter().map(window_s).max().unwrap_or(UNKNOWN_WINDOW_S);
    shift(began(case), -(window + SLACK_S))
}

/// How many seconds of data an alarm looks at before it speaks: of "M out of N" the N, for the M datapoints that
/// breach may be spread over them.
pub(crate) fn window_s(alarm: &AlarmState) -> i64 {
    match (alarm.period_s, alarm.evaluation_periods.or(alarm.datapoints)) {
        (Some(period), Some(periods)) => i64::from(period) * i64::from(periods),
        _ => UNKNOWN_WINDOW_S,
    }
}

/// A cluster of which only the identifier is known.
pub(crate) fn bare(identifier: &str) -> Cluster {
    Cluster {
        identifier: identifier.to_owned(),
        resource_id: String::new(),
        status: String::new(),
        endpoint: None,
        reader_endpoint: None,
        members: Vec::new(),
    }
}

impl Sight {
    /// What was seen, for people.
    #[must_use]
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut seen = Vec::new();
        let mut add = |name: String, value: String| seen.push(Evidence { name, value });
        match &self.alarms {
            Ok(alarms) => {
                for alarm in alarms {
                    let name = recovery::text::plain(&alarm.name, 80);
                    add(format!("alarm {name}"), format!("{} since {}", word(&alarm.state), alarm.since));
                }
            }
            Err(error) => add("alarms".to_owned(), format!("can't be read: {error}")),
        }
        match &self.cluster {
            Ok(cluster) => {
                let writer = cluster.writer().map_or("no writer", |w| w.instance.as_str());
                let name = format!("cluster {}", cluster.identifier);
                add(name, format!("{}, writer {writer}", cluster.status));
            }
            Err(error) => add("cluster".to_owned(), format!("can't be read: {error}")),
        }
        if let Err(error) = &self.events {
            add("RDS events".to_owned(), format!("can't be read: {error}"));
        }
        seen
    }
}

/// A state as CloudWatch spells it.
pub(crate) fn word(state: &AlarmValue) -> String {
    match state {
        AlarmValue::Ok => "OK".to_owned(),
        AlarmValue::Alarm => "ALARM".to_owned(),
        AlarmValue::InsufficientData => "INSUFFICIENT_DATA".to_owned(),
        AlarmValue::Other(text) => recovery::text::plain(text, 40),
    }
}
