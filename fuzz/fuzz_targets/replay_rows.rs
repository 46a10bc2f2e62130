#![no_main]

#[path = "../../crates/agilerl/tests/it/loaders/targets.rs"]
#[allow(dead_code, unreachable_pub)]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| targets::replay_rows(bytes));
