//! The claims of this crate, one module per subject.

mod log_file;
mod storage;
