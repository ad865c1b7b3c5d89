//! What RDS and DNS must do for the recovery, whoever implements them.

use crate::{
    deadline,
    error::{CallError, Failure},
    ports::{Databases, Names, Snapshots},
    snapshot::{
        ClusterSnapshotId, DATABASE, Marks, OURS, SCHEDULED, SnapshotAnswer, SnapshotKind, SnapshotRequest,
    },
    topology::Cluster,
};
use jiff::Timestamp;

const NO_CLUSTER: &str = "mainstay-no-such-cluster";

/// RDS: a cluster is told whole, events come oldest first and only from the moment on, and only what exists can be
/// failed over. `existing` is a cluster at rest
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

/// RDS's snapshots of `cluster`, which may have some already: one is taken once, what its tags say is told in the list,
/// a snapshot without them is none of ours, and deleting what is not there is no failure.
///
/// # Panics
/// When the store does not do what the port promises.
pub async fn snapshots(store: &dyn Snapshots, cluster: &str, since: Timestamp) -> Result<(), CallError> {
    // Fresh in each call of the conformance: AWS keeps what was taken.
    let id = |name: &str| {
        let text = format!("mainstay-{cluster}-{name}-{}", since.as_second());
        ClusterSnapshotId::parse(&text).ok_or_else(|| CallError::new("RDS", "", Failure::Malformed, &text))
    };
    let (ours, persons) = (id("tick")?, id("persons")?);
    let tags = vec![
        (OURS.to_owned(), ours.to_string()),
        (DATABASE.to_owned(), cluster.to_owned()),
        (SCHEDULED.to_owned(), since.to_string()),
    ];
    let tick = SnapshotRequest { cluster: cluster.to_owned(), snapshot: ours.clone(), tags };
    let other = SnapshotRequest { cluster: cluster.to_owned(), snapshot: persons.clone(), tags: Vec::new() };
    assert_eq!(store.take(&tick).await?, SnapshotAnswer::Creating);
    assert_eq!(store.take(&tick).await?, SnapshotAnswer::Exists, "a repeated tick");
    assert_eq!(store.take(&other).await?, SnapshotAnswer::Creating);
    let all = store.manual().await?;
    let marks = |id: &ClusterSnapshotId| {
        let found: Vec<_> = all.iter().filter(|s| s.id == *id).collect();
        assert_eq!(found.len(), 1, "{id} is told once");
        found.first().map(|s| (s.cluster.clone(), s.kind.clone(), s.marks.clone()))
    };
    let told =
        Marks { ours: true, database: Some(cluster.to_owned()), scheduled: since.to_string().parse().ok() };
    assert_eq!(marks(&ours), Some((cluster.to_owned(), SnapshotKind::Manual, told)));
    assert!(marks(&persons).is_some_and(|(_, _, marks)| !marks.ours), "somebody else's is not ours");
    store.delete(&id("never")?).await?;
    assert!(store.quota().await? > 0);
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
