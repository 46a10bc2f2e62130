//! Observers that print a run or write it down.

pub(crate) mod console;
pub(crate) mod run_log;

pub(crate) mod json_lines;
pub(crate) mod metrics_csv;
