//! How flags read whole numbers.

use std::ops::RangeInclusive;

/// Reads a whole number within a range; the error says the range, whatever was written instead.
pub(crate) fn whole_number<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("a whole number from {} to {} is needed", range.start(), range.end()))
    }
}
