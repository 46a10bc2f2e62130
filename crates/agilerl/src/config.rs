//! The settings of a run, and the files that hold them.

pub(crate) mod run_config;
pub(crate) mod recommended;
pub(crate) mod file;
pub(crate) mod tagged;
pub(crate) mod names;
pub(crate) mod paths;
pub(crate) mod memory;
pub(crate) mod machine_memory;
