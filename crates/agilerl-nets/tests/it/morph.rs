//! Changes of architecture.

use agilerl_nets::{Activation, AdamStep, Growth, HostAdam, HostPass, MlpLimits, MlpSpec, Morph, NetMutation, Weights};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::forward::{rows, specs, trained, values};

/// Largest difference of the values before and after, as a part of their root mean square.
fn relative_change(before: &[f32], after: &[f32]) -> f32 {
    let scale = (before.iter().map(|v| v * v).sum::<f32>() / before.len() as f32).sqrt();
    before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / scale
}

fn morphed(spec: &MlpSpec, weights: &Weights, mutation: NetMutation, rng: &mut ChaCha8Rng) -> (MlpSpec, Weights) {
    let morph = Morph::plan(spec, &mutation, weights).expect("within the limits");
    let new = morph.weights(weights, rng);
    (morph.to().clone(), new)
}

fn mutations() -> impl Strategy<Value = NetMutation> {
    prop_oneof![
        Just(NetMutation::AddLayer),
        Just(NetMutation::RemoveLayer),
        (0..3usize, 1..70usize).prop_map(|(layer, count)| NetMutation::AddNodes { layer, count }),
        (0..3usize, 1..40usize).prop_map(|(layer, count)| NetMutation::RemoveNodes { layer, count }),
        Just(NetMutation::ToggleLayerNorm),
    ]
}

/// Every option, within limits that leave room.
fn networks() -> impl Strategy<Value = MlpSpec> {
    let hidden = prop::collection::vec(16..64usize, 1..4);
    let residual = prop::collection::vec(0..3usize, 0..4);
    (0..Activation::ALL.len(), hidden, residual, any::<(bool, bool)>()).prop_map(
        |(which, hidden, mut residual, options)| {
            residual.truncate(hidden.len());
            let (layer_norm, dueling) = options;
            let activation = Activation::ALL[which];
            let limits = MlpLimits { max_layers: 12, layer_norm_gene: true, ..MlpLimits::default() };
            MlpSpec { residual, activation, layer_norm, dueling, limits, ..MlpSpec::new(6, &hidden, 4) }
        },
    )
}

