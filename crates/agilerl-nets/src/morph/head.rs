//! Transplants the weights of a perceptron from one architecture to the next.

use rand::{Rng, RngExt};

use crate::morph::edit::Edit;
use crate::morph::statistics::{Line, Statistics, mean_row};
use crate::spec::block::{Block, Role};
use crate::spec::head::MlpSpec;
use crate::spec::mutation::{Growth, NetMutation};
use crate::weights::draws::fill_uniform;
use crate::weights::weights::Weights;

/// A planned change of a perceptron: for each node of the new network, the old node that it comes from.
///
/// Growing keeps the function, with every activation and with layer normalisation. New nodes listen at random but are
/// not heard: their outgoing weights start at zero. A new layer starts as the identity: as a plain layer if the
/// activation leaves the old output unchanged (ReLU and linear, without normalisation), otherwise as a residual layer
/// behind a gate of zero.
///
/// Under layer normalisation, new nodes listen to the mean of the old nodes' incoming weights, plus or minus two
/// thousandths, in pairs that keep the mean. They lower the variance by a known factor: the layer's rows grow by its
/// root, and the gains shrink by it. New nodes differ by their shift.
///
/// Shrinking removes the least salient nodes, and adds the mean of their outputs to the biases of the nodes that heard
/// them. A removed residual layer leaves its mean in the same way. A removed plain layer is folded into the next by
/// multiplying the two matrices, with a straight line in place of its activation, which is exact where the activation
/// is the identity. Means and lines are measured on the observations given to [`plan_with`](Self::plan_with), and on
/// Gaussian rows otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Morph {
    from: MlpSpec,
    to: MlpSpec,
    growth: Growth,
    /// For each input, the old input; `None` for a new one.
    inputs: Vec<Option<usize>>,
    /// For each node of each stage of `to`, the old node; `None` for a new one.
    stages: Vec<Vec<Option<usize>>>,
    /// Edits of the old weights before they are transplanted.
    edits: Vec<Edit>,
    /// For each node of a plain layer that is folded into the heads, the line in place of its activation.
    fold: Option<Vec<Line>>,
    /// For each block that becomes normalised, its name and its gains and shifts.
    norms: Vec<(String, Vec<Line>)>,
}

impl Morph {
    /// Plans the mutation of a perceptron with these weights; `None` if its limits do not allow it.
    ///
    /// # Panics
    /// If the weights have another layout than the spec's.
    pub fn plan(from: &MlpSpec, mutation: &NetMutation, weights: &Weights) -> Option<Self> {
        Self::plan_with(from, mutation, weights, Growth::Preserving, None)
    }

    /// As [`plan`](Self::plan), with a choice of growth, and with observations, `[rows, inputs]`, on which removing
    /// nodes or layers changes the function least. A few hundred rows like those of training are enough.
    ///
    /// # Panics
    /// If the weights have another layout than the spec's, or the observations are not a whole number of rows.
    pub fn plan_with(
        from: &MlpSpec,
        mutation: &NetMutation,
        weights: &Weights,
        growth: Growth,
        rows: Option<&[f32]>,
    ) -> Option<Self> {
        assert_eq!(weights.layout(), &from.layout(), "these weights belong to another spec");
        let to = from.apply_as(mutation, growth)?;
        let inputs = (0..from.inputs).map(Some).collect();
        let mut morph = Self::in_place(from, to, inputs, growth);
        if growth == Growth::Preserving {
            match *mutation {
                // A new layer is the identity and compensates for nothing.
                NetMutation::AddLayer => {}
                NetMutation::AddNodes { layer, .. } => morph.spread_under_norm(layer),
                _ => morph.keep_what_goes(mutation, &Statistics::new(from, weights, rows)),
            }
        }
        Some(morph)
    }

    /// Plans a change of the input rows: for each number of a new row, its place in the old row, or `None` for a new
    /// number, which is not heard at first. For a perceptron behind an encoder whose features change.
    ///
    /// # Panics
    /// If a place is not among the old inputs.
    pub fn rewire(from: &MlpSpec, inputs: Vec<Option<usize>>) -> Self {
        let is_old = |place: &usize| *place < from.inputs;
        assert!(inputs.iter().flatten().all(is_old), "a place beyond the {} inputs of {from}", from.inputs);
        let to = MlpSpec { inputs: inputs.len(), ..from.clone() };
        Self::in_place(from, to, inputs, Growth::Preserving)
    }

