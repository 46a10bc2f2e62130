//! How flags read whole numbers.

use std::ops::RangeInclusive;

/// Reads a whole number within a range; the error says the range, whatever was written instead.
pub(crate) fn whole_number(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("a whole number from {} to {} is needed", range.start(), range.end())),
    }
}
