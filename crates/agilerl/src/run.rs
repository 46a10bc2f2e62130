//! A run, from its settings to the trained elite in its folder.

#[expect(clippy::module_inception, reason = "the file of the main type")]
pub(crate) mod run;
pub(crate) mod start;
pub(crate) mod build;
pub(crate) mod envs;
pub(crate) mod training;
pub(crate) mod folder;
pub(crate) mod lock;
pub(crate) mod record;
pub(crate) mod elite;
pub(crate) mod founder;
