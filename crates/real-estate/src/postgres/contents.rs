//! The text of the servers' files, and the copy of a data folder at rest.

use std::fmt::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use super::account::Account;
use super::{Login, PostgresError, Replication};

/// The role that we use ourselves: it replicates, rewinds and promotes.
pub(super) const KEEPER: &str = "keeper";

/// The application's role.
pub(super) const SHOP: &str = "shop";

/// The database: the one that every new server has. Another would be 300 files more for each.
pub(super) const DATABASE: &str = "postgres";

/// Where we ask our own questions: what is counted in [`DATABASE`] is the clients' alone.
pub(crate) const OURS: &str = "template1";

/// `postgresql.conf`, the same for every server: `pg_rewind` copies it from one to another, so what differs
/// (port, whom it follows) stands elsewhere.
pub(super) fn settings(instances: &[String], replication: Replication) -> String {
    let mut text = String::from(
        "listen_addresses = '127.0.0.1'\n\
         unix_socket_directories = ''\n\
         max_connections = 600\n\
         shared_buffers = '16MB'\n\
         # Segments in the data folder, where they go with it.\n\
         dynamic_shared_memory_type = mmap\n\
         # A drill kills processes, not machines.\n\
         fsync = off\n\
         wal_level = replica\n\
         max_wal_senders = 12\n\
         # pg_rewind needs the hints, and the log since the servers parted; from this file, not a command line.\n\
         wal_log_hints = on\n\
         wal_keep_size = '128MB'\n\
         min_wal_size = '16MB'\n\
         max_wal_size = '128MB'\n\
         # A standby that lost its server looks for it again at once, not after 5 s.\n\
         wal_retrieve_retry_interval = '100ms'\n\
         autovacuum_naptime = '10min'\n\
         jit = off\n\
         timezone = 'UTC'\n",
    );
    if replication == Replication::AnyOne {
        let names: Vec<String> = instances.iter().map(|name| format!("\"{name}\"")).collect();
        let _ = writeln!(text, "synchronous_standby_names = 'ANY 1 ({})'", names.join(", "));
    }
    text
}

/// The setting by which `instance` follows the server at `port`. The password comes from the file that the
/// server's environment names.
pub(super) fn follows(instance: &str, port: u16) -> String {
    format!("'host=127.0.0.1 port={port} user={KEEPER} application_name={instance}'")
}

/// libpq's file of passwords, for replication and for PostgreSQL's own programs.
pub(super) fn passwords(keeper: &Login) -> String {
    format!("*:*:*:{}:{}\n", keeper.user, keeper.password)
}

/// `pg_hba.conf`: who may log in, and how. The application sends its password as it is, on loopback and nowhere else: the
/// thousands of hashes by which it would prove that it knows it take a program without optimisation longer than all the
/// rest of an outage, when a hundred tasks connect again.
pub(super) const WHO: &str = "\
# type  database     user    address       method
host    all          shop    127.0.0.1/32  password
host    all          keeper  127.0.0.1/32  scram-sha-256
host    replication  keeper  127.0.0.1/32  scram-sha-256
";

/// What the primary is told once: the application's role, which owns the database.
pub(super) fn role(login: &Login) -> String {
    let Login { user, password, database } = login;
    // A statement that fails, or takes long, is not for the log.
    format!(
        "SET log_min_error_statement = panic; SET log_min_duration_statement = -1; \
         CREATE ROLE {user} LOGIN PASSWORD '{password}'; ALTER DATABASE {database} OWNER TO {user}; \
         RESET log_min_error_statement; RESET log_min_duration_statement"
    )
}

/// The setting by which a server knows which instance it is. Not `cluster_name`, which would change the titles by which
/// its processes are found.
pub(super) fn named(instance: &str) -> String {
    format!("estate.instance={instance}")
}

/// By this function an Aurora instance tells its name. It is copied to every server, and each answers with its own.
pub(super) const INSTANCE: &str = "CREATE FUNCTION aurora_db_instance_identifier() RETURNS text LANGUAGE sql \
    STABLE PARALLEL SAFE AS $$ SELECT current_setting('estate.instance') $$";

/// The table of the probe's rows.
pub(super) const TABLE: &str = "CREATE TABLE writes (\
    service text, task text, n bigint, at timestamptz DEFAULT clock_timestamp(), server int, \
    PRIMARY KEY (service, n))";

/// Copies a data folder whose server is at rest, for another server.
pub(super) fn copy(from: &Path, to: &Path, account: Account) -> Result<(), PostgresError> {
    std::fs::DirBuilder::new().mode(0o700).create(to).map_err(PostgresError::file(to))?;
    account.give(to).map_err(PostgresError::file(to))?;
    for entry in std::fs::read_dir(from).map_err(PostgresError::file(from))?.flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target, account)?;
        } else {
            // With its mode: a server refuses data that others may read.
            std::fs::copy(&source, &target).map_err(PostgresError::file(&source))?;
            account.give(&target).map_err(PostgresError::file(&target))?;
        }
    }
    Ok(())
}

/// Writes a file that only the account reads.
pub(super) fn write(path: &Path, text: &str, account: Account) -> Result<(), PostgresError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| account.give(path)).map_err(PostgresError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_since_they_hold_hyphens() {
        let names = ["orders-1".to_owned(), "orders-2".to_owned()];
        let text = settings(&names, Replication::AnyOne);
        assert!(text.contains("synchronous_standby_names = 'ANY 1 (\"orders-1\", \"orders-2\")'"), "{text}");
        assert!(!settings(&names, Replication::Asynchronous).contains("synchronous_standby_names"));
    }

    #[test]
    fn only_our_roles_log_in_and_only_from_this_machine() {
        let rules: Vec<Vec<&str>> =
            WHO.lines().filter(|l| !l.starts_with('#')).map(|l| l.split_whitespace().collect()).collect();
        assert!(
            rules.iter().all(|rule| rule[0] == "host" && rule[3] == "127.0.0.1/32" && rule[4] != "trust")
        );
        assert!(rules.iter().all(|rule| [KEEPER, SHOP].contains(&rule[2])));
    }

    #[test]
    fn the_way_to_a_primary_holds_no_password() {
        assert!(!follows("orders-2", 15_000).contains("password"));
    }
}
