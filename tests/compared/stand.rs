//! Who is asked: the estate, ministack and moto, each on a port of its own of 127.0.0.1.

use crate::{moto::Moto, sequence::Pace};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_ecs::types::ContainerDefinition;
use aws_sdk_rds::config::{Credentials, SharedCredentialsProvider};
use drill::cloud::{Cloud, CloudSettings};
use estate::{
    model::{self, Delays, Seed, Span},
    server::{Server, Settings, serve},
};
use std::path::{Path, PathBuf};

/// What can go wrong before a call is made; its text says what to do.
pub(crate) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Whose answers are compared with the estate's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Other {
    /// ministack, with the drill's hooks, answering RDS and ECS by itself.
    Ministack,
    /// moto, as a server.
    Moto,
}

impl Other {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Ministack, Self::Moto];

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ministack => "ministack",
            Self::Moto => "moto",
        }
    }
}

/// The SDK's clients, pointed at one of them.
pub(crate) struct Clients {
    pub(crate) rds: aws_sdk_rds::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
}

impl Clients {
    fn at(url: &str) -> Self {
        // 12 digits as the access key: the account, for ministack.
        let credentials = Credentials::new("123456789012", "none", None, None, "comparison");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("ca-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            // One answer for one call.
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(url)
            .build();
        Self { rds: aws_sdk_rds::Client::new(&config), ecs: aws_sdk_ecs::Client::new(&config) }
    }
}

/// A new estate with the demo's state. It ends when the server is dropped.
pub(crate) async fn estate(pace: Pace) -> Result<(Server, Clients), Trouble> {
    let delays = match pace {
        Pace::AtOnce => Delays::none(),
        Pace::Slow => slow(),
    };
    let model = model::Settings { delays, ..model::Settings::default() };
    let server = serve(Settings { model, ..Settings::default() }).await?;
    let mut seed = Seed::demo();
    for cluster in &mut seed.clusters {
        // As RDS makes one when nothing is said of it.
        cluster.deletion_protection = false;
    }
    for service in &mut seed.services {
        // As in the emulators, whose tasks are no processes that could be asked.
        service.health_check = false;
    }
    server.estate().seed(&seed)?;
    let clients = Clients::at(&server.url());
    Ok((server, clients))
}

/// Longer than any sequence, but for the failover, which shows at once.
fn slow() -> Delays {
    let long = Span::fixed(3600.0);
    Delays {
        failover_begins: Span::fixed(0.0),
        promotion: long,
        settling: long,
        endpoint: long,
        restart: long,
        crash_zeroes: long,
        task_start: long,
        task_stop: long,
        snapshot: long,
        copy: long,
        restore: long,
        instance: long,
        deletion: long,
        backup_lag: Span::fixed(0.0),
    }
}

/// A folder that goes when this is dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The running emulators. They end when this is dropped, and then their folder goes.
pub(crate) struct Emulators {
    ministack: Cloud,
    moto: Moto,
    http: reqwest::Client,
    _folder: Scratch,
}

impl Emulators {
    /// Starts both; makes their Python environments first, if they aren't there.
    pub(crate) async fn start() -> Result<Self, Trouble> {
        let root = drill::artifacts::repository();
        let name = format!("compared-{}", std::process::id());
        let folder = Scratch(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        let moto = {
            let root = root.clone();
            tokio::task::spawn_blocking(move || Moto::start(&root))
        };
        let ministack = Cloud::start(CloudSettings::new(&root, &folder.0)).await?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { ministack, moto: moto.await??, http, _folder: folder })
    }

    /// An emulator with the demo's state and nothing else.
    pub(crate) async fn anew(&self, who: Other) -> Result<Clients, Trouble> {
        let (url, reset) = match who {
            Other::Ministack => (self.ministack.endpoint(), "/_ministack/reset"),
            Other::Moto => (self.moto.url(), "/moto-api/reset"),
        };
        self.http.post(format!("{url}{reset}")).send().await?.error_for_status()?;
        let clients = Clients::at(&url);
        let made = async {
            database(&clients.rds).await?;
            services(&clients.ecs).await
        };
        made.await.map_err(|error: Trouble| {
            let mut words = format!("{} has not the demo's state: {error}", who.name());
            let mut cause = error.source();
            while let Some(next) = cause {
                words = format!("{words}: {next}");
                cause = next.source();
            }
            words
        })?;
        Ok(clients)
    }
}

/// The demo's database, by AWS's own calls.
async fn database(rds: &aws_sdk_rds::Client) -> Result<(), Trouble> {
    let cluster = rds.create_db_cluster().db_cluster_identifier("orders").engine("aurora-postgresql");
    cluster.master_username("mainstay").master_user_password("not-a-secret").send().await?;
    for (number, zone) in [(1, 'a'), (2, 'b'), (3, 'd')] {
        rds.create_db_instance()
            .db_instance_identifier(format!("orders-{number}"))
            .db_cluster_identifier("orders")
            .engine("aurora-postgresql")
            .db_instance_class("db.r6g.large")
            .availability_zone(format!("ca-central-1{zone}"))
            .promotion_tier(number - 1)
            .send()
            .await?;
    }
    Ok(())
}

/// The demo's services, by AWS's own calls.
async fn services(ecs: &aws_sdk_ecs::Client) -> Result<(), Trouble> {
    ecs.create_cluster().cluster_name("shop").send().await?;
    for (name, tasks) in [("orders-api", 3), ("orders-worker", 2), ("catalogue", 2)] {
        let container = ContainerDefinition::builder().name(name).image("example/shop:1").memory(64);
        let definition = ecs.register_task_definition().family(name);
        definition.container_definitions(container.build()).send().await?;
        let service = ecs.create_service().cluster("shop").service_name(name).task_definition(name);
        service.desired_count(tasks).send().await?;
    }
    Ok(())
}
