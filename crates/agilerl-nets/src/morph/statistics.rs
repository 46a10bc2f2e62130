//! The mean outputs of a network's nodes, as observations show them.

use crate::host::infer_head::{HostMlp, Trace};
use crate::morph::gaussian_rows::gaussian_rows;
use crate::spec::block::{Block, LAYER_NORM_EPSILON};
use crate::spec::head::MlpSpec;
use crate::weights::weights::Weights;

/// A network, and the inputs and outputs of its blocks for some observations.
pub(crate) struct Statistics<'a> {
    spec: &'a MlpSpec,
    weights: &'a Weights,
    blocks: Vec<Block>,
    /// One trace for each block.
    traces: Vec<Trace>,
}

/// `slope * x + shift`, the best approximation of one number, given another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) slope: f32,
    pub(crate) shift: f32,
}

impl Line {
    pub(crate) fn at(self, x: f32) -> f32 {
        self.slope * x + self.shift
    }

    /// Returns the line of least squares through points `(x, y)`; a level line if all `x` are equal.
    fn through(points: impl Iterator<Item = (f32, f32)> + Clone) -> Self {
        let count = points.clone().count() as f64;
        let mean = |of: fn((f32, f32)) -> f32| points.clone().map(|p| f64::from(of(p))).sum::<f64>() / count;
        let (mean_x, mean_y) = (mean(|p| p.0), mean(|p| p.1));
        let (mut xx, mut xy) = (0.0, 0.0);
        for (x, y) in points {
            let (x, y) = (f64::from(x) - mean_x, f64::from(y) - mean_y);
            (xx, xy) = (xx + x * x, xy + x * y);
        }
        let slope = if xx > 1e-12 * count { xy / xx } else { 0.0 };
        Self { slope: slope as f32, shift: (mean_y - slope * mean_x) as f32 }
    }
}

impl<'a> Statistics<'a> {
    pub(crate) fn new(spec: &'a MlpSpec, weights: &'a Weights, rows: Option<&[f32]>) -> Self {
        let mut net = HostMlp::new(spec, weights);
        let traces = match rows {
            Some(rows) if !rows.is_empty() => net.trace(rows),
            _ => net.trace(&gaussian_rows(spec.inputs)),
        };
        Self { spec, weights, blocks: spec.blocks(), traces }
    }

    /// Returns the block of this name.
    pub(crate) fn block(&self, name: &str) -> &Block {
        self.blocks.iter().find(|block| block.name == name).expect("a block of the old network")
    }

