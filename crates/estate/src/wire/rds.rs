//! RDS requests: Query protocol, API version 2014-10-31.

use super::Caller;
use super::form::Form;
use super::rds_restore;
use crate::model::{Api, Call, CopyRequest, EventSelect, Refusal, Request};

/// Reads a request. What it means, or why it means nothing, is in it.
pub(super) fn request(caller: &Caller, query: &str, body: &[u8]) -> Request {
    let form = Form::decode(query, body);
    let action = form.text("Action").unwrap_or_default();
    Request {
        service: Api::Rds,
        call: call(&action, &form),
        action,
        region: caller.region.clone(),
        caller: caller.name.clone(),
        parameters: form.logged(),
    }
}

fn call(action: &str, form: &Form) -> Result<Call, Refusal> {
    Ok(match action {
        "DescribeDBClusters" => Call::DescribeClusters(form.select("DBClusterIdentifier")?),
        "DescribeDBInstances" => Call::DescribeInstances(form.select("DBInstanceIdentifier")?),
        "FailoverDBCluster" => Call::FailoverCluster {
            cluster: form.required("DBClusterIdentifier")?,
            target: form.text("TargetDBInstanceIdentifier"),
        },
        "RebootDBInstance" => Call::RebootInstance {
            instance: form.required("DBInstanceIdentifier")?,
            force_failover: form.flag("ForceFailover"),
        },
        "DescribeEvents" => Call::DescribeEvents(EventSelect {
            source: form.text("SourceIdentifier"),
            source_type: form.text("SourceType"),
            from: form.time("StartTime")?,
            until: form.time("EndTime")?,
            minutes: form.number("Duration")?,
            categories: form.list("EventCategories", "EventCategory"),
            page: form.page()?,
        }),
        "CreateDBClusterSnapshot" => Call::CreateSnapshot {
            of_cluster: true,
            source: form.required("DBClusterIdentifier")?,
            snapshot: form.required("DBClusterSnapshotIdentifier")?,
            tags: form.tags(),
        },
        "CreateDBSnapshot" => Call::CreateSnapshot {
            of_cluster: false,
            source: form.required("DBInstanceIdentifier")?,
            snapshot: form.required("DBSnapshotIdentifier")?,
            tags: form.tags(),
        },
        // `PreSignedUrl` is ignored outside GovCloud (API reference), and `SourceRegion` is no parameter of the
        // API: some SDKs make the URL of it, the one for Rust has neither.
        "CopyDBClusterSnapshot" => Call::CopySnapshot(CopyRequest {
            source: form.required("SourceDBClusterSnapshotIdentifier")?,
            target: form.required("TargetDBClusterSnapshotIdentifier")?,
            key: form.text("KmsKeyId"),
            copy_tags: form.flag("CopyTags"),
            tags: form.tags(),
        }),
        "DescribeDBClusterSnapshots" => Call::DescribeSnapshots {
            of_cluster: true,
            source: form.text("DBClusterIdentifier"),
            kind: form.text("SnapshotType"),
            select: form.select("DBClusterSnapshotIdentifier")?,
        },
        "DescribeDBSnapshots" => Call::DescribeSnapshots {
            of_cluster: false,
            source: form.text("DBInstanceIdentifier"),
            kind: form.text("SnapshotType"),
            select: form.select("DBSnapshotIdentifier")?,
        },
        "DeleteDBClusterSnapshot" => {
            Call::DeleteSnapshot { of_cluster: true, snapshot: form.required("DBClusterSnapshotIdentifier")? }
        }
        "DeleteDBSnapshot" => {
            Call::DeleteSnapshot { of_cluster: false, snapshot: form.required("DBSnapshotIdentifier")? }
        }
        "DescribeAccountAttributes" => Call::DescribeAccount,
        "DescribeBlueGreenDeployments" => {
            Call::DescribeBlueGreen(form.select("BlueGreenDeploymentIdentifier")?)
        }
        "DescribeGlobalClusters" => Call::DescribeGlobal(form.select("GlobalClusterIdentifier")?),
        "RestoreDBClusterFromSnapshot" => Call::RestoreCluster(Box::new(rds_restore::from_snapshot(form)?)),
        "RestoreDBClusterToPointInTime" => {
            Call::RestoreCluster(Box::new(rds_restore::to_point_in_time(form)?))
        }
        "CreateDBInstance" => Call::CreateInstance(rds_restore::new_instance(form)?),
        "DeleteDBInstance" => Call::DeleteInstance {
            instance: form.required("DBInstanceIdentifier")?,
            last: rds_restore::last_snapshot(form),
        },
        "DeleteDBCluster" => Call::DeleteCluster {
            cluster: form.required("DBClusterIdentifier")?,
            last: rds_restore::last_snapshot(form),
        },
        "" => {
            return Err(Refusal::new("MissingAction", "The request must contain the parameter Action"));
        }
        unknown => {
            return Err(Refusal::new(
                "InvalidAction",
                format!("The estate has no action {unknown} for RDS."),
            ));
        }
    })
}
