//! Why services are restarted last: a task that restarts before the endpoint has moved connects to the old writer
//! again, and stays there.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail like tests")]

#[expect(dead_code, reason = "shared with the other tests of the shop")]
mod real;

use real::{Shop, until};
use real_estate::{
    endpoint::Endpoint,
    postgres::{Binaries, Replication, Servers},
};
use std::path::Path;

const OLD: &str = "orders-1";
const NEW: &str = "orders-2";

#[tokio::test]
async fn a_task_that_restarts_before_the_endpoint_moves_keeps_writing_to_the_old_writer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let binaries = Binaries::find(None, root).unwrap();
    let instances = [OLD, NEW].map(str::to_owned);
    // With the pools' defaults; a task that starts connects through the endpoint.
    // sqlx asks a connection whether it is well when it takes it back, and opens another for whoever comes meanwhile:
    // only the first of requests in a row is sure to meet the old one.
    for (pool, in_a_row) in [("deadpool", 20), ("sqlx", 1)] {
        let folder = std::env::temp_dir().join(format!("mainstay-test-order-{pool}-{}", std::process::id()));
        let servers =
            Servers::start(&binaries, &folder, &instances, Replication::Asynchronous).await.unwrap();
        let [old, new] = [OLD, NEW].map(|instance| servers.address(instance).unwrap());
        let endpoint = Endpoint::open(old).unwrap();
        let start = || Shop::start(pool, pool, endpoint.address().port(), servers.login());
        let never_restarted = start();
        let first = never_restarted.ask("POST", "/writes?n=1").await.1;
        assert_eq!(first["server"], old.port(), "{pool}");

        servers.promote(NEW).await.unwrap();
        servers.demote(OLD).await.unwrap();
        until("the old writer refuses", async || never_restarted.ask("POST", "/writes?n=2").await.0 != 200)
            .await;
        let too_early = start();
        let refused = too_early.ask("POST", "/writes?n=3").await;
        assert_eq!((refused.0, refused.1["sqlstate"].as_str()), (503, Some("25006")), "{pool}: {refused:?}");

        endpoint.lead_to(new);
        let in_time = start();
        let written = in_time.ask("POST", "/writes?n=4").await;
        assert_eq!((written.0, &written.1["server"]), (200, &new.port().into()), "{pool}");
        // The endpoint leads to the new writer now, and their pools do not.
        for n in 5..5 + in_a_row {
            for stale in [&never_restarted, &too_early] {
                assert_ne!(stale.ask("POST", &format!("/writes?n={n}")).await.0, 200, "{pool}");
            }
        }
    }
}
