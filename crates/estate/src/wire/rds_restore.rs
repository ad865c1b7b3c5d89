//! Requests that restore, make and delete clusters and instances.

use super::form::Form;
use crate::model::{FinalSnapshot, NewInstance, Refusal, RestoreFrom, RestoreRequest};

pub(super) fn from_snapshot(form: &Form) -> Result<RestoreRequest, Refusal> {
    let from = RestoreFrom::Snapshot {
        snapshot: form.required("SnapshotIdentifier")?,
        engine: form.required("Engine")?,
        engine_version: form.text("EngineVersion"),
    };
    restore(form, from)
}

pub(super) fn to_point_in_time(form: &Form) -> Result<RestoreRequest, Refusal> {
    let from = RestoreFrom::PointInTime {
        cluster: form.required("SourceDBClusterIdentifier")?,
        to: form.time("RestoreToTime")?,
        latest: form.flag("UseLatestRestorableTime"),
        kind: form.text("RestoreType"),
    };
    restore(form, from)
}

fn restore(form: &Form, from: RestoreFrom) -> Result<RestoreRequest, Refusal> {
    Ok(RestoreRequest {
        cluster: form.required("DBClusterIdentifier")?,
        from,
        port: form.small("Port")?,
        key: form.text("KmsKeyId"),
        parameter_group: form.text("DBClusterParameterGroupName"),
        subnet_group: form.text("DBSubnetGroupName"),
        security_groups: form.list("VpcSecurityGroupIds", "VpcSecurityGroupId"),
        deletion_protection: form.flag("DeletionProtection"),
        copy_tags_to_snapshot: form.flag("CopyTagsToSnapshot"),
        backup_days: form.small("BackupRetentionPeriod")?,
        tags: form.tags(),
    })
}

pub(super) fn new_instance(form: &Form) -> Result<NewInstance, Refusal> {
    Ok(NewInstance {
        instance: form.required("DBInstanceIdentifier")?,
        cluster: form.text("DBClusterIdentifier"),
        class: form.required("DBInstanceClass")?,
        engine: form.required("Engine")?,
        availability_zone: form.text("AvailabilityZone"),
        promotion_tier: form.small("PromotionTier")?,
        parameter_group: form.text("DBParameterGroupName"),
        tags: form.tags(),
    })
}

/// An instance's and a cluster's last snapshot go by the same names.
pub(super) fn last_snapshot(form: &Form) -> FinalSnapshot {
    FinalSnapshot { skip: form.flag("SkipFinalSnapshot"), name: form.text("FinalDBSnapshotIdentifier") }
}
