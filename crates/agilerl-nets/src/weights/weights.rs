//! The parameters of a network in one flat vector.

use std::ops::Range;

use crate::weights::layout::{Entry, Layout};

/// The weights of a network on the host, or other numbers of the same layout, such as the moments of an optimiser.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    layout: Layout,
    values: Vec<f32>,
}

impl Weights {
    /// Interprets a flat vector as the weights of this layout.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn new(layout: Layout, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), layout.len(), "the flat vector has another length than its layout");
        Self { layout, values }
    }

    /// Returns weights of zero.
    pub fn zeros(layout: Layout) -> Self {
        let values = vec![0.0; layout.len()];
        Self { layout, values }
    }

    /// Returns the names, shapes and places of the parameters.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Returns the weights of all parameters, one parameter after another.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Returns the flat vector.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// Iterates over the parameters and their weights.
    pub fn iter(&self) -> impl Iterator<Item = (&Entry, &[f32])> {
        self.layout.entries().iter().map(|entry| (entry, &self.values[entry.range()]))
    }

    /// Returns the weights of one parameter.
    pub fn get(&self, name: &str) -> Option<&[f32]> {
        self.range(name).map(|range| &self.values[range])
    }

    /// Returns the weights of one parameter for writing.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut [f32]> {
        self.range(name).map(|range| &mut self.values[range])
    }

    /// Returns whether every weight is finite.
    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|weight| weight.is_finite())
    }

    pub(crate) fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    fn range(&self, name: &str) -> Option<Range<usize>> {
        self.layout.entries().iter().find(|entry| entry.name == name).map(Entry::range)
    }
}
