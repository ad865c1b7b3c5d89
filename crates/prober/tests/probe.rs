//! The prober against real servers: a primary, a standby, a frozen, a dropped and a dead one, and what it writes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use prober::{Login, LoginBy, Meaning, Outcome, Prober, Settings, meaning::Failure, meaning::Inability};
use real_estate::{
    endpoint::{Endpoint, Mechanism},
    postgres::{self, Binaries, Replication, Servers},
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use tokio_postgres::Client;

const ONE: &str = "orders-1";
const TWO: &str = "orders-2";
/// The limit of each part of a probe, and room for a busy machine.
const LIMIT: Duration = Duration::from_secs(3);
const SLACK: Duration = Duration::from_millis(900);

/// Two servers, and the file of the application's password; all of it goes when the test ends.
struct Scene {
    servers: Servers,
    password: PathBuf,
}

impl Scene {
    async fn start(test: &str, replication: Replication) -> Self {
        let place = std::env::temp_dir().join(format!("mainstay-test-prober-{test}-{}", std::process::id()));
        let binaries = Binaries::find(None, Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).unwrap();
        let names = [ONE, TWO].map(str::to_owned);
        let servers = Servers::start(&binaries, &place, &names, replication).await.unwrap();
        let password = place.with_extension("password");
        std::fs::write(&password, &servers.login().password).unwrap();
        Self { servers, password }
    }

    fn address(&self, instance: &str) -> SocketAddr {
        self.servers.address(instance).unwrap()
    }

    fn settings(&self, port: u16) -> Settings {
        let login = self.servers.login();
        Settings {
            database: "orders".to_owned(),
            host: "127.0.0.1".to_owned(),
            port,
            name: login.database.clone(),
            user: login.user.clone(),
            login: LoginBy::File(self.password.clone()),
            write: false,
            every: Duration::from_secs(10),
            ca: "no-certificates-are-needed-here".into(),
        }
    }

    fn prober(&self, endpoint: &Endpoint, write: bool) -> Prober {
        let settings = Settings { write, ..self.settings(endpoint.address().port()) };
        Prober::new(settings, Login::File(self.password.clone())).unwrap()
    }

    async fn connect(&self, instance: &str) -> Client {
        postgres::connect(&self.servers.login().at(self.address(instance))).await.unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.password);
    }
}

/// Probes, and says how long that took.
async fn timed(prober: &Prober) -> (Outcome, Duration) {
    let begin = Instant::now();
    let outcome = prober.probe().await;
    (outcome, begin.elapsed())
}

fn failed(why: Failure) -> Meaning {
    Meaning::Failed(why)
}