/// Mean squared error over some rows, after a step of the optimiser for each but the last.
fn losses(spec: &MlpSpec, weights: &Weights, adam: &mut HostAdam, steps: usize) -> (Vec<f32>, Weights) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let rows = rows(32, spec, &mut rng);
    let (mut pass, mut flat) = (HostPass::new(spec), weights.values().to_vec());
    let (mut gradient, mut losses) = (flat.clone(), Vec::new());
    for _ in 0..=steps {
        let values = pass.forward(&flat, &rows);
        let wanted = rows.chunks(spec.inputs).flat_map(|x| [x[0], x[1] * x[2], x[3].abs(), 1.0]);
        let errors: Vec<f32> = values.iter().zip(wanted).map(|(value, wanted)| (value - wanted) / 32.0).collect();
        losses.push(errors.iter().map(|error| error * error).sum());
        if losses.len() <= steps {
            pass.backward(&flat, &errors, &mut gradient);
            adam.step(&mut flat, None, &gradient, AdamStep { lr: 1e-3, gradient_scale: 1.0, tau: 0.0 });
        }
    }
    (losses, Weights::new(spec.layout(), flat))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 64, ..ProptestConfig::default() })]

    /// The largest change met in 8000 cases was 1.3e-5 of the values' root mean square.
    #[test]
    fn growth_keeps_the_function(seed: u64, spec in networks(), mutation in mutations()) {
        let grows = matches!(mutation, NetMutation::AddLayer | NetMutation::AddNodes { .. });
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        prop_assume!(grows && spec.apply(&mutation).is_some());
        let weights = trained(&spec, &mut rng);
        let rows = rows(32, &spec, &mut rng);
        let (grown, new) = morphed(&spec, &weights, mutation, &mut rng);
        let change = relative_change(&values(&spec, &weights, &rows), &values(&grown, &new, &rows));
        prop_assert!(change < 1e-4, "{} to {}: {}", spec, grown, change);
    }

    #[test]
    fn a_mutated_network_is_whole_and_goes_on_learning(
        seed: u64,
        spec in networks(),
        mutation in mutations(),
        is_random: bool,
        has_rows: bool,
    ) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        prop_assume!(spec.validate().is_ok() && spec.apply(&mutation).is_some());
        let weights = trained(&spec, &mut rng);
        let mut adam = HostAdam::new(weights.values().len());
        let (_, weights) = losses(&spec, &weights, &mut adam, 3);
        let growth = if is_random { Growth::Random } else { Growth::Preserving };
        let rows = rows(64, &spec, &mut rng);
        let data = has_rows.then_some(rows.as_slice());
        let morph = Morph::plan_with(&spec, &mutation, &weights, growth, data).unwrap();
        let (to, new) = (morph.to(), morph.weights(&weights, &mut rng));
        prop_assert!(to.validate().is_ok());
        prop_assert_eq!(new.layout(), &to.layout());
        prop_assert!(new.is_finite());

        let file = new.to_safetensors();
        let text = serde_json::to_string(to).unwrap();
        let again: MlpSpec = serde_json::from_str(&text).unwrap();
        let loaded = Weights::from_safetensors(&again.layout(), &file).unwrap();
        prop_assert_eq!(values(to, &new, &rows), values(&again, &loaded, &rows));

        let (first, second, updates) = adam.state();
        let carry = |moment: &[f32]| morph.moments(&Weights::new(spec.layout(), moment.to_vec())).into_values();
        let mut adam = HostAdam::from_state(carry(first), carry(second), if is_random { 0 } else { updates });
        let (losses, _) = losses(to, &new, &mut adam, 12);
        let best = losses[1..].iter().copied().fold(f32::MAX, f32::min);
        prop_assert!(best < losses[0], "{} to {}: {:?}", spec, to, losses);
    }

    #[test]
    fn moments_are_those_of_surviving_weights_or_zero(seed: u64, spec in networks(), mutation in mutations()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        prop_assume!(spec.validate().is_ok() && spec.apply(&mutation).is_some());
        let weights = trained(&spec, &mut rng);
        // Each weight's moment is a number of its own.
        let numbers = Weights::new(spec.layout(), (0..spec.layout().len()).map(|i| 1.0 + i as f32).collect());
        let morph = Morph::plan(&spec, &mutation, &weights).unwrap();
        let moments = morph.moments(&numbers);
        prop_assert_eq!(moments.layout(), &morph.to().layout());
        let mut carried: Vec<f32> = moments.values().iter().copied().filter(|moment| *moment > 0.0).collect();
        let count = carried.len();
        carried.sort_by(f32::total_cmp);
        carried.dedup();
        prop_assert_eq!(carried.len(), count, "a moment went to two weights");
        if matches!(mutation, NetMutation::AddLayer | NetMutation::AddNodes { .. }) {
            prop_assert_eq!(count, spec.layout().len(), "a moment was lost");
        }
        let random = Morph::plan_with(&spec, &mutation, &weights, Growth::Random, None).unwrap();
        prop_assert!(random.moments(&numbers).values().iter().all(|moment| *moment == 0.0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn a_hundred_mutations_in_a_row_stay_within_the_limits(seed: u64, spec in networks(), is_random: bool) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut spec = MlpSpec { limits: MlpLimits { max_layers: 5, ..spec.limits }, ..spec };
        prop_assume!(spec.validate().is_ok());
        let growth = if is_random { Growth::Random } else { Growth::Preserving };
        let mut weights = spec.init(&mut rng);
        let mut done = 0;
        for _ in 0..100 {
            let mutation = spec.draw(0.3, &mut rng);
            if let Some(morph) = Morph::plan_with(&spec, &mutation, &weights, growth, None) {
                let moments = morph.moments(&weights);
                weights = morph.weights(&weights, &mut rng);
                spec = morph.to().clone();
                prop_assert_eq!(weights.layout(), moments.layout());
                prop_assert!(spec.validate().is_ok());
                done += 1;
            }
        }
        prop_assert!(done > 20, "only {} of 100 draws were allowed", done);
        prop_assert!(values(&spec, &weights, &rows(3, &spec, &mut rng)).iter().all(|v| v.is_finite()));
    }
}

/// Under layer normalisation new nodes begin near each other; what they say and hear then goes apart.
#[test]
fn new_nodes_come_to_differ() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for layer_norm in [false, true] {
        let spec = MlpSpec { layer_norm, ..MlpSpec::new(6, &[32, 32], 4) };
        let weights = trained(&spec, &mut rng);
        let (wider, new) = morphed(&spec, &weights, NetMutation::AddNodes { layer: 0, count: 16 }, &mut rng);
        let apart = |weights: &Weights| {
            let rows = weights.get("hidden.0.weight").unwrap();
            let (left, right) = (&rows[32 * 6..33 * 6], &rows[34 * 6..35 * 6]);
            left.iter().zip(right).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
        };
        let spoken = |weights: &Weights| {
            let outgoing = weights.get("hidden.1.weight").unwrap().chunks(48).flat_map(|row| &row[32..]);
            outgoing.map(|w| w * w).sum::<f32>().sqrt()
        };
        assert_eq!(spoken(&new), 0.0);
        let (_, later) = losses(&wider, &new, &mut HostAdam::new(new.values().len()), 100);
        assert!(spoken(&later) > 0.1, "norm {layer_norm}: new nodes say {}", spoken(&later));
        assert!(apart(&later) > 0.05, "norm {layer_norm}: new nodes differ by {}", apart(&later));
        assert!(apart(&later) > 0.5 * apart(&new), "norm {layer_norm}: {} then {}", apart(&new), apart(&later));
    }
}

