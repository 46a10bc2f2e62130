//! Measures how far an architecture mutation changes the outputs of a network:
//!
//!     cargo run --release -p agilerl-nets --example growth
//!
//! Networks of eight inputs and four outputs learn a function for a thousand updates, then each mutation is tried. Prints
//! `|Q after - Q before| / |Q before|` over 512 rows, the mean of five networks; takes a minute.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use agilerl_nets::{Activation, AdamStep, Growth, HostAdam, HostMlp, HostPass, MlpSpec, Morph, NetMutation, Weights};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NETWORKS: u64 = 5;

fn main() {
    let mutations = [
        NetMutation::AddLayer,
        NetMutation::AddNodes { layer: 0, count: 32 },
        NetMutation::RemoveNodes { layer: 0, count: 16 },
        NetMutation::RemoveLayer,
        NetMutation::ToggleLayerNorm,
    ];
    print!("{:<30}", "network");
    mutations.iter().for_each(|mutation| print!("{:>20}", mutation.name()));
    println!();
    for (layer_norm, activation) in [false, true].into_iter().flat_map(|norm| Activation::ALL.map(|f| (norm, f))) {
        let mut spec = MlpSpec { activation, layer_norm, ..MlpSpec::new(8, &[64, 64], 4) };
        spec.limits.layer_norm_gene = true;
        let networks: Vec<_> = (0..NETWORKS).map(|seed| trained(&spec, seed)).collect();
        for (name, growth, has_data) in
            [("", Growth::Preserving, false), (" data", Growth::Preserving, true), (" random", Growth::Random, false)]
        {
            print!("{:<30}", format!("{activation}{}{name}", if layer_norm { " norm" } else { "" }));
            for mutation in &mutations {
                let changes = networks.iter().map(|weights| change(&spec, weights, mutation, growth, has_data));
                print!("{:>20.1e}", changes.sum::<f32>() / NETWORKS as f32);
            }
            println!();
        }
    }
}

/// Returns the relative change of the values over fresh rows.
fn change(spec: &MlpSpec, weights: &Weights, mutation: &NetMutation, growth: Growth, has_data: bool) -> f32 {
    let mut rng = ChaCha8Rng::seed_from_u64(100);
    let [seen, fresh] = [256, 512].map(|count| rows(count * spec.inputs, &mut rng));
    let data = has_data.then_some(seen.as_slice());
    let morph = Morph::plan_with(spec, mutation, weights, growth, data).expect("within the limits");
    let new = morph.weights(weights, &mut rng);
    let before = HostMlp::new(spec, weights).forward(&fresh).to_vec();
    let mut after = HostMlp::new(morph.to(), &new);
    let norm = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(|x| x * x).sum::<f32>().sqrt();
    norm(&mut after.forward(&fresh).iter().zip(&before).map(|(after, before)| after - before))
        / norm(&mut before.iter().copied())
}

/// Returns a network trained to compute sums and products of its inputs.
fn trained(spec: &MlpSpec, seed: u64) -> Weights {
    const BATCH: usize = 64;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut weights = spec.init(&mut rng).into_values();
    let mut gradient = weights.clone();
    let (mut pass, mut adam) = (HostPass::new(spec), HostAdam::new(weights.len()));
    for _ in 0..1000 {
        let obs = rows(BATCH * spec.inputs, &mut rng);
        let wanted = obs.chunks(spec.inputs).flat_map(|x| [x[0] + x[1], x[2] * x[3], x[4] - x[5], x[6].max(x[7])]);
        let values = pass.forward(&weights, &obs);
        let errors: Vec<f32> =
            values.iter().zip(wanted).map(|(value, wanted)| (value - wanted) / BATCH as f32).collect();
        pass.backward(&weights, &errors, &mut gradient);
        adam.step(&mut weights, None, &gradient, AdamStep { lr: 1e-3, gradient_scale: 1.0, tau: 0.0 });
    }
    Weights::new(spec.layout(), weights)
}

fn rows(count: usize, rng: &mut impl Rng) -> Vec<f32> {
    (0..count).map(|_| 3.0 * rng.random::<f32>() - 1.5).collect()
}
