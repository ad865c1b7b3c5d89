//! The estate's DNS, asked by a real resolver.

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

use crate::model::{Delays, Seed, Settings as ModelSettings};
use crate::server::{Settings, serve};

#[tokio::test]
async fn a_resolver_sees_aliases_addresses_and_unknown_names() {
    let model = ModelSettings { delays: Delays::none(), ..ModelSettings::default() };
    let server = serve(Settings { model, ..Settings::default() }).await.unwrap();
    server.estate().seed(&Seed::demo()).unwrap();
    let mut udp = ConnectionConfig::udp();
    udp.port = server.dns_address.port();
    let name_server = NameServerConfig::new(server.dns_address.ip(), true, vec![udp]);
    let config = ResolverConfig::from_name_servers(vec![name_server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().cache_size = 0;
    builder.options_mut().timeout = Duration::from_secs(2);
    let resolver = builder.build().unwrap();

    let state = server.estate().state();
    let endpoint = format!("{}.", state.clusters[0].endpoint);
    let alias = async || {
        let lookup = resolver.lookup(endpoint.as_str(), RecordType::CNAME).await.unwrap();
        let record = &lookup.answers()[0];
        let RData::CNAME(target) = &record.data else { panic!("{record:?}") };
        (target.0.to_utf8(), record.ttl)
    };
    assert_eq!(alias().await, (format!("{}.", state.instances[0].endpoint), 5));
    let addresses = resolver.lookup_ip(endpoint.as_str()).await.unwrap();
    assert_eq!(addresses.iter().collect::<Vec<_>>(), [std::net::IpAddr::V4(state.instances[0].address)]);
    assert!(state.instances[0].address.is_loopback());

    let moved = crate::model::Fault::MoveWriter {
        cluster: "orders".into(),
        region: None,
        to: "orders-3".into(),
        events: true,
        promotion: None,
    };
    server.estate().fault(moved).unwrap();
    assert_eq!(alias().await.0, format!("{}.", state.instances[2].endpoint));
    let unknown = resolver.lookup_ip("nobody.example.com.").await.unwrap_err();
    assert!(unknown.is_no_records_found(), "{unknown}");
    assert!(unknown.is_nx_domain(), "{unknown}");
}