/// A gate of zero learns from the first update, and then its layer does.
#[test]
fn a_new_residual_layer_takes_part() {
    let mut rng = ChaCha8Rng::seed_from_u64(10);
    let spec = MlpSpec { activation: Activation::Tanh, ..MlpSpec::new(6, &[32], 4) };
    let weights = trained(&spec, &mut rng);
    let (deeper, new) = morphed(&spec, &weights, NetMutation::AddLayer, &mut rng);
    assert_eq!((deeper.hidden.as_slice(), deeper.residual.as_slice()), ([32].as_slice(), [1].as_slice()));
    let (_, later) = losses(&deeper, &new, &mut HostAdam::new(new.values().len()), 1);
    assert_ne!(later.get("hidden.0.residual.0.gate").unwrap(), [0.0]);
    let (_, later) = losses(&deeper, &new, &mut HostAdam::new(new.values().len()), 2);
    assert_ne!(later.get("hidden.0.residual.0.weight"), new.get("hidden.0.residual.0.weight"));
}

/// One node says 3 whatever it sees; when it goes, the output's bias takes on 2 * 3.
#[test]
fn what_a_node_said_on_average_stays() {
    let mut spec = MlpSpec::new(1, &[2], 1);
    spec.limits.min_nodes = 1;
    let weights = Weights::new(spec.layout(), vec![1.0, 0.0, 0.0, 3.0, 1.0, 2.0, 0.5]);
    let (_, new) =
        morphed(&spec, &weights, NetMutation::RemoveNodes { layer: 0, count: 1 }, &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(new.values(), [1.0, 0.0, 1.0, 6.5]);
}

/// One node hears x and one -x; layer normalisation divides by the same number for x = 1 and x = -1, so on these two rows all that
/// it does is linear, and whatever goes can be made up for exactly, but for the normalisation's epsilon.
fn linear_on_two_rows(hidden: &[usize], last_bias: f32) -> (MlpSpec, Weights) {
    let mut spec = MlpSpec { activation: Activation::Linear, layer_norm: true, ..MlpSpec::new(1, hidden, 1) };
    (spec.limits.min_nodes, spec.limits.layer_norm_gene) = (1, true);
    let mut weights = Weights::zeros(spec.layout());
    let mut set = |name: &str, values: &[f32]| weights.get_mut(name).unwrap().copy_from_slice(values);
    let last = hidden.len() - 1;
    if last > 0 {
        // Two nodes: 1 and -1, or -1 and 1, of which the next layer hears the first.
        set("hidden.0.weight", &[1.0, -1.0]);
        set("hidden.0.norm.weight", &[1.0, 1.0]);
        set("hidden.1.weight", &[1.0, 0.0, -1.0, 0.0, 0.0, 0.0]);
    } else {
        set("hidden.0.weight", &[1.0, -1.0, 0.0]);
    }
    set(&format!("hidden.{last}.bias"), &[5.0, 5.0, last_bias]);
    set(&format!("hidden.{last}.norm.weight"), &[1.0, 2.0, 0.5]);
    set(&format!("hidden.{last}.norm.bias"), &[0.1, 0.2, 0.3]);
    set("output.weight", &[1.0, 3.0, -2.0]);
    (spec, weights)
}

#[track_caller]
fn check_kept(spec: &MlpSpec, weights: &Weights, mutation: NetMutation, rows: &[f32]) {
    let morph = Morph::plan_with(spec, &mutation, weights, Growth::Preserving, Some(rows)).unwrap();
    let new = morph.weights(weights, &mut ChaCha8Rng::seed_from_u64(1));
    let (before, after) = (values(spec, weights, rows), values(morph.to(), &new, rows));
    let is_same = before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-3);
    assert!(is_same, "{spec} to {}: {before:?} became {after:?}", morph.to());
}

