//! Parts of the temporal-difference target that both updates share.

use agilerl_buffer::Batch;

/// The factor on the successor's value of a row: `gamma^n` after n steps, zero after a termination, which cuts the
/// bootstrap. A truncation does not: the future exists, it was only not played.
pub(crate) fn discounts<O: Copy>(gamma: f64, batch: &Batch<O, u32>) -> impl Iterator<Item = f32> {
    let factor =
        move |(&ended, &steps): (&bool, &u32)| if ended { 0.0 } else { gamma.powi(steps.cast_signed()) as f32 };
    batch.terminated().iter().zip(batch.steps()).map(factor)
}

/// The value of an illegal action. Not minus infinity: after a termination nothing may be legal, and zero times infinity
/// is not a number.
pub(crate) const ILLEGAL: f32 = f32::MIN;
