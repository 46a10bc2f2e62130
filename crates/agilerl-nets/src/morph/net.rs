//! Transplants weights from one architecture to the next, whatever the network.

use rand::Rng;

use crate::morph::encoder::CnnMorph;
use crate::morph::head::Morph;
use crate::spec::mutation::{Growth, NetMutation};
use crate::spec::net::NetSpec;
use crate::weights::weights::Weights;

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
    growth: Growth,
    plan: Plan,
}

#[derive(Clone, Debug, PartialEq)]
enum Plan {
    Head(Box<Morph>),
    Encoder(Box<CnnMorph>),
}

impl NetMorph {
    /// How `from` with these weights becomes what the mutation makes of it; `None` if its limits do not allow it.
    ///
    /// # Panics
    /// If the weights are not laid out as the spec says.
    pub fn plan(from: &NetSpec, mutation: &NetMutation, weights: &Weights, growth: Growth) -> Option<Self> {
        assert_eq!(weights.layout(), &from.layout(), "these weights belong to another spec");
        let plan = match &from.encoder {
            None => {
                if mutation.is_of_encoder() {
                    return None;
                }
                Plan::Head(Box::new(Morph::plan_with(&from.head, mutation, weights, growth, None)?))
            }
            Some(_) => Plan::Encoder(Box::new(CnnMorph::plan(from, mutation, weights, growth)?)),
        };
        let to = match &plan {
            Plan::Head(morph) => NetSpec { head: morph.to().clone(), ..from.clone() },
            Plan::Encoder(morph) => morph.to().clone(),
        };
        Some(Self { from: from.clone(), to, growth, plan })
    }

    /// The architecture before.
    pub fn from(&self) -> &NetSpec {
        &self.from
    }

    /// The architecture after.
    pub fn to(&self) -> &NetSpec {
        &self.to
    }

    /// What becomes of weights and moments.
    pub fn growth(&self) -> Growth {
        self.growth
    }

    /// The weights after. Only the incoming weights of new nodes and channels are random.
    pub fn weights(&self, old: &Weights, rng: &mut impl Rng) -> Weights {
        match &self.plan {
            Plan::Head(morph) => morph.weights(old, rng),
            Plan::Encoder(morph) => morph.weights(old, rng),
        }
    }

    /// The moments of an optimiser after: those of surviving weights, zero for all others.
    pub fn moments(&self, old: &Weights) -> Weights {
        match &self.plan {
            Plan::Head(morph) => morph.moments(old),
            Plan::Encoder(morph) => morph.moments(old),
        }
    }
}
