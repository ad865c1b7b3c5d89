//! What servers are asked as a client: how busy they are, and which rows they hold.

use crate::postgres::{Login, OURS, connect};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio_postgres::Client;

/// How long a server may take to count.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long it may take to list all rows.
const ROWS_PATIENCE: Duration = Duration::from_secs(20);

/// How busy a server is, and how far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Counts {
    /// Connections of clients.
    pub(crate) connections: f64,
    /// Commits of clients in a second, since it was asked last; none the first time.
    pub(crate) commits_per_s: Option<f64>,
    /// How far it is in the log.
    pub(crate) place: Place,
}

/// How far a server is in the log, in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    /// What a writer has written.
    Written(i64),
    /// What a standby has replayed.
    Replayed {
        /// Up to where.
        bytes: i64,
        /// How long ago the last commit was made that it has replayed, in milliseconds; none: there was none yet.
        age_ms: Option<f64>,
    },
}

/// How far a standby is behind a writer, in milliseconds: nothing when it has replayed all that was written; else the
/// age of what it replayed last, which is the lag while clients write. None where it cannot be said.
pub(crate) fn lag_ms(writer: Place, standby: Place) -> Option<f64> {
    match (writer, standby) {
        (Place::Written(written), Place::Replayed { bytes, .. }) if bytes >= written => Some(0.0),
        (Place::Written(_), Place::Replayed { age_ms, .. }) => age_ms.map(|age| age.max(0.0)),
        _ => None,
    }
}

/// A counter of one server's commits, with the connection that it keeps.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    client: Option<Client>,
    before: Option<(Instant, i64)>,
}

impl Counter {
    /// Asks the server; none when it does not answer in time.
    pub(crate) async fn ask(&mut self, address: SocketAddr, login: &Login) -> Option<Counts> {
        let counted = tokio::time::timeout(PATIENCE, self.count(address, login)).await;
        if let Ok(Ok(counts)) = counted {
            return Some(counts);
        }
        *self = Self::default();
        None
    }

    async fn count(&mut self, address: SocketAddr, login: &Login) -> Result<Counts, tokio_postgres::Error> {
        let client = match self.client.take() {
            Some(client) => client,
            // From another database: our own questions are in no count of this one.
            None => connect(login.at(address).dbname(OURS)).await?,
        };
        let row = client
            .query_one(
                "select (select count(*) from pg_stat_activity where backend_type = 'client backend' and datname = $1),
                        (select xact_commit from pg_stat_database where datname = $1),
                        pg_is_in_recovery(),
                        (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end
                           - '0/0'::pg_lsn)::bigint,
                        (1000 * extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()))::float8",
                &[&login.database],
            )
            .await?;
        self.client = Some(client);
        let (connections, commits): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let (standby, bytes) = (row.try_get(2)?, row.try_get(3)?);
        let place =
            if standby { Place::Replayed { bytes, age_ms: row.try_get(4)? } } else { Place::Written(bytes) };
        let now = Instant::now();
        let before = self.before.replace((now, commits));
        let commits_per_s = before.map(|(then, fewer)| {
            float(commits.saturating_sub(fewer).max(0)) / now.duration_since(then).as_secs_f64().max(0.001)
        });
        Ok(Counts { connections: float(connections), commits_per_s, place })
    }
}

/// Which server a new connection reaches, and what it is.
///
/// # Errors
/// Why it reaches none.
pub(crate) async fn reached(address: SocketAddr, login: &Login) -> Result<(i32, bool), String> {
    let ask = async {
        let client = connect(login.at(address).dbname(OURS)).await?;
        let row = client.query_one("select inet_server_port(), pg_is_in_recovery()", &[]).await?;
        Ok::<_, tokio_postgres::Error>((row.try_get(0)?, row.try_get(1)?))
    };
    let reached = tokio::time::timeout(ROWS_PATIENCE, ask).await;
    reached.map_err(|_| format!("no answer within {} s", ROWS_PATIENCE.as_secs()))?.map_err(|e| e.to_string())
}

