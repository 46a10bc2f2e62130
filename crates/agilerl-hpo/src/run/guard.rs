//! Panics in foreign code.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use crate::error::BoxError;

/// A panic in foreign code becomes an error like any other.
///
/// # Errors
/// What the work says, or the panic's message.
pub fn guard<R>(work: impl FnOnce() -> Result<R, BoxError>) -> Result<R, BoxError> {
    // Whatever a panic leaves half done is dropped with the population: the error ends the run.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(message(&*panic).into()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a message"))
}
