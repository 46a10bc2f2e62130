//! The SIMD vectors that the kernels compute with.

use std::sync::OnceLock;

use pulp::Arch;

static CHOSEN: OnceLock<Arch> = OnceLock::new();

/// Returns the widest vectors of the processor, unless a test chose others.
pub(crate) fn vectors() -> Arch {
    *CHOSEN.get_or_init(Arch::new)
}

/// Returns the names of the vectors that this processor has, the widest first. All give the same bits: tests check
/// every kernel and a whole run for it.
#[doc(hidden)]
pub fn vector_names() -> impl Iterator<Item = &'static str> {
    available().into_iter().map(|(name, _)| name)
}

/// Makes all kernels of this process compute with the vectors of this name, for tests.
///
/// # Panics
/// If the processor has no vectors of this name, or vectors were used or chosen before.
#[doc(hidden)]
pub fn choose_vectors(name: &str) {
    let named = available().into_iter().find(|(known, _)| *known == name);
    let (_, arch) = named.unwrap_or_else(|| panic!("this processor has no vectors {name:?}"));
    assert!(CHOSEN.set(arch).is_ok(), "vectors were chosen before");
}

/// Returns all vectors of the processor by name, the widest first.
pub(crate) fn available() -> Vec<(&'static str, Arch)> {
    let mut available = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        available.extend(pulp::x86::V4::try_new().map(|simd| ("avx512", Arch::V4(simd))));
        available.extend(pulp::x86::V3::try_new().map(|simd| ("avx2", Arch::V3(simd))));
    }
    #[cfg(target_arch = "aarch64")]
    available.extend(pulp::aarch64::Neon::try_new().map(|simd| ("neon", Arch::Neon(simd))));
    available.push(("none", Arch::Scalar));
    available
}