    /// Returns the architecture before.
    pub fn from(&self) -> &MlpSpec {
        &self.from
    }

    /// Returns the architecture after.
    pub fn to(&self) -> &MlpSpec {
        &self.to
    }

    /// Returns the treatment of weights and moments.
    pub fn growth(&self) -> Growth {
        self.growth
    }

    /// Returns the weights after. With [`Growth::Preserving`] only the incoming weights of new nodes and layers are
    /// random.
    pub fn weights(&self, old: &Weights, rng: &mut impl Rng) -> Weights {
        let mut edited = old.clone();
        self.edits.iter().for_each(|edit| edit.apply(&mut edited));
        let mut new = match self.growth {
            Growth::Preserving => Weights::zeros(self.to.layout()),
            Growth::Random => self.to.init(rng),
        };
        self.transplant(&edited, &mut new);
        if self.growth == Growth::Preserving {
            self.fold_into_heads(&edited, &mut new);
            self.grow(&mut new, rng);
        }
        new
    }

    /// Returns the moments of an optimiser after: the moments of surviving weights, and zero for all others. With
    /// [`Growth::Random`] all are zero. The moments of a weight that was scaled are not: both moments scale with the
    /// gradient, and Adam's step scales with neither.
    pub fn moments(&self, old: &Weights) -> Weights {
        let mut new = Weights::zeros(self.to.layout());
        if self.growth == Growth::Preserving {
            self.transplant(old, &mut new);
        }
        new
    }

    /// Returns a plan in which every node that both networks have stays in its place.
    fn in_place(from: &MlpSpec, to: MlpSpec, inputs: Vec<Option<usize>>, growth: Growth) -> Self {
        let nodes = |(stage, &nodes): (usize, &usize)| {
            let old = from.hidden.get(stage).copied().unwrap_or(nodes);
            (0..nodes).map(|node| (node < old).then_some(node)).collect()
        };
        let stages = to.hidden.iter().enumerate().map(nodes).collect();
        let (edits, norms) = (Vec::new(), Vec::new());
        Self { from: from.clone(), to, growth, inputs, stages, edits, fold: None, norms }
    }

    /// New nodes near the mean lower the variance of a normalised layer; spreading the others by the same factor
    /// restores it.
    fn spread_under_norm(&mut self, stage: usize) {
        let factor = (self.to.hidden[stage] as f32 / self.from.hidden[stage] as f32).sqrt();
        let blocks = self.from.blocks().into_iter();
        let normalised = blocks.filter(|block| block.has_norm && block.role.stage() == Some(stage));
        self.edits.extend(normalised.map(|block| Edit::Spread { block: block.name, factor }));
    }

    /// Plans how the rest of the network compensates for removed parts.
    fn keep_what_goes(&mut self, mutation: &NetMutation, old: &Statistics<'_>) {
        match *mutation {
            NetMutation::AddLayer | NetMutation::AddNodes { .. } => {}
            NetMutation::RemoveLayer if self.to.hidden.len() < self.from.hidden.len() => {
                self.fold = Some(old.lines(&format!("hidden.{}", self.to.hidden.len())));
            }
            NetMutation::RemoveLayer => {
                let stage = self.to.hidden.len() - 1;
                let block = old.block(&format!("hidden.{stage}.residual.{}", self.to.residual_layers(stage)));
                let means = old.mean_share(block);
                for head in old.heads() {
                    self.edits.push(Edit::FoldMeans { block: head.name.clone(), means: means.clone() });
                }
            }
            NetMutation::RemoveNodes { layer, .. } => {
                let survivors = old.most_salient(layer, self.to.hidden[layer]);
                for block in old.stage(layer).filter(|block| block.has_norm) {
                    let lines = old.lines_between_norms(block, &survivors);
                    self.edits.push(Edit::Renormalise { block: block.name.clone(), lines });
                }
                for listener in old.listeners(layer) {
                    let mut means = old.mean_input(listener);
                    survivors.iter().for_each(|node| means[*node] = 0.0);
                    self.edits.push(Edit::FoldMeans { block: listener.name.clone(), means });
                }
                self.stages[layer] = survivors.into_iter().map(Some).collect();
            }
            NetMutation::ToggleLayerNorm => {
                for block in old.hidden() {
                    let lines = old.lines_across_norm(block);
                    if block.has_norm {
                        self.edits.push(Edit::AbsorbNorm { block: block.name.clone(), lines });
                    } else {
                        self.norms.push((block.name.clone(), lines));
                    }
                }
            }
            // Mutations of an encoder do not change the head.
            _ => {}
        }
    }

