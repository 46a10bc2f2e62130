//! A wrapper has the picture of the environment within.

use tiny_skia::Pixmap;

use super::channels_first::ChannelsFirst;
use super::frame_stack::FrameStack;
use super::normalize_observations::NormalizeObservations;
use super::one_hot::OneHot;
use super::reward_transform::RewardTransform;
use super::time_limit::TimeLimit;
use crate::env::Env;
use crate::render::Render;

macro_rules! passed_through {
    ($wrapper:ident<$env:ident: $bound:path>) => {
        impl<$env: $bound + Render> Render for $wrapper<$env> {
            fn render(&self, picture: &mut Pixmap) {
                self.inner().render(picture);
            }
            fn size(&self) -> [u32; 2] {
                self.inner().size()
            }
            fn steps_per_second(&self) -> u32 {
                self.inner().steps_per_second()
            }
        }
    };
}

passed_through!(TimeLimit<E: Env>);
passed_through!(OneHot<E: Env>);
passed_through!(FrameStack<E: Env>);
passed_through!(ChannelsFirst<E: Env>);
passed_through!(RewardTransform<E: Env>);
passed_through!(NormalizeObservations<E: Env<Obs = f32>>);
