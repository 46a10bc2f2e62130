//! Panics in the code of tasks and agents.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::error::BoxError;

/// Runs a closure, and turns a panic into an error.
///
/// # Errors
/// The closure's error, or an error with the panic's message.
pub fn guard<R>(work: impl FnOnce() -> Result<R, BoxError>) -> Result<R, BoxError> {
    // State that a panic leaves half changed is not used again: the error ends the run.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(message(&*panic).into()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a message"))
}
