//! Names, shapes and places of the parameters in a flat vector.

use std::ops::Range;

/// A named parameter of a network: a matrix `[out, in]`, a vector `[out]`, or the kernels of a convolution, `[out, in,
/// height, width]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name, unique within the network, such as `"hidden.0.weight"`.
    pub name: String,
    /// Shape, row-major, as in PyTorch.
    pub shape: Vec<usize>,
    /// Index of its first weight in the flat vector.
    pub offset: usize,
}

impl Entry {
    /// Returns its range in the flat vector.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>()
    }

    /// Returns the shape as a matrix: a vector `[n]` is the row `[1, n]`, and kernels have one row for each output
    /// channel.
    pub fn matrix_shape(&self) -> [usize; 2] {
        match self.shape[..] {
            [columns] => [1, columns],
            [rows, columns] => [rows, columns],
            [rows, channels, height, width] => [rows, channels * height * width],
            _ => unreachable!("parameters are vectors, matrices or kernels"),
        }
    }
}

/// Names, shapes and places of a network's parameters. The layout is a function of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    entries: Vec<Entry>,
    len: usize,
}

impl Layout {
    pub(crate) fn push(&mut self, name: String, shape: &[usize]) {
        self.entries.push(Entry { name, shape: shape.to_vec(), offset: self.len });
        self.len += shape.iter().product::<usize>();
    }

    /// Returns the parameters in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the number of weights.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the network has no weight.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}
