//! Which individuals go on, and which become parents.

pub(crate) mod selector;

pub(crate) mod tournament;
pub(crate) mod truncation;

pub(crate) mod config;
