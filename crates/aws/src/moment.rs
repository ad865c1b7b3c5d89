//! The SDK's moments as ours.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// The SDK's moment as ours; none when it lies outside the years that jiff knows.
pub(crate) fn from_sdk(moment: &DateTime) -> Option<Timestamp> {
    Timestamp::new(moment.secs(), i32::try_from(moment.subsec_nanos()).ok()?).ok()
}

/// Our moment as the SDK's.
pub(crate) fn to_sdk(moment: Timestamp) -> DateTime {
    let nanos = u32::try_from(moment.subsec_nanosecond()).unwrap_or(0);
    DateTime::from_secs_and_nanos(moment.as_second(), nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_way_there_and_back() {
        let moment: Timestamp = "2026-05-10T14:00:00.123456789Z".parse().expect("a moment");
        assert_eq!(from_sdk(&to_sdk(moment)), Some(moment));
    }
}
