//! Pictures of environments (feature `render`). This module reads states; it changes none.

pub(crate) mod canvas;
pub(crate) mod gif;

pub use tiny_skia::Pixmap;

use crate::env::Env;

/// An environment that can be seen: it draws the state it is in, looking like the original at a glance.
///
/// Drawing changes nothing, neither the state nor a later step. Every environment of this crate has a picture but the
/// probes; [`make_rendered`](crate::make_rendered) makes one by name.
///
/// ```
/// use agilerl_env::{CartPole, Env, Pixmap, Render};
/// let mut env = CartPole::new();
/// env.reset(Some(0), &mut [0.0; 4]);
/// let [width, height] = env.size();
/// let mut picture = Pixmap::new(width, height).unwrap();
/// env.render(&mut picture);
/// assert_eq!(picture.pixel(300, 310).unwrap().red(), 0); // the cart is black
/// ```
///
/// `picture.save_png("cart_pole.png")` writes it to a file, and [`Gif`] a moving one.
pub trait Render {
    /// Draws the present state over the whole of `picture`, scaled to its size and centred in it.
    ///
    /// # Panics
    /// If no episode was started.
    fn render(&self, picture: &mut Pixmap);

    /// Width and height, in pixels, at which the picture looks best: Gymnasium's, where Gymnasium has one.
    fn size(&self) -> [u32; 2] {
        [600, 400]
    }

    /// Steps per second at which an episode is watched: Gymnasium's `render_fps`.
    fn steps_per_second(&self) -> u32 {
        30
    }
}

/// An [`Env`] with a picture; every type that is both is one.
pub trait RenderEnv: Env + Render {}

impl<E: Env + Render + ?Sized> RenderEnv for E {}

/// An environment with a picture behind a pointer, with actions of `C` and observations of `O`.
pub type BoxRenderEnv<C = u32, O = f32> = Box<dyn RenderEnv<Obs = O, Action = C>>;

impl<R: Render + ?Sized> Render for Box<R> {
    fn render(&self, picture: &mut Pixmap) {
        (**self).render(picture);
    }
    fn size(&self) -> [u32; 2] {
        (**self).size()
    }
    fn steps_per_second(&self) -> u32 {
        (**self).steps_per_second()
    }
}