    /// Iterates over the hidden blocks.
    pub(crate) fn hidden(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.role.stage().is_some())
    }

    /// Iterates over the output and, if there is one, the value.
    pub(crate) fn heads(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.role.stage().is_none())
    }

    /// Iterates over the blocks whose nodes belong to a stage.
    pub(crate) fn stage(&self, stage: usize) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.role.stage() == Some(stage))
    }

    /// Iterates over the blocks that hear the nodes of a stage.
    pub(crate) fn listeners(&self, stage: usize) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.hears(stage, self.spec))
    }

    /// Returns the mean input of a block, `[inputs]`.
    pub(crate) fn mean_input(&self, listener: &Block) -> Vec<f32> {
        mean_row(&self.trace(listener).input, listener.inputs)
    }

    /// Returns the mean that a residual block adds to its input, `[outputs]`.
    pub(crate) fn mean_share(&self, block: &Block) -> Vec<f32> {
        let mut means = mean_row(&self.trace(block).output, block.outputs);
        means.iter_mut().for_each(|mean| *mean *= self.gate(block));
        means
    }

    /// Returns, for each node, the line from its sum (for a normalised layer, the sum minus the mean of all sums) to
    /// its output.
    pub(crate) fn lines(&self, name: &str) -> Vec<Line> {
        let block = self.block(name);
        if block.activation.is_idempotent() && !block.has_norm {
            // Exact: the activation passes the output of an inserted identity layer unchanged.
            return vec![Line { slope: 1.0, shift: 0.0 }; block.outputs];
        }
        let trace = self.trace(block);
        let sums = if block.has_norm { centred(&trace.sums, block.outputs) } else { trace.sums.clone() };
        lines_of(&sums, &trace.output, block.outputs)
    }

    /// Returns, for each node of a normalised block, the line from its normal value among the survivors to its normal
    /// value among all nodes.
    pub(crate) fn lines_between_norms(&self, block: &Block, survivors: &[usize]) -> Vec<Line> {
        let trace = self.trace(block);
        let some = trace.sums.chunks_exact(block.outputs).flat_map(|row| survivors.iter().map(|node| row[*node]));
        let among_all = normal(&trace.sums, block.outputs);
        let among_some = normal(&some.collect::<Vec<_>>(), survivors.len());
        let mut lines = vec![Line { slope: 1.0, shift: 0.0 }; block.outputs];
        for (place, &node) in survivors.iter().enumerate() {
            lines[node] =
                Line::through(column(&among_some, place, survivors.len()).zip(column(&among_all, node, block.outputs)));
        }
        lines
    }

    /// Returns, for each node of a normalised block, the line from its sum minus the mean of the sums to its normal
    /// value. For a block without normalisation, returns the line from the normal value that the node would have to its
    /// sum.
    pub(crate) fn lines_across_norm(&self, block: &Block) -> Vec<Line> {
        let sums = &self.trace(block).sums;
        let normal = normal(sums, block.outputs);
        match block.has_norm {
            true => lines_of(&centred(sums, block.outputs), &normal, block.outputs),
            false => lines_of(&normal, sums, block.outputs),
        }
    }

    /// Returns the `keep` most salient nodes of a stage, in their order. The saliency of a node is the variance of its
    /// output times the square of its outgoing weights. Of equals, the first stay.
    pub(crate) fn most_salient(&self, stage: usize, keep: usize) -> Vec<usize> {
        let nodes = self.stage(stage).next().expect("the plain layer").outputs;
        let saliency = |node: usize| {
            let heard: f32 = self.stage(stage).map(|block| self.gate(block).powi(2) * self.variance(block, node)).sum();
            let spoken: f32 =
                self.listeners(stage).map(|block| self.gate(block).powi(2) * self.heard(block, node)).sum();
            heard * spoken
        };
        let saliencies: Vec<f32> = (0..nodes).map(saliency).collect();
        let mut order: Vec<usize> = (0..nodes).collect();
        order.sort_by(|&a, &b| saliencies[b].total_cmp(&saliencies[a]));
        order.truncate(keep);
        order.sort_unstable();
        order
    }

    /// Returns the variance of a node's output.
    fn variance(&self, block: &Block, node: usize) -> f32 {
        let values = column(&self.trace(block).output, node, block.outputs);
        let count = values.clone().count() as f32;
        let mean = values.clone().sum::<f32>() / count;
        values.map(|x| (x - mean).powi(2)).sum::<f32>() / count
    }

    /// Returns the sum of squares of a node's outgoing weights in a block.
    fn heard(&self, listener: &Block, node: usize) -> f32 {
        self.part(listener, "weight").iter().skip(node).step_by(listener.inputs).map(|w| w * w).sum()
    }

    fn gate(&self, block: &Block) -> f32 {
        if block.is_residual() { self.part(block, "gate")[0] } else { 1.0 }
    }

    fn trace(&self, block: &Block) -> &Trace {
        let index = self.blocks.iter().position(|other| other.name == block.name);
        &self.traces[index.expect("a block of the old network")]
    }

    fn part(&self, block: &Block, part: &str) -> &'a [f32] {
        self.weights.get(&block.parameter(part)).expect("laid out")
    }
}

/// Iterates over one column.
fn column(rows: &[f32], index: usize, width: usize) -> impl Iterator<Item = f32> + Clone {
    rows.iter().skip(index).step_by(width).copied()
}

/// Returns, for each column, the line from `x` to `y`.
fn lines_of(x: &[f32], y: &[f32], width: usize) -> Vec<Line> {
    (0..width).map(|node| Line::through(column(x, node, width).zip(column(y, node, width)))).collect()
}

/// Returns the mean of the rows.
pub(crate) fn mean_row(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let count = (rows.len() / width) as f64;
    sum.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// Returns each row minus its mean.
fn centred(rows: &[f32], width: usize) -> Vec<f32> {
    let centre = |row: &[f32]| {
        let mean = row.iter().sum::<f32>() / width as f32;
        row.iter().map(|x| x - mean).collect::<Vec<_>>()
    };
    rows.chunks_exact(width).flat_map(centre).collect()
}

/// Returns each row as layer normalisation makes it, before gain and shift.
fn normal(rows: &[f32], width: usize) -> Vec<f32> {
    let normalise = |row: &[f32]| {
        let variance = row.iter().map(|x| x * x).sum::<f32>() / width as f32;
        let deviation = (variance + LAYER_NORM_EPSILON).sqrt();
        row.iter().map(|x| x / deviation).collect::<Vec<_>>()
    };
    centred(rows, width).chunks_exact(width).flat_map(normalise).collect()
}
