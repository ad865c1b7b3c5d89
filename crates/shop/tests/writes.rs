//! The shop against a real PostgreSQL.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail like tests")]

mod real;

use std::time::{Duration, Instant};

use real::{Database, Shop, ask, signal, until};
use serde_json::json;
use tokio::net::TcpStream;

const POOLS: [&str; 3] = ["sqlx", "deadpool", "recommended"];

#[tokio::test]
async fn every_pool_answers_a_write_after_its_commit_and_refuses_the_same_row_twice() {
    let database = Database::start().await;
    for pool in POOLS {
        let shop = Shop::of(&database, pool, pool);
        let written = json!({"n": 17, "server": database.port, "in_recovery": false});
        assert_eq!(shop.ask("POST", "/writes?n=17").await, (200, written), "{pool}");
        let row = "SELECT task, server FROM writes WHERE service = $1 AND n = 17";
        let row = database.admin.query_one(row, &[&pool]).await.unwrap();
        assert_eq!((row.get::<_, &str>(0), row.get::<_, i32>(1)), ("t1", i32::from(database.port)));

        let (status, twice) = shop.ask("POST", "/writes?n=17").await;
        assert_eq!((status, &twice["sqlstate"]), (503, &json!("23505")), "{pool}: {twice}");
        assert!(twice["error"].as_str().unwrap().contains("duplicate key"), "{twice}");
        assert_eq!(shop.ask("POST", "/writes?n=18").await.0, 200, "{pool}");
        let server = json!({"server": database.port, "in_recovery": false});
        assert_eq!(shop.ask("GET", "/server").await, (200, server), "{pool}");
        let healthy = json!({"service": pool, "task": "t1"});
        assert_eq!(shop.ask("GET", "/health").await, (200, healthy));
        assert_eq!(shop.ask("POST", "/writes").await.0, 400);
        assert_eq!(shop.ask("GET", "/writes?n=1").await.0, 405);
        assert_eq!(shop.ask("GET", "/").await.0, 404);
    }
}

#[tokio::test]
async fn health_does_not_depend_on_the_database_and_writes_do() {
    // Nothing listens there: the port of a listener that is gone.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for pool in ["deadpool", "recommended"] {
        let shop = Shop::without_database(pool, "orders-api", port);
        assert_eq!(shop.ask("GET", "/health").await.0, 200);
        let (status, body) = shop.ask("POST", "/writes?n=1").await;
        assert_eq!(status, 503, "{pool}: {body}");
        assert!(body["error"].as_str().unwrap().contains("refused"), "{body}");
    }
    let shop = Shop::without_database("none", "catalogue", port);
    assert_eq!(shop.ask("GET", "/health").await.0, 200);
    assert_eq!(shop.ask("POST", "/writes?n=1").await.0, 501);
    assert_eq!(shop.ask("GET", "/server").await.0, 501);
}

/// What tells the recommended pool from the others when the old writer is demoted.
#[tokio::test]
async fn only_the_recommended_pool_drops_a_connection_whose_server_takes_no_writes() {
    for pool in POOLS {
        let database = Database::start().await;
        let shop = Shop::of(&database, pool, pool);
        assert_eq!(shop.ask("POST", "/writes?n=1").await.0, 200);
        let before = database.connections().await;
        assert_eq!(before.len(), 1, "{pool}");
        database.demote().await;
        let mut n = 1;
        let mut refused = (200, json!(null));
        // The reload is a signal: the session may see it after one more write.
        until("a write is refused", async || {
            n += 1;
            refused = shop.ask("POST", &format!("/writes?n={n}")).await;
            refused.0 != 200
        })
        .await;
        assert_eq!((refused.0, &refused.1["sqlstate"]), (503, &json!("25006")), "{pool}: {refused:?}");
        let keeps = async || database.connections().await.iter().any(|pid| before.contains(pid));
        if pool == "recommended" {
            until("the connection is dropped", async || !keeps().await).await;
        } else {
            assert!(keeps().await, "{pool}");
        }
        drop(shop);
        until("its connections end with it", async || database.connections().await.is_empty()).await;
    }
}

#[tokio::test]
async fn the_recommended_pool_gives_a_request_five_seconds_and_then_another_connection() {
    let database = Database::start().await;
    let shop = Shop::of(&database, "recommended", "orders-api");
    assert_eq!(shop.ask("POST", "/writes?n=1").await.0, 200);
    let before = database.connections().await;
    let lock = database.lock().await;
    let since = Instant::now();
    let late = shop.ask("POST", "/writes?n=2").await;
    assert_eq!(late, (504, json!({"error": "no answer within 5s"})));
    assert!(since.elapsed() >= Duration::from_secs(5));
    lock.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(shop.ask("POST", "/writes?n=3").await.0, 200);
    until("the connection that did not answer is given up", async || {
        !database.connections().await.iter().any(|pid| before.contains(pid))
    })
    .await;
}

#[tokio::test]
async fn after_sigterm_what_runs_is_finished_and_nothing_new_is_taken() {
    let database = Database::start().await;
    let mut shop = Shop::of(&database, "sqlx", "orders-api");
    assert_eq!(shop.ask("POST", "/writes?n=1").await.0, 200);
    let lock = database.lock().await;
    let address = shop.address;
    let running = tokio::spawn(async move { ask(address, "POST", "/writes?n=2").await });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    until("the write waits", async || {
        database.admin.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
    signal("TERM", &shop.process);
    until("nothing is accepted", async || TcpStream::connect(address).await.is_err()).await;
    lock.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(running.await.unwrap().0, 200);
    assert_eq!(shop.ended().await, Some(0));
}

#[tokio::test]
async fn a_task_ends_although_a_request_hangs_and_with_its_lifeline() {
    let database = Database::start().await;
    let _lock = database.lock().await;
    for pool in POOLS {
        for ends_with_lifeline in [false, true] {
            let mut shop = Shop::of(&database, pool, "orders-api");
            let mut hanging = TcpStream::connect(shop.address).await.unwrap();
            let request = b"POST /writes?n=1 HTTP/1.1\r\nhost: shop\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut hanging, request).await.unwrap();
            until("the request is on its way", async || !database.connections().await.is_empty()).await;
            if ends_with_lifeline {
                drop(shop.lifeline.take());
            } else {
                signal("TERM", &shop.process);
            }
            assert_eq!(shop.ended().await, Some(0), "{pool}");
            // A backend that waits for a lock does not see that its client is gone.
            let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                         WHERE backend_type = 'client backend' AND usename = current_user \
                         AND application_name NOT IN ('admin', 'lock')";
            database.admin.execute(ended, &[]).await.unwrap();
            until("its backend ends", async || database.connections().await.is_empty()).await;
        }
    }
}
