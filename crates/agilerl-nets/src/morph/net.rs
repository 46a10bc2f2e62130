//! Transplants the weights of a network from one architecture to the next.

use rand::Rng;

use crate::morph::encoder::CnnMorph;
use crate::morph::head::Morph;
use crate::spec::mutation::{Growth, NetMutation};
use crate::spec::net::NetSpec;
use crate::weights::weights::Weights;

/// A planned change of a network: its new architecture, and how weights and moments reach it. The head changes as
/// [`Morph`] describes.
///
/// Convolutions grow as layers do. New channels listen at random and are not heard. A new convolution is the identity:
/// its kernel is 1 in the centre. A larger kernel is the old one with zeros around it. Shrinking keeps the most salient
/// channels and the centre of a kernel. A removed convolution is folded into the head's first matrix, which is exact
/// where its activation is the identity.
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
    /// Plans the mutation of a network with these weights; `None` if its limits do not allow it.
    ///
    /// # Panics
    /// If the weights have another layout than the spec's.
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

    /// Returns the architecture before.
    pub fn from(&self) -> &NetSpec {
        &self.from
    }

    /// Returns the architecture after.
    pub fn to(&self) -> &NetSpec {
        &self.to
    }

    /// Returns the treatment of weights and moments.
    pub fn growth(&self) -> Growth {
        self.growth
    }

    /// Returns the weights after. With [`Growth::Preserving`] only the incoming weights of new nodes and channels are
    /// random.
    pub fn weights(&self, old: &Weights, rng: &mut impl Rng) -> Weights {
        match &self.plan {
            Plan::Head(morph) => morph.weights(old, rng),
            Plan::Encoder(morph) => morph.weights(old, rng),
        }
    }

    /// Returns the moments of an optimiser after: the moments of surviving weights, and zero for all others. With
    /// [`Growth::Random`] all are zero.
    pub fn moments(&self, old: &Weights) -> Weights {
        match &self.plan {
            Plan::Head(morph) => morph.moments(old),
            Plan::Encoder(morph) => morph.moments(old),
        }
    }
}