#[test]
fn a_normalised_layer_that_is_linear_on_the_rows_is_folded_exactly() {
    for last_bias in [5.0, 8.0] {
        let (spec, weights) = linear_on_two_rows(&[2, 3], last_bias);
        check_kept(&spec, &weights, NetMutation::RemoveLayer, &[1.0, -1.0]);
    }
}

#[test]
fn a_normalisation_that_is_linear_on_the_rows_goes_and_comes_exactly() {
    for last_bias in [5.0, 8.0] {
        let (spec, weights) = linear_on_two_rows(&[3], last_bias);
        check_kept(&spec, &weights, NetMutation::ToggleLayerNorm, &[1.0, -1.0]);
        let plain = MlpSpec { layer_norm: false, ..spec.clone() };
        let kept =
            plain.layout().entries().iter().flat_map(|entry| weights.get(&entry.name).unwrap().to_vec()).collect();
        check_kept(&plain, &Weights::new(plain.layout(), kept), NetMutation::ToggleLayerNorm, &[1.0, -1.0]);
    }
}

/// The third node says the same always, and moves the mean of all: with 8, by 1.
#[test]
fn the_others_are_normalised_without_a_node_that_goes() {
    let (spec, weights) = linear_on_two_rows(&[3], 8.0);
    check_kept(&spec, &weights, NetMutation::RemoveNodes { layer: 0, count: 1 }, &[1.0, -1.0]);
}

/// ELU is the identity above zero, and with a bias of 10 nothing is below.
#[test]
fn a_layer_that_is_linear_far_from_zero_is_folded_exactly() {
    let mut spec = MlpSpec { activation: Activation::Elu, ..MlpSpec::new(1, &[1, 1], 1) };
    spec.limits.min_nodes = 1;
    let weights = Weights::new(spec.layout(), vec![1.0, 10.0, 2.0, 10.0, 3.0, -1.0]);
    check_kept(&spec, &weights, NetMutation::RemoveLayer, &[1.0, -1.0, 0.5]);
}