    /// Copies the surviving weights; the rest of `new` stays.
    fn transplant(&self, old: &Weights, new: &mut Weights) {
        assert_eq!(old.layout(), &self.from.layout(), "these weights belong to another spec");
        let new_blocks = self.to.blocks();
        for source in self.from.blocks() {
            let Some(block) = new_blocks.iter().find(|block| block.name == source.name) else { continue };
            let (rows, columns) = (self.rows(block), self.columns(block));
            for part in ["weight", "bias", "norm.weight", "norm.bias", "slope", "gate"] {
                let name = block.parameter(part);
                let (Some(from), Some(into)) = (old.get(&name), new.get_mut(&name)) else { continue };
                match part {
                    // The heads' matrices are products with the folded layer.
                    "weight" if self.fold.is_some() && block.role.stage().is_none() => {}
                    "weight" => copy_block(from, source.inputs, into, &rows, &columns),
                    "slope" | "gate" => into.copy_from_slice(from),
                    _ => copy_block(from, 1, into, &rows, &[Some(0)]),
                }
            }
        }
    }

    /// Returns, for each output of a block, the old output.
    fn rows(&self, block: &Block) -> Vec<Option<usize>> {
        match block.role.stage() {
            Some(stage) => self.stages[stage].clone(),
            None => (0..block.outputs).map(Some).collect(),
        }
    }

    /// Returns, for each input of a block, the old input.
    fn columns(&self, block: &Block) -> Vec<Option<usize>> {
        let stage = match block.role {
            Role::Plain { stage } => stage.checked_sub(1),
            Role::Residual { stage } => Some(stage),
            Role::Output | Role::Value => self.stages.len().checked_sub(1),
        };
        let mut columns = stage.map_or(&self.inputs, |stage| &self.stages[stage]).clone();
        if self.growth == Growth::Random {
            // With random growth a block may have had fewer inputs: only the overlap is copied.
            let old = self.from.blocks().into_iter().find(|old| old.name == block.name).map_or(0, |old| old.inputs);
            columns.iter_mut().for_each(|column| *column = column.filter(|column| *column < old));
        }
        columns
    }

    /// Multiplies a removed last hidden layer into the heads: `O (a (W x + b) + s) + c = (O a W) x + O (a b + s) + c`.
    fn fold_into_heads(&self, old: &Weights, new: &mut Weights) {
        let Some(lines) = &self.fold else { return };
        let layer = format!("hidden.{}", self.to.hidden.len());
        let part = |name: String| old.get(&name).expect("laid out");
        let (inner, shifts) = (part(format!("{layer}.weight")), part(format!("{layer}.bias")));
        let inputs = inner.len() / lines.len();
        let centre = if self.from.layer_norm { mean_row(inner, inputs) } else { vec![0.0; inputs] };
        let centre_shift = if self.from.layer_norm { mean_row(shifts, 1)[0] } else { 0.0 };
        for head in self.to.blocks().iter().filter(|block| block.role.stage().is_none()) {
            let outer = part(head.parameter("weight"));
            let mut bias = part(head.parameter("bias")).to_vec();
            let product = new.get_mut(&head.parameter("weight")).expect("laid out");
            for (output, outer) in outer.chunks_exact(lines.len()).enumerate() {
                let nodes = outer.iter().zip(lines).zip(inner.chunks_exact(inputs)).zip(shifts);
                for (((&factor, line), inner), &shift) in nodes {
                    bias[output] += factor * line.at(shift - centre_shift);
                    let weights = inner.iter().zip(&centre).map(|(weight, centre)| weight - centre);
                    for (sum, weight) in product[output * inputs..].iter_mut().zip(weights) {
                        *sum += factor * line.slope * weight;
                    }
                }
            }
            new.get_mut(&head.parameter("bias")).expect("laid out").copy_from_slice(&bias);
        }
    }

