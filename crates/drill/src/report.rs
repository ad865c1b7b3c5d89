//! The report that people read at the end of a drill.

mod clients;
mod machine;

use self::{clients::clients, machine::footprint};
use crate::document::{Detection, Document, Metric};
use recovery::{incident::ServiceState, phases::Source};
use std::fmt::Write as _;

const BAR: usize = 36;

/// The report as text; `colour` only on a terminal.
#[must_use]
pub fn text(doc: &Document, colour: bool) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut out, doc, Ink { colour });
    out
}

#[derive(Clone, Copy)]
struct Ink {
    colour: bool,
}

impl Ink {
    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
    fn title(self, text: &str) -> String {
        self.paint("1", text)
    }
    fn good(self, text: &str) -> String {
        self.paint("32", text)
    }
    fn bad(self, text: &str) -> String {
        self.paint("31;1", text)
    }
}

fn write_all(out: &mut String, doc: &Document, ink: Ink) -> std::fmt::Result {
    writeln!(out, "{}\n", ink.title(&format!("Drill `{}`: {}", doc.scenario, doc.title)))?;
    timeline(out, doc, ink)?;
    clients(out, doc, ink)?;
    writeln!(out, "\n{}", ink.title("The writer"))?;
    writeln!(out, "  before {}   after {}", doc.writer.before, doc.writer.after)?;
    services(out, doc, ink)?;
    notices(out, doc, ink)?;
    writeln!(out, "\n{}", ink.title("The machine"))?;
    footprint(out, doc)?;
    checks(out, doc, ink)
}

fn timeline(out: &mut String, doc: &Document, ink: Ink) -> std::fmt::Result {
    writeln!(out, "{}", ink.title("Time by phase, against the plan's RTO"))?;
    let objective = doc.objective.rto_s;
    let scale = doc.rto_s.unwrap_or(0.0).max(objective);
    let mut offset = 0.0;
    for (name, seconds) in doc.phases_s.named() {
        let Some(seconds) = seconds else {
            writeln!(out, "  {name:<9}         –")?;
            continue;
        };
        let source = match doc.phases_source.get(name) {
            Some(Source::Measured) => "measured",
            Some(Source::Modelled) | None => "modelled",
        };
        writeln!(out, "  {name:<9} {seconds:>7.1} s  {}  {source}", bar(offset, seconds, scale))?;
        offset += seconds;
    }
    match doc.rto_s {
        Some(rto) => {
            let told = format!("  RTO       {rto:>7.1} s  of {objective:.0} s in the plan");
            writeln!(out, "{}", if rto <= objective { ink.good(&told) } else { ink.bad(&told) })?;
        }
        None => writeln!(
            out,
            "  RTO             –  (this outage has no recovery to time; the plan has {objective:.0} s)"
        )?,
    }
    if let Some(call) = doc.alarm_to_failover_call_ms {
        writeln!(
            out,
            "  From the alarm to the failover call: {} ms, of which {} ms are the plan's confirmation window.",
            call.total, call.confirmation_window
        )?;
    }
    writeln!(out, "  {}", on_aws(&doc.detect_on_aws))?;
    writeln!(out, "  {}", doc.pace.told())
}

/// A bar of a phase, placed where it began.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a picture of at most 36 characters"
)]
fn bar(offset: f64, seconds: f64, scale: f64) -> String {
    if scale <= 0.0 {
        return " ".repeat(BAR);
    }
    let at = |s: f64| ((s / scale * BAR as f64).round() as usize).min(BAR);
    let (from, to) = (at(offset), at(offset + seconds));
    let (from, to) = if to > from { (from, to) } else { (from.min(BAR - 1), from.min(BAR - 1) + 1) };
    format!("{}{}{}", "·".repeat(from), "█".repeat(to - from), "·".repeat(BAR - to))
}

/// How long detection would take on AWS, in one sentence.
fn on_aws(aws: &Detection) -> String {
    let Detection { period_s, datapoints, reporting_s: (least, most), silent_s: silent, .. } = aws;
    match aws.metric {
        Metric::Prober => format!(
            "On AWS with the prober ({datapoints} of {datapoints} datapoints of {period_s} s), detection takes \
             {least}–{most} s if connections are refused, {}–{} s if the writer is silent, and what CloudWatch takes \
             to make a metric of a log line (not published): modelled.",
            silent.0, silent.1
        ),
        Metric::Rds => format!(
            "On AWS with RDS's metrics ({datapoints} of {datapoints} datapoints of {period_s} s), detection takes \
             {least}–{most} s if the writer reports zero, {}–{} s if it is silent: modelled.",
            silent.0, silent.1
        ),
    }
}

fn services(out: &mut String, doc: &Document, ink: Ink) -> std::fmt::Result {
    writeln!(out, "\n{}", ink.title("The services"))?;
    let news = doc.incident.as_ref().map(recovery::Incident::services).unwrap_or_default();
    for service in &doc.services {
        let uses = if service.uses_database { "uses the database" } else { "does not use the database" };
        let state = news.iter().find(|n| n.name == service.name).map_or("left alone", |n| match n.state {
            ServiceState::Started => "being recycled",
            ServiceState::Recycled => "recycled",
            ServiceState::Failed => "FAILED",
            ServiceState::NotRecyclable => "cannot be recycled",
            ServiceState::Skipped => "skipped",
        });
        writeln!(out, "  {} ({uses}): {state}", service.name)?;
        for (when, tasks) in [("old", &service.tasks_before), ("new", &service.tasks_after)] {
            let told: Vec<String> = tasks
                .iter()
                .map(|t| {
                    let short: String = t.id.chars().take(12).collect();
                    t.started_at
                        .map_or(short.clone(), |at| format!("{short} since {}", at.strftime("%H:%M:%S")))
                })
                .collect();
            writeln!(out, "    {when}  {}", told.join(", "))?;
        }
    }
    Ok(())
}

fn notices(out: &mut String, doc: &Document, ink: Ink) -> std::fmt::Result {
    writeln!(out, "\n{}", ink.title("What the stakeholders read"))?;
    let mut any = false;
    for letter in doc.notices.iter().filter(|l| l.audience == "stakeholders") {
        any = true;
        writeln!(out, "  ┌ {}", ink.title(&letter.subject))?;
        for line in letter.body.lines() {
            writeln!(out, "  │ {line}")?;
        }
        writeln!(out, "  └")?;
    }
    if !any {
        writeln!(out, "  (nothing: this outage is no news for them)")?;
    }
    let others: Vec<&str> =
        doc.notices.iter().filter(|l| l.audience != "stakeholders").map(|l| l.subject.as_str()).collect();
    if !others.is_empty() {
        writeln!(out, "  To the engineers on call: {}", others.join(" · "))?;
    }
    Ok(())
}

fn checks(out: &mut String, doc: &Document, ink: Ink) -> std::fmt::Result {
    writeln!(out, "\n{}", ink.title("Checks"))?;
    for check in &doc.checks {
        let mark = if check.passed { ink.good("✓") } else { ink.bad("✗") };
        writeln!(out, "  {mark} {:<36} {}", check.name, check.detail)?;
    }
    let failed = doc.checks.iter().filter(|c| !c.passed).count();
    if failed == 0 {
        writeln!(out, "\n{}", ink.good(&format!("Every check held ({}).", doc.checks.len())))
    } else {
        writeln!(out, "\n{}", ink.bad(&format!("{failed} of {} checks did not hold.", doc.checks.len())))
    }
}
