//! Making a server follow another: by its settings, by a rewind, or from a new copy.

use std::time::{Duration, Instant};

use super::contents::{self, DATABASE, KEEPER};
use super::server::{PATIENCE, Server, word};
use super::{PostgresError, memory};

/// How long a follower is given to stream before its history is compared with its source's.
const USUALLY: Duration = Duration::from_millis(250);
/// How long it may take in all, before the next way is tried.
const AT_MOST: Duration = Duration::from_secs(10);
/// The file that makes a server a standby when it starts.
const STANDBY: &str = "standby.signal";
/// A promotion: the standby first applies what it has received.
const PROMOTION: Duration = Duration::from_secs(30);

/// How a server came to follow another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It read its settings again, and kept its connections.
    Reload,
    /// It restarted as a standby; its data were a part of the source's history.
    Signal,
    /// What it had written and the source had not was taken back (`pg_rewind`).
    Rewind,
    /// It was made anew from the source (`pg_basebackup`).
    BaseBackup,
}

/// Makes a standby a writer, or lets a demoted writer write again.
pub(super) async fn promote(server: &Server) -> Result<(), PostgresError> {
    let _changing = server.changing.lock().await;
    let now =
        server.tell("SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only')").await?;
    if word(&now, 1) == Some("on") {
        server.tell("ALTER SYSTEM RESET default_transaction_read_only").await?;
        server.tell("SELECT pg_reload_conf()").await?;
    }
    if word(&now, 0) == Some("t") {
        server.tell("SELECT pg_promote(false)").await?;
    }
    let refuses = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool";
    server.until(refuses, "f", "take writes", PROMOTION).await
}

/// Makes a writer refuse writes; its connections stay.
pub(super) async fn demote(server: &Server) -> Result<(), PostgresError> {
    let _changing = server.changing.lock().await;
    server.tell("ALTER SYSTEM SET default_transaction_read_only = on").await?;
    server.tell("SELECT pg_reload_conf()").await?;
    server
        .until("SELECT current_setting('default_transaction_read_only')", "on", "turn read-only", PATIENCE)
        .await
}

/// Lets a standby follow another source. When it has received what that source never had, as when the old
/// writer outlived the promotion, or sent it more than the promoted one, it is rewound or made anew.
pub(super) async fn repoint(follower: &Server, source: &Server) -> Result<Way, PostgresError> {
    let _changing = follower.changing.lock().await;
    let target = contents::follows(&follower.name, source.line.port());
    let told = async {
        follower.tell(&format!("ALTER SYSTEM SET primary_conninfo = {target}")).await?;
        follower.tell("SELECT pg_reload_conf()").await
    };
    if told.await.is_err() {
        return come_back(follower, source).await;
    }
    if streams(follower, source).await {
        return Ok(Way::Reload);
    }
    follower.close().await;
    take_back(follower, source).await
}

/// Gives a standby what another standby has received and it has not. With `ANY 1` a commit is acknowledged when one of
/// them has it, and the one that is promoted may be another.
pub(super) async fn catch_up(standby: &Server, others: &[&Server]) -> Result<(), PostgresError> {
    let _changing = standby.changing.lock().await;
    for other in others {
        // One that does not answer has nothing to give.
        let Ok(received) = other.tell("SELECT pg_last_wal_receive_lsn() WHERE pg_is_in_recovery()").await
        else {
            continue;
        };
        let Some(received) = word(&received, 0) else { continue };
        let has = format!("SELECT pg_last_wal_receive_lsn() >= '{received}'::pg_lsn");
        if word(&standby.tell(&has).await?, 0) == Some("t") {
            continue;
        }
        let target = contents::follows(&standby.name, other.line.port());
        standby.tell(&format!("ALTER SYSTEM SET primary_conninfo = {target}")).await?;
        standby.tell("SELECT pg_reload_conf()").await?;
        standby.until(&has, "t", "catch up with another standby", AT_MOST).await?;
    }
    Ok(())
}

/// Brings a server back as a standby, whatever it was and in whatever state it is.
pub(super) async fn rejoin(server: &Server, source: &Server) -> Result<Way, PostgresError> {
    let _changing = server.changing.lock().await;
    come_back(server, source).await
}

async fn come_back(server: &Server, source: &Server) -> Result<Way, PostgresError> {
    if server.data.join(STANDBY).exists() {
        server.close().await;
        if follow(server, source).await? {
            return Ok(Way::Signal);
        }
        // In order: a killed standby cannot be rewound. Recovered alone, it would write a log of its own.
        server.close().await;
    } else {
        server.kill();
    }
    take_back(server, source).await
}

/// What the server has and the source has not is taken from it, or all is copied anew.
async fn take_back(server: &Server, source: &Server) -> Result<Way, PostgresError> {
    match rewind(server, source).await {
        Ok(way) if follow(server, source).await? => return Ok(way),
        Ok(_) => {
            tracing::info!(instance = server.name, "rewound, it does not follow; a new base backup is made");
        }
        Err(error) => tracing::info!(instance = server.name, %error, "no rewind; a new base backup is made"),
    }
    base_backup(server, source).await?;
    if follow(server, source).await? {
        return Ok(Way::BaseBackup);
    }
    Err(PostgresError::Late { instance: server.name.clone(), what: "follow", seconds: AT_MOST.as_secs() })
}

