//! DNS on the wire: where an endpoint's CNAME leads, asked anew each time.

use async_trait::async_trait;
use hickory_resolver::proto::rr::{Name, RecordData, RecordType, rdata::CNAME};
use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::{NetError, runtime::TokioRuntimeProvider},
};
use recovery::{CallError, Failure, ports::Names};
use std::{net::SocketAddr, time::Duration};

const DNS: &str = "DNS";
const LOOKUP: &str = "lookup of a CNAME";
/// Time for one question; a lost datagram is asked once more.
const PATIENCE: Duration = Duration::from_secs(2);

/// [`Names`] over DNS.
pub struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// DNS at `server`, an address and port such as `10.0.0.2:53`; empty: the servers that the system uses.
    ///
    /// # Errors
    /// The setting is not an address and port, or the system's resolver configuration cannot be read.
    pub fn new(server: &str) -> Result<Self, CallError> {
        let refused = |message: &str| CallError::new(DNS, "configuration", Failure::Refused, message);
        let mut builder = if server.is_empty() {
            TokioResolver::builder_tokio().map_err(|e| refused(&e.to_string()))?
        } else {
            let server: SocketAddr = server
                .parse()
                .map_err(|_| refused(&format!("MAINSTAY_DNS_SERVER is not an address and port: {server}")))?;
            let config = ResolverConfig::from_name_servers(vec![name_server(server)]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        ask_the_wire(builder.options_mut());
        let resolver = builder.build().map_err(|e| refused(&e.to_string()))?;
        Ok(Self { resolver })
    }
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    NameServerConfig::new(server.ip(), true, connections.into())
}

/// Nothing but the server's answer counts: no cache, no hosts file, no search domains, one server at a time.
fn ask_the_wire(options: &mut ResolverOpts) {
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.num_concurrent_reqs = 1;
    options.attempts = 1;
    options.timeout = PATIENCE;
    options.preserve_intermediates = true;
}

#[async_trait]
impl Names for Dns {
    async fn cname(&self, name: &str) -> Result<Option<String>, CallError> {
        let failed = |failure, message: &str| CallError::new(DNS, LOOKUP, failure, message);
        let mut asked = Name::from_utf8(name).map_err(|e| failed(Failure::Refused, &e.to_string()))?;
        // Fully qualified, so that no search domain is tried.
        asked.set_fqdn(true);
        match self.resolver.lookup(asked.clone(), RecordType::CNAME).await {
            Ok(lookup) => {
                let of_name = lookup.answers().iter().filter(|record| record.name == asked);
                let mut targets = of_name.filter_map(|record| CNAME::try_borrow(&record.data));
                let target = targets.next();
                Ok(target.map(|t| t.0.to_utf8().trim_end_matches('.').to_lowercase()))
            }
            // No such record, or no such name: either way it leads nowhere (yet).
            Err(error) if error.is_no_records_found() => Ok(None),
            Err(NetError::NoConnections) => {
                Err(failed(Failure::Unreachable, "no name server can be reached"))
            }
            Err(error) => Err(failed(Failure::Doubtful, &error.to_string())),
        }
    }
}
