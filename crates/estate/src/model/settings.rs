//! What can be set about an estate: how long things take, and how AWS is assumed to answer where its
//! documents are silent.

use serde::{Deserialize, Serialize};

use super::chance::Chance;

/// A delay in seconds: fixed, or drawn evenly from a range. Written as `5` or `[10, 30]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Span {
    least: f64,
    most: f64,
}

impl Span {
    /// A delay that is always the same, in seconds. Negative values count as zero.
    #[must_use]
    pub const fn fixed(seconds: f64) -> Self {
        Self { least: seconds.max(0.0), most: seconds.max(0.0) }
    }

    /// A delay between two bounds, in seconds.
    #[must_use]
    pub const fn between(least: f64, most: f64) -> Self {
        let least = least.max(0.0);
        Self { least, most: most.max(least) }
    }

    /// The shortest delay, in seconds.
    #[must_use]
    pub const fn least(self) -> f64 {
        self.least
    }

    /// The longest delay, in seconds.
    #[must_use]
    pub const fn most(self) -> f64 {
        self.most
    }

    /// Draws one delay.
    pub(crate) fn draw(self, chance: &mut Chance) -> f64 {
        self.least + (self.most - self.least) * chance.fraction()
    }
}

/// How a [`Span`] is written in JSON or TOML.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(f64),
    Two([f64; 2]),
}

impl TryFrom<Written> for Span {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let (least, most) = match written {
            Written::One(seconds) => (seconds, seconds),
            Written::Two([least, most]) => (least, most),
        };
        if least.is_finite() && most.is_finite() && 0.0 <= least && least <= most {
            return Ok(Self { least, most });
        }
        Err(format!("a delay is a number of seconds or [least, most], not [{least}, {most}]"))
    }
}

impl From<Span> for Written {
    fn from(span: Span) -> Self {
        if span.least.to_bits() == span.most.to_bits() {
            Self::One(span.least)
        } else {
            Self::Two([span.least, span.most])
        }
    }
}

/// How long things take, in seconds. The defaults are what AWS promises or what was measured on it; zero is
/// allowed everywhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delays {
    /// From an accepted failover call to `failing-over`: the cluster still says `available` meanwhile.
    pub failover_begins: Span,
    /// From `failing-over` until another instance is the writer.
    pub promotion: Span,
    /// From the new writer until the cluster says `available` again.
    pub settling: Span,
    /// From the new writer until the cluster endpoint's CNAME leads to it.
    pub endpoint: Span,
    /// From the promotion (or a reboot) until the old writer is back as a reader.
    pub restart: Span,
    /// How long a crashed writer's metrics read zero before they are missing altogether.
    pub crash_zeroes: Span,
    /// From a task's creation to `RUNNING`.
    pub task_start: Span,
    /// From the decision to stop a task to `STOPPED`.
    pub task_stop: Span,
    /// How long a snapshot is `creating`.
    pub snapshot: Span,
    /// How long a copy of a snapshot is `copying`. AWS says hours for large ones; the default is an estimate.
    pub copy: Span,
    /// How long a restored cluster is `creating`: an estimate, since it depends on the data.
    pub restore: Span,
    /// How long a new instance is `creating`: an estimate.
    pub instance: Span,
    /// How long an instance or a cluster is `deleting`: an estimate.
    pub deletion: Span,
    /// How far `LatestRestorableTime` lies behind; the longest counts. Aurora says typically within 5 minutes.
    pub backup_lag: Span,
}

impl Default for Delays {
    fn default() -> Self {
        Self {
            failover_begins: Span::between(0.5, 2.0),
            promotion: Span::between(10.0, 30.0),
            settling: Span::between(0.5, 3.0),
            endpoint: Span::between(5.0, 20.0),
            restart: Span::between(20.0, 60.0),
            crash_zeroes: Span::fixed(60.0),
            task_start: Span::between(15.0, 40.0),
            task_stop: Span::between(2.0, 30.0),
            snapshot: Span::between(60.0, 180.0),
            copy: Span::between(120.0, 600.0),
            restore: Span::between(300.0, 900.0),
            instance: Span::between(240.0, 600.0),
            deletion: Span::between(60.0, 300.0),
            backup_lag: Span::fixed(300.0),
        }
    }
}

impl Delays {
    /// Everything at once: for tests of order rather than of time.
    #[must_use]
    pub const fn none() -> Self {
        let none = Span::fixed(0.0);
        Self {
            failover_begins: none,
            promotion: none,
            settling: none,
            endpoint: none,
            restart: none,
            crash_zeroes: none,
            task_start: none,
            task_stop: none,
            snapshot: none,
            copy: none,
            restore: none,
            instance: none,
            deletion: none,
            backup_lag: none,
        }
    }

