//! Seeded chance: the same seed draws the same estate, so a failing run can be repeated.

use std::fmt::Write as _;

/// A small generator (`SplitMix64`): not for secrets, only for delays, values and ids.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// Starts from a seed.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 (included) to 1 (excluded).
    pub(crate) fn fraction(&mut self) -> f64 {
        let high = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// A whole number from `least` to `most`, as a metric's value.
    pub(crate) fn whole(&mut self, least: u32, most: u32) -> f64 {
        (f64::from(least) + (f64::from(most) - f64::from(least)) * self.fraction()).round()
    }

    /// Hexadecimal digits: the id of a task or a resource.
    pub(crate) fn hexadecimal(&mut self, digits: usize) -> String {
        let mut id = String::new();
        while id.len() < digits {
            // Writing to a String cannot fail.
            let _ = write!(id, "{:016x}", self.next());
        }
        id.truncate(digits);
        id
    }

    /// Decimal digits, the first not zero: the id of a deployment.
    pub(crate) fn decimal(&mut self) -> String {
        format!("{:019}", 1_000_000_000_000_000_000 + self.next() % 8_000_000_000_000_000_000)
    }

    /// Capital letters and digits: the unique part of an RDS resource id.
    pub(crate) fn resource(&mut self) -> String {
        self.hexadecimal(26).to_uppercase()
    }
}
