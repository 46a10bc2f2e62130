//! Replay memories. This crate stores rows of plain numbers; it knows no tensor, no environment and no agent.
//!
//! - [`Replay`] is a ring of transitions, one array for each column. Its size in bytes is known before it is allocated.
//! - A [`Batch`] is drawn from a [`Memory`]: a `Replay`, or a [`RoundView`], which one individual of a population reads
//!   while the others learn at the same time.
//! - Observations are stored as they are given (`f32` features or `u8` pixels), and so are actions (`u32` choices or `f32`
//!   components). `terminated` and `truncated` are two columns. A discrete observation is stored as its index and becomes
//!   a one-hot row when it is drawn: [`RowLayout::with_one_hot`].
//! - A draw takes its random numbers from the caller's generator by a fixed algorithm: the same rows on every platform.
//!
//! # Extending it
//! A memory with n-step returns or priorities implements [`Memory`], draws ordinals by its own rule, pushes the rows of a
//! [`Replay`], and sets [`Batch::steps_mut`] or [`Batch::weights_mut`]. New priorities are written back by
//! [`Batch::ordinals`]: an ordinal is never reused, so a row that was overwritten since is recognised.
//!
//! Neighbouring ordinals are steps of one environment only in a memory that one vector environment fills. The memory of a
//! population holds the round of one individual behind that of another, and no column tells where one ends: n-step returns
//! must be computed before the rows are appended.

mod replay;
mod bytes;
mod round_view;
mod memory;
mod batch;
mod column;
mod transitions;
mod layout;
mod stored;
mod error;

pub use batch::Batch;
pub use error::BufferError;
pub use layout::RowLayout;
pub use memory::Memory;
pub use replay::Replay;
pub use round_view::RoundView;
pub use stored::Stored;
pub use transitions::{Reward, Row, Transitions};

/// Runs the README's example as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