    /// Quick, but in the right order and long enough to be seen by a poller of once a second. Whoever uses it
    /// says so in the report.
    #[must_use]
    pub const fn quick() -> Self {
        Self {
            failover_begins: Span::between(0.2, 0.5),
            promotion: Span::between(2.0, 3.0),
            settling: Span::between(0.2, 0.5),
            endpoint: Span::between(2.0, 4.0),
            restart: Span::between(4.0, 6.0),
            crash_zeroes: Span::fixed(5.0),
            task_start: Span::between(1.0, 3.0),
            task_stop: Span::between(0.5, 1.5),
            snapshot: Span::between(2.0, 4.0),
            copy: Span::between(2.0, 4.0),
            restore: Span::between(2.0, 4.0),
            instance: Span::between(2.0, 4.0),
            deletion: Span::between(1.0, 2.0),
            backup_lag: Span::fixed(1.0),
        }
    }
}

/// What AWS answers to `FailoverDBCluster` when the named target is the writer already. Not documented, so
/// callers must live with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetIsWriter {
    /// `InvalidDBInstanceState`: the target cannot be promoted. Also what ministack answers.
    #[default]
    RefuseInstance,
    /// `InvalidDBClusterStateFault`.
    RefuseCluster,
    /// Success; nothing changes.
    Accept,
}

/// Settings of the model. `Default` is honest: AWS's own times, no failover by AWS itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The AWS account id in every ARN: 12 digits.
    pub account: String,
    /// The region of what a seed does not place, and of requests that name none.
    pub region: String,
    /// The seed of chance. The same seed, the same calls at the same times: the same estate.
    pub seed: u64,
    /// How long things take.
    pub delays: Delays,
    /// The period of metrics, in seconds: 60 on AWS.
    pub metric_period: f64,
    /// How long after a writer's crash AWS fails over by itself; `None`: it does not, so that the recovery
    /// has something to do.
    pub aws_failover_after: Option<Span>,
    /// The answer when the target of a failover is the writer already.
    pub target_is_writer: TargetIsWriter,
    /// Whether tasks are processes outside, which say by themselves whether they answer: a task that runs counts
    /// only once it was seen to.
    pub tasks_outside: bool,
    /// How many manual snapshots an account may have in a region: 100 on AWS.
    pub snapshot_quota: usize,
    /// How many copies from other regions may be under way to a region: 5 says the Aurora User Guide
    /// (`USER_CopySnapshot`, Limitations), 20 the one of RDS.
    pub copies_at_once: usize,
    /// How many clusters an account may have in a region: 40 on AWS. Seeds are not held to it.
    pub cluster_quota: usize,
    /// The version that a restored snapshot gets when none is asked for; its own when absent.
    pub default_engine_version: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            account: "123456789012".into(),
            region: "ca-central-1".into(),
            seed: 1,
            delays: Delays::default(),
            metric_period: 60.0,
            aws_failover_after: None,
            target_is_writer: TargetIsWriter::default(),
            tasks_outside: false,
            snapshot_quota: 100,
            copies_at_once: 5,
            cluster_quota: 40,
            default_engine_version: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_written_as_a_number_or_as_two_bounds() {
        let delays: Delays = serde_json::from_str(r#"{"promotion": [1, 2.5], "endpoint": 0}"#).unwrap();
        assert_eq!(delays.promotion, Span::between(1.0, 2.5));
        assert_eq!(delays.endpoint, Span::fixed(0.0));
        assert_eq!(delays.restart, Delays::default().restart);
    }

    #[test]
    fn a_wrong_delay_is_an_error_that_says_how_to_write_it() {
        for wrong in [r#"{"promotion": -1}"#, r#"{"promotion": [3, 2]}"#] {
            let error = serde_json::from_str::<Delays>(wrong).unwrap_err().to_string();
            assert!(error.contains("[least, most]"), "{error}");
        }
        assert!(serde_json::from_str::<Delays>(r#"{"promotoin": 1}"#).is_err());
    }

    #[test]
    fn draws_stay_in_the_range_and_repeat_with_the_seed() {
        let span = Span::between(10.0, 30.0);
        let draw = |seed| {
            let mut chance = Chance::seeded(seed);
            (0..50).map(|_| span.draw(&mut chance)).collect::<Vec<_>>()
        };
        assert!(draw(7).iter().all(|seconds| (10.0..=30.0).contains(seconds)));
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
