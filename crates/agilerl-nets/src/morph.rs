//! Transplants weights from one architecture to the next.

use rand::Rng;

use crate::mlp_spec::fill_uniform;
use crate::{ArchMutation, MlpSpec, Weights};

/// How one perceptron becomes another: where each node of the new network comes from.
///
/// Growing keeps the function where the activation allows it: new nodes listen at random but are not heard, since
/// their outgoing weights start at zero; a new layer starts as the identity, which ReLU (and no activation) passes
/// unchanged. Nodes that go are the least salient. A layer that goes is folded into the next by multiplying the two
/// matrices, which is exact where its activation was not at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Morph {
    from: MlpSpec,
    to: MlpSpec,
    /// For each number that comes in, the old one; `None` for a new one.
    inputs: Vec<Option<usize>>,
    /// One for each hidden layer of `to`.
    layers: Vec<Origin>,
}

/// Where a hidden layer of the new network comes from.
#[derive(Clone, Debug, PartialEq)]
struct Origin {
    /// The old hidden layer; `None` for a layer inserted as the identity.
    layer: Option<usize>,
    /// For each node, the old node (of the old layer, or of the one that an inserted layer copies); `None` for a new one.
    nodes: Vec<Option<usize>>,
}

impl Morph {
    /// How `from` with these weights becomes what the mutation makes of it; `None` if its limits do not allow it.
    ///
    /// # Panics
    /// If the weights are not laid out as the spec says.
    pub fn plan(from: &MlpSpec, mutation: &ArchMutation, weights: &Weights) -> Option<Self> {
        assert_eq!(weights.layout(), &from.layout(), "these weights belong to another spec");
        let to = from.apply(mutation)?;
        let keep =
            |(layer, &nodes): (usize, &usize)| Origin { layer: Some(layer), nodes: (0..nodes).map(Some).collect() };
        let mut layers: Vec<Origin> = from.hidden.iter().enumerate().map(keep).collect();
        match *mutation {
            ArchMutation::AddLayer => {
                let nodes = layers.last()?.nodes.clone();
                layers.push(Origin { layer: None, nodes });
            }
            ArchMutation::RemoveLayer => {
                layers.pop();
            }
            ArchMutation::AddNodes { layer, count } => layers[layer].nodes.extend(std::iter::repeat_n(None, count)),
            ArchMutation::RemoveNodes { layer, count } => {
                let survivors = most_salient(from, weights, layer, from.hidden[layer] - count);
                layers[layer].nodes = survivors.into_iter().map(Some).collect();
            }
        }
        Some(Self { from: from.clone(), to, inputs: (0..from.inputs).map(Some).collect(), layers })
    }

    /// How `from` comes to take other rows: for each number of a new row, the place where it was, or `None` for a new one,
    /// which is not heard at first. For a perceptron behind a network whose output changes.
    ///
    /// # Panics
    /// If a place is not among the old inputs.
    pub fn rewire(from: &MlpSpec, inputs: Vec<Option<usize>>) -> Self {
        let is_old = |place: &usize| *place < from.inputs;
        assert!(inputs.iter().flatten().all(is_old), "a place beyond the {} inputs of {from}", from.inputs);
        let to = MlpSpec { inputs: inputs.len(), ..from.clone() };
        let keep =
            |(layer, &nodes): (usize, &usize)| Origin { layer: Some(layer), nodes: (0..nodes).map(Some).collect() };
        Self { from: from.clone(), to, inputs, layers: from.hidden.iter().enumerate().map(keep).collect() }
    }

    /// The architecture before.
    pub fn from(&self) -> &MlpSpec {
        &self.from
    }

    /// The architecture after.
    pub fn to(&self) -> &MlpSpec {
        &self.to
    }

    /// The weights after. Only the incoming weights of new nodes are random.
    pub fn weights(&self, old: &Weights, rng: &mut impl Rng) -> Weights {
        self.transplant(old, |new, layer, origin, inputs| {
            let Some(_) = origin.layer else {
                let width = origin.nodes.len();
                let identity = named(new, layer, "weight");
                for node in 0..width {
                    identity[node * width + node] = 1.0;
                }
                fill(new, layer, "norm.weight", 1.0);
                fill(new, layer, "slope", 0.25);
                return;
            };
            let bound = 1.0 / (inputs as f32).sqrt();
            for (node, _) in origin.nodes.iter().enumerate().filter(|(_, old)| old.is_none()) {
                fill_uniform(&mut named(new, layer, "weight")[node * inputs..(node + 1) * inputs], bound, rng);
                fill_uniform(&mut named(new, layer, "bias")[node..=node], bound, rng);
                if self.to.layer_norm {
                    named(new, layer, "norm.weight")[node] = 1.0;
                }
            }
        })
    }

    /// The moments of an optimiser after: those of surviving weights, zero for all others.
    pub fn moments(&self, old: &Weights) -> Weights {
        let mut new = self.transplant(old, |_, _, _, _| {});
        if self.folds_a_layer() {
            // The output matrix is a product now, and no moment of either factor is its own.
            new.get_mut("output.weight").expect("laid out").fill(0.0);
        }
        new
    }

