//! The calls to RDS.

use crate::{
    restores,
    seen::{Reply, Seen, refused},
    sequence::Call,
};
use aws_sdk_rds::{
    Client,
    primitives::{DateTime, DateTimeFormat},
    types::{DbCluster, DbClusterSnapshot, DbInstance, Event, Filter, SourceType, Tag},
};

/// Makes a call; none when it is one of ECS.
pub(crate) async fn make(rds: &Client, call: &Call) -> Option<Seen> {
    Some(match call {
        Call::DescribeClusters { cluster } => {
            match rds.describe_db_clusters().db_cluster_identifier(cluster).send().await {
                Ok(reply) => clusters(reply.db_clusters()),
                Err(error) => refused(&error),
            }
        }
        Call::DescribeInstances { instance, cluster, most } => {
            let filter = |cluster| Filter::builder().name("db-cluster-id").values(cluster).build();
            let filters = cluster.as_ref().map(|cluster| vec![filter(cluster)]);
            let call = rds.describe_db_instances().set_db_instance_identifier(instance.clone());
            match call.set_filters(filters).set_max_records(*most).send().await {
                Ok(reply) => instances(reply.db_instances()),
                Err(error) => refused(&error),
            }
        }
        Call::FailoverCluster { cluster, target } => {
            let call = rds.failover_db_cluster().db_cluster_identifier(cluster);
            match call.set_target_db_instance_identifier(target.clone()).send().await {
                Ok(reply) => clusters(reply.db_cluster().map_or(&[], std::slice::from_ref)),
                Err(error) => refused(&error),
            }
        }
        Call::DescribeEvents { kind, source, between } => {
            let kind = kind.as_deref().map(SourceType::from);
            let call = rds.describe_events().set_source_type(kind).set_source_identifier(source.clone());
            let moment = |text: &String| {
                DateTime::from_str(text, DateTimeFormat::DateTime).expect("a moment in sequences.toml")
            };
            let call = call.set_start_time(between.as_ref().map(|[from, _]| moment(from)));
            match call.set_end_time(between.as_ref().map(|[_, to]| moment(to))).send().await {
                Ok(reply) => events(reply.events()),
                Err(error) => refused(&error),
            }
        }
        Call::CreateSnapshot { cluster, snapshot } => {
            let call = rds.create_db_cluster_snapshot().db_cluster_identifier(cluster);
            let call = call.db_cluster_snapshot_identifier(snapshot);
            match call.tags(Tag::builder().key("mainstay").value(snapshot).build()).send().await {
                Ok(reply) => snapshots(reply.db_cluster_snapshot().map_or(&[], std::slice::from_ref)),
                Err(error) => refused(&error),
            }
        }
        Call::DescribeSnapshots { cluster, snapshot, kind, most } => {
            let call = rds.describe_db_cluster_snapshots().set_db_cluster_identifier(cluster.clone());
            let call = call.set_snapshot_type(kind.clone()).set_max_records(*most);
            match call.set_db_cluster_snapshot_identifier(snapshot.clone()).send().await {
                Ok(reply) => snapshots(reply.db_cluster_snapshots()),
                Err(error) => refused(&error),
            }
        }
        Call::DeleteSnapshot { snapshot } => {
            match rds.delete_db_cluster_snapshot().db_cluster_snapshot_identifier(snapshot).send().await {
                Ok(reply) => snapshots(reply.db_cluster_snapshot().map_or(&[], std::slice::from_ref)),
                Err(error) => refused(&error),
            }
        }
        Call::DescribeAccountAttributes {} => match rds.describe_account_attributes().send().await {
            Ok(reply) => {
                let mut quotas = reply.account_quotas().iter();
                let quota = quotas.find(|q| q.account_quota_name() == Some("ManualClusterSnapshots"));
                let mut seen = Reply::new();
                seen.told("used".to_owned(), quota.and_then(aws_sdk_rds::types::AccountQuota::used));
                seen.told("most".to_owned(), quota.and_then(aws_sdk_rds::types::AccountQuota::max));
                seen.seen()
            }
            Err(error) => refused(&error),
        },
        Call::DescribeBlueGreen {} => match rds.describe_blue_green_deployments().send().await {
            Ok(reply) => {
                let mut seen = Reply::new();
                seen.value("deployments", reply.blue_green_deployments().len());
                seen.seen()
            }
            Err(error) => refused(&error),
        },
        Call::CopySnapshot { .. }
        | Call::RestoreSnapshot { .. }
        | Call::RestorePoint { .. }
        | Call::CreateInstance { .. }
        | Call::DeleteInstance { .. }
        | Call::DeleteCluster { .. } => return restores::make(rds, call).await,
        Call::DescribeServices { .. }
        | Call::UpdateService { .. }
        | Call::ListTasks { .. }
        | Call::DescribeTasks { .. } => return None,
    })
}

