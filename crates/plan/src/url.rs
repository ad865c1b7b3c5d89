//! The address of an HTTP check, which a program opens by itself and so may hold nothing that surprises.

use toml::de::DeValue;

use crate::section::Fault;
use crate::text::quoted;
use crate::value::https;

const EXAMPLE: &str = "write it like `https://orders-api.example.com/pool`";

/// An `https` address with a host by name, perhaps a port, and a path of visible ASCII.
pub(crate) fn check(value: &DeValue<'_>) -> Result<String, Fault> {
    let address = https(value)?;
    let wrong = |message: String| Err(Fault::new(message, EXAMPLE));
    let rest = address.strip_prefix("https://").unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !address.chars().all(|c| c.is_ascii_graphic()) || path.contains(['#', '`', '{', '}', '|', '^']) {
        return wrong(format!("`{}` has characters that an address can't have", quoted(&address)));
    }
    if path.starts_with('?') {
        return wrong(format!("`{}` has no path before its `?`", quoted(&address)));
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_port = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|number| number > 0)
    };
    if port.is_some_and(|port| !is_port(port)) {
        return wrong(format!("`{}` has no port from 1 to 65535", quoted(&address)));
    }
    if !is_name(host) {
        let message =
            format!("`{}` is not a host by name, so its certificate can't be verified", quoted(host));
        return wrong(message);
    }
    Ok(address)
}

/// A DNS name that no resolver reads as an address: its last label is not a number.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    let digit_first = last.starts_with(|c: char| c.is_ascii_digit());
    host.len() <= 253 && host.contains('.') && host.split('.').all(label) && !digit_first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Result<String, Fault> {
        check(&DeValue::String(address.into()))
    }

    #[test]
    fn names_with_ports_and_paths_are_addresses_of_checks() {
        for good in [
            "https://orders-api.example.com",
            "https://orders-api.example.com/pool",
            "https://orders-api.example.com:8443/pool?which=writer",
            "https://a.b-c.internal/",
        ] {
            assert_eq!(read(good).unwrap(), good);
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_refused() {
        for bad in [
            "http://orders-api.example.com/pool",
            "https://user:secret@orders-api.example.com/pool",
            "https://169.254.169.254/latest/meta-data",
            "https://127.1/",
            "https://0x7f.0.0.0x1/",
            "https://[::1]/",
            "https://localhost/",
            "https://orders-api.example.com:0/",
            "https://orders-api.example.com:+443/",
            "https://orders-api.example.com:99999/",
            "https://orders-api.example.com:/",
            "https://orders-api.example.com?x",
            "https://orders-api.example.com/#here",
            "https://orders-api..example.com/",
            "https://-orders.example.com/",
            "https://ordérs.example.com/",
            "https://orders-api.example.com\\@evil.example/",
        ] {
            let fault = read(bad).expect_err(bad);
            assert!(!fault.mend.is_empty(), "{bad}");
        }
    }
}
