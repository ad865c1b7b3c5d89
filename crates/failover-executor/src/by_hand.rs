//! The commands with which people go on by hand: the ones that letters show.

pub use recovery::notice::commands::{fail_over_by_hand as fail_over, look, restart as redeploy};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_shows_the_commands_of_the_letters() {
        let plan: plan::Database = serde_json::from_value(serde_json::json!({
            "name": "orders", "identifier": "orders", "kind": "aurora-cluster", "region": "ca-central-1",
            "allowed_regions": ["ca-central-1"], "strategy": "active-active", "rpo": "1m", "rto": "5m"
        }))
        .expect("a database");
        assert_eq!(
            fail_over(&plan),
            "aws rds failover-db-cluster --db-cluster-identifier orders --region ca-central-1"
        );
        assert_eq!(
            look(&plan),
            "aws rds describe-db-clusters --db-cluster-identifier orders --region ca-central-1"
        );
        assert_eq!(
            redeploy(&plan, "shop", "api; rm -rf ~"),
            "aws ecs update-service --cluster shop --service 'api; rm -rf ~' --force-new-deployment \
             --region ca-central-1"
        );
    }
}