    /// Copies what survives; `grow` then fills in what a hidden layer has that is new: it is given the new weights, the
    /// layer, its origin and its number of inputs.
    fn transplant(&self, old: &Weights, mut grow: impl FnMut(&mut Weights, usize, &Origin, usize)) -> Weights {
        assert_eq!(old.layout(), &self.from.layout(), "these weights belong to another spec");
        let mut new = Weights::zeros(self.to.layout());
        let everything = |count: usize| (0..count).map(Some).collect::<Vec<_>>();
        let mut columns = self.inputs.clone();
        for (layer, origin) in self.layers.iter().enumerate() {
            if let Some(source) = origin.layer {
                for part in ["weight", "bias", "norm.weight", "norm.bias"] {
                    let Some(from) = old.get(&format!("hidden.{source}.{part}")) else { continue };
                    let (width, columns) = match part {
                        "weight" => (self.from.inputs_of(source), columns.as_slice()),
                        _ => (1, [Some(0)].as_slice()),
                    };
                    copy_block(from, width, named(&mut new, layer, part), &origin.nodes, columns);
                }
                if let Some(slope) = old.get(&format!("hidden.{source}.slope")) {
                    named(&mut new, layer, "slope").copy_from_slice(slope);
                }
            }
            grow(&mut new, layer, origin, columns.len());
            columns.clone_from(&origin.nodes);
        }
        let rows = everything(self.from.outputs);
        let (output, bias) = if self.folds_a_layer() {
            fold(&self.from, old)
        } else {
            let part = |name: &str| old.get(name).expect("laid out").to_vec();
            (part("output.weight"), part("output.bias"))
        };
        let width = output.len() / self.from.outputs;
        copy_block(&output, width, new.get_mut("output.weight").expect("laid out"), &rows, &columns);
        new.get_mut("output.bias").expect("laid out").copy_from_slice(&bias);
        new
    }

    fn folds_a_layer(&self) -> bool {
        self.to.hidden.len() < self.from.hidden.len()
    }
}

/// A parameter of a hidden layer that the layout is known to have.
fn named<'a>(weights: &'a mut Weights, layer: usize, part: &str) -> &'a mut [f32] {
    weights.get_mut(&format!("hidden.{layer}.{part}")).expect("laid out")
}

/// Fills a parameter of a hidden layer, if the spec has it.
fn fill(weights: &mut Weights, layer: usize, part: &str, value: f32) {
    if let Some(values) = weights.get_mut(&format!("hidden.{layer}.{part}")) {
        values.fill(value);
    }
}

/// Copies the block of a row-major matrix, `from_width` columns wide, that both networks have; the rest of `into` stays.
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

/// Output weights and bias of a network without its last hidden layer: `O (W x + b) + c = (O W) x + (O b + c)`, the
/// layer's activation (and norm) left out.
fn fold(spec: &MlpSpec, old: &Weights) -> (Vec<f32>, Vec<f32>) {
    let last = spec.hidden.len() - 1;
    let (nodes, inputs) = (spec.hidden[last], spec.inputs_of(last));
    let part = |name: &str| old.get(name).expect("laid out");
    let (inner, shift) = (part(&format!("hidden.{last}.weight")), part(&format!("hidden.{last}.bias")));
    let (outer, mut bias) = (part("output.weight"), part("output.bias").to_vec());
    let mut product = vec![0.0; spec.outputs * inputs];
    for (output, outer) in outer.chunks_exact(nodes).enumerate() {
        for ((&factor, inner), &shift) in outer.iter().zip(inner.chunks_exact(inputs)).zip(shift) {
            bias[output] += factor * shift;
            for (sum, &weight) in product[output * inputs..].iter_mut().zip(inner) {
                *sum += factor * weight;
            }
        }
    }
    (product, bias)
}

/// The `keep` nodes of a hidden layer that matter most, in their order: by the norm of what comes in times the norm of
/// what goes out. Of equals, the first stay.
fn most_salient(spec: &MlpSpec, weights: &Weights, layer: usize, keep: usize) -> Vec<usize> {
    let (nodes, inputs) = (spec.hidden[layer], spec.inputs_of(layer));
    let next =
        if layer + 1 < spec.hidden.len() { format!("hidden.{}.weight", layer + 1) } else { "output.weight".into() };
    let part = |name: &str| weights.get(name).expect("laid out");
    let (incoming, bias) = (part(&format!("hidden.{layer}.weight")), part(&format!("hidden.{layer}.bias")));
    let outgoing = part(&next);
    let saliency = |node: usize| {
        let row = &incoming[node * inputs..(node + 1) * inputs];
        let heard: f32 = row.iter().chain([&bias[node]]).map(|w| w * w).sum();
        let spoken: f32 = outgoing.iter().skip(node).step_by(nodes).map(|w| w * w).sum();
        heard * spoken
    };
    let mut order: Vec<usize> = (0..nodes).collect();
    order.sort_by(|&a, &b| saliency(b).total_cmp(&saliency(a)));
    order.truncate(keep);
    order.sort_unstable();
    order
}
