//! A stub algorithm: the deterministic policy gradient of Lillicrap et al. (2016) with uniform noise, as short as it can be. It
//! shows which files a new algorithm touches; it is no part of the library.

mod agent;
mod config;

pub use agent::Stub;
pub use config::StubConfig;
