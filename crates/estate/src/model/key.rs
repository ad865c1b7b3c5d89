//! Names: keys in a region, ARNs, host names.

use serde::{Deserialize, Serialize};

/// A thing's place: its region and its identifier there. Services are `cluster/service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The region, such as `ca-central-1`.
    pub region: String,
    /// The identifier in that region.
    pub id: String,
}

impl Key {
    /// A key from its two parts.
    pub fn new(region: impl Into<String>, id: impl Into<String>) -> Self {
        Self { region: region.into(), id: id.into() }
    }

    /// Another thing in the same region.
    pub(crate) fn beside(&self, id: &str) -> Self {
        Self::new(self.region.clone(), id)
    }
}

/// The last part of an identifier that may be given as an ARN: after the last `:`, then after the last `/`
/// when the ARN has paths.
pub(crate) fn bare(identifier: &str) -> &str {
    if !identifier.starts_with("arn:") {
        return identifier;
    }
    let resource = identifier.splitn(6, ':').nth(5).unwrap_or(identifier);
    resource.rsplit([':', '/']).next().unwrap_or(resource)
}

/// An ARN.
pub(crate) fn arn(service: &str, region: &str, account: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{region}:{account}:{resource}")
}

/// The part of RDS host names that is the same for all databases of an account in a region.
pub(crate) fn host_suffix(account: &str, region: &str) -> String {
    // FNV-1a: stable over runs, so that a printed endpoint stays valid after a restart.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in account.bytes().chain(region.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let digits = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut suffix = String::from("c");
    for _ in 0..11 {
        let digit =
            usize::try_from(hash % 36).ok().and_then(|index| digits.get(index)).copied().unwrap_or(b'x');
        suffix.push(char::from(digit));
        hash /= 36;
        if hash == 0 {
            hash = 0x9E37_79B9_7F4A_7C15;
        }
    }
    suffix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_and_a_name_mean_the_same_thing() {
        assert_eq!(bare("orders"), "orders");
        assert_eq!(bare("arn:aws:rds:ca-central-1:123456789012:cluster:orders"), "orders");
        assert_eq!(bare("arn:aws:ecs:ca-central-1:123456789012:service/shop/orders-api"), "orders-api");
    }

    #[test]
    fn host_names_are_stable_and_differ_by_account_and_region() {
        let here = host_suffix("123456789012", "ca-central-1");
        assert_eq!(here.len(), 12);
        assert_eq!(here, host_suffix("123456789012", "ca-central-1"));
        assert_ne!(here, host_suffix("123456789012", "ca-west-1"));
        assert_ne!(here, host_suffix("210987654321", "ca-central-1"));
    }
}
