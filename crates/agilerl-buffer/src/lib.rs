//! Replay memories. This crate stores rows of plain numbers; it knows no tensor, no environment and no agent.
//!
//! - [`Replay`] is a ring of transitions, one array for each column, with its size in bytes known before it is
//!   allocated.
//! - [`Memory`] is whatever a [`Batch`] can be drawn from: a `Replay`, or a [`RoundView`], which is what one individual
//!   of a population reads while the others learn beside it.
//! - Observations are kept as they are given (`f32` features, `u8` pixels), actions too (`u32` choices, `f32`
//!   components). `terminated` and `truncated` are two columns. An observation that is one of n choices is kept as its
//!   index, and becomes n numbers at the draw: [`RowLayout::with_one_hot`].
//! - A draw comes from the generator that the caller hands in, by a fixed algorithm: the same rows on every platform.
//!
//! # What can be put around it
//! An n-step adapter is a [`Memory`] that draws ordinals as `Replay` does, follows a lane with [`Replay::row`] (a
//! memory filled by one vector environment holds the successor of ordinal `i` at `i + lanes`) up to the first end or
//! the newest row, and pushes the folded row with its exponent in [`Batch::steps_mut`]. A priority adapter is a
//! `Memory` that draws ordinals by its own tree, sets [`Batch::weights_mut`], and takes new priorities back for
//! [`Batch::ordinals`], of which none is ever used twice, so that a row overwritten since is recognised.

mod replay;

mod memory;
mod round_view;

mod batch;
mod rows;
mod transitions;

mod layout;

mod column;
mod error;

pub use batch::Batch;
pub use error::BufferError;
pub use layout::RowLayout;
pub use memory::Memory;
pub use replay::Replay;
pub use round_view::RoundView;
pub use rows::Stored;
pub use transitions::{Reward, Row, Transitions};

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
