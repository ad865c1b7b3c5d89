//! The commands that Mainstay hands to people: in letters, in verdicts, in replies. Each word is safe to copy into a
//! shell, whatever a plan or an alarm put into it.

use plan::Database;

/// Follows every incident.
#[must_use]
pub fn follow() -> String {
    "drp status".to_owned()
}

/// Fails over through Mainstay, which then restarts the services and tells people.
#[must_use]
pub fn fail_over(database: &Database) -> String {
    format!("drp failover {} --reason \"why\"", word(&database.name))
}

/// The same where every reader lags more than the RPO: says that what has not reached the reader may be lost.
#[must_use]
pub fn fail_over_accepting_loss(database: &Database) -> String {
    format!("drp failover {} --accept-data-loss --reason \"why\"", word(&database.name))
}

/// Fails over past Mainstay.
#[must_use]
pub fn fail_over_by_hand(database: &Database) -> String {
    format!(
        "aws rds failover-db-cluster --db-cluster-identifier {} --region {}",
        word(&database.identifier),
        word(&database.region)
    )
}

/// Shows which instance is the writer, and the cluster's status.
#[must_use]
pub fn look(database: &Database) -> String {
    format!(
        "aws rds describe-db-clusters --db-cluster-identifier {} --region {}",
        word(&database.identifier),
        word(&database.region)
    )
}

/// Restarts a service's tasks past Mainstay.
#[must_use]
pub fn restart(database: &Database, cluster: &str, service: &str) -> String {
    format!(
        "aws ecs update-service --cluster {} --service {} --force-new-deployment --region {}",
        word(cluster),
        word(service),
        word(&database.region)
    )
}

/// Allows automatic action again after an escalation.
#[must_use]
pub fn acknowledge(incident: &str) -> String {
    format!("drp ack {} --reason \"why it is safe now\"", word(incident))
}

/// Allows automatic action again after a pause of one database.
#[must_use]
pub fn resume(database: &str) -> String {
    format!("drp resume {} --reason \"why\"", word(database))
}

/// The same after a pause of all databases: without a name, `drp resume` is about the switch for all.
#[must_use]
pub fn resume_all() -> String {
    "drp resume --reason \"why\"".to_owned()
}

/// A word of a shell: as it is when it is harmless, else in single quotes, so that a command that is copied
/// from a letter never does more than it says.
fn word(text: &str) -> String {
    let text = crate::text::plain(text, 255);
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(harmless) {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn a_hostile_name_stays_one_word_of_the_shell() {
        assert_eq!(word("orders-1"), "orders-1");
        assert_eq!(word("a; rm -rf ~"), "'a; rm -rf ~'");
        assert_eq!(word("it's\n$(x)"), "'it'\\''s $(x)'");
        assert_eq!(word(""), "''");
    }
}
