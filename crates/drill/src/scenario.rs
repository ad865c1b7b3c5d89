//! The table of scenarios: faults and expectations as data, shared by the drill and the tests.

use crate::{
    evidence::PlannedFault,
    pace::Pace,
    real::{self, RealOutage},
};
use jiff::Timestamp;
use plan::{NoticeKind, Span};
use recovery::{Closing, Guard};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table, as it is checked in.
const TABLE: &str = include_str!("../scenarios.toml");

/// The outage that is played when none is named.
pub const DEFAULT: &str = "writer-hangs";
/// The one that is played in its place where there is no PostgreSQL.
pub const MODEL_ONLY: &str = "writer-silent";

/// One outage and what must come of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name on the command line.
    pub name: String,
    /// What happens, for people.
    pub title: String,
    /// What strikes the model.
    #[serde(default)]
    pub faults: Vec<estate::model::Planned>,
    /// What strikes real servers, in a row that is played with them.
    pub real: Option<RealOutage>,
    /// What is different from the checked-in plan for the database `orders`: dotted key → value.
    #[serde(default)]
    pub plan: BTreeMap<String, toml::Value>,
    /// Alarms whose actions people have disabled before.
    #[serde(default)]
    pub muted: Vec<String>,
    /// What people ask for while it happens.
    #[serde(default)]
    pub people: Vec<PersonAsks>,
    /// Whether the alarm's event is delivered a second time, in the moment in which people ask.
    #[serde(default)]
    pub repeat_alarm: bool,
    /// How long the drill waits for the end, on the quick pace.
    #[serde(default = "three_minutes")]
    pub within: Span,
    /// What must come of it.
    pub expect: Expect,
}

impl Scenario {
    /// Whether the stage needs the prober.
    #[must_use]
    pub fn needs_prober(&self) -> bool {
        self.real.as_ref().is_some_and(|outage| outage.prober)
    }

    /// When the outage began, where the row's faults say it: with real servers the first blow that interrupts, or,
    /// where none is struck, the model's first fault. None where all strikes at once.
    #[must_use]
    pub fn struck_at(&self, faults: &[PlannedFault]) -> Option<Timestamp> {
        let outage = self.real.as_ref()?;
        let blows: Vec<String> = outage
            .faults
            .iter()
            .filter(|fault| fault.blow.interrupts(outage.synchronous))
            .map(|fault| recovery::text::wire_name(&fault.blow))
            .collect();
        let began = |fault: &&PlannedFault| blows.is_empty() || blows.contains(&fault.name);
        faults.iter().filter(began).filter_map(|fault| fault.struck_at).min()
    }

    /// Whether it is a row of the experiment.
    #[must_use]
    pub fn in_experiment(&self) -> bool {
        self.real.as_ref().is_some_and(|outage| outage.experiment)
    }
}

/// A person's request in the middle of an outage.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonAsks {
    /// After which moment.
    pub when: Moment,
    /// The typed request, as `drp` sends it.
    pub request: serde_json::Value,
}

/// A moment of an outage that a person can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// The alarm went to ALARM.
    Alarm,
}

/// What must come of an outage. What is not named is not checked, apart from what every outage must hold to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How the incident ends.
    pub closing: Closing,
    /// The guard of the verdict that closed it.
    pub guard: Option<Guard>,
    /// A guard that must be among the verdicts on the way (a hold, a note).
    pub passes: Option<Guard>,
    /// How many failover calls reach the estate.
    pub failover_calls: usize,
    /// How the incident records the answer of the failover call.
    pub answer: Option<Answer>,
    /// How many seconds at least pass from the alarm's change to the failover call: the plan's window.
    pub decides_after_s: Option<f64>,
    /// How many events of the alarm's going to ALARM are on the bus, repeated deliveries among them.
    pub alarm_events: Option<usize>,
    /// Whether the writer is another one at the end.
    pub writer_moves: bool,
    /// The writer at the end.
    pub writer_after: Option<String>,
    /// How many seconds at least the endpoint moves after the writer did.
    pub endpoint_after_s: Option<f64>,
    /// Services whose tasks are all replaced after the endpoint moved.
    #[serde(default)]
    pub recycled: Vec<String>,
    /// Services that the incident must name as failed.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Services whose tasks must have said to the plan's check that they write to the new writer.
    #[serde(default)]
    pub asked: Vec<String>,
    /// Those of them that must have said another server before, and so were restarted once more.
    #[serde(default)]
    pub asked_again: Vec<String>,
    /// Whether acknowledged rows are lost, in a row with real servers.
    pub loses_rows: Option<bool>,
    /// Kinds of notice that the stakeholders' inbox receives, in this order and no other.
    #[serde(default)]
    pub stakeholders: Vec<NoticeKind>,
    /// The same for the engineers on call.
    #[serde(default)]
    pub on_call: Vec<NoticeKind>,
}

/// What a failover call was answered, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// AWS accepted it.
    Accepted,
    /// AWS refused it.
    Refused,
    /// It may have taken effect.
    Doubtful,
}

