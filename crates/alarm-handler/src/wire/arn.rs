//! Amazon Resource Names: whose a resource is, and where.

use super::node::Node;
use recovery::{StepError, text};

/// The longest ARN that is read.
const MOST_BYTES: usize = 2048;

/// The parts of an ARN that Mainstay needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    /// Such as `ca-central-1`.
    pub(crate) region: &'a str,
    /// Twelve digits.
    pub(crate) account: &'a str,
    /// What kind of resource it is, such as `alarm` or `cluster`.
    pub(crate) kind: &'a str,
    /// Everything after the kind: it may hold colons itself.
    pub(crate) name: &'a str,
}

impl<'a> Arn<'a> {
    /// The ARN of a resource of `service`; none when the text is something else.
    fn of(text: &'a str, service: &str) -> Option<Self> {
        if text.len() > MOST_BYTES {
            return None;
        }
        let mut parts = text.splitn(7, ':');
        let scheme = (parts.next()?, parts.next()?, parts.next()?);
        let region = parts.next()?;
        let account = parts.next()?;
        let kind = parts.next()?;
        let name = parts.next()?;
        let is_region = |r: &str| r.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let sound = scheme.0 == "arn"
            && scheme.1.starts_with("aws")
            && scheme.2 == service
            && !region.is_empty()
            && is_region(region)
            && !account.is_empty()
            && account.chars().all(|c| c.is_ascii_digit())
            && !name.is_empty();
        sound.then_some(Self { region, account, kind, name })
    }

    /// The ARN that stands at `node`, which must be one of `service`.
    pub(crate) fn read(node: &Node<'a>, service: &str) -> Result<Self, StepError> {
        let text = node.text()?;
        let shown = text::plain(text, 80);
        let other = || node.wrong(&format!("is `{shown}`, not the ARN of something in {service}"));
        Self::of(text, service).ok_or_else(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_colons() {
        let arn = Arn::of("arn:aws:rds:us-east-1:123456789012:snapshot:rds:mysql-2018", "rds").unwrap();
        assert_eq!(
            (arn.region, arn.account, arn.kind, arn.name),
            ("us-east-1", "123456789012", "snapshot", "rds:mysql-2018")
        );
    }

    #[test]
    fn what_is_not_an_arn_of_the_service_is_refused() {
        for text in [
            "",
            "arn:aws:rds",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
            "arn:aws:rds:us-east-1:123456789012:cluster",
            "arn:aws:rds:us-east-1:123456789012:cluster:",
            "arn:aws:rds:us-east-1: 123456789012:cluster:a",
            "arn:aws:rds:Canada (Central):123456789012:cluster:a",
            "x:aws:rds:us-east-1:123456789012:cluster:a",
        ] {
            assert_eq!(Arn::of(text, "rds"), None, "{text}");
        }
    }
}