pub(crate) fn clusters(found: &[DbCluster]) -> Seen {
    let mut seen = Reply::new();
    seen.value("clusters", found.len());
    for cluster in found {
        let name = cluster.db_cluster_identifier().unwrap_or("nameless");
        let field = |field: &str| format!("{name}.{field}");
        seen.told(field("status"), cluster.status());
        seen.there(field("resource id"), cluster.db_cluster_resource_id().is_some());
        seen.there(field("endpoint"), cluster.endpoint().is_some());
        seen.there(field("reader endpoint"), cluster.reader_endpoint().is_some());
        seen.value(field("members"), cluster.db_cluster_members().len());
        for member in cluster.db_cluster_members() {
            let member_name = member.db_instance_identifier().unwrap_or("nameless");
            seen.told(field(&format!("{member_name}.writer")), member.is_cluster_writer());
            seen.told(field(&format!("{member_name}.tier")), member.promotion_tier());
        }
    }
    seen.seen()
}

pub(crate) fn instances(found: &[DbInstance]) -> Seen {
    let mut seen = Reply::new();
    seen.value("instances", found.len());
    for instance in found {
        let name = instance.db_instance_identifier().unwrap_or("nameless");
        let field = |field: &str| format!("{name}.{field}");
        seen.told(field("status"), instance.db_instance_status());
        seen.told(field("cluster"), instance.db_cluster_identifier());
        seen.told(field("zone"), instance.availability_zone());
        seen.told(field("class"), instance.db_instance_class());
        seen.told(field("tier"), instance.promotion_tier());
        seen.there(field("endpoint"), instance.endpoint().is_some_and(|e| e.address().is_some()));
    }
    seen.seen()
}

fn events(found: &[Event]) -> Seen {
    let mut seen = Reply::new();
    seen.counted("messages", found.iter().map(|e| e.message().unwrap_or("absent").to_owned()));
    seen.counted("sources", found.iter().map(|e| e.source_arn().unwrap_or("absent").to_owned()));
    let kind = |e: &Event| e.source_type().map_or("absent", SourceType::as_str).to_owned();
    seen.counted("kinds", found.iter().map(kind));
    seen.value("without a time", found.iter().filter(|e| e.date().is_none()).count());
    seen.seen()
}

pub(crate) fn snapshots(found: &[DbClusterSnapshot]) -> Seen {
    let mut seen = Reply::new();
    let kind = |s: &DbClusterSnapshot| s.snapshot_type().unwrap_or("absent").to_owned();
    seen.counted("types", found.iter().map(kind));
    // The name of an automated one is a moment.
    for snapshot in found.iter().filter(|s| kind(s) == "manual") {
        let name = snapshot.db_cluster_snapshot_identifier().unwrap_or("nameless");
        let field = |field: &str| format!("{name}.{field}");
        seen.told(field("status"), snapshot.status());
        seen.told(field("cluster"), snapshot.db_cluster_identifier());
        seen.told(field("ARN"), snapshot.db_cluster_snapshot_arn());
        seen.there(field("created"), snapshot.snapshot_create_time().is_some());
        let tag = |t: &Tag| format!("{}={}", t.key().unwrap_or_default(), t.value().unwrap_or_default());
        seen.counted(field("tags"), snapshot.tag_list().iter().map(tag));
    }
    seen.seen()
}
