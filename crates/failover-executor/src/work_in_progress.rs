//! Whether somebody is at work on the database, so that an outage may be meant.

use recovery::topology::Cluster;

/// Statuses of a cluster during which a failover makes sense (Aurora user guide, "DB cluster status").
///
/// `backing-up` is one of them: backups run by themselves each day and for each snapshot, they don't interrupt
/// the writer, and so they are no sign that somebody means the outage. The other statuses are somebody's work
/// (`modifying`, `upgrading`, `maintenance`, `stopping`, `stopped`, `renaming`, `resetting-master-credentials`,
/// `backtracking`, …) or not known to this version: Mainstay holds, and people are told.
const FREE: [&str; 3] = ["available", "backing-up", "storage-optimization"];

/// Statuses of the writer's instance that mean work by people or by a maintenance window. Others (`failed`,
/// `rebooting`, `storage-full`, …) are what outages look like.
const WORK: [&str; 6] = ["maintenance", "modifying", "upgrading", "renaming", "stopping", "stopped"];

/// What is being done to the cluster, in words; none when nothing is.
pub(crate) fn work(cluster: &Cluster, switchover: Option<&str>) -> Option<String> {
    if let Some(name) = switchover {
        return Some(format!("Blue/green deployment {} is under way.", recovery::text::plain(name, 80)));
    }
    if !FREE.contains(&cluster.status.as_str()) {
        let status = recovery::text::plain(&cluster.status, 60);
        return Some(format!("Cluster {} is `{status}`.", cluster.identifier));
    }
    let writer = cluster.writer()?;
    let status = writer.status.as_deref()?;
    WORK.contains(&status).then(|| format!("The writer {} is `{status}`.", writer.instance))
}