/// The numbers of the rows that a server holds, by service.
///
/// # Errors
/// Why it cannot be asked.
pub(crate) async fn rows(address: SocketAddr, login: &Login) -> Result<BTreeMap<String, Vec<i64>>, String> {
    let ask = async {
        let client = connect(&login.at(address)).await?;
        client.query("select service, n from writes order by service, n", &[]).await
    };
    let rows = tokio::time::timeout(ROWS_PATIENCE, ask)
        .await
        .map_err(|_| format!("no answer within {} s", ROWS_PATIENCE.as_secs()))?
        .map_err(|e| e.to_string())?;
    let mut by_service: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in rows {
        let (service, n): (String, i64) =
            (row.try_get(0).map_err(|e| e.to_string())?, row.try_get(1).map_err(|e| e.to_string())?);
        by_service.entry(service).or_default().push(n);
    }
    Ok(by_service)
}

#[expect(clippy::cast_precision_loss, reason = "a count of connections or commits fits a float")]
fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::{Binaries, Replication, Servers};

    #[test]
    fn a_standby_lags_by_the_age_of_what_it_replayed_last_unless_it_has_all() {
        let (writer, behind) = (Place::Written(500), |bytes, age_ms| Place::Replayed { bytes, age_ms });
        assert_eq!(lag_ms(writer, behind(500, Some(9_000.0))), Some(0.0), "nobody wrote for a while");
        assert_eq!(lag_ms(writer, behind(499, Some(12.5))), Some(12.5));
        assert_eq!(lag_ms(writer, behind(499, Some(-0.4))), Some(0.0), "clocks within one machine jitter");
        assert_eq!(lag_ms(writer, behind(499, None)), None, "it has replayed no commit yet");
        assert_eq!(lag_ms(writer, writer), None);
        assert_eq!(lag_ms(behind(1, None), behind(1, None)), None, "there is no writer to be behind of");
    }

    /// What a server counts of itself, asked until `fits`.
    async fn until(
        counter: &mut Counter,
        address: SocketAddr,
        login: &Login,
        fits: fn(Counts) -> bool,
    ) -> Counts {
        let since = Instant::now();
        loop {
            let counts = counter.ask(address, login).await.unwrap();
            if fits(counts) {
                return counts;
            }
            assert!(since.elapsed() < Duration::from_secs(10), "{counts:?}");
            // A server brings its counts up to date once a second.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    #[tokio::test]
    async fn only_clients_are_counted_and_a_standby_that_gets_nothing_lags() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let folder = std::env::temp_dir().join(format!("mainstay-test-asking-{}", std::process::id()));
        let names = ["orders-1".to_owned(), "orders-2".to_owned()];
        let binaries = Binaries::find(None, root).unwrap();
        let servers = Servers::start(&binaries, &folder, &names, Replication::Asynchronous).await.unwrap();
        let login = servers.login().clone();
        let address = |name: &str| servers.address(name).unwrap();
        let (mut writer, mut standby) = (Counter::default(), Counter::default());

        // For longer than a server takes to bring its counts up to date, beside the health check.
        for _ in 0..8 {
            servers.health("orders-1").await;
            let asked = writer.ask(address("orders-1"), &login).await.unwrap();
            assert!(asked.connections < 0.5, "our own connections are no client's: {asked:?}");
            assert!(asked.commits_per_s.is_none_or(|per_s| per_s <= 0.0), "nor are our questions: {asked:?}");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }

        let client = connect(&login.at(address("orders-1"))).await.unwrap();
        let write = async |numbers: std::ops::Range<i64>| {
            for n in numbers {
                let insert = "insert into writes (service, task, n) values ('a', 't', $1)";
                client.execute(insert, &[&n]).await.unwrap();
            }
        };
        write(0..30).await;
        let busy = until(&mut writer, address("orders-1"), &login, |c| {
            c.commits_per_s.is_some_and(|per_s| per_s > 1.0)
        })
        .await;
        assert!((busy.connections - 1.0).abs() < 0.5, "{busy:?}");
        let here = until(&mut standby, address("orders-2"), &login, |c| {
            matches!(c.place, Place::Replayed { age_ms: Some(_), .. })
        })
        .await;
        assert!(lag_ms(busy.place, here.place).is_some_and(|lag| lag < 10_000.0), "{here:?}");

        servers.hold_replication("orders-1", true).await.unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
        write(30..40).await;
        let ahead = writer.ask(address("orders-1"), &login).await.unwrap().place;
        let behind = standby.ask(address("orders-2"), &login).await.unwrap().place;
        assert!(lag_ms(ahead, behind).is_some_and(|lag| lag >= 400.0), "{ahead:?} {behind:?}");
        servers.stop().unwrap();
    }
}
