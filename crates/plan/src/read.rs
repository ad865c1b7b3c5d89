//! From the sections of the file to the draft of a plan.

use toml::de::{DeTable, DeValue};

use crate::draft::{
    AlarmDraft, AudienceDraft, CheckDraft, DatabaseDraft, PlanDraft, ServiceDraft, SnapshotDraft,
};
use crate::finding::{At, Place};
use crate::section::{Fault, Reader, Section};
use crate::{Span, defaults, form, region, url, value};

/// The version of the file's form that this crate reads.
pub(crate) const VERSION: u32 = 1;

/// Most databases in one plan.
const MOST_DATABASES: usize = 2_000;
/// Most audiences: each notice is published once for each.
const MOST_AUDIENCES: usize = 20;
/// Most alarms of a database: all are read by one call of `DescribeAlarms`.
const MOST_ALARMS: usize = 50;
/// Most services of a database.
const MOST_SERVICES: usize = 100;
/// Most snapshot policies of a database.
const MOST_SNAPSHOTS: usize = 10;
/// Most snapshots that one run may delete: what a run has time for.
const MOST_PRUNED: u32 = 10_000;

const SECOND: Span = Span::from_secs(1);
const MINUTE: Span = Span::from_mins(1);
/// The longest wait for the answer of a check: the function that asks has other things to do.
const LONGEST_ANSWER: Span = Span::from_secs(5);
const HOUR: Span = Span::from_mins(60);
const DAY: Span = Span::from_mins(24 * 60);
const WEEK: Span = Span::from_mins(7 * 24 * 60);

/// Reads the whole file, which has been parsed as TOML.
pub(crate) fn plan(reader: &mut Reader<'_>, root: &DeTable<'_>) -> PlanDraft {
    let place = Place { line: 1, key: String::new() };
    let file = reader.open(root, &form::FILE, place);
    reader.required(&file, "version", &VERSION.to_string(), version);
    let prune_at_most = reader.or_default(&file, "prune_at_most", defaults::default_prune_at_most(), |it| {
        value::count(it, 0..=MOST_PRUNED)
    });
    let prunes = root.contains_key("prune_at_most");
    let snapshot_quota =
        reader.or_default(&file, "snapshot_quota", defaults::default_snapshot_quota(), |it| {
            value::count(it, 1..=1_000_000)
        });
    let sections = reader.tables(&file, "database", &form::DATABASE, MOST_DATABASES);
    let databases = sections.iter().map(|section| database(reader, section)).collect();
    let sections = reader.tables(&file, "audience", &form::AUDIENCE, MOST_AUDIENCES);
    let is_written = root.contains_key("audience");
    let audiences = is_written.then(|| sections.iter().map(|section| audience(reader, section)).collect());
    let names_none = file.lacks("database");
    let place = file.place.inside("database");
    PlanDraft { place, names_none, prune_at_most, prunes, snapshot_quota, databases, audiences }
}

/// The version of the file's form, which must be the one that this crate reads.
fn version(value: &DeValue<'_>) -> Result<(), Fault> {
    let written = value::count(value, 1..=u32::MAX)
        .map_err(|fault| Fault::new(fault.message, format!("write `version = {VERSION}`")))?;
    if written == VERSION {
        return Ok(());
    }
    let message = format!("this plan has version {written}, but this Mainstay reads version {VERSION}");
    Err(Fault::new(
        message,
        format!("use the Mainstay that the plan was written for, or write `version = {VERSION}`"),
    ))
}

