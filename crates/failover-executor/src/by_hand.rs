//! The commands with which people go on by hand.

use plan::Database;

/// Fails the database over, without Mainstay.
#[must_use]
pub fn fail_over(plan: &Database) -> String {
    format!(
        "aws rds failover-db-cluster --db-cluster-identifier {} --region {}",
        plan.identifier, plan.region
    )
}

/// Restarts a service's tasks, without Mainstay.
#[must_use]
pub fn redeploy(plan: &Database, cluster: &str, service: &str) -> String {
    format!(
        "aws ecs update-service --cluster {cluster} --service {service} --force-new-deployment --region {}",
        plan.region
    )
}

/// Shows where the cluster stands.
#[must_use]
pub fn look(plan: &Database) -> String {
    format!(
        "aws rds describe-db-clusters --db-cluster-identifier {} --region {}",
        plan.identifier, plan.region
    )
}
