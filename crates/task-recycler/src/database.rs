//! Whether the database lets more services restart: only its own health stops the waves.

use recovery::{CallError, Decision, Guard, Verdict, topology::Cluster};

/// What the database's health means for a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// Services may be started.
    Firm,
    /// Nothing new is started; why.
    Shaky(String),
    /// The recovery stands on a writer that is no more: people take over.
    Gone(Box<Verdict>),
}

/// Judges the cluster as it was read just now. `promoted` is the writer that the endpoint was confirmed for.
///
/// A cluster that cannot be read stops nothing: the endpoint was proven by DNS, and RDS's API is often the first
/// thing that is busy in an outage.
#[must_use]
pub fn ground(promoted: Option<&str>, cluster: &Result<Cluster, CallError>) -> Ground {
    let Ok(cluster) = cluster else { return Ground::Firm };
    let writer = cluster.writer().map(|w| w.instance.as_str());
    if let (Some(promoted), Some(writer)) = (promoted, writer)
        && promoted != writer
    {
        let reason = format!(
            "The writer moved again, from {promoted} to {writer}, while services were restarted: those that were \
             restarted may be connected to {promoted}."
        );
        let verdict = Verdict::new(Decision::Refuse, Guard::WriterChanged, reason)
            .seeing(format!("cluster {}", cluster.identifier), format!("{}, writer {writer}", cluster.status))
            .unless(format!("{promoted} is the writer again"));
        return Ground::Gone(Box::new(verdict));
    }
    if cluster.settled() {
        return Ground::Firm;
    }
    Ground::Shaky(format!(
        "cluster {} is {}, or its writer is not available",
        cluster.identifier, cluster.status
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recovery::{Failure, twins::fixture};

    #[test]
    fn only_a_healthy_cluster_or_an_unread_one_lets_services_start() {
        let well = fixture::cluster("orders-2");
        assert_eq!(ground(Some("orders-2"), &Ok(well.clone())), Ground::Firm);
        assert_eq!(ground(None, &Ok(well.clone())), Ground::Firm);
        let busy = CallError::new("RDS", "DescribeDBClusters", Failure::Throttled, "Rate exceeded");
        assert_eq!(ground(Some("orders-2"), &Err(busy)), Ground::Firm);
        let mut moving = well.clone();
        "failing-over".clone_into(&mut moving.status);
        assert!(
            matches!(ground(Some("orders-2"), &Ok(moving)), Ground::Shaky(why) if why.contains("failing-over"))
        );
        let Ground::Gone(verdict) = ground(Some("orders-3"), &Ok(well)) else {
            panic!("the writer is another")
        };
        assert_eq!(verdict.guard, Guard::WriterChanged);
        assert!(verdict.reason.contains("from orders-3 to orders-2"), "{}", verdict.reason);
    }
}