fn database(reader: &mut Reader<'_>, section: &Section<'_>) -> DatabaseDraft {
    let nothing = DeTable::new();
    let detection = reader
        .table(section, "detection", &form::DETECTION)
        .unwrap_or_else(|| reader.open(&nothing, &form::DETECTION, section.place.inside("detection")));
    let alarms = reader.tables(section, "alarm", &form::ALARM, MOST_ALARMS);
    let services = reader.tables(section, "service", &form::SERVICE, MOST_SERVICES);
    let snapshots = reader.tables(section, "snapshot", &form::SNAPSHOT, MOST_SNAPSHOTS);
    let lacks = ["alarm", "service", "snapshot"].into_iter().filter(|key| section.lacks(key)).collect();
    DatabaseDraft {
        lacks,
        place: section.place.clone(),
        name: reader.required(section, "name", "\"orders\"", value::name),
        identifier: reader.required(section, "identifier", "\"orders\"", value::identifier),
        kind: reader.required(section, "kind", "\"aurora-cluster\"", value::word),
        region: reader.required(section, "region", "\"ca-central-1\"", region::name),
        allowed_regions: reader.list(section, "allowed_regions", "[\"ca-central-1\"]", region::name),
        strategy: reader.required(section, "strategy", "\"warm-standby\"", value::word),
        rpo: reader.required(section, "rpo", "\"1m\"", |it| value::span(it, Span::ZERO..=Span::LONGEST)),
        rto: reader.required(section, "rto", "\"5m\"", |it| value::span(it, SECOND..=Span::LONGEST)),
        mode: reader.or_default(section, "mode", defaults::default_mode(), value::word),
        agree: reader.or_default(&detection, "agree", defaults::default_agree(), value::word),
        hold_deadline: span_or(reader, &detection, "hold_deadline", defaults::default_hold_deadline(), DAY),
        alarms: alarms.iter().map(|section| alarm(reader, section)).collect(),
        cooldown: span_or(reader, section, "cooldown", defaults::default_cooldown(), WEEK),
        verify_for: span_or(reader, section, "verify_for", defaults::default_verify_for(), DAY),
        promotion_within: limit_or(reader, section, "promotion_within", defaults::default_promotion_within()),
        endpoint_within: limit_or(reader, section, "endpoint_within", defaults::default_endpoint_within()),
        settle: span_or(reader, section, "settle", defaults::default_settle(), Span::from_mins(10)),
        endpoint_proof: reader.or_default(
            section,
            "endpoint_proof",
            defaults::default_endpoint_proof(),
            value::word,
        ),
        services: services.iter().map(|section| service(reader, section)).collect(),
        snapshots: snapshots.iter().map(|section| snapshot(reader, section)).collect(),
        run_book: reader.optional(section, "run_book", value::https),
    }
}

fn alarm(reader: &mut Reader<'_>, section: &Section<'_>) -> AlarmDraft {
    AlarmDraft {
        name: reader.required(section, "name", "\"orders-writer-down\"", value::alarm_name),
        speaks_for: span_or(reader, section, "speaks_for", defaults::default_speaks_for(), HOUR),
    }
}

fn service(reader: &mut Reader<'_>, section: &Section<'_>) -> ServiceDraft {
    ServiceDraft {
        cluster: reader.required(section, "cluster", "\"shop\"", value::ecs_name),
        name: reader.required(section, "name", "\"orders-api\"", value::ecs_name),
        wave: reader.or_default(section, "wave", defaults::default_wave(), |it| value::count(it, 1..=100)),
        after: reader.list(section, "after", "[\"orders-api\"]", value::ecs_name),
        // 5,000 tasks is the quota of a service.
        count_after_recovery: reader
            .optional(section, "count_after_recovery", |it| value::count(it, 1..=5_000)),
        within: limit_or(reader, section, "within", defaults::default_within()),
        check: check(reader, section),
    }
}

fn check(reader: &mut Reader<'_>, service: &Section<'_>) -> Option<CheckDraft> {
    let section = reader.table(service, "check", &form::CHECK)?;
    Some(CheckDraft {
        url: reader.required(&section, "url", "\"https://orders-api.example.com/pool\"", url::check),
        allow_private: reader.or_default(&section, "allow_private", false, value::flag),
        answer_within: reader.or_default(
            &section,
            "answer_within",
            defaults::default_answer_within(),
            |it| value::span(it, SECOND..=LONGEST_ANSWER),
        ),
    })
}

fn snapshot(reader: &mut Reader<'_>, section: &Section<'_>) -> SnapshotDraft {
    SnapshotDraft {
        every: reader.required(section, "every", "\"1h\"", value::every),
        keep: reader.optional(section, "keep", |it| value::span(it, MINUTE..=Span::LONGEST)),
    }
}

fn audience(reader: &mut Reader<'_>, section: &Section<'_>) -> AudienceDraft {
    let notices = reader.list(section, "notices", "[\"interruption\", \"all-clear\"]", value::word);
    AudienceDraft {
        place: section.place.clone(),
        name: reader.required(section, "name", "\"stakeholders\"", value::name),
        notices,
    }
}

/// A span that may be zero.
fn span_or(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &str,
    default: Span,
    most: Span,
) -> Option<At<Span>> {
    reader.or_default(section, key, default, |it| value::span(it, Span::ZERO..=most))
}

/// A limit on how long something may take: at least a second, at most a day.
fn limit_or(reader: &mut Reader<'_>, section: &Section<'_>, key: &str, default: Span) -> Option<At<Span>> {
    reader.or_default(section, key, default, |it| value::span(it, SECOND..=DAY))
}
