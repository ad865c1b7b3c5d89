//! The estate's DNS: cluster endpoints are aliases (CNAME) of instance endpoints, as Aurora's are.

use std::net::Ipv4Addr;

use super::Estate;
use super::database::Instance;

/// What a host name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Another name, and that one's address.
    Alias(String, Ipv4Addr),
    /// An address.
    Address(Ipv4Addr),
}

impl Estate {
    /// Looks a host name up, without a final dot and in any case. `None`: no such name.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<Resolved> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Some(instance) = self.instances.values().find(|instance| instance.endpoint == name) {
            return Some(Resolved::Address(instance.address));
        }
        let alias = |instance: &Instance| Resolved::Alias(instance.endpoint.clone(), instance.address);
        for cluster in self.clusters.values() {
            if cluster.endpoint == name {
                return self.instances.get(&cluster.key.beside(&cluster.endpoint_target)).map(alias);
            }
            if cluster.reader_endpoint == name {
                let readers = cluster.members.iter().filter(|id| **id != cluster.writer);
                let readers = readers.filter_map(|id| self.instances.get(&cluster.key.beside(id)));
                let reader = readers.into_iter().find(|instance| instance.status == "available");
                // As on Aurora: without a reader it leads to the writer.
                let writer = self.instances.get(&cluster.key.beside(&cluster.writer));
                return reader.or(writer).map(alias);
            }
        }
        None
    }
}
