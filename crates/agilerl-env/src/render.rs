//! Pictures of environments (feature `render`). Drawing changes no state.

pub(crate) mod canvas;
pub(crate) mod gif;

pub use tiny_skia::Pixmap;

use crate::env::Env;

/// An environment with a picture of its state that resembles the original.
///
/// Drawing changes neither the state nor a later step. Every environment of this crate except the probes has a picture;
/// [`make_rendered`](crate::make_rendered) makes one by name.
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
/// `picture.save_png("cart_pole.png")` writes it to a file; [`Gif`](crate::Gif) writes an animation.
pub trait Render {
    /// Draws the current state over the whole of `picture`, scaled to its size and centred in it.
    ///
    /// # Panics
    /// If no episode was started.
    fn render(&self, picture: &mut Pixmap);

    /// Returns the best width and height, in pixels: Gymnasium's, where Gymnasium has one.
    fn size(&self) -> [u32; 2] {
        [600, 400]
    }

    /// Returns the steps per second of an animation: Gymnasium's `render_fps`.
    fn steps_per_second(&self) -> u32 {
        30
    }
}

/// An [`Env`] with a picture. Every type that implements both traits implements this one.
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
