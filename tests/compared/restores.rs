//! The calls to RDS that copy, restore, make and delete.

use crate::{
    rds::{clusters, instances, snapshots},
    seen::{Reply, Seen, refused},
    sequence::Call,
};
use aws_sdk_rds::{
    Client,
    primitives::{DateTime, DateTimeFormat},
    types::DbCluster,
};

const ENGINE: &str = "aurora-postgresql";

/// Makes such a call; none when it is another one.
pub(crate) async fn make(rds: &Client, call: &Call) -> Option<Seen> {
    Some(match call {
        Call::CopySnapshot { source, target, key } => {
            let call = rds.copy_db_cluster_snapshot().source_db_cluster_snapshot_identifier(source);
            let call = call.target_db_cluster_snapshot_identifier(target).set_kms_key_id(key.clone());
            match call.send().await {
                Ok(reply) => {
                    let mut seen = snapshots(reply.db_cluster_snapshot().map_or(&[], std::slice::from_ref));
                    let of = reply.db_cluster_snapshot().and_then(|s| s.source_db_cluster_snapshot_arn());
                    seen.insert("copy of".to_owned(), of.unwrap_or("absent").to_owned());
                    seen
                }
                Err(error) => refused(&error),
            }
        }
        Call::RestoreSnapshot { cluster, snapshot, engine } => {
            let call = rds.restore_db_cluster_from_snapshot().db_cluster_identifier(cluster);
            let call = call.snapshot_identifier(snapshot).engine(engine.as_deref().unwrap_or(ENGINE));
            match call.send().await {
                Ok(reply) => restored(reply.db_cluster()),
                Err(error) => refused(&error),
            }
        }
        Call::RestorePoint { cluster, source, to, latest, kind } => {
            let moment = |text: &String| {
                DateTime::from_str(text, DateTimeFormat::DateTime).expect("a moment in sequences.toml")
            };
            let call = rds.restore_db_cluster_to_point_in_time().db_cluster_identifier(cluster);
            let call = call.source_db_cluster_identifier(source).set_restore_type(kind.clone());
            let call = call.set_use_latest_restorable_time(*latest);
            match call.set_restore_to_time(to.as_ref().map(moment)).send().await {
                Ok(reply) => restored(reply.db_cluster()),
                Err(error) => refused(&error),
            }
        }
        Call::CreateInstance { instance, cluster } => {
            let call = rds.create_db_instance().db_instance_identifier(instance).engine(ENGINE);
            let call = call.db_cluster_identifier(cluster).db_instance_class("db.r6g.large");
            match call.availability_zone("ca-central-1a").send().await {
                Ok(reply) => instances(reply.db_instance().map_or(&[], std::slice::from_ref)),
                Err(error) => refused(&error),
            }
        }
        Call::DeleteInstance { instance } => {
            let call = rds.delete_db_instance().db_instance_identifier(instance);
            match call.skip_final_snapshot(true).send().await {
                Ok(reply) => instances(reply.db_instance().map_or(&[], std::slice::from_ref)),
                Err(error) => refused(&error),
            }
        }
        Call::DeleteCluster { cluster, last, skip } => {
            let call = rds.delete_db_cluster().db_cluster_identifier(cluster);
            let skip = skip.unwrap_or(last.is_none());
            match call.set_final_db_snapshot_identifier(last.clone()).skip_final_snapshot(skip).send().await {
                Ok(reply) => clusters(reply.db_cluster().map_or(&[], std::slice::from_ref)),
                Err(error) => refused(&error),
            }
        }
        Call::DescribeClusters { .. }
        | Call::DescribeInstances { .. }
        | Call::FailoverCluster { .. }
        | Call::DescribeEvents { .. }
        | Call::CreateSnapshot { .. }
        | Call::DescribeSnapshots { .. }
        | Call::DeleteSnapshot { .. }
        | Call::DescribeAccountAttributes {}
        | Call::DescribeBlueGreen {}
        | Call::DescribeServices { .. }
        | Call::UpdateService { .. }
        | Call::ListTasks { .. }
        | Call::DescribeTasks { .. } => return None,
    })
}

/// A restored cluster, with what it got by default.
fn restored(cluster: Option<&DbCluster>) -> Seen {
    let Some(cluster) = cluster else {
        return Reply::new().seen();
    };
    let mut seen = clusters(std::slice::from_ref(cluster));
    let mut told = |field: &str, value: String| seen.insert(format!("restored {field}"), value);
    let text = |value: Option<&str>| value.unwrap_or("absent").to_owned();
    told("engine", text(cluster.engine()));
    told("parameter group", text(cluster.db_cluster_parameter_group()));
    told("port", cluster.port().map_or_else(|| "absent".to_owned(), |port| port.to_string()));
    told("protected", cluster.deletion_protection().unwrap_or_default().to_string());
    told("tags", cluster.tag_list().len().to_string());
    seen
}
