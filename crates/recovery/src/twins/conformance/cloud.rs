//! What RDS and DNS must do for the recovery, whoever implements them.

use crate::{
    deadline,
    error::{CallError, Failure},
    ports::{Databases, Names, SnapshotAnswer, SnapshotRequest},
    topology::Cluster,
};
use jiff::Timestamp;

const NO_CLUSTER: &str = "mainstay-no-such-cluster";

/// RDS: a cluster is told whole, events come oldest first and only from the moment on, a snapshot is taken once and
/// another's of the same name is no success, and only what exists can be failed over. `existing` is a cluster at rest
/// with readers, of which RDS has told events since `since`. Returns the cluster as it was before its failover.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn databases(
    store: &dyn Databases,
    existing: &str,
    since: Timestamp,
) -> Result<Cluster, CallError> {
    let cluster = store.cluster(existing).await?;
    assert_eq!(cluster.identifier, existing);
    assert!(!cluster.resource_id.is_empty());
    assert!(cluster.settled(), "a cluster at rest: {cluster:?}");
    assert_eq!(cluster.members.iter().filter(|m| m.writer).count(), 1, "one writer");
    for member in &cluster.members {
        let known = cluster.members.iter().filter(|m| m.instance == member.instance).count();
        assert_eq!(known, 1, "{} is told once", member.instance);
        let told = [&member.status, &member.zone, &member.class, &member.endpoint];
        assert!(told.iter().all(|field| field.is_some()) && member.tier.is_some(), "{member:?}");
    }
    let error = store.cluster(NO_CLUSTER).await.map(drop);
    assert_eq!(failure(error), Some(Failure::NotFound), "a cluster that does not exist");
    assert_eq!(store.switchover(&cluster).await?, None, "nothing is being switched over");

    events(store, &cluster, since).await?;
    snapshots(store, existing, since).await?;
    fail_over(store, &cluster).await?;
    Ok(cluster)
}

async fn events(store: &dyn Databases, cluster: &Cluster, since: Timestamp) -> Result<(), CallError> {
    let told = store.events(cluster, since).await?;
    let newest = told.last().map(|e| e.at);
    assert!(told.len() > 1, "this cluster has events: {told:?}");
    assert!(told.is_sorted_by_key(|e| e.at), "oldest first");
    let of_cluster = |identifier: &str, whole: bool| {
        if whole { identifier == cluster.identifier } else { cluster.member(identifier).is_some() }
    };
    assert!(
        told.iter().all(|e| of_cluster(&e.identifier, e.cluster)),
        "its own and its instances': {told:?}"
    );
    for moment in told.iter().map(|e| e.at) {
        let rest = store.events(cluster, moment).await?;
        assert!(rest.iter().all(|e| e.at >= moment), "none from before {moment}: {rest:?}");
        assert!(!rest.is_empty(), "the moment itself counts");
    }
    let after = newest.map(|at| deadline::shift(at, 1));
    if let Some(after) = after {
        assert_eq!(store.events(cluster, after).await?, [], "nothing since then");
    }
    Ok(())
}

async fn snapshots(store: &dyn Databases, cluster: &str, since: Timestamp) -> Result<(), CallError> {
    let request = |name: &str, ours: bool| {
        // Fresh in each call of the conformance: AWS keeps what was taken.
        let snapshot = format!("mainstay-{cluster}-{name}-{}", since.as_second());
        let tags = if ours { vec![("mainstay".to_owned(), snapshot.clone())] } else { Vec::new() };
        SnapshotRequest { cluster: cluster.to_owned(), snapshot, tags }
    };
    assert_eq!(store.snapshot(&request("tick", true)).await?, SnapshotAnswer::Creating);
    assert_eq!(store.snapshot(&request("tick", true)).await?, SnapshotAnswer::Exists, "a repeated tick");
    assert_eq!(store.snapshot(&request("persons", false)).await?, SnapshotAnswer::Creating);
    let taken = store.snapshot(&request("persons", true)).await.map(drop);
    assert_eq!(failure(taken), Some(Failure::Refused), "somebody else's snapshot is not ours");
    Ok(())
}

async fn fail_over(store: &dyn Databases, cluster: &Cluster) -> Result<(), CallError> {
    let reader = cluster.members.iter().find(|m| !m.writer).map(|m| m.instance.as_str()).unwrap_or_default();
    let error = store.fail_over(NO_CLUSTER, reader).await;
    assert_eq!(failure(error), Some(Failure::NotFound), "a cluster that does not exist");
    let error = store.fail_over(&cluster.identifier, "mainstay-no-such-instance").await;
    assert_eq!(failure(error), Some(Failure::NotFound), "an instance that does not exist");
    store.fail_over(&cluster.identifier, reader).await
}

/// DNS: a CNAME leads to a name without a final dot, in whatever case it is asked; `plain` exists and has no CNAME;
/// what does not exist has none either.
///
/// # Panics
/// When the names do not do what the port promises.
pub async fn names(store: &dyn Names, name: &str, leads_to: &str, plain: &str) -> Result<(), CallError> {
    assert_eq!(store.cname(name).await?.as_deref(), Some(leads_to));
    assert_eq!(store.cname(&name.to_uppercase()).await?.as_deref(), Some(leads_to), "in any case");
    assert_eq!(store.cname(plain).await?, None, "an address is no CNAME");
    assert_eq!(store.cname("mainstay-no-such-name.example.com").await?, None);
    Ok(())
}

fn failure(outcome: Result<(), CallError>) -> Option<Failure> {
    outcome.err().map(|error| error.failure)
}