/// It takes two limits and no more: one part ran out, the others were quick.
fn within_its_limit(took: Duration) {
    assert!(took >= LIMIT && took < LIMIT + SLACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_the_server_at_the_endpoint_is_told_within_the_limits() {
    let scene = Scene::start("states", Replication::Asynchronous).await;
    let (one, two) = (scene.address(ONE), scene.address(TWO));
    let endpoint = Endpoint::open(one).unwrap();
    let prober = scene.prober(&endpoint, false);

    let primary = prober.probe().await;
    assert_eq!(primary.meaning, Meaning::Writer, "{primary:?}");
    assert_eq!(primary.server.as_deref(), Some(ONE), "the instance's name, as on Aurora");
    assert!(primary.connect.unwrap() > Duration::ZERO && primary.answer.unwrap() > Duration::ZERO);
    assert_eq!(primary.detail, None);

    // The endpoint leads to a reader for a while: each probe is a connection of its own and sees it at once.
    endpoint.lead_to(two);
    let standby = prober.probe().await;
    assert_eq!((standby.meaning, standby.server), (failed(Failure::NotTheWriter), Some(TWO.to_owned())));
    endpoint.lead_to(one);
    assert_eq!(prober.probe().await.meaning, Meaning::Writer);

    scene.servers.freeze(ONE).unwrap();
    let (frozen, took) = timed(&prober).await;
    assert_eq!(frozen.meaning, failed(Failure::ConnectTimeout), "{frozen:?}");
    assert_eq!((frozen.server, frozen.answer), (None, None));
    within_its_limit(took);
    scene.servers.thaw(ONE).unwrap();
    assert_eq!(prober.probe().await.meaning, Meaning::Writer);

    let mechanism = endpoint.black_hole(one);
    let (dropped, took) = timed(&prober).await;
    assert_eq!(dropped.meaning, failed(Failure::ConnectTimeout), "{mechanism:?}: {dropped:?}");
    assert!(matches!(mechanism, Mechanism::PacketFilter | Mechanism::Stopped));
    within_its_limit(took);
    endpoint.lift(one);
    assert_eq!(prober.probe().await.meaning, Meaning::Writer);

    scene.servers.crash(ONE).unwrap();
    let (dead, took) = timed(&prober).await;
    assert_eq!(dead.meaning, failed(Failure::NoConnection), "{dead:?}");
    assert!(took < LIMIT, "a refusal needs no limit: {took:?}");
    // The standby is promoted and the endpoint follows.
    scene.servers.promote(TWO).await.unwrap();
    endpoint.lead_to(two);
    let moved = prober.probe().await;
    assert_eq!((moved.meaning, moved.server), (Meaning::Writer, Some(TWO.to_owned())));

    // A server that is not of Aurora knows no name, only its own address; not the endpoint's.
    let client = scene.connect(TWO).await;
    client.batch_execute("drop function aurora_db_instance_identifier()").await.unwrap();
    let nameless = prober.probe().await;
    assert_eq!((nameless.meaning, nameless.server), (Meaning::Writer, Some(two.to_string())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_written_only_when_asked_for_and_a_table_never_grows() {
    let scene = Scene::start("writes", Replication::AnyOne).await;
    let endpoint = Endpoint::open(scene.address(ONE)).unwrap();
    let client = scene.connect(ONE).await;
    let exists = async || -> bool {
        client.query_one("select to_regclass('mainstay_probe') is not null", &[]).await.unwrap().get(0)
    };
    let row = async || {
        let rows = client.query("select database, at::text, server from mainstay_probe", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);
        (rows[0].get::<_, String>(0), rows[0].get::<_, String>(1), rows[0].get::<_, String>(2))
    };

    let reader = scene.prober(&endpoint, false);
    assert_eq!(reader.probe().await.meaning, Meaning::Writer);
    assert!(!exists().await, "a table that nobody asked for");

    let writer = scene.prober(&endpoint, true);
    assert_eq!(writer.probe().await.meaning, Meaning::Writer);
    let first = row().await;
    assert_eq!((first.0.as_str(), first.2), ("orders", ONE.to_owned()));
    assert_eq!(writer.probe().await.meaning, Meaning::Writer);
    assert_ne!(row().await.1, first.1, "the same row, at a later time");

    // A commit that no standby acknowledges: the server answers questions and commits nothing.
    scene.servers.hold_replication(ONE, true).await.unwrap();
    let (hangs, took) = timed(&writer).await;
    assert_eq!(hangs.meaning, failed(Failure::AnswerTimeout), "{hangs:?}");
    assert_eq!(hangs.server.as_deref(), Some(ONE), "it had told who it is");
    assert!(hangs.connect.is_some() && hangs.answer.is_none());
    within_its_limit(took);
    assert_eq!(reader.probe().await.meaning, Meaning::Writer, "only the write tells");
    scene.servers.hold_replication(ONE, false).await.unwrap();
    assert_eq!(writer.probe().await.meaning, Meaning::Writer);

    // The old writer turns read-only: a question alone does not show it.
    scene.servers.demote(ONE).await.unwrap();
    assert_eq!(writer.probe().await.meaning, failed(Failure::ReadOnly));
    assert_eq!(reader.probe().await.meaning, Meaning::Writer);
}

/// A server that lives must never look dead because the prober may not come in.
#[tokio::test(flavor = "multi_thread")]
async fn a_prober_that_is_turned_away_cannot_say_and_leaks_no_password() {
    let scene = Scene::start("turned-away", Replication::Asynchronous).await;
    let port = scene.address(ONE).port();
    let wrong = scene.password.with_extension("wrong");
    std::fs::write(&wrong, "hunter2").unwrap();
    let missing = scene.password.with_extension("missing");
    let other_name = Settings { name: "postgres-of-nobody".to_owned(), ..scene.settings(port) };
    let (file, settings) = (Login::File, || scene.settings(port));
    for (settings, login, why) in [
        (settings(), file(wrong.clone()), Inability::LoginRefused),
        (settings(), file(missing), Inability::NoPassword),
        (other_name, file(scene.password.clone()), Inability::LoginRefused),
    ] {
        let outcome = Prober::new(settings, login).unwrap().probe().await;
        assert_eq!(outcome.meaning, Meaning::Unable(why), "{outcome:?}");
        let said = format!("{outcome:?}");
        assert!(!said.contains("hunter2") && !said.contains(&scene.servers.login().password), "{said}");
    }
    std::fs::remove_file(&wrong).unwrap();
}

/// A role's settings, and a schema that is not there, are its owner's mistakes: no server is dead because of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_people_set_for_the_role_or_the_database_is_no_failure_of_the_server() {
    let scene = Scene::start("settings", Replication::Asynchronous).await;
    let endpoint = Endpoint::open(scene.address(ONE)).unwrap();
    let writer = scene.prober(&endpoint, true);
    let client = scene.connect(ONE).await;
    let (role, database) = (&scene.servers.login().user, &scene.servers.login().database);
    let nowhere = format!("alter role {role} set search_path = nowhere");
    client.batch_execute(&nowhere).await.unwrap();
    let no_schema = writer.probe().await;
    assert_eq!(no_schema.meaning, Meaning::Unable(Inability::NotAllowed), "{no_schema:?}");
    assert!(no_schema.detail.as_ref().unwrap().contains("3F000"), "{no_schema:?}");
    client.batch_execute(&format!("alter role {role} reset search_path")).await.unwrap();
    assert_eq!(writer.probe().await.meaning, Meaning::Writer);

    for whom in [
        format!("role {role}"),
        format!("database {database}"),
        format!("role {role} in database {database}"),
    ] {
        client.batch_execute(&format!("alter {whom} set default_transaction_read_only = on")).await.unwrap();
        let set = writer.probe().await;
        assert_eq!(set.meaning, Meaning::Unable(Inability::ReadOnlySetting), "{whom}: {set:?}");
        assert_eq!(set.server.as_deref(), Some(ONE));
        client.batch_execute(&format!("alter {whom} reset default_transaction_read_only")).await.unwrap();
        assert_eq!(writer.probe().await.meaning, Meaning::Writer, "{whom}");
    }
    // Nobody's setting: the server itself.
    scene.servers.demote(ONE).await.unwrap();
    assert_eq!(writer.probe().await.meaning, failed(Failure::ReadOnly));
}

/// Probes that gave up would fill the server. Only a commit that waits for a standby stays, and the others behind it go.
#[tokio::test(flavor = "multi_thread")]
async fn probes_that_gave_up_do_not_pile_up_in_the_server() {
    let scene = Scene::start("backends", Replication::AnyOne).await;
    let endpoint = Endpoint::open(scene.address(ONE)).unwrap();
    let writer = scene.prober(&endpoint, true);
    assert_eq!(writer.probe().await.meaning, Meaning::Writer);
    let client = scene.connect(ONE).await;
    let at_most = async |most: i64| {
        let query = "select count(*) from pg_stat_activity where application_name = 'mainstay-prober'";
        let count = async || -> i64 { client.query_one(query, &[]).await.unwrap().get(0) };
        let begin = Instant::now();
        while count().await > most {
            assert!(begin.elapsed() < Duration::from_secs(15), "{} are still there", count().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    scene.servers.hold_replication(ONE, true).await.unwrap();
    for _ in 0..3 {
        assert_eq!(writer.probe().await.meaning, failed(Failure::AnswerTimeout));
    }
    at_most(1).await;
    scene.servers.hold_replication(ONE, false).await.unwrap();
    at_most(0).await;
}
