//! What a network's nodes say on average: as observations show, or as the weights let guess.

use crate::block::{Block, Role};
use crate::host_mlp::{HostMlp, Trace};
use crate::mlp_spec::LAYER_NORM_EPSILON;
use crate::{MlpSpec, Weights};

/// A network, and what it does with some observations if there are any. Without, its inputs are taken to be independent
/// numbers of mean 0 and variance 1, and sums to be Gaussian.
pub(super) struct Statistics<'a> {
    weights: &'a Weights,
    blocks: Vec<Block>,
    /// One for each block.
    traces: Option<Vec<Trace>>,
    /// One for each block; those that are normalised have one.
    centres: Vec<Option<Centre>>,
    stages: usize,
}

/// What the nodes of a normalised block have in common.
struct Centre {
    weight: Vec<f32>,
    bias: f32,
    /// The variance of the sums around their mean, if the inputs have mean 0 and variance 1.
    spread: f32,
}

/// `slope * x + shift`: what stands for one number, given another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) slope: f32,
    pub(super) shift: f32,
}

impl Line {
    pub(super) fn at(self, x: f32) -> f32 {
        self.slope * x + self.shift
    }

    /// The line of least squares through points `(x, y)`; level where all `x` are the same.
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
    pub(super) fn new(spec: &MlpSpec, weights: &'a Weights, rows: Option<&[f32]>) -> Self {
        let traces = rows.filter(|rows| !rows.is_empty()).map(|rows| HostMlp::new(spec, weights).trace(rows));
        let mut new = Self { weights, blocks: spec.blocks(), traces, centres: Vec::new(), stages: spec.hidden.len() };
        let centre = |block: &Block| Centre {
            weight: mean_row(new.part(block, "weight"), block.inputs),
            bias: mean_row(new.part(block, "bias"), 1)[0],
            spread: new.spread(block, &all(block)),
        };
        new.centres = new.blocks.iter().map(|block| block.has_norm.then(|| centre(block))).collect();
        new
    }

    /// The block of this name.
    pub(super) fn block(&self, name: &str) -> &Block {
        self.blocks.iter().find(|block| block.name == name).expect("a block of the old network")
    }

