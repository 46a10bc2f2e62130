//! Weights on disk.

use agilerl_nets::{MlpSpec, Weights};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::forward::{specs, trained};

#[test]
fn saved_weights_come_back_to_the_bit() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        assert_eq!(Weights::from_safetensors(&spec.layout(), &weights.to_safetensors()).unwrap(), weights);
    }
}

#[track_caller]
fn check_refused(spec: &MlpSpec, bytes: &[u8], expected: &str) {
    let message = Weights::from_safetensors(&spec.layout(), bytes).unwrap_err().to_string();
    assert!(message.contains(expected), "{message:?} does not say {expected:?}");
}

#[test]
fn weights_of_another_network_are_refused_by_name() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let spec = MlpSpec::new(3, &[16], 2);
    let saved = spec.init(&mut rng).to_safetensors();
    check_refused(&MlpSpec::new(3, &[16, 16], 2), &saved, "hidden.1.weight is missing");
    check_refused(&MlpSpec::new(4, &[16], 2), &saved, "hidden.0.weight is F32 [16, 3], the spec says F32 [16, 4]");
    let deeper = MlpSpec { layer_norm: true, ..spec.clone() };
    check_refused(&spec, &deeper.init(&mut rng).to_safetensors(), "hidden.0.norm.bias is not a parameter");
}

#[test]
fn broken_files_are_refused() {
    let spec = MlpSpec::new(3, &[16], 2);
    let mut weights = spec.init(&mut ChaCha8Rng::seed_from_u64(3));
    let saved = weights.to_safetensors();
    check_refused(&spec, &saved[..saved.len() - 1], "cannot read the weights");
    check_refused(&spec, b"no tensors", "cannot read the weights");
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(weights.is_finite());
        let whole = std::mem::replace(&mut weights.get_mut("output.bias").unwrap()[1], broken);
        assert!(!weights.is_finite());
        check_refused(&spec, &weights.to_safetensors(), "output.bias holds a weight that is not a finite number");
        weights.get_mut("output.bias").unwrap()[1] = whole;
    }
}

/// Whoever prints an error with its causes reads each of them once.
#[test]
fn a_file_that_is_none_says_why_once() {
    let spec = MlpSpec::new(3, &[16], 2);
    let error = Weights::from_safetensors(&spec.layout(), b"no tensors").unwrap_err();
    let cause = std::error::Error::source(&error).expect("the file's error").to_string();
    assert!(!error.to_string().contains(&cause), "{error}: {cause}");
}
