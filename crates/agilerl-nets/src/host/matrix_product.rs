//! Products of small matrices on one thread.

use pulp::{Arch, Simd, WithSimd};

use crate::host::vectors::vectors;

/// A matrix in a slice, read as it is stored or transposed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    is_transposed: bool,
}

impl<'a> Matrix<'a> {
    /// Returns a matrix `[rows, columns]`, stored row by row.
    ///
    /// # Panics
    /// If the number of values is not `rows * columns`.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(values.len(), rows * columns, "{} numbers are not a {rows} x {columns} matrix", values.len());
        Self { values, rows, columns, is_transposed: false }
    }

    /// Returns the same numbers, read as `[columns, rows]`.
    pub(crate) fn transposed(self) -> Self {
        Self { rows: self.columns, columns: self.rows, is_transposed: !self.is_transposed, ..self }
    }
}

/// Multiplies matrices, and keeps the memory for packing them.
///
/// The kernels are built on `pulp`'s portable vectors: the widest that the processor has are chosen at run time,
/// without unsafe code. They were measured against two libraries (Zen 5, one core; us for three forward products and
/// the backward ones of the network 8-[n, n]-4, batch 128):
///
/// | n   | `gemm`, AVX2 | `gemm`, AVX-512 | `matrixmultiply` | this |
/// |-----|--------------|-----------------|------------------|------|
/// | 32  | 20.7         | 15.3            | 22.0             | 11.2 |
/// | 64  | 60.0         | 36.2            | 52.7             | 34.6 |
/// | 256 | 760          | 429             | 505              | 419  |
///
/// Both libraries also allocate in every call that packs, and are called through `unsafe`. These kernels gain on small
/// layers by reading the left factor where it lies, and by panels as narrow as one vector where few columns are left.
///
/// The sum of an element runs over the inner dimension from first to last, independently of all other elements: a row
/// of a product does not depend on its neighbours. Every step is fused, also where the processor cannot fuse and the C
/// library emulates it slowly, so vectors of every width give the same bits.
#[derive(Clone, Debug)]
pub(crate) struct MatrixProduct {
    arch: Arch,
    /// Some columns of the right factor, row by row, padded with zeros to the vectors of one kernel.
    panel: Vec<f32>,
}

impl MatrixProduct {
    pub(crate) fn new() -> Self {
        Self { arch: vectors(), panel: Vec::new() }
    }

    /// Computes `into = left right`, row by row.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub(crate) fn write(&mut self, left: Matrix<'_>, right: Matrix<'_>, into: &mut [f32]) {
        assert_eq!(left.columns, right.rows, "the inner dimensions differ");
        assert_eq!(into.len(), left.rows * right.columns, "the product has another size");
        self.arch.dispatch(Product { left, right, into, panel: &mut self.panel });
    }
}

struct Product<'a> {
    left: Matrix<'a>,
    right: Matrix<'a>,
    into: &'a mut [f32],
    panel: &'a mut Vec<f32>,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // Eight sums at a time hide the latency of a fused multiply-add: 4 rows of 2 vectors, or 8 rows of 1.
        let lanes = S::F32_LANES;
        let mut column = 0;
        while column < self.right.columns {
            let is_wide = self.right.columns - column > lanes;
            match (is_wide, self.left.rows) {
                (true, 4..) => self.columns::<S, 4, 2>(simd, column),
                (true, _) => self.columns::<S, 1, 2>(simd, column),
                (false, 8..) => self.columns::<S, 8, 1>(simd, column),
                (false, _) => self.columns::<S, 1, 1>(simd, column),
            }
            column += if is_wide { 2 * lanes } else { lanes };
        }
    }
}

impl Product<'_> {
    /// Computes the columns of the product from `column` on that `VECTORS` vectors cover, `ROWS` rows at a time.
    #[inline(always)]
    fn columns<S: Simd, const ROWS: usize, const VECTORS: usize>(&mut self, simd: S, column: usize) {
        let (rows, inner, columns) = (self.left.rows, self.left.columns, self.right.columns);
        let width = (VECTORS * S::F32_LANES).min(columns - column);
        pack(self.panel, self.right, column, width, VECTORS * S::F32_LANES);
        let (vectors, _) = S::as_simd_f32s(&self.panel[..inner * VECTORS * S::F32_LANES]);
        let right = &vectors.as_chunks::<VECTORS>().0[..inner];
        let left = self.left.values;
        for row in (0..rows).step_by(ROWS) {
            // The last block reaches back over finished rows and computes them again.
            let row = row.min(rows - ROWS);
            let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
            if self.left.is_transposed {
                for (right, left) in right.iter().zip(left[row..].chunks(rows)) {
                    let left: &[f32; ROWS] = left.first_chunk().expect("a block lies within the rows");
                    add_outer(simd, &mut sums, left, right);
                }
            } else {
                let left: [&[f32]; ROWS] = std::array::from_fn(|i| &left[(row + i) * inner..][..inner]);
                for k in 0..inner {
                    add_outer(simd, &mut sums, &std::array::from_fn(|i| left[i][k]), &right[k]);
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                let into = &mut self.into[(row + i) * columns + column..][..width];
                for (into, &sum) in into.chunks_mut(S::F32_LANES).zip(sums) {
                    simd.partial_store_f32s(into, sum);
                }
            }
        }
    }
}