impl Expect {
    /// Whether an execution may end as failed: only an escalation does.
    #[must_use]
    pub fn execution_fails(&self) -> bool {
        self.closing == Closing::Escalated
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    scenario: Vec<Scenario>,
}

const fn three_minutes() -> Span {
    Span::from_secs(180)
}

/// Every scenario of the checked-in table.
///
/// # Errors
/// The message of the TOML reader, with line and column.
pub fn all() -> Result<Vec<Scenario>, String> {
    toml::from_str::<Table>(TABLE).map(|t| t.scenario).map_err(|e| format!("scenarios.toml: {e}"))
}

/// The scenario of this name.
///
/// # Errors
/// A message that names the ones that exist.
pub fn named(name: &str) -> Result<Scenario, String> {
    let all = all()?;
    let names: Vec<String> = all.iter().map(|s| s.name.clone()).collect();
    all.into_iter().find(|s| s.name == name).ok_or_else(|| {
        format!(
            "there is no scenario `{name}`. There are: {}. `cargo drill --list` describes them.",
            names.join(", ")
        )
    })
}

/// The checked-in plan with the pace's and the scenario's differences.
///
/// # Errors
/// A message that names the key that could not be set.
pub fn plan_text(base: &str, pace: Pace, scenario: Option<&Scenario>) -> Result<String, String> {
    let mut root: toml::Table = toml::from_str(base).map_err(|e| format!("plan.toml: {e}"))?;
    for (path, value) in pace.windows().iter().chain(scenario.iter().flat_map(|s| &s.plan)) {
        set(&mut root, path, value)
            .ok_or_else(|| format!("plan.toml has no `{path}` in its first database"))?;
    }
    if scenario.is_some_and(|s| s.real.is_some())
        && let Some(services) =
            root.get_mut("database").and_then(|d| d.get_mut(0)).and_then(|d| d.get_mut("service"))
        && let Some(services) = services.as_array_mut()
    {
        let more = real::more_services(services);
        services.extend(more);
    }
    toml::to_string(&root).map_err(|e| e.to_string())
}

/// Sets a dotted key of the first `[[database]]`; a number is an index into an array.
fn set(root: &mut toml::Table, path: &str, value: &toml::Value) -> Option<()> {
    let mut place: &mut toml::Value = root.get_mut("database")?.get_mut(0)?;
    let (parents, key) = path.rsplit_once('.').map_or((None, path), |(p, k)| (Some(p), k));
    for part in parents.into_iter().flat_map(|p| p.split('.')) {
        place = match part.parse::<usize>() {
            Ok(index) => place.get_mut(index)?,
            Err(_) => {
                place.as_table_mut()?.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()))
            }
        };
    }
    place.as_table_mut()?.insert(key.to_owned(), value.clone());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = include_str!("../../../plan.toml");

    #[test]
    fn every_row_reads_and_every_changed_plan_is_valid() {
        let all = all().unwrap();
        assert!(all.len() > 10);
        for scenario in &all {
            let text = plan_text(PLAN, Pace::Quick, Some(scenario)).unwrap();
            let parsed = plan::parse(&text, &scenario.name);
            assert!(parsed.plan.is_some(), "{}: {:?}\n{text}", scenario.name, parsed.findings);
        }
    }

    /// The check of the proof rests on the plan that is frozen in the incident; this holds the row's word for it.
    #[test]
    fn the_default_outage_asks_for_a_proof_by_the_prober_that_it_deploys() {
        let scenario = named(DEFAULT).unwrap();
        let text = plan_text(PLAN, Pace::Quick, Some(&scenario)).unwrap();
        let plan = plan::parse(&text, DEFAULT).plan.unwrap();
        assert_eq!(plan.databases[0].endpoint_proof, plan::EndpointProof::Prober);
        for scenario in all().unwrap() {
            let asks = scenario.plan.get("endpoint_proof").is_some_and(|it| it.as_str() == Some("prober"));
            assert!(!asks || scenario.needs_prober(), "{}", scenario.name);
        }
    }

    #[test]
    fn an_outage_begins_with_what_clients_feel() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let fault = |name: &str, struck_at| PlannedFault { name: name.to_owned(), struck_at };
        let (first, second) = (at("2026-03-01T10:00:00Z"), at("2026-03-01T10:00:01Z"));
        let began = |row: &str, faults: &[PlannedFault]| named(row).unwrap().struck_at(faults);
        let held = [fault("hold-replication", first), fault("crash", second)];
        assert_eq!(began("lag-then-crash", &held), second, "holding the standbys back hurts nobody");
        assert_eq!(
            began("lag-then-crash-synchronous", &held),
            first,
            "unless a commit waits for one of them"
        );
        let thawed = [fault("freeze", first), fault("thaw", second)];
        assert_eq!(began("freeze-then-thaw", &thawed), first);
        assert_eq!(
            began("demoted", &[fault("aws_failover", second)]),
            second,
            "the model's fault is the only one"
        );
        let noticed = [fault("black-hole", first), fault("aws_failover", second)];
        assert_eq!(began("black-hole", &noticed), first);
        assert_eq!(began("crash", &[fault("crash", None)]), None);
        assert_eq!(
            began(MODEL_ONLY, &[fault("silence_writer", second)]),
            None,
            "it strikes when it is asked for"
        );
    }

    #[test]
    fn names_are_unique_and_an_unknown_one_is_told() {
        let all = all().unwrap();
        for scenario in &all {
            assert_eq!(all.iter().filter(|s| s.name == scenario.name).count(), 1, "{}", scenario.name);
        }
        assert!(named("no-such").unwrap_err().contains("writer-silent"));
    }
}
