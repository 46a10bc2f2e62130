//! Dormant units: finding and resetting them.

use rand::Rng;

use crate::host::infer::HostNet;
use crate::host::infer_head::HostMlp;
use crate::spec::block::Block;
use crate::spec::net::NetSpec;
use crate::weights::draws::fill_uniform;
use crate::weights::weights::Weights;

/// The dormant units of a network: units whose mean absolute output, divided by the mean over their stage, is at most
/// tau (Sokar et al., 2023, definition 3.1).
///
/// A unit is a node of a hidden layer of the head, together with the nodes that residual layers add to it. Channels of
/// convolutions are not units.
///
/// ```
/// use agilerl_nets::{Dormant, MlpSpec, NetSpec};
/// use rand::SeedableRng;
///
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let spec = NetSpec::from(MlpSpec::new(2, &[16], 1));
/// let mut weights = spec.init(&mut rng);
/// weights.get_mut("hidden.0.bias").unwrap()[3] = -10.0; // ReLU never lets it speak again
/// let dormant = Dormant::find(&spec, &weights, &[0.5, -1.0, 0.2, 1.0], 0.0);
/// assert!(dormant.units().contains(&(0, 3)));
/// dormant.reset(&mut weights, &mut rng);
/// assert!(weights.get("hidden.0.bias").unwrap()[3] > -1.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Dormant {
    spec: NetSpec,
    units: Vec<(usize, usize)>,
}

impl Dormant {
    /// Finds the dormant units of this network, given observations `[rows, inputs + extra]`.
    ///
    /// # Panics
    /// If the weights have another layout than the spec's, or the observations are not a whole number of rows, or none.
    pub fn find(spec: &NetSpec, weights: &Weights, rows: &[f32], tau: f64) -> Self {
        assert!(!rows.is_empty(), "no observations to find dormant units with");
        let features = HostNet::new(spec, weights).head_rows(rows);
        let head = Weights::new(spec.head.layout(), weights.values()[spec.encoder_len()..].to_vec());
        let traces = HostMlp::new(&spec.head, &head).trace(&features);
        let net = spec;
        let spec = &net.head;
        let blocks = spec.blocks();
        let mut units = Vec::new();
        for stage in 0..spec.hidden.len() {
            // The output of a stage is the input of the first block behind it.
            let leaves = |block: &&Block| block.hears(stage, spec) && !block.is_residual();
            let listener = blocks.iter().position(|block| leaves(&block)).expect("the next stage or the output");
            let scores = mean_sizes(&traces[listener].input, spec.hidden[stage]);
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let is_dormant = |(_, score): &(usize, &f64)| **score <= tau * mean;
            units.extend(scores.iter().enumerate().filter(is_dormant).map(|(node, _)| (stage, node)));
        }
        Self { spec: net.clone(), units }
    }

    /// Returns the index of the hidden layer and of the node in it for each unit, in order.
    pub fn units(&self) -> &[(usize, usize)] {
        &self.units
    }

    /// Draws the incoming weights of the units as in a new network, and sets their outgoing weights to zero. Without
    /// layer normalisation the outputs of the network change only by the little that the units contributed.
    ///
    /// # Panics
    /// If the weights belong to another spec.
    pub fn reset(&self, weights: &mut Weights, rng: &mut impl Rng) {
        self.each_incoming(weights, |weights, inputs| fill_uniform(weights, 1.0 / (inputs as f32).sqrt(), rng));
        // A shift below zero would keep a unit silent whatever it listens to.
        self.fill_norms(weights, [1.0, 0.0]);
        // After the draws, because nodes of a residual layer hear each other.
        self.silence(weights);
    }

    /// Sets to zero the moments of all weights that [`reset`](Self::reset) changes.
    ///
    /// # Panics
    /// If the moments belong to another spec.
    pub fn reset_moments(&self, moments: &mut Weights) {
        self.each_incoming(moments, |moments, _| moments.fill(0.0));
        self.fill_norms(moments, [0.0; 2]);
        self.silence(moments);
    }

    /// Changes the incoming weights and the bias of each unit in each block of its stage, given the number of the
    /// block's inputs.
    fn each_incoming(&self, weights: &mut Weights, mut change: impl FnMut(&mut [f32], usize)) {
        assert_eq!(weights.layout(), &self.spec.layout(), "these weights belong to another spec");
        for block in self.spec.head.blocks() {
            for &(_, node) in self.units.iter().filter(|(stage, _)| block.role.stage() == Some(*stage)) {
                let matrix = weights.get_mut(&block.parameter("weight")).expect("laid out");
                change(&mut matrix[node * block.inputs..(node + 1) * block.inputs], block.inputs);
                let bias = weights.get_mut(&block.parameter("bias")).expect("laid out");
                change(&mut bias[node..=node], block.inputs);
            }
        }
    }

    /// Sets the gain and the shift of each unit's layer normalisation, in each block of its stage that has one.
    fn fill_norms(&self, weights: &mut Weights, [gain, shift]: [f32; 2]) {
        for block in self.spec.head.blocks().iter().filter(|block| block.has_norm) {
            for &(_, node) in self.units.iter().filter(|(stage, _)| block.role.stage() == Some(*stage)) {
                for (part, value) in [("norm.weight", gain), ("norm.bias", shift)] {
                    weights.get_mut(&block.parameter(part)).expect("laid out")[node] = value;
                }
            }
        }
    }

    fn silence(&self, weights: &mut Weights) {
        for block in self.spec.head.blocks() {
            for &(_, node) in self.units.iter().filter(|(stage, _)| block.hears(*stage, &self.spec.head)) {
                let matrix = weights.get_mut(&block.parameter("weight")).expect("laid out");
                matrix.iter_mut().skip(node).step_by(block.inputs).for_each(|weight| *weight = 0.0);
            }
        }
    }
}

/// Returns the mean absolute value of each column.
fn mean_sizes(rows: &[f32], width: usize) -> Vec<f64> {
    let count = (rows.len() / width) as f64;
    let size = |column: usize| rows.iter().skip(column).step_by(width).map(|x| f64::from(x.abs())).sum::<f64>() / count;
    (0..width).map(size).collect()
}
