//! The SDK's moments as ours.

use aws_smithy_types::DateTime;
use jiff::{Timestamp, Unit};

/// The SDK's moment as ours, to the microsecond; none when it lies outside the years that jiff knows.
///
/// Several services tell times as a number of seconds with a fraction. As a float of 64 bits that is exact to a fifth of
/// a microsecond, and what began at .043 would have begun at .042999982, before what it followed.
pub(crate) fn from_sdk(moment: &DateTime) -> Option<Timestamp> {
    let exact = Timestamp::new(moment.secs(), i32::try_from(moment.subsec_nanos()).ok()?).ok()?;
    exact.round(Unit::Microsecond).ok()
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
        let moment: Timestamp = "2026-05-10T14:00:00.123456Z".parse().expect("a moment");
        assert_eq!(from_sdk(&to_sdk(moment)), Some(moment));
    }

    #[test]
    fn a_moment_that_came_as_a_float_is_the_one_that_was_told() {
        let told: Timestamp = "2026-11-24T13:58:31.043Z".parse().expect("a moment");
        assert_eq!(from_sdk(&DateTime::from_secs_f64(1_795_528_711.043)), Some(told));
    }
}
