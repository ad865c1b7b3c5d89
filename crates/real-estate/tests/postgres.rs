//! Real servers: what each fault does, what is lost, and that nothing stays behind.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use real_estate::postgres::{self, Binaries, Health, Replication, Servers, Swept, Way, sweep};
use tokio_postgres::{Client, error::SqlState};

const ONE: &str = "orders-1";
const TWO: &str = "orders-2";
const THREE: &str = "orders-3";
const SOON: Duration = Duration::from_secs(10);

/// A folder for one test, which the servers remove.
fn folder(test: &str) -> PathBuf {
    std::env::temp_dir().join(format!("mainstay-test-postgres-{test}-{}", std::process::id()))
}

fn binaries() -> Binaries {
    Binaries::find(None, Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()).unwrap()
}

async fn start_in(folder: &Path, replication: Replication) -> Servers {
    let binaries = binaries();
    let names = [ONE, TWO, THREE].map(str::to_owned);
    Servers::start(&binaries, folder, &names, replication).await.unwrap()
}

async fn start(test: &str, replication: Replication) -> Servers {
    start_in(&folder(test), replication).await
}

/// A connection as the application's.
async fn connect(servers: &Servers, instance: &str) -> Client {
    let (address, login) = (servers.address(instance).unwrap(), servers.login());
    postgres::connect(&login.at(address)).await.unwrap()
}

/// Commits rows `numbers`; fails at the first that is not acknowledged.
async fn write(client: &Client, numbers: std::ops::Range<i64>) -> Result<(), tokio_postgres::Error> {
    for n in numbers {
        client.execute("INSERT INTO writes (service, task, n) VALUES ('api', 't', $1)", &[&n]).await?;
    }
    Ok(())
}