/// It says 3 whatever it hears, half of which is let through; the output hears that twofold.
#[test]
fn what_a_residual_layer_added_on_average_stays() {
    let mut spec = MlpSpec { residual: vec![1], ..MlpSpec::new(1, &[1], 1) };
    spec.limits.min_nodes = 1;
    let weights = Weights::new(spec.layout(), vec![1.0, 0.0, 0.0, 3.0, 0.5, 2.0, 0.25]);
    let mutation = NetMutation::RemoveLayer;
    let (_, new) = morphed(&spec, &weights, mutation, &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(new.values(), [1.0, 0.0, 2.0, 3.25]);
}

/// 1 - relu(2 * 1) = -1, of which ReLU would let nothing through; the output hears that threefold.
#[test]
fn behind_a_residual_layer_no_plain_one_is_added() {
    let mut spec = MlpSpec { residual: vec![1], ..MlpSpec::new(1, &[1], 1) };
    spec.limits.min_nodes = 1;
    let weights = Weights::new(spec.layout(), vec![1.0, 0.0, 2.0, 0.0, -1.0, 3.0, 0.0]);
    let (deeper, new) = morphed(&spec, &weights, NetMutation::AddLayer, &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!((deeper.hidden.as_slice(), deeper.residual.as_slice()), ([1].as_slice(), [2].as_slice()));
    assert_eq!((values(&spec, &weights, &[1.0]), values(&deeper, &new, &[1.0])), (vec![-3.0], vec![-3.0]));
}

#[test]
fn new_nodes_under_normalisation_come_in_pairs_around_the_mean() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let spec = MlpSpec { layer_norm: true, ..MlpSpec::new(2, &[16], 1) };
    let weights = trained(&spec, &mut rng);
    let (_, new) = morphed(&spec, &weights, NetMutation::AddNodes { layer: 0, count: 4 }, &mut rng);
    let rows = new.get("hidden.0.weight").unwrap();
    for column in 0..2 {
        let node = |node: usize| rows[2 * node + column];
        let mean = (0..16).map(node).sum::<f32>() / 16.0;
        for pair in [16, 18] {
            let (left, right) = (node(pair), node(pair + 1));
            assert!((left + right - 2.0 * mean).abs() < 1e-6, "{left} and {right} around {mean}");
            assert!((left - right).abs() > 1e-6, "{left} and {right} are the same");
        }
    }
    let shifts = &new.get("hidden.0.norm.bias").unwrap()[16..];
    assert!(shifts.iter().all(|shift| (0.0..1.0).contains(shift)), "{shifts:?}");
    assert!(shifts.windows(2).all(|pair| pair[0] != pair[1]), "shifts tell new nodes apart: {shifts:?}");
    assert_eq!(new.get("hidden.0.norm.weight").unwrap()[16..], [1.0; 4]);
}

#[test]
fn the_observations_decide_what_stands_for_a_layer() {
    let spec = MlpSpec { activation: Activation::Tanh, ..MlpSpec::new(2, &[16, 16], 1) };
    let weights = trained(&spec, &mut ChaCha8Rng::seed_from_u64(13));
    let (mutation, rows) = (NetMutation::RemoveLayer, [3.0, 0.5, 2.0, 1.0, 4.0, 0.0]);
    let plan = |rows: Option<&[f32]>| Morph::plan_with(&spec, &mutation, &weights, Growth::Preserving, rows).unwrap();
    assert_ne!(plan(Some(&rows)), plan(None));
    assert_eq!(plan(Some(&[])), plan(None), "no row is none at all");
}

#[test]
fn moments_of_surviving_weights_go_with_them() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let spec = MlpSpec::new(3, &[16, 16], 2);
    let weights = spec.init(&mut rng);
    let moments = Weights::new(spec.layout(), (0..spec.layout().len()).map(|i| 1.0 + i as f32).collect());
    let mutation = NetMutation::AddNodes { layer: 0, count: 4 };
    let new = Morph::plan(&spec, &mutation, &weights).unwrap().moments(&moments);

    // 16 old rows of 3, then 4 new rows; in the next layer 16 old columns, then 4 new ones.
    let old = moments.get("hidden.0.weight").unwrap();
    assert_eq!(new.get("hidden.0.weight").unwrap(), [old, &[0.0; 12]].concat());
    for (new, old) in
        new.get("hidden.1.weight").unwrap().chunks(20).zip(moments.get("hidden.1.weight").unwrap().chunks(16))
    {
        assert_eq!(new, [old, &[0.0; 4]].concat());
    }
    assert_eq!(new.get("output.weight"), moments.get("output.weight"));
}

#[test]
fn a_rewired_network_hears_its_old_inputs_in_their_new_places() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    for spec in specs() {
        let weights = trained(&spec, &mut rng);
        // Of 5 inputs the second goes, two are new, and the others change places.
        let inputs = vec![Some(4), None, Some(0), Some(2), Some(3), None];
        let morph = Morph::rewire(&spec, inputs.clone());
        let new = morph.weights(&weights, &mut rng);
        assert_eq!(morph.to().inputs, 6);
        let row = [0.3, -1.0, 0.5, 1.5, -0.7, 0.9];
        let mut old_row = [0.0; 5];
        for (x, place) in row.iter().zip(&inputs) {
            place.map(|place| old_row[place] = *x);
        }
        let change = relative_change(&values(&spec, &weights, &old_row), &values(morph.to(), &new, &row));
        assert!(change < 1e-5, "{spec}: {change}");
        assert_eq!(morph.moments(&weights).get("hidden.0.weight"), new.get("hidden.0.weight"));
    }
}

