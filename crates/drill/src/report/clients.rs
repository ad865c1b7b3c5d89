//! What clients felt, for people.

use super::Ink;
use crate::{clients::Outage, document::Document};
use std::fmt::Write as _;

/// Characters of the drawing of acknowledged writes.
const PICTURE: usize = 100;

/// What clients of the services felt, where they were real.
pub(super) fn clients(out: &mut String, doc: &Document, ink: Ink) -> std::fmt::Result {
    let Some(clients) = &doc.clients else {
        return Ok(());
    };
    writeln!(out, "\n{}", ink.title("What clients felt: a write every 20 ms through each service"))?;
    writeln!(out, "  {}", clients.database)?;
    if let Some(mechanism) = &clients.mechanism {
        writeln!(out, "  The black hole: {mechanism}.")?;
    }
    for (service, outage) in &clients.rto {
        let kept = outage.seconds.is_some_and(|s| s <= doc.objective.rto_s);
        let told = format!(
            "  {service} ({}): {} of {:.0} s in the plan",
            outage.pool, outage.recovery, doc.objective.rto_s
        );
        if outage.recovery.outcome == felt::Outcome::Uninterrupted {
            writeln!(out, "  {service} ({}): {}", outage.pool, outage.recovery)?;
        } else {
            writeln!(out, "{}", if kept { ink.good(&told) } else { ink.bad(&told) })?;
        }
        if let Some(loss) = clients.rpo.get(service) {
            lost(out, loss, doc.objective.rpo_s, ink)?;
        }
        if outage.seconds.is_some_and(|seconds| seconds > 0.0) {
            whose(out, outage)?;
        }
        if outage.recovery.later_interruptions + outage.recovery.late > 0 {
            let felt::Recovery { later_interruptions: again, late, .. } = outage.recovery;
            writeln!(
                out,
                "    after that its rate fell {again} times again; {late} acknowledgements came late"
            )?;
        }
        if outage.recovery.unsent > 0 {
            let unsent = outage.recovery.unsent;
            writeln!(out, "    {unsent} writes were due and not sent: this machine was too busy for them")?;
        }
    }
    for line in felt::terminal(&clients.picture, PICTURE).lines() {
        writeln!(out, "  {line}")?;
    }
    if let Some(path) = &doc.picture {
        writeln!(out, "  As a picture: {}", path.display())?;
    }
    Ok(())
}

/// What was lost, against the plan's RPO.
fn lost(out: &mut String, loss: &felt::Loss, objective: f64, ink: Ink) -> std::fmt::Result {
    let told = format!(
        "    RPO {:.2} s of {objective:.0} s in the plan: {} acknowledged rows lost; {} acknowledged by the old writer after the \
         promotion, which nobody will ever see",
        loss.seconds, loss.rows_lost, loss.rows_on_old_writer
    );
    let kept = loss.seconds <= objective && loss.rows_on_old_writer == 0;
    writeln!(out, "{}", if kept { told } else { ink.bad(&told) })
}

/// The phases that a service felt, and how much of it was Mainstay's own.
fn whose(out: &mut String, outage: &Outage) -> std::fmt::Result {
    if let Some(beside) = &outage.by_phase {
        let parts: Vec<String> = beside.parts.iter().map(|p| format!("{} {:.1}", p.name, p.felt)).collect();
        writeln!(
            out,
            "    felt by phase, in seconds: {}, after them {:.1}",
            parts.join(", "),
            beside.outside
        )?;
    }
    if let (Some(share), Some(work)) = (&outage.own_share, &outage.at_work) {
        let percent = |share: &felt::Share| share.fraction.unwrap_or(0.0) * 100.0;
        writeln!(
            out,
            "    neither promotion, endpoint nor tasks' start: {:.1} s ({:.0} %); without what the plan chooses (detection, \
             window, settling), Mainstay's own work: {:.1} s ({:.0} %)",
            share.own,
            percent(share),
            work.own,
            percent(work)
        )?;
    }
    Ok(())
}
