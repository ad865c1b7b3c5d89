//! What the processes of one function showed together: medians and worst, as the document has them.

use super::trial::Trial;
use serde::Serialize;
use std::time::Duration;

/// The middle one and the worst of several measurements.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number the dearer of the two in the middle.
    pub median: f64,
    /// The largest.
    pub worst: f64,
}

/// What a function showed over TLS, or without.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// Milliseconds from the process's start to its first question for an event; the warming reads are within.
    pub start_ms: Spread,
    /// Milliseconds of processor time until then, of all threads; none where the system does not tell.
    pub start_cpu_ms: Option<Spread>,
    /// Connections to services until then.
    pub start_connections: usize,
    /// Milliseconds from the handing over of the first event to its answer.
    pub first_ms: Spread,
    /// Milliseconds of processor time for it.
    pub first_cpu_ms: Option<Spread>,
    /// Connections to services that it added.
    pub first_connections: usize,
    /// The most memory the process ever had, in MB (10⁶ bytes).
    pub peak_mb: Option<Spread>,
}

/// What TLS costs a function while it starts: the difference between its processor times over TLS and without.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TlsCost {
    /// Milliseconds of processor time, by the cheapest process of each kind: what disturbs a process makes it dearer,
    /// never cheaper.
    pub cpu_ms: f64,
    /// The same for each connection: each is the first one to its service.
    pub cpu_ms_per_connection: f64,
    /// The processor time over TLS as a multiple of that without.
    pub ratio: f64,
    /// Whether a connection stays under the limit.
    pub passed: bool,
}

impl Shown {
    pub(super) fn of(trials: &[Trial]) -> Option<Self> {
        let ms = |part: fn(&Trial) -> Duration| spread(trials.iter().map(|t| millis(part(t))));
        let cpu = |part: fn(&Trial) -> Option<Duration>| {
            spread(trials.iter().map(part).collect::<Option<Vec<_>>>()?.into_iter().map(millis))
        };
        let peaks: Option<Vec<u64>> = trials.iter().map(|t| t.peak).collect();
        Some(Self {
            start_ms: ms(|t| t.start)?,
            start_cpu_ms: cpu(|t| t.start_cpu),
            start_connections: trials.iter().map(|t| t.start_connections).max()?,
            first_ms: ms(|t| t.first)?,
            first_cpu_ms: cpu(|t| t.first_cpu),
            first_connections: trials.iter().map(|t| t.first_connections).max()?,
            peak_mb: peaks.and_then(|peaks| spread(peaks.into_iter().map(megabytes))),
        })
    }
}

impl TlsCost {
    /// None where the system does not tell processor time, or the function makes no connection while it starts.
    pub(super) fn of(over_tls: &[Trial], plain: &[Trial], limit_ms: f64) -> Option<Self> {
        let least = |trials: &[Trial]| {
            let costs: Option<Vec<Duration>> = trials.iter().map(|t| t.start_cpu).collect();
            costs?.into_iter().min().map(millis)
        };
        let (tls, plain) = (least(over_tls)?, least(plain)?);
        let connections = over_tls.iter().map(|t| t.start_connections).min().filter(|n| *n > 0)?;
        let cpu_ms = tls - plain;
        let cpu_ms_per_connection = cpu_ms / f64::from(u32::try_from(connections).ok()?);
        let passed = cpu_ms_per_connection < limit_ms;
        let hundredths = |value: f64| (value * 100.0).round() / 100.0;
        Some(Self {
            cpu_ms: hundredths(cpu_ms),
            cpu_ms_per_connection: hundredths(cpu_ms_per_connection),
            ratio: hundredths(tls / plain),
            passed,
        })
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

/// Bytes as 10⁶ bytes, to the tenth.
pub(super) fn megabytes(bytes: u64) -> f64 {
    // Whole hundreds of thousands of bytes, below 2³²: no digit is lost.
    f64::from(u32::try_from((bytes + 50_000) / 100_000).unwrap_or(u32::MAX)) / 10.0
}

fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    Some(Spread { median: *values.get(values.len() / 2)?, worst: *values.last()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(start_cpu_us: u64, connections: usize) -> Trial {
        Trial {
            start: Duration::from_millis(7),
            start_cpu: Some(Duration::from_micros(start_cpu_us)),
            start_connections: connections,
            first: Duration::from_millis(2),
            first_cpu: Some(Duration::from_micros(900)),
            first_connections: 0,
            peak: Some(8_192_000),
            outcome: Ok(serde_json::Value::Null),
        }
    }

    #[test]
    fn the_middle_and_the_worst() {
        assert_eq!(spread([3.0, 1.0, 2.0].into_iter()), Some(Spread { median: 2.0, worst: 3.0 }));
        assert_eq!(spread([1.0, 2.0].into_iter()), Some(Spread { median: 2.0, worst: 2.0 }));
        assert_eq!(spread(std::iter::empty()), None);
        let shown = Shown::of(&[trial(5_000, 2), trial(6_000, 2)]).unwrap();
        assert_eq!(shown.start_cpu_ms, Some(Spread { median: 6.0, worst: 6.0 }));
        assert_eq!(shown.peak_mb, Some(Spread { median: 8.2, worst: 8.2 }));
        let untold = Trial { start_cpu: None, peak: None, ..trial(1, 1) };
        let shown = Shown::of(&[trial(5_000, 1), untold]).unwrap();
        assert_eq!((shown.start_cpu_ms, shown.peak_mb), (None, None));
    }

    #[test]
    fn the_cost_of_tls_is_counted_for_each_connection_and_held_to_the_limit() {
        let cost = |tls: u64, connections: usize| {
            let over_tls = [trial(tls + 9_000, connections), trial(tls, connections)];
            TlsCost::of(&over_tls, &[trial(4_000, connections), trial(8_000, connections)], 5.0).unwrap()
        };
        let cheap = cost(10_000, 4);
        assert!(cheap.passed && (cheap.cpu_ms_per_connection - 1.5).abs() < 1e-9, "{cheap:?}");
        assert!((cheap.ratio - 2.5).abs() < 1e-9, "{cheap:?}");
        assert!(!cost(9_000, 1).passed, "5 ms is not under 5 ms");
        assert!(!cost(28_000, 4).passed);
        assert_eq!(TlsCost::of(&[trial(1, 0)], &[trial(1, 0)], 5.0), None, "no connection, no cost");
    }
}
