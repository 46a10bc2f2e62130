//! Episodes as an animated GIF.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use agilerl::algo::PolicyAction;
use agilerl::env::{BoxRenderEnv, Element, Gif, Pixmap, Render};
use agilerl::nets::InputNumber;
use agilerl::prelude::*;
use anyhow::Context;

/// Plays an episode for each seed and draws it, with at most 25 pictures in a second.
pub(crate) fn film<O: InputNumber + Element, C: PolicyAction>(
    policy: &mut Policy,
    mut env: BoxRenderEnv<C, O>,
    path: &Path,
    seeds: Range<u64>,
    gif_width: u32,
    step_limit: u64,
) -> anyhow::Result<()> {
    let [width, height] = env.size();
    let size = [gif_width, (gif_width * height).div_ceil(width)];
    let mut picture = Pixmap::new(size[0], size[1]).context("a picture of no height")?;
    let every = env.steps_per_second().div_ceil(25); // steps from picture to picture
    let pictures_per_second = env.steps_per_second() / every;
    let mut gif = Gif::new(BufWriter::new(File::create(path)?), size, pictures_per_second)?;

    let mut obs = vec![O::default(); env.observation_space().row_len()];
    let mut action = vec![C::default(); env.action_space().row_len()];
    for seed in seeds {
        env.reset(Some(seed), &mut obs);
        for step in 0..step_limit {
            if step % u64::from(every) == 0 {
                env.render(&mut picture);
                gif.add(&picture)?;
            }
            let mask = env.action_mask().map(<[bool]>::to_vec);
            policy.act_into(&obs, mask.as_deref(), &mut action);
            if env.step(&action, &mut obs).ended() {
                break;
            }
        }
        env.render(&mut picture);
        for _ in 0..pictures_per_second {
            gif.add(&picture)?; // the end stays for a second
        }
    }
    gif.finish()?.flush()?;
    Ok(())
}