    /// Writes the weights of everything that is new.
    fn grow(&self, new: &mut Weights, rng: &mut impl Rng) {
        let old_blocks = self.from.blocks();
        for block in self.to.blocks() {
            if !old_blocks.iter().any(|old| old.name == block.name) {
                grow_layer(new, &block, rng);
            } else if block.role.stage().is_some() {
                let rows = self.rows(&block);
                let first_new = rows.iter().position(Option::is_none).unwrap_or(rows.len());
                match block.has_norm {
                    true => grow_nodes_under_norm(new, &block, first_new, rng),
                    false => grow_nodes(new, &block, first_new, rng),
                }
            }
        }
        for (block, lines) in &self.norms {
            let mut fill = |part: &str, of: fn(&Line) -> f32| {
                let values = new.get_mut(&format!("{block}.norm.{part}")).expect("laid out");
                values.iter_mut().zip(lines).for_each(|(value, line)| *value = of(line));
            };
            fill("weight", |line| line.slope);
            fill("bias", |line| line.shift);
        }
    }
}

/// Writes a layer that changes nothing: a residual layer behind a closed gate, or the identity.
fn grow_layer(new: &mut Weights, block: &Block, rng: &mut impl Rng) {
    block.fill_neutral(new);
    if block.is_residual() {
        let bound = 1.0 / (block.inputs as f32).sqrt();
        for part in ["weight", "bias"] {
            fill_uniform(new.get_mut(&block.parameter(part)).expect("laid out"), bound, rng);
        }
    } else {
        let identity = new.get_mut(&block.parameter("weight")).expect("laid out");
        identity.iter_mut().step_by(block.inputs + 1).for_each(|weight| *weight = 1.0);
    }
}

/// Draws the incoming weights of the nodes from `first_new` on, as in a new network.
fn grow_nodes(new: &mut Weights, block: &Block, first_new: usize, rng: &mut impl Rng) {
    let inputs = block.inputs;
    let bound = 1.0 / (inputs as f32).sqrt();
    for node in first_new..block.outputs {
        let weight = new.get_mut(&block.parameter("weight")).expect("laid out");
        fill_uniform(&mut weight[node * inputs..(node + 1) * inputs], bound, rng);
        fill_uniform(&mut new.get_mut(&block.parameter("bias")).expect("laid out")[node..=node], bound, rng);
    }
}

/// Distance between the incoming weights of new nodes under layer normalisation and the mean, relative to the other
/// nodes'. Its square is the relative error of the variance.
const ASIDE: f32 = 0.002;

/// Lets the nodes from `first_new` on listen to the mean of the other nodes' incoming weights, in pairs a little to
/// both sides of it. Each has a shift of its own, above zero, where every activation has a gradient.
fn grow_nodes_under_norm(new: &mut Weights, block: &Block, first_new: usize, rng: &mut impl Rng) {
    if first_new == block.outputs {
        return;
    }
    for (part, width) in [("weight", block.inputs), ("bias", 1)] {
        let values = new.get_mut(&block.parameter(part)).expect("laid out");
        let (old, grown) = values.split_at_mut(first_new * width);
        let mean = mean_row(old, width);
        let apart = old.chunks_exact(width).flat_map(|row| row.iter().zip(&mean)).map(|(w, mean)| (w - mean).powi(2));
        let aside = ASIDE * (apart.sum::<f32>() / old.len() as f32).sqrt();
        for pair in grown.chunks_mut(2 * width) {
            let (left, right) = pair.split_at_mut(width);
            left.copy_from_slice(&mean);
            // Without a partner on the other side, a row stays at the mean.
            for (i, right) in right.iter_mut().enumerate() {
                let step = aside * (2.0 * rng.random::<f32>() - 1.0);
                left[i] += step;
                *right = mean[i] - step;
            }
        }
    }
    new.get_mut(&block.parameter("norm.weight")).expect("laid out")[first_new..].fill(1.0);
    let shifts = &mut new.get_mut(&block.parameter("norm.bias")).expect("laid out")[first_new..];
    shifts.iter_mut().for_each(|shift| *shift = rng.random());
}

/// Copies the block of a row-major matrix, `from_width` columns wide, that both networks have; the rest of `into`
/// stays.
fn copy_block(from: &[f32], from_width: usize, into: &mut [f32], rows: &[Option<usize>], columns: &[Option<usize>]) {
    for (into, source) in into.chunks_exact_mut(columns.len()).zip(rows) {
        let Some(source) = source else { continue };
        let from = &from[source * from_width..(source + 1) * from_width];
        for (into, origin) in into.iter_mut().zip(columns) {
            if let Some(origin) = origin {
                *into = from[*origin];
            }
        }
    }
}
