//! The estate of the demo.

use super::database::Tags;
use super::seed::{ClusterSeed, InstanceSeed, Seed, ServiceSeed};

impl Seed {
    /// The demo estate: Aurora PostgreSQL cluster `orders` with a writer and two readers in three zones of
    /// `ca-central-1`; ECS cluster `shop` with `orders-api` and `orders-worker`, which use it, and `catalogue`,
    /// which does not. What belongs to `orders` bears the tag `mainstay = orders`.
    #[must_use]
    pub fn demo() -> Self {
        let region = Some("ca-central-1".to_owned());
        let tags = Tags::from([("mainstay".to_owned(), "orders".to_owned())]);
        let instance = |number: u8, zone: &str, writer| InstanceSeed {
            identifier: format!("orders-{number}"),
            availability_zone: format!("ca-central-1{zone}"),
            promotion_tier: i32::from(number) - 1,
            writer,
            tags: tags.clone(),
            ..InstanceSeed::default()
        };
        let service = |name: &str, desired_count, tags: Tags| ServiceSeed {
            region: region.clone(),
            cluster: "shop".into(),
            name: name.into(),
            desired_count,
            tags,
            ..ServiceSeed::default()
        };
        Self {
            clusters: vec![ClusterSeed {
                region: region.clone(),
                identifier: "orders".into(),
                tags: tags.clone(),
                instances: vec![instance(1, "a", true), instance(2, "b", false), instance(3, "d", false)],
                ..ClusterSeed::default()
            }],
            services: vec![
                service("orders-api", 3, tags.clone()),
                service("orders-worker", 2, tags.clone()),
                service("catalogue", 2, Tags::new()),
            ],
            ..Self::default()
        }
    }
}