    /// All hidden blocks.
    pub(super) fn hidden(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.role.stage().is_some())
    }

    /// Output, and value if there is one.
    pub(super) fn heads(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(|block| block.role.stage().is_none())
    }

    /// The blocks whose nodes are those of a stage.
    pub(super) fn stage(&self, stage: usize) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.role.stage() == Some(stage))
    }

    /// The blocks that hear the nodes of a stage.
    pub(super) fn listeners(&self, stage: usize) -> impl Iterator<Item = &Block> {
        let is_last = stage + 1 == self.stages;
        self.blocks.iter().filter(move |block| match block.role {
            Role::Plain { stage: other } => other == stage + 1,
            Role::Residual { stage: other } => other == stage,
            Role::Output | Role::Value => is_last,
        })
    }

    /// What comes into a block on average, `[inputs]`, behind a stage.
    pub(super) fn mean_input(&self, listener: &Block) -> Vec<f32> {
        if let Some(trace) = self.trace(listener) {
            return mean_row(&trace.input, listener.inputs);
        }
        let mut sum = vec![0.0; listener.inputs];
        // The last plain block before it begins the stage that it hears; the residual ones between add to that.
        let before = self.blocks.iter().take_while(|block| block.name != listener.name);
        for block in before.filter(|block| block.role.stage().is_some()) {
            if !block.is_residual() {
                sum = vec![0.0; block.outputs];
            }
            sum.iter_mut().zip(self.mean_share(block)).for_each(|(sum, share)| *sum += share);
        }
        sum
    }

    /// What a hidden block adds to the stream on average, `[outputs]`.
    pub(super) fn mean_share(&self, block: &Block) -> Vec<f32> {
        let gate = if block.is_residual() { self.part(block, "gate")[0] } else { 1.0 };
        let mut means = match self.trace(block) {
            Some(trace) => mean_row(&trace.output, block.outputs),
            None => (0..block.outputs).map(|node| self.guess(block, node).0).collect(),
        };
        means.iter_mut().for_each(|mean| *mean *= gate);
        means
    }

    /// For each node what stands for its output, given its sum (of a normalised layer: less the mean of the sums).
    pub(super) fn lines(&self, name: &str) -> Vec<Line> {
        let block = self.block(name);
        if block.activation.is_idempotent() && !block.has_norm {
            // As exact as it was inserted, if it was.
            return vec![Line { slope: 1.0, shift: 0.0 }; block.outputs];
        }
        let fit = |node: usize| match self.trace(block) {
            Some(trace) => {
                let sums = centred(&trace.sums, block, block.has_norm);
                let output = trace.output.iter().skip(node).step_by(block.outputs).copied();
                Line::through(
                    sums.into_iter().skip(node).step_by(block.outputs).zip(output).collect::<Vec<_>>().into_iter(),
                )
            }
            None => self.guess(block, node).1,
        };
        (0..block.outputs).map(fit).collect()
    }

    /// For each node of a normalised block what stands for its normal value among all, given that among the survivors.
    pub(super) fn lines_between_norms(&self, block: &Block, survivors: &[usize]) -> Vec<Line> {
        let level = Line { slope: 1.0, shift: 0.0 };
        let Some(trace) = self.trace(block) else {
            let slope = (self.spread(block, survivors) / self.spread(block, &all(block))).sqrt();
            return vec![Line { slope, ..level }; block.outputs];
        };
        let some = trace.sums.chunks_exact(block.outputs).flat_map(|row| survivors.iter().map(|node| row[*node]));
        let among_all = normal(&trace.sums, block.outputs);
        let among_some = normal(&some.collect::<Vec<_>>(), survivors.len());
        let mut lines = vec![level; block.outputs];
        for (place, &node) in survivors.iter().enumerate() {
            let x = among_some.iter().skip(place).step_by(survivors.len()).copied();
            let y = among_all.iter().skip(node).step_by(block.outputs).copied();
            lines[node] = Line::through(x.zip(y));
        }
        lines
    }

    /// For each node what stands for its normal value, given its sum less the mean of the sums; or, of a block that is not
    /// normalised, what stands for its sum, given the normal value that it would have.
    pub(super) fn lines_across_norm(&self, block: &Block) -> Vec<Line> {
        let Some(trace) = self.trace(block) else {
            let deviation = (self.spread(block, &all(block)) + LAYER_NORM_EPSILON).sqrt();
            let centre = mean_row(self.part(block, "bias"), 1)[0];
            return match block.has_norm {
                true => vec![Line { slope: 1.0 / deviation, shift: 0.0 }; block.outputs],
                false => vec![Line { slope: deviation, shift: centre }; block.outputs],
            };
        };
        let normal = normal(&trace.sums, block.outputs);
        let sums = centred(&trace.sums, block, block.has_norm);
        let (x, y) = if block.has_norm { (sums, normal) } else { (normal, sums) };
        let of = |numbers: &[f32], node: usize| numbers.iter().skip(node).step_by(block.outputs).copied().collect();
        let fit = |node: usize| {
            let (x, y): (Vec<f32>, Vec<f32>) = (of(&x, node), of(&y, node));
            Line::through(x.into_iter().zip(y))
        };
        (0..block.outputs).map(fit).collect()
    }

    /// The `keep` nodes of a stage that matter most, in their order: by how much they vary times how much they are
    /// heard. Of equals, the first stay.
    pub(super) fn most_salient(&self, stage: usize, keep: usize) -> Vec<usize> {
        let nodes = self.stage(stage).next().expect("the plain layer").outputs;
        let saliency = |node: usize| {
            let heard: f32 =
                self.stage(stage).map(|block| self.gate(block).powi(2) * self.variation(block, node)).sum();
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

    /// How much a node varies: its variance, or without observations the square of what comes in.
    fn variation(&self, block: &Block, node: usize) -> f32 {
        if let Some(trace) = self.trace(block) {
            let values = trace.output.iter().skip(node).step_by(block.outputs);
            let count = values.len() as f32;
            let mean = values.clone().sum::<f32>() / count;
            return values.map(|x| (x - mean).powi(2)).sum::<f32>() / count;
        }
        if block.has_norm {
            self.gain(block, node).powi(2) * self.distance(block, node)
        } else {
            self.incoming(block, node)
        }
    }

    /// The square of a node's outgoing weights in a block.
    fn heard(&self, listener: &Block, node: usize) -> f32 {
        self.part(listener, "weight").iter().skip(node).step_by(listener.inputs).map(|w| w * w).sum()
    }

    /// The square of a node's incoming weights.
    fn incoming(&self, block: &Block, node: usize) -> f32 {
        let row = &self.part(block, "weight")[node * block.inputs..(node + 1) * block.inputs];
        row.iter().chain([&self.part(block, "bias")[node]]).map(|w| w * w).sum()
    }

    /// Mean and best line of a node's output, if its inputs have mean 0 and variance 1, given its sum (or centred sum).
    ///
    /// With `x` Gaussian around `m`, the line of least squares of `f(x)` has the slope `E[f(x) (x - m)] / variance`.
    fn guess(&self, block: &Block, node: usize) -> (f32, Line) {
        let (mean, deviation, from_sum) = match block.has_norm {
            true => {
                let spread = (self.centre(block).spread + LAYER_NORM_EPSILON).sqrt();
                let gain = self.gain(block, node);
                (self.part(block, "norm.bias")[node], gain.abs().max(1e-6), gain / spread)
            }
            false => {
                let bias = self.part(block, "bias")[node];
                (bias, (self.incoming(block, node) - bias * bias).max(1e-12).sqrt(), 1.0)
            }
        };
        let slope_of_activation = if block.has_slope() { self.part(block, "slope")[0] } else { 0.0 };
        let (mut sum, mut along, mut total) = (0.0, 0.0, 0.0);
        for step in -32..=32 {
            let z = step as f32 / 8.0;
            let density = (-0.5 * z * z).exp();
            let mut value = [mean + deviation * z];
            block.activation.apply_in_place(&mut value, slope_of_activation);
            total += density;
            sum += density * value[0];
            along += density * value[0] * z;
        }
        let (expected, slope) = (sum / total, along / total / deviation);
        let middle = if block.has_norm { 0.0 } else { mean };
        let line = Line { slope: slope * from_sum, shift: expected - slope * from_sum * middle };
        (expected, line)
    }

    /// The variance of the sums of some nodes around their mean, if the inputs have mean 0 and variance 1.
    fn spread(&self, block: &Block, nodes: &[usize]) -> f32 {
        let apart = |part: &str, width: usize| {
            let values = self.part(block, part);
            let rows: Vec<f32> =
                nodes.iter().flat_map(|node| &values[node * width..(node + 1) * width]).copied().collect();
            let mean = mean_row(&rows, width);
            rows.chunks_exact(width)
                .flat_map(|row| row.iter().zip(&mean))
                .map(|(w, mean)| (w - mean).powi(2))
                .sum::<f32>()
        };
        (apart("weight", block.inputs) + apart("bias", 1)) / nodes.len() as f32
    }

    /// The square of how far a node's incoming weights are from the mean of the block's.
    fn distance(&self, block: &Block, node: usize) -> f32 {
        let centre = self.centre(block);
        let row = &self.part(block, "weight")[node * block.inputs..(node + 1) * block.inputs];
        let bias = self.part(block, "bias")[node] - centre.bias;
        row.iter().zip(&centre.weight).map(|(w, mean)| (w - mean).powi(2)).sum::<f32>() + bias * bias
    }

    fn centre(&self, block: &Block) -> &Centre {
        self.centres[self.index(block)].as_ref().expect("of a block that is normalised")
    }

    fn index(&self, block: &Block) -> usize {
        self.blocks.iter().position(|other| other.name == block.name).expect("a block of the old network")
    }

    fn gain(&self, block: &Block, node: usize) -> f32 {
        self.part(block, "norm.weight")[node]
    }

    fn gate(&self, block: &Block) -> f32 {
        if block.is_residual() { self.part(block, "gate")[0] } else { 1.0 }
    }

    fn trace(&self, block: &Block) -> Option<&Trace> {
        self.traces.as_ref().map(|traces| &traces[self.index(block)])
    }

    fn part(&self, block: &Block, part: &str) -> &'a [f32] {
        self.weights.get(&block.parameter(part)).expect("laid out")
    }
}

fn all(block: &Block) -> Vec<usize> {
    (0..block.outputs).collect()
}

/// The mean of rows.
pub(super) fn mean_row(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let count = (rows.len() / width) as f64;
    sum.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// Each row less its mean, if that is wanted.
fn centred(sums: &[f32], block: &Block, is_wanted: bool) -> Vec<f32> {
    let centre = |row: &[f32]| {
        let mean = if is_wanted { row.iter().sum::<f32>() / row.len() as f32 } else { 0.0 };
        row.iter().map(|x| x - mean).collect::<Vec<_>>()
    };
    sums.chunks_exact(block.outputs).flat_map(centre).collect()
}

/// Each row as layer normalisation makes it, before gain and shift.
fn normal(sums: &[f32], width: usize) -> Vec<f32> {
    let normalise = |row: &[f32]| {
        let mean = row.iter().sum::<f32>() / width as f32;
        let variance = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / width as f32;
        let deviation = (variance + LAYER_NORM_EPSILON).sqrt();
        row.iter().map(|x| (x - mean) / deviation).collect::<Vec<_>>()
    };
    sums.chunks_exact(width).flat_map(normalise).collect()
}