async fn rows(client: &Client) -> Vec<i64> {
    let rows = client.query("SELECT n FROM writes ORDER BY n", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// Waits until the instance has exactly these rows.
async fn holds(servers: &Servers, instance: &str, wanted: std::ops::Range<i64>) {
    let client = connect(servers, instance).await;
    let (since, wanted) = (Instant::now(), wanted.collect::<Vec<_>>());
    while rows(&client).await != wanted {
        assert!(since.elapsed() < SOON, "{instance} has {:?}", rows(&client).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn is(servers: &Servers, instance: &str, wanted: Health) {
    let asked = Instant::now();
    let health = servers.health(instance).await;
    assert_eq!(health, wanted, "{instance}");
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
}

/// The makers of the System V segments that there are.
fn makers_of_segments() -> BTreeSet<u32> {
    let table = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    table.lines().filter_map(|line| line.split_whitespace().nth(4)?.parse().ok()).collect()
}

/// The home of the run that a server belongs to.
fn home_of(pid: u32) -> PathBuf {
    std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap().parent().unwrap().to_owned()
}

fn processes_in(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    entries
        .filter(|process| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(home)))
        .map(|process| process.display().to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_on_the_primary_reaches_both_standbys_which_refuse_writes() {
    let servers = start("reaches", Replication::Asynchronous).await;
    write(&connect(&servers, ONE).await, 0..3).await.unwrap();
    is(&servers, ONE, Health::Writer).await;
    for instance in [ONE, TWO, THREE] {
        let client = connect(&servers, instance).await;
        let told = client.query_one("SELECT aurora_db_instance_identifier()", &[]).await.unwrap();
        assert_eq!(told.get::<_, String>(0), instance, "each tells its own name, whoever the data came from");
    }
    for standby in [TWO, THREE] {
        is(&servers, standby, Health::Standby).await;
        holds(&servers, standby, 0..3).await;
        let refused = write(&connect(&servers, standby).await, 9..10).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_and_a_promotion_the_old_primary_is_rewound() {
    let servers = start("rewound", Replication::Asynchronous).await;
    let client = connect(&servers, ONE).await;
    write(&client, 0..5).await.unwrap();
    holds(&servers, TWO, 0..5).await;
    holds(&servers, THREE, 0..5).await;
    servers.hold_replication(ONE, true).await.unwrap();
    // Acknowledged, and on the old primary alone.
    write(&client, 100..110).await.unwrap();
    servers.crash(ONE).unwrap();
    is(&servers, ONE, Health::Dead).await;
    assert!(write(&client, 110..111).await.is_err());

    servers.promote(TWO).await.unwrap();
    is(&servers, TWO, Health::Writer).await;
    assert_eq!(servers.repoint(THREE, TWO).await.unwrap(), Way::Reload);
    write(&connect(&servers, TWO).await, 5..8).await.unwrap();
    holds(&servers, THREE, 0..8).await;

    let address = servers.address(ONE);
    assert_eq!(servers.rejoin(ONE, TWO).await.unwrap(), Way::Rewind);
    assert_eq!(servers.address(ONE), address);
    is(&servers, ONE, Health::Standby).await;
    // The ten are lost: that is what asynchronous replication risks.
    holds(&servers, ONE, 0..8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_any_one_a_commit_that_no_standby_has_is_never_acknowledged() {
    let servers = start("anyone", Replication::AnyOne).await;
    let client = connect(&servers, ONE).await;
    write(&client, 0..5).await.unwrap();
    servers.hold_replication(ONE, true).await.unwrap();
    let hangs = tokio::time::timeout(Duration::from_millis(700), write(&client, 5..6)).await;
    assert!(hangs.is_err(), "{hangs:?}");
    servers.crash(ONE).unwrap();
    // Either standby may lack what only the other has, so the promoted one is the one that has more.
    let ahead = if rows(&connect(&servers, TWO).await).await.len() < 5 { THREE } else { TWO };
    servers.promote(ahead).await.unwrap();
    holds(&servers, ahead, 0..5).await;
    let other = if ahead == TWO { THREE } else { TWO };
    servers.repoint(other, ahead).await.unwrap();
    // The new primary has a standby again: it acknowledges.
    tokio::time::timeout(SOON, write(&connect(&servers, ahead).await, 5..6)).await.unwrap().unwrap();
    servers.rejoin(ONE, ahead).await.unwrap();
    holds(&servers, ONE, 0..6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_catches_up_with_what_only_another_confirmed() {
    let servers = start("catch-up", Replication::AnyOne).await;
    let client = connect(&servers, ONE).await;
    write(&client, 0..3).await.unwrap();
    servers.crash(TWO).unwrap();
    write(&client, 3..20).await.unwrap();
    servers.crash(ONE).unwrap();
    servers.restart(TWO).await.unwrap();
    assert!(rows(&connect(&servers, TWO).await).await.len() < 20, "only the other has them");
    servers.catch_up(TWO).await.unwrap();
    servers.promote(TWO).await.unwrap();
    holds(&servers, TWO, 0..20).await;
    // With nobody ahead there is nothing to do.
    servers.repoint(THREE, TWO).await.unwrap();
    servers.catch_up(THREE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn held_replication_goes_on_when_it_is_let_go() {
    let servers = start("held", Replication::Asynchronous).await;
    let client = connect(&servers, ONE).await;
    servers.hold_replication(ONE, true).await.unwrap();
    write(&client, 0..3).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(rows(&connect(&servers, TWO).await).await.is_empty());
    servers.hold_replication(ONE, false).await.unwrap();
    holds(&servers, TWO, 0..3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_seen_at_once_and_goes_on_as_a_writer_that_must_be_rewound() {
    let servers = start("frozen", Replication::Asynchronous).await;
    let client = connect(&servers, ONE).await;
    write(&client, 0..2).await.unwrap();
    holds(&servers, TWO, 0..2).await;
    holds(&servers, THREE, 0..2).await;
    servers.freeze(ONE).unwrap();
    is(&servers, ONE, Health::Frozen).await;
    servers.promote(TWO).await.unwrap();
    servers.repoint(THREE, TWO).await.unwrap();
    write(&connect(&servers, TWO).await, 2..4).await.unwrap();

    servers.thaw(ONE).unwrap();
    is(&servers, ONE, Health::Writer).await;
    // Nobody fenced it: it acknowledges what will be lost.
    write(&client, 200..205).await.unwrap();
    assert_eq!(servers.rejoin(ONE, TWO).await.unwrap(), Way::Rewind);
    holds(&servers, ONE, 0..4).await;
    holds(&servers, THREE, 0..4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demoted_server_keeps_its_connections_and_refuses_writes() {
    let servers = start("demoted", Replication::Asynchronous).await;
    let client = connect(&servers, ONE).await;
    write(&client, 0..2).await.unwrap();
    servers.demote(ONE).await.unwrap();
    is(&servers, ONE, Health::ReadOnly).await;
    let refused = write(&client, 2..3).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::READ_ONLY_SQL_TRANSACTION));
    assert_eq!(rows(&client).await, [0, 1]);
    servers.promote(ONE).await.unwrap();
    is(&servers, ONE, Health::Writer).await;
    write(&client, 2..3).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_has_more_than_the_new_primary_is_rewound() {
    let servers = start("ahead", Replication::Asynchronous).await;
    let client = connect(&servers, ONE).await;
    write(&client, 0..2).await.unwrap();
    holds(&servers, TWO, 0..2).await;
    servers.crash(TWO).unwrap();
    write(&client, 2..5).await.unwrap();
    holds(&servers, THREE, 0..5).await;
    servers.crash(ONE).unwrap();
    servers.restart(TWO).await.unwrap();
    is(&servers, TWO, Health::Standby).await;
    servers.promote(TWO).await.unwrap();
    assert_eq!(servers.repoint(THREE, TWO).await.unwrap(), Way::Rewind);
    holds(&servers, THREE, 0..2).await;
    write(&connect(&servers, TWO).await, 2..3).await.unwrap();
    holds(&servers, THREE, 0..3).await;
    // Killed as a standby, it misses nothing that was written meanwhile, and there is nothing to take back.
    servers.crash(THREE).unwrap();
    write(&connect(&servers, TWO).await, 3..9).await.unwrap();
    assert_eq!(servers.rejoin(THREE, TWO).await.unwrap(), Way::Signal);
    holds(&servers, THREE, 0..9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_cannot_be_rewound_are_made_anew() {
    let servers = start("anew", Replication::Asynchronous).await;
    write(&connect(&servers, ONE).await, 0..2).await.unwrap();
    let data = home_of(servers.process(ONE).unwrap()).join(ONE);
    holds(&servers, TWO, 0..2).await;
    servers.crash(ONE).unwrap();
    std::fs::remove_file(data.join("global/pg_control")).unwrap();
    servers.promote(TWO).await.unwrap();
    assert_eq!(servers.rejoin(ONE, TWO).await.unwrap(), Way::BaseBackup);
    is(&servers, ONE, Health::Standby).await;
    holds(&servers, ONE, 0..2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_a_server_is_and_what_was_committed() {
    let servers = start("restart", Replication::Asynchronous).await;
    write(&connect(&servers, ONE).await, 0..2).await.unwrap();
    servers.restart(ONE).await.unwrap();
    is(&servers, ONE, Health::Writer).await;
    servers.crash(ONE).unwrap();
    servers.restart(ONE).await.unwrap();
    write(&connect(&servers, ONE).await, 2..4).await.unwrap();
    servers.restart(THREE).await.unwrap();
    is(&servers, THREE, Health::Standby).await;
    for instance in [ONE, TWO, THREE] {
        holds(&servers, instance, 0..4).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_whatever_state_the_servers_are_in() {
    let folder = folder("left");
    let servers = start_in(&folder, Replication::Asynchronous).await;
    let pids = [ONE, TWO, THREE].map(|instance| servers.process(instance).unwrap());
    let home = home_of(pids[0]);
    assert!(pids.iter().all(|pid| makers_of_segments().contains(pid)));
    assert!(processes_in(&home).len() > 9);
    let secret = servers.login().password.clone();
    assert!(!format!("{servers:?}").contains(&secret));

    servers.crash(ONE).unwrap();
    assert!(makers_of_segments().contains(&pids[0]), "a killed server leaves its segment until the end");
    servers.freeze(TWO).unwrap();
    drop(servers);
    assert_eq!(processes_in(&home), [""; 0]);
    assert!(pids.iter().all(|pid| !makers_of_segments().contains(pid)));
    assert!(!home.exists() && !folder.exists());
}

/// What makes a test the owner of a folder, to be killed, in a process of its own.
const ROLE: &str = "MAINSTAY_TEST_OWNER_OF";

fn this_test_again(name: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ROLE, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_while_it_is_made_leaves_nothing_either() {
    if let Some(folder) = std::env::var_os(ROLE) {
        let _servers = start_in(Path::new(&folder), Replication::Asynchronous).await;
        std::thread::sleep(Duration::from_mins(1));
        panic!("nobody killed the owner");
    }
    let folder = folder("early");
    let mut owner = this_test_again("a_run_that_is_killed_while_it_is_made_leaves_nothing_either", &folder);
    let since = Instant::now();
    let mut home = PathBuf::new();
    // `initdb` has a server for itself, with memory that it removes when it ends well.
    let mut memory = Vec::new();
    while memory.is_empty() && !home.join("orders-1.log").exists() {
        assert!(since.elapsed() < SOON * 2);
        home = std::fs::read_to_string(folder.join("mainstay-servers")).unwrap_or_default().into();
        for process in processes_in(&home).iter().filter(|_| home.is_absolute()) {
            let maps = std::fs::read_to_string(Path::new(process).join("maps")).unwrap_or_default();
            let mapped = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
            memory.extend(mapped.filter(|path| path.contains("/PostgreSQL.")).map(PathBuf::from));
        }
    }
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert_eq!(sweep(&folder).unwrap(), Swept::Removed);
    assert_eq!(processes_in(&home), [""; 0]);
    assert!(!home.exists() && !folder.exists());
    assert!(memory.iter().all(|path| !path.exists()), "{memory:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_cleans_up_after_a_killed_one_and_touches_nothing_else() {
    if let Some(folder) = std::env::var_os(ROLE) {
        // The killed one: this very test, in a process of its own.
        let servers = start_in(Path::new(&folder), Replication::Asynchronous).await;
        servers.crash(THREE).unwrap();
        servers.freeze(TWO).unwrap();
        println!("\npids {} {}", servers.process(ONE).unwrap(), servers.process(TWO).unwrap());
        std::thread::sleep(Duration::from_mins(1));
        panic!("nobody killed the owner");
    }
    let folder = folder("killed");
    let mut owner =
        this_test_again("the_next_run_cleans_up_after_a_killed_one_and_touches_nothing_else", &folder);
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.into_iter().find_map(|line| line.strip_prefix("pids ").map(str::to_owned)).unwrap();
    let pids: Vec<u32> = said.split(' ').map(|pid| pid.parse().unwrap()).collect();
    let home = home_of(pids[0]);
    assert_eq!(sweep(&folder).unwrap(), Swept::InUse, "while its owner lives it is left alone");
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(processes_in(&home).len() > 6, "the servers outlive their owner");

    // Beside it: a live run, and somebody else's process and file in the very folder.
    let live = start("beside", Replication::Asynchronous).await;
    std::fs::write(folder.join("report"), "theirs").unwrap();
    let mut other = Command::new("sleep").arg("60").current_dir(&folder).spawn().unwrap();
    assert_eq!(sweep(&folder).unwrap(), Swept::Removed);
    assert_eq!(sweep(&folder).unwrap(), Swept::Nothing);
    assert_eq!(processes_in(&home), [""; 0]);
    assert!(pids.iter().all(|pid| !makers_of_segments().contains(pid)));
    assert!(!home.exists() && folder.join("report").exists());
    assert!(other.try_wait().unwrap().is_none());
    is(&live, ONE, Health::Writer).await;
    is(&live, TWO, Health::Standby).await;
    other.kill().unwrap();
    other.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn names_that_would_be_folders_elsewhere_are_refused() {
    let binaries = binaries();
    for names in [vec![], vec!["../x"], vec!["a", "a"], vec!["a'b"]] {
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let refused = Servers::start(&binaries, &folder("names"), &names, Replication::AnyOne).await;
        assert!(refused.is_err() && !folder("names").exists(), "{names:?}");
    }
}