#[test]
fn the_least_salient_nodes_go() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let mut spec = MlpSpec::new(2, &[5], 1);
    spec.limits.min_nodes = 1;
    let mut weights = spec.init(&mut rng);
    weights.get_mut("hidden.0.weight").unwrap().fill(1.0);
    weights.get_mut("hidden.0.bias").unwrap().fill(0.0);
    weights.get_mut("output.weight").unwrap().copy_from_slice(&[0.1, -3.0, 0.0, 2.0, 0.2]);
    let (smaller, new) = morphed(&spec, &weights, NetMutation::RemoveNodes { layer: 0, count: 3 }, &mut rng);
    assert_eq!(smaller.hidden, [2]);
    assert_eq!(new.get("output.weight").unwrap(), [-3.0, 2.0]);
}

#[test]
fn a_layer_just_added_is_removed_without_a_trace() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let spec = MlpSpec::new(4, &[20], 3);
    let weights = trained(&spec, &mut rng);
    let (deeper, new) = morphed(&spec, &weights, NetMutation::AddLayer, &mut rng);
    let (back, old) = morphed(&deeper, &new, NetMutation::RemoveLayer, &mut rng);
    assert_eq!((back, old), (spec, weights));
}

#[test]
fn limits_refuse_at_both_ends_and_not_one_before() {
    let spec = MlpSpec::new(4, &[32, 32, 32], 2);
    let allowed = |mutation| spec.apply(&mutation).is_some();
    assert!(!allowed(NetMutation::AddLayer), "3 layers are the most");
    assert!(allowed(NetMutation::RemoveNodes { layer: 1, count: 16 }), "16 nodes are allowed");
    assert!(!allowed(NetMutation::RemoveNodes { layer: 1, count: 17 }));
    assert!(allowed(NetMutation::AddNodes { layer: 2, count: 468 }), "500 nodes are allowed");
    assert!(!allowed(NetMutation::AddNodes { layer: 2, count: 469 }));
    assert!(!allowed(NetMutation::AddNodes { layer: 3, count: 16 }), "there is no fourth layer");
    assert!(MlpSpec::new(4, &[32], 2).apply(&NetMutation::RemoveLayer).is_none(), "1 layer is the fewest");
}

#[test]
fn impossible_networks_are_refused_by_name() {
    let check = |change: fn(&mut MlpSpec), expected: &str| {
        let mut spec = MlpSpec::new(8, &[64, 64], 4);
        change(&mut spec);
        let message = spec.validate().unwrap_err().to_string();
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    };
    check(|s| s.inputs = 0, "inputs = 0");
    check(|s| s.outputs = 0, "outputs = 0");
    check(|s| s.hidden.clear(), "hidden = [] (0 layers); must have 1 to 3 layers");
    check(|s| s.hidden = vec![64, 0], "hidden = [64, 0]; every layer must have 16 to 500 nodes");
    check(|s| s.hidden = vec![1 << 31], "hidden = [2147483648]");
    check(|s| s.residual = vec![0, 0, 1], "residual = [0, 0, 1]; must not be longer than `hidden`, which has 2 layers");
    check(|s| s.residual = vec![2], "hidden + residual = [64, 64] + [2] (4 layers); must have 1 to 3 layers");
    check(|s| s.residual = vec![usize::MAX], "layers); must have 1 to 3 layers");
    check(|s| s.limits.max_nodes = usize::MAX, "limits.min_nodes..=max_nodes");
    check(|s| s.output_scale = f32::NAN, "output_scale = NaN");
}

#[test]
fn weights_are_drawn_on_the_host_and_pinned() {
    let weights = MlpSpec::new(2, &[16], 1).init(&mut ChaCha8Rng::seed_from_u64(0));
    let first: Vec<f32> = weights.values()[..3].to_vec();
    assert_eq!(first, PINNED, "the same seed gave other weights: results change");
}

/// First three weights of the test above.
const PINNED: [f32; 3] = [0.21877477, 0.29567724, 0.32508504];

#[test]
fn identity_layers_need_an_idempotent_activation() {
    let idempotent: Vec<_> = Activation::ALL.into_iter().filter(|a| a.is_idempotent()).collect();
    assert_eq!(idempotent, [Activation::Relu, Activation::Linear]);
}
