//! All parameters of a network in one flat vector.

use std::ops::Range;

use crate::block::Block;

/// One named parameter of a network: a matrix `[out, in]`, a vector `[out]`, or the kernels of a convolution,
/// `[out, in, height, width]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name, unique within the network: `"hidden.0.weight"`.
    pub name: String,
    /// Shape, row-major, as PyTorch has it.
    pub shape: Vec<usize>,
    /// Where it begins in the flat vector.
    pub offset: usize,
}

impl Entry {
    /// Where it lies in the flat vector.
    pub fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>()
    }

    /// The shape as a matrix: a vector `[n]` is the row `[1, n]`, and kernels have a row for each channel that goes out.
    pub fn matrix_shape(&self) -> [usize; 2] {
        match self.shape[..] {
            [columns] => [1, columns],
            [rows, columns] => [rows, columns],
            [rows, channels, height, width] => [rows, channels * height * width],
            _ => unreachable!("parameters are vectors, matrices or kernels"),
        }
    }
}

/// Names, shapes and places of a network's parameters: a function of its spec.
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

    /// The parameters in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Number of weights in all.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The weights of a network on the host, or anything of the same shape: an optimiser's moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    layout: Layout,
    values: Vec<f32>,
}

impl Weights {
    /// Takes a flat vector as the weights of this layout.
    ///
    /// # Panics
    /// If their lengths differ.
    pub fn new(layout: Layout, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), layout.len(), "the flat vector has another length than its layout");
        Self { layout, values }
    }

    /// All zero.
    pub fn zeros(layout: Layout) -> Self {
        let values = vec![0.0; layout.len()];
        Self { layout, values }
    }

    /// Names, shapes and places.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// All weights, one parameter after another.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The flat vector itself.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// The parameters with their weights.
    pub fn iter(&self) -> impl Iterator<Item = (&Entry, &[f32])> {
        self.layout.entries.iter().map(|entry| (entry, &self.values[entry.range()]))
    }

    /// The weights of one parameter.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        self.range(name).map(|range| &self.values[range])
    }

    /// The weights of one parameter, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        self.range(name).map(|range| &mut self.values[range])
    }

    /// Whether every weight is a number.
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|weight| weight.is_finite())
    }

    /// Gives a block's normalisation and slope the values of a new layer.
    pub(crate) fn fill_neutral(&mut self, block: &Block) {
        for (part, value) in [("norm.weight", 1.0), ("norm.bias", 0.0), ("slope", 0.25)] {
            if let Some(values) = self.get_mut(&block.parameter(part)) {
                values.fill(value);
            }
        }
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    fn range(&self, name: &str) -> Option<Range<usize>> {
        self.layout.entries.iter().find(|entry| entry.name == name).map(Entry::range)
    }
}