/// Starts a server at rest as a standby. False when it does not stream.
async fn follow(server: &Server, source: &Server) -> Result<bool, PostgresError> {
    stand_by(server, source)?;
    server.launch()?;
    Ok(streams(server, source).await && server.serves().await.is_ok())
}

/// Writes the files that make a server at rest a standby of `source`.
pub(super) fn stand_by(server: &Server, source: &Server) -> Result<(), PostgresError> {
    let target = contents::follows(&server.name, source.line.port());
    let account = server.programs.account;
    // Whole: a copied or rewound folder has its source's.
    let settings = format!("primary_conninfo = {target}\n");
    contents::write(&server.data.join("postgresql.auto.conf"), &settings, account)?;
    contents::write(&server.data.join(STANDBY), "", account)
}

async fn rewind(server: &Server, source: &Server) -> Result<Way, PostgresError> {
    // It reads the source's timeline from its last checkpoint, which may be older than its promotion.
    source.tell("CHECKPOINT").await?;
    let from = format!("host=127.0.0.1 port={} user={KEEPER} dbname={DATABASE}", source.line.port());
    let data = server.data.display().to_string();
    let arguments = ["--no-sync", "-D", &data, "--source-server", &from];
    let said = server.programs.run("pg_rewind", &server.name, arguments).await?;
    Ok(if said.contains("no rewind required") { Way::Signal } else { Way::Rewind })
}

async fn base_backup(server: &Server, source: &Server) -> Result<(), PostgresError> {
    server.kill();
    memory::clear(&server.data, server.programs.account);
    if server.data.exists() {
        std::fs::remove_dir_all(&server.data).map_err(PostgresError::file(&server.data))?;
    }
    let (data, port) = (server.data.display().to_string(), source.line.port().to_string());
    let arguments =
        ["-D", &data, "-h", "127.0.0.1", "-p", &port, "-U", KEEPER, "-w", "-X", "stream", "-c", "fast"]
            .into_iter()
            .chain(["--no-sync", "--no-manifest"]);
    server.programs.run("pg_basebackup", &server.name, arguments).await.map(drop)
}

/// Waits until the follower has what the source has written by now. False as soon as it is clear that it never
/// will.
///
/// That the source sends something proves nothing: to a follower of its old timeline it sends the rest of that.
pub(super) async fn streams(follower: &Server, source: &Server) -> bool {
    let since = Instant::now();
    let mut question = None;
    while since.elapsed() < AT_MOST && follower.pid().is_some() {
        if question.is_none() {
            let written = source.tell("SELECT pg_current_wal_lsn()").await;
            question = written.ok().and_then(|rows| word(&rows, 0).map(|lsn| has(&follower.name, lsn)));
        }
        match &question {
            Some(question) if source.until(question, "t", "send its log", USUALLY).await.is_ok() => {
                return true;
            }
            Some(_) if parted(follower, source).await => return false,
            Some(_) => {}
            None => tokio::time::sleep(USUALLY).await,
        }
    }
    false
}

/// Whether a source has sent a follower its log up to `lsn`, and the follower has it.
fn has(follower: &str, lsn: &str) -> String {
    format!(
        "SELECT count(*) > 0 FROM pg_stat_replication WHERE application_name = '{follower}' \
         AND state = 'streaming' AND least(sent_lsn, flush_lsn) >= '{lsn}'::pg_lsn"
    )
}

/// True when the follower has more of the old timeline than the source had when it left it. The source then
/// refuses it for ever.
async fn parted(follower: &Server, source: &Server) -> bool {
    let history = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8), pg_read_file('pg_wal/' || \
                   left(pg_walfile_name(pg_current_wal_lsn()), 8) || '.history', 0, 100000, true)";
    let Ok(rows) = source.tell(history).await else {
        return false;
    };
    let timeline = word(&rows, 0).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let (Some(timeline), Some(left_at)) = (timeline, word(&rows, 1).and_then(fork)) else {
        return false;
    };
    let beyond = format!(
        "SELECT greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) > '{left_at}'::pg_lsn \
         AND coalesce((SELECT received_tli FROM pg_stat_wal_receiver), \
                      (SELECT timeline_id FROM pg_control_checkpoint())) < {timeline}"
    );
    follower.tell(&beyond).await.is_ok_and(|rows| word(&rows, 0) == Some("t"))
}

/// Where the last timeline of a history begins: `1⇥0/3000158⇥no recovery target specified`.
fn fork(history: &str) -> Option<&str> {
    history.lines().rfind(|line| !line.trim().is_empty())?.split('\t').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fork_is_on_the_last_line_of_the_history() {
        assert_eq!(fork("1\t0/3000158\tno reason\n\n2\t0/50000A0\tno reason\n\n"), Some("0/50000A0"));
        assert_eq!(fork(""), None);
    }
}
