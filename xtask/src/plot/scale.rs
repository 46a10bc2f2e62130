//! Maps numbers to pixels, and chooses the round numbers of an axis.

/// One axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    /// Pixels of `low` and `high`.
    pixels: (f64, f64),
    log: bool,
}

impl Scale {
    /// Equal steps, a little wider than the values.
    pub(crate) fn linear(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        let margin = if high > low { 0.06 * (high - low) } else { (0.25 * high.abs()).max(1.0) };
        Self { low: low - margin, high: high + margin, pixels, log: false }
    }

    /// Equal factors, a little wider than the values; values that are not positive are left out.
    pub(crate) fn log(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let (low, high) = range(values.filter(|value| *value > 0.0)).unwrap_or((1.0, 10.0));
        let margin = (high / low).powf(0.1).max(1.1);
        Self { low: low / margin, high: high * margin, pixels, log: true }
    }

    /// From zero to a little more than the largest value.
    pub(crate) fn from_zero(values: impl Iterator<Item = f64>, pixels: (f64, f64)) -> Self {
        let high = range(values).map_or(1.0, |(_, high)| high);
        Self { low: 0.0, high: if high > 0.0 { 1.03 * high } else { 1.0 }, pixels, log: false }
    }

    /// The pixel of a value; a value beyond the axis is drawn at its end.
    pub(crate) fn pixel(&self, value: f64) -> f64 {
        let value = value.clamp(self.low, self.high);
        let share = if self.log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Round numbers on the axis, about as many as asked for.
    pub(crate) fn ticks(&self, about: usize) -> Vec<f64> {
        if self.log { self.log_ticks(about) } else { self.linear_ticks(about) }
    }

    /// Of the steps 1, 2 and 5 times a power of ten the one that fits; the next finer one where that gives a single tick.
    fn linear_ticks(&self, about: usize) -> Vec<f64> {
        let rough = 0.8 * (self.high - self.low) / about as f64;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let at_least =
            |rough: f64| [1.0, 2.0, 5.0].map(|digit| digit * magnitude).into_iter().find(|step| *step >= rough);
        let multiples = |step: f64| -> Vec<f64> {
            let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
            (first..=last).map(|count| tidy(count as f64 * step)).collect()
        };
        let step = at_least(rough).unwrap_or(10.0 * magnitude);
        let ticks = multiples(step);
        if ticks.len() >= 2 { ticks } else { multiples(step / 2.0) }
    }

    /// The coarsest of some series of digits that gives at least two numbers, thinned out if there are too many; the
    /// middle where there is no round number.
    fn log_ticks(&self, about: usize) -> Vec<f64> {
        const SERIES: [&[f64]; 4] = [&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]];
        let decades = self.low.log10().floor() as i32..=self.high.log10().floor() as i32;
        let numbers = |digits: &[f64]| -> Vec<f64> {
            let all =
                decades.clone().flat_map(|decade| digits.iter().map(move |digit| tidy(digit * 10_f64.powi(decade))));
            all.filter(|number| (self.low..=self.high).contains(number)).collect()
        };
        let enough = SERIES.iter().map(|digits| numbers(digits)).find(|numbers| numbers.len() >= 2);
        let ticks = enough.unwrap_or_else(|| numbers(SERIES[3]));
        if ticks.is_empty() {
            return vec![tidy((self.low * self.high).sqrt())];
        }
        let every = ticks.len().div_ceil(about.max(1)).max(1);
        ticks.into_iter().step_by(every).collect()
    }
}

/// Formats a number without the last digits, which only show that it is a binary fraction: 0.0003 instead of
/// 0.00030000000000000003.
pub(crate) fn tidy(value: f64) -> f64 {
    format!("{value:.9e}").parse().expect("it was written as a number")
}

/// Least and greatest of the finite values.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_lies_in_proportion() {
        // 0 to 103: a margin of 3 % beyond the largest value, 100.
        let scale = Scale::from_zero([40.0, 100.0].into_iter(), (10.0, 113.0));
        assert_eq!([0.0, 50.0, 100.0].map(|value| scale.pixel(value).round()), [10.0, 60.0, 110.0]);
    }

    #[test]
    fn a_value_beyond_the_axis_is_drawn_at_its_end() {
        let scale = Scale::from_zero([100.0].into_iter(), (0.0, 50.0));
        assert_eq!([scale.pixel(-7.0), scale.pixel(1e9)], [0.0, 50.0]);
    }

    #[test]
    fn equal_factors_are_equally_far_apart_on_a_log_scale() {
        let scale = Scale::log([1e-4, 1e-2].into_iter(), (0.0, 100.0));
        let [a, b, c] = [1e-4, 1e-3, 1e-2].map(|value| scale.pixel(value));
        assert!(((b - a) - (c - b)).abs() < 1e-9, "{a} {b} {c}");
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale::linear([-250.0, 220.0].into_iter(), (0.0, 1.0));
        assert_eq!(scale.ticks(5), [-200.0, -100.0, 0.0, 100.0, 200.0]);
        let scale = Scale::log([1e-4, 1e-2].into_iter(), (0.0, 1.0));
        assert_eq!(scale.ticks(4), [1e-4, 1e-3, 1e-2]);
        // 0.00063 to 0.0019: one power of ten alone would not say how the scale runs.
        let scale = Scale::log([6.9e-4, 1.73e-3].into_iter(), (0.0, 1.0));
        assert_eq!(scale.ticks(4), [0.0007, 0.001, 0.0015]);
    }

    #[test]
    fn values_that_are_all_the_same_have_a_scale() {
        for scale in [Scale::linear([128.0; 3].into_iter(), (0.0, 1.0)), Scale::log([128.0; 3].into_iter(), (0.0, 1.0))]
        {
            assert!((scale.pixel(128.0) - 0.5).abs() < 1e-9, "{scale:?}");
            assert!(!scale.ticks(3).is_empty(), "{scale:?}");
        }
    }

    #[test]
    fn numbers_that_are_not_finite_do_not_widen_it() {
        let values = [f64::NAN, 1.0, f64::INFINITY, 2.0];
        assert_eq!(Scale::linear(values.into_iter(), (0.0, 1.0)), Scale::linear([1.0, 2.0].into_iter(), (0.0, 1.0)));
    }
}
