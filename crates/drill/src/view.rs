//! The live view: one line per phase while the outage runs. Plain lines when nobody watches.

use jiff::Timestamp;
use recovery::{Event, Incident, Record, incident::ServiceState, phases::Phases};
use std::io::{IsTerminal as _, Write as _};

/// Where progress goes: standard error, so that standard output stays free for the document.
#[derive(Debug)]
pub struct View {
    terminal: bool,
    /// Nobody listens: a test.
    silent: bool,
    since: std::time::Instant,
    /// Lines that were printed for good, by phase and event.
    told: usize,
    phases: usize,
    status: String,
}

impl Default for View {
    fn default() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            silent: false,
            since: std::time::Instant::now(),
            told: 0,
            phases: 0,
            status: String::new(),
        }
    }
}

impl View {
    /// A view that says nothing.
    #[must_use]
    pub fn silent() -> Self {
        Self { terminal: false, silent: true, ..Self::default() }
    }

    /// Whether colours and a moving line are wanted.
    #[must_use]
    pub fn terminal(&self) -> bool {
        self.terminal
    }

    /// A line that stays.
    pub fn say(&mut self, line: &str) {
        if self.silent {
            return;
        }
        self.clear();
        let elapsed = self.since.elapsed().as_secs_f64();
        let _ = writeln!(std::io::stderr(), "{elapsed:>7.1} s  {line}");
        self.redraw();
    }

    /// What is going on now: a moving line on a terminal, nothing elsewhere.
    pub fn now(&mut self, status: &str) {
        status.clone_into(&mut self.status);
        self.clear();
        self.redraw();
    }

    /// Everything that is new in the incident since the last look.
    pub fn follow(&mut self, incident: Option<&Incident>, fault_at: Timestamp) {
        let Some(incident) = incident else {
            self.now("waiting for the alarm");
            return;
        };
        let fresh: Vec<String> = incident.records.iter().skip(self.told).filter_map(told).collect();
        self.told = incident.records.len();
        for line in fresh {
            self.say(&format!("            {line}"));
        }
        let phases = Phases::of(incident, fault_at).named();
        let done: Vec<String> = phases
            .iter()
            .skip(self.phases)
            .map_while(|(name, seconds)| seconds.map(|s| format!("{name:<9}  {s:.1} s")))
            .collect();
        self.phases += done.len();
        for line in done {
            self.say(&line);
        }
        let current = phases.get(self.phases).map_or("closing", |(name, _)| name);
        self.now(if incident.closed().is_some() { "" } else { current });
    }

    /// Ends the moving line.
    pub fn end(&mut self) {
        self.now("");
    }

    fn clear(&self) {
        if self.terminal {
            let _ = write!(std::io::stderr(), "\r\u{1b}[2K");
        }
    }

    fn redraw(&self) {
        if self.terminal && !self.status.is_empty() {
            let elapsed = self.since.elapsed().as_secs_f64();
            let _ = write!(std::io::stderr(), "{elapsed:>7.1} s  … {}", self.status);
            let _ = std::io::stderr().flush();
        }
    }
}

/// What a watcher wants to hear of an event; none: the phase's own line says it.
fn told(record: &Record) -> Option<String> {
    Some(match &record.event {
        Event::Opened { verdict, .. } => format!("incident opened: {}", verdict.reason),
        Event::Noted { .. } | Event::EndpointDoubted { .. } => recovery::timeline::line(record),
        Event::Held { verdict, .. } => format!("holding: {}", verdict.reason),
        Event::Confirmed { verdict } => format!("confirmed: {}", verdict.reason),
        Event::AlreadyMoved { verdict, .. } => verdict.reason.clone(),
        Event::Assessed { writer, target, reason, .. } => format!("{writer} → {target}: {reason}"),
        Event::FailoverAnswered { answer } => format!("FailoverDBCluster: {answer:?}"),
        Event::Promoted { writer, .. } => format!("{writer} is the writer"),
        Event::EndpointMoved { leads_to, proof, .. } => {
            let proof = proof.words().map(|words| format!(" ({words})")).unwrap_or_default();
            format!("the endpoint leads to {leads_to}{proof}")
        }
        Event::Services { news } => news
            .iter()
            .map(|n| {
                let state = match n.state {
                    ServiceState::Started if n.deployment.is_none() => "asking for a new deployment",
                    ServiceState::Started => "new deployment",
                    ServiceState::Recycled => "recycled",
                    ServiceState::Failed => "FAILED",
                    ServiceState::NotRecyclable => "cannot be recycled",
                    ServiceState::Skipped => "skipped",
                };
                format!("{}: {state}", n.name)
            })
            .collect::<Vec<_>>()
            .join(", "),
        Event::Health { healthy, reason } => {
            format!("{}: {reason}", if *healthy { "healthy" } else { "not healthy yet" })
        }
        Event::Resumed { reason, .. } => format!("resumed: {reason}"),
        Event::Closed { closing, verdict, .. } => format!("closed as {closing:?}: {}", verdict.reason),
        Event::Acknowledged { by, .. } => format!("acknowledged by {by}"),
        Event::Started { .. }
        | Event::FailoverIntended { .. }
        | Event::EndpointSeen { .. }
        | Event::Recycled { .. }
        | Event::Verified { .. } => return None,
    })
}
