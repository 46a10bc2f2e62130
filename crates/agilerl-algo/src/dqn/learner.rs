//! The update of deep Q-learning.

mod burn;
mod host;

use agilerl_buffer::Batch;
use agilerl_nets::{Device, HostNet, InputNumber, NetMorph, NetSpec, Weights};

pub(super) use self::burn::BurnLearner;
use self::host::HostLearner;
use super::{DqnConfig, Loss};
use crate::Learned;

/// Online network, target network and optimiser, on the device that was asked for. Which one it is cannot be seen from
/// outside: the tests hold the two to the same weights after a hundred updates.
#[derive(Clone, Debug)]
pub(super) enum Learner {
    /// On the processor, over slices.
    Host(Box<HostLearner>),
    /// On a device of burn, with its autodiff.
    Burn(Box<BurnLearner>),
}

impl Learner {
    pub(super) fn new(spec: &NetSpec, weights: &Weights, device: &Device) -> Self {
        match device {
            Device::Cpu => Self::Host(Box::new(HostLearner::new(spec, weights))),
            Device::Burn(device) => Self::Burn(Box::new(BurnLearner::new(weights, device))),
        }
    }

    /// One update: a step of Adam down the gradient of the loss, then a step of the target network towards the online one.
    pub(super) fn learn<O: InputNumber>(
        &mut self,
        config: &DqnConfig,
        spec: &NetSpec,
        batch: &Batch<O, u32>,
    ) -> Learned {
        assert!(!batch.is_empty(), "a batch without rows");
        match self {
            Self::Host(learner) => Learned::Host(learner.learn(config, spec, batch)),
            Self::Burn(learner) => Learned::Device(learner.learn(&[config], spec, &[Some(batch)]).flatten(0, 1)),
        }
    }

    /// What learns on a burn device.
    pub(super) fn on_device(&self) -> Option<&BurnLearner> {
        match self {
            Self::Host(_) => None,
            Self::Burn(learner) => Some(learner),
        }
    }

    /// Goes on from where a stack has brought it.
    pub(super) fn take_back(&mut self, learner: BurnLearner) {
        *self = Self::Burn(Box::new(learner));
    }

    pub(super) fn online(&self, spec: &NetSpec) -> Weights {
        match self {
            Self::Host(learner) => Weights::new(spec.layout(), learner.online().to_vec()),
            Self::Burn(learner) => Weights::new(spec.layout(), learner.online()),
        }
    }

    pub(super) fn target(&self, spec: &NetSpec) -> Weights {
        match self {
            Self::Host(learner) => Weights::new(spec.layout(), learner.target().to_vec()),
            Self::Burn(learner) => Weights::new(spec.layout(), learner.target()),
        }
    }

    pub(super) fn load_online_into(&self, policy: &mut HostNet) {
        match self {
            Self::Host(learner) => policy.load(learner.online()),
            Self::Burn(learner) => policy.load(&learner.online()),
        }
    }

    /// Puts new weights into the online network. Target network and the optimiser's moments stay.
    pub(super) fn set_online(&mut self, weights: &Weights) {
        match self {
            Self::Host(learner) => learner.set_online(weights),
            Self::Burn(learner) => learner.set_online(weights),
        }
    }

    pub(super) fn set_target(&mut self, weights: &Weights) {
        match self {
            Self::Host(learner) => learner.set_target(weights),
            Self::Burn(learner) => learner.set_target(weights),
        }
    }

    /// The optimiser's first and second moment, and its number of updates.
    pub(super) fn moments(&self, spec: &NetSpec) -> (Vec<f32>, Vec<f32>, u32) {
        match self {
            Self::Host(learner) => learner.moments(),
            Self::Burn(learner) => learner.moments(&spec.layout()),
        }
    }

    pub(super) fn set_moments(&mut self, first: &Weights, second: &Weights, updates: u32) {
        match self {
            Self::Host(learner) => learner.set_moments(first, second, updates),
            Self::Burn(learner) => learner.set_moments(first, second, updates),
        }
    }

    /// The device that it learns on.
    pub(super) fn device(&self) -> Device {
        match self {
            Self::Host(_) => Device::Cpu,
            Self::Burn(learner) => Device::Burn(learner.device()),
        }
    }

    /// Goes over to a mutated architecture with these weights; the optimiser's moments go with those that survive.
    pub(super) fn morph(&mut self, morph: &NetMorph, online: &Weights, target: &Weights) {
        match self {
            Self::Host(learner) => learner.morph(morph),
            Self::Burn(learner) => learner.morph(morph),
        }
        self.set_online(online);
        self.set_target(target);
    }
}

/// The factor on the successor's value of a row: `gamma^n` after n steps, zero after a termination, which cuts the
/// bootstrap. A truncation does not: the future exists, it was only not played.
fn discounts<O: Copy>(gamma: f64, batch: &Batch<O, u32>) -> impl Iterator<Item = f32> {
    let factor =
        move |(&ended, &steps): (&bool, &u32)| if ended { 0.0 } else { gamma.powi(steps.cast_signed()) as f32 };
    batch.terminated().iter().zip(batch.steps()).map(factor)
}

/// The value of an illegal action. Not minus infinity: after a termination nothing may be legal, and zero times infinity
/// is not a number.
const ILLEGAL: f32 = f32::MIN;

/// Added to the gradient's norm before the division by it, as PyTorch does.
const NORM_EPSILON: f32 = 1e-6;
