//! What needs no AWS: validating a plan, explaining a decision.

use crate::{Done, DrpError};
use alarm_handler::{Explanation, State};
use plan::{Parsed, Plan, Severity};
use recovery::text::wire_name;
use serde_json::json;
use std::{io::Write, path::Path};

/// `drp validate`.
pub(crate) fn validate(path: &Path, json: bool, out: &mut dyn Write) -> Result<Done, DrpError> {
    let parsed = read_plan(path)?;
    let valid = parsed.plan.is_some();
    if json {
        let document = json!({ "valid": valid, "findings": parsed.findings });
        writeln!(out, "{document:#}")?;
    } else {
        for finding in &parsed.findings {
            writeln!(out, "{finding}\n")?;
        }
        let count = |severity| parsed.findings.iter().filter(|f| f.severity == severity).count();
        let databases = parsed.plan.as_ref().map_or(0, |p| p.databases.len());
        let verdict = if valid { format!("valid, {databases} database(s)") } else { "NOT valid".to_owned() };
        writeln!(
            out,
            "{}: {verdict}; {} error(s), {} warning(s), {} piece(s) of advice",
            path.display(),
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Advice)
        )?;
    }
    Ok(if valid { Done::Yes } else { Done::No })
}

/// `drp explain`.
pub(crate) fn explain(
    event: &Path,
    plan: &Path,
    state: Option<&Path>,
    json: bool,
    out: &mut dyn Write,
) -> Result<Done, DrpError> {
    let plan = valid_plan(plan)?;
    let state: State = match state {
        // An object, and nothing else: a list would be read as a state in which nothing is known.
        Some(path) => serde_json::from_str::<serde_json::Map<_, _>>(&read(path)?)
            .and_then(|state| serde_json::from_value(state.into()))
            .map_err(|e| unreadable(path, &e.to_string()))?,
        None => State::default(),
    };
    let explanation = alarm_handler::explain(&read(event)?, &plan, &state, jiff::Timestamp::now())?;
    if json {
        let document = serde_json::to_value(&explanation).map_err(|e| DrpError::Answer(e.to_string()))?;
        writeln!(out, "{document:#}")?;
    } else {
        write_explanation(&explanation, out)?;
    }
    Ok(Done::Yes)
}

fn write_explanation(explanation: &Explanation, out: &mut dyn Write) -> Result<(), DrpError> {
    let Explanation { decision, guard, reason, database, evidence, would_change, all } = explanation;
    writeln!(out, "decision      {}", wire_name(decision))?;
    writeln!(out, "guard         {}", wire_name(guard))?;
    writeln!(out, "database      {}", database.as_deref().unwrap_or("–"))?;
    writeln!(out, "because       {reason}")?;
    for fact in evidence {
        writeln!(out, "evidence      {}: {}", fact.name, fact.value)?;
    }
    if !would_change.is_empty() {
        writeln!(out, "would change  {would_change}")?;
    }
    for other in all.iter().skip(1) {
        writeln!(
            out,
            "also          {}: {} ({}), {}",
            other.database.as_deref().unwrap_or("–"),
            wire_name(&other.decision),
            wire_name(&other.guard),
            other.reason
        )?;
    }
    Ok(())
}

fn valid_plan(path: &Path) -> Result<Plan, DrpError> {
    let parsed = read_plan(path)?;
    let errors = parsed.errors().count();
    parsed.plan.ok_or_else(|| DrpError::Plan { path: path.display().to_string(), errors })
}

fn read_plan(path: &Path) -> Result<Parsed, DrpError> {
    let bytes = std::fs::read(path).map_err(|e| unreadable(path, &e.to_string()))?;
    Ok(plan::parse_bytes(&bytes, &path.display().to_string()))
}

fn read(path: &Path) -> Result<String, DrpError> {
    std::fs::read_to_string(path).map_err(|e| unreadable(path, &e.to_string()))
}

fn unreadable(path: &Path, cause: &str) -> DrpError {
    DrpError::File { path: path.display().to_string(), cause: cause.to_owned() }
}