/// Computes `sums += left right`, a column times a row.
#[inline(always)]
fn add_outer<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    sums: &mut [[S::f32s; VECTORS]; ROWS],
    left: &[f32; ROWS],
    right: &[S::f32s; VECTORS],
) {
    for (sums, &left) in sums.iter_mut().zip(left) {
        let left = simd.splat_f32s(left);
        for (sum, &right) in sums.iter_mut().zip(right) {
            *sum = simd.mul_add_f32s(left, right, *sum);
        }
    }
}

/// Copies `width` columns of a matrix, from `column` on, into rows of `stride` numbers, padded with zeros.
#[inline(always)]
fn pack(panel: &mut Vec<f32>, matrix: Matrix<'_>, column: usize, width: usize, stride: usize) {
    let len = matrix.rows * stride;
    if panel.len() < len {
        panel.resize(len, 0.0);
    }
    let panel = &mut panel[..len];
    if !matrix.is_transposed {
        for (into, from) in panel.chunks_exact_mut(stride).zip(matrix.values[column..].chunks(matrix.columns)) {
            into[..width].copy_from_slice(&from[..width]);
            into[width..].fill(0.0);
        }
        return;
    }
    if width < stride {
        panel.fill(0.0);
    }
    /// Columns that are transposed together.
    const BLOCK: usize = 8;
    let stored = |column: usize| &matrix.values[column * matrix.rows..][..matrix.rows];
    let whole = width - width % BLOCK;
    for first in (0..whole).step_by(BLOCK) {
        let from: [&[f32]; BLOCK] = std::array::from_fn(|i| stored(column + first + i));
        for k in 0..matrix.rows {
            let into = &mut panel[k * stride + first..][..BLOCK];
            for (into, from) in into.iter_mut().zip(from) {
                *into = from[k];
            }
        }
    }
    for offset in whole..width {
        for (into, &from) in panel.chunks_exact_mut(stride).zip(stored(column + offset)) {
            into[offset] = from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::vectors::available;

    #[test]
    fn vectors_of_every_width_give_the_same_bits() {
        let number = |i: usize| ((i * 7_919 + 13) % 1_009) as f32 / 504.0 - 1.0;
        let (rows, inner, columns) = (13, 37, 45);
        let left: Vec<f32> = (0..rows * inner).map(number).collect();
        let right: Vec<f32> = (0..inner * columns).map(|i| number(i + 3)).collect();
        // Every sum fused and from first to last: the reference for all vectors.
        let sum = |row: usize, column: usize| {
            (0..inner).fold(0.0, |sum: f32, k| left[row * inner + k].mul_add(right[k * columns + column], sum))
        };
        let expected: Vec<f32> = (0..rows * columns).map(|i| sum(i / columns, i % columns)).collect();
        for (name, arch) in available() {
            let mut into = vec![f32::NAN; rows * columns];
            let mut product = MatrixProduct { arch, panel: Vec::new() };
            product.write(Matrix::new(&left, rows, inner), Matrix::new(&right, inner, columns), &mut into);
            assert_eq!(into, expected, "{name}");
        }
    }

    /// Against sums in `f64`, for shapes around every block and vector, each factor both ways.
    #[test]
    fn products_of_every_shape_are_the_sums_of_products() {
        let sizes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 70];
        let number = |i: usize| ((i * 37 + 11) % 101) as f32 / 50.0 - 1.0;
        let mut product = MatrixProduct::new();
        for rows in sizes {
            for inner in [1, 2, 5, 8, 33] {
                for columns in sizes {
                    let left: Vec<f32> = (0..rows * inner).map(number).collect();
                    let right: Vec<f32> = (0..inner * columns).map(|i| number(i + 7)).collect();
                    let lefts = [Matrix::new(&left, rows, inner), Matrix::new(&left, inner, rows).transposed()];
                    let rights =
                        [Matrix::new(&right, inner, columns), Matrix::new(&right, columns, inner).transposed()];
                    for (l, r) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                        let mut into = vec![f32::NAN; rows * columns];
                        product.write(lefts[l], rights[r], &mut into);
                        for (i, value) in into.iter().enumerate() {
                            let (row, column) = (i / columns, i % columns);
                            let left = |k: usize| left[[row * inner + k, k * rows + row][l]];
                            let right = |k: usize| right[[k * columns + column, column * inner + k][r]];
                            let sum: f64 = (0..inner).map(|k| f64::from(left(k)) * f64::from(right(k))).sum();
                            let shape = (rows, inner, columns);
                            assert!((f64::from(*value) - sum).abs() < 1e-5, "{shape:?} {l}{r}: {value} for {sum}");
                        }
                    }
                }
            }
        }
    }
}
