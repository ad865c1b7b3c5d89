//! Task → Choice → Wait, and the choice that everything begins with.

use super::{ACTING, ESCALATE, list, states::compared, text};
use serde_json::{Map, Value, json};

pub(super) fn check(states: &Map<String, Value>, findings: &mut Vec<String>) {
    for (name, state) in states {
        match text(state, "Type") {
            "Task" if name != ESCALATE => step(name, state, states, findings),
            "Choice" if !name.ends_with('?') => enter(name, state, findings),
            _ => {}
        }
    }
}

/// A step's task leads to its own choice, which has a rule for "again" that leads to its own wait.
fn step(name: &str, task: &Value, states: &Map<String, Value>, findings: &mut Vec<String>) {
    let own = format!("{name}?");
    if text(task, "Next") != own {
        findings.push(format!("{name}: must lead to its own choice, {own:?}"));
    }
    let Some(choice) = states.get(&own) else {
        findings.push(format!("{name}: has no choice {own:?}"));
        return;
    };
    let word = |rule| compared(text(rule, "Condition"), "$next");
    if !list(choice, "Choices").iter().any(|rule| word(rule) == Some("again")) {
        // Every step may have to look once more; without this rule that would be an escalation.
        findings.push(format!("{own}: has no rule for \"again\""));
    }
    for rule in list(choice, "Choices") {
        let next = text(rule, "Next");
        let waits = next == format!("{name} wait");
        match word(rule) {
            Some("again") if !waits => {
                findings.push(format!("{own}: \"again\" must lead to the step's own wait"));
            }
            Some(word) if word != "again" && waits => {
                findings.push(format!("{own}: {word:?} must not lead to a wait"));
            }
            Some(_) => {}
            None => findings.push(format!("{own}: must compare $next, the word that the step answered with")),
        }
    }
}

/// The beginning: every way out sets what later states read, and none begins with acting.
fn enter(name: &str, choice: &Value, findings: &mut Vec<String>) {
    let expected = json!({"run": "{% $states.input %}", "failed": {}, "said": {}});
    let ways = list(choice, "Choices").iter().chain(std::iter::once(choice));
    if ways.clone().any(|way| way.get("Assign") != Some(&expected)) {
        // At the rule and at the state: engines differ in whether the state's own holds when a rule matches.
        findings.push(format!("{name}: every rule, and the state itself, must Assign {expected}"));
    }
    if ways.clone().any(|way| text(way, "Next") == ACTING) {
        findings.push(format!("{name}: a run must not begin with {ACTING:?}: the database is read first"));
    }
    for rule in list(choice, "Choices") {
        let word = compared(text(rule, "Condition"), "$states.input.entry");
        if word != Some(&text(rule, "Next").to_lowercase().replace(' ', "-")) {
            findings.push(format!("{name}: an entry must bear the name of the step that it leads to"));
        }
    }
}
