//! Transplants weights from one architecture to the next, whatever the network.

use rand::Rng;

use crate::cnn_morph::CnnMorph;
use crate::{Morph, NetMutation, NetSpec, Weights};

/// How one network becomes another: [`Morph`] for any network.
///
/// Convolutions grow as layers do. New channels listen at random and are not heard. A new convolution passes on what the
/// last one gave: its kernel is 1 in the centre. A larger kernel is the old one with zeros around it. What shrinks keeps
/// what matters most: the most salient channels, the centre of a kernel; and a convolution that goes is folded into the
/// head's first matrix, which is exact where its activation was not at work.
#[derive(Clone, Debug, PartialEq)]
pub struct NetMorph {
    from: NetSpec,
    to: NetSpec,
    plan: Plan,
}

#[derive(Clone, Debug, PartialEq)]
enum Plan {
    Mlp(Morph),
    Cnn(Box<CnnMorph>),
}

impl NetMorph {
    /// How `from` with these weights becomes what the mutation makes of it; `None` if its limits do not allow it.
    ///
    /// # Panics
    /// If the weights are not laid out as the spec says.
    pub fn plan(from: &NetSpec, mutation: &NetMutation, weights: &Weights) -> Option<Self> {
        assert_eq!(weights.layout(), &from.layout(), "these weights belong to another spec");
        let to = from.apply(mutation)?;
        let plan = match (from, &to, mutation) {
            (NetSpec::Mlp(from), _, NetMutation::Mlp(mutation)) => Plan::Mlp(Morph::plan(from, mutation, weights)?),
            (NetSpec::Cnn(from), NetSpec::Cnn(to), _) => {
                Plan::Cnn(Box::new(CnnMorph::plan(from, to, mutation, weights)?))
            }
            _ => unreachable!("a mutation keeps a network's kind, and no perceptron takes one of convolutions"),
        };
        Some(Self { from: from.clone(), to, plan })
    }

    /// The architecture before.
    pub fn from(&self) -> &NetSpec {
        &self.from
    }

    /// The architecture after.
    pub fn to(&self) -> &NetSpec {
        &self.to
    }

    /// The weights after. Only the incoming weights of new nodes and channels are random.
    pub fn weights(&self, old: &Weights, rng: &mut impl Rng) -> Weights {
        match &self.plan {
            Plan::Mlp(morph) => morph.weights(old, rng),
            Plan::Cnn(morph) => morph.weights(old, rng),
        }
    }

    /// The moments of an optimiser after: those of surviving weights, zero for all others.
    pub fn moments(&self, old: &Weights) -> Weights {
        match &self.plan {
            Plan::Mlp(morph) => morph.moments(old),
            Plan::Cnn(morph) => morph.moments(old),
        }
    }
}
