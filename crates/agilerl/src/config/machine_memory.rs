//! The memory of the machine.

/// Returns the bytes of memory of this machine, or of the control group of this process if that is less. None where the
/// system does not tell it in a file, as on macOS and Windows.
///
/// The total counts, and not the free memory of the moment: a configuration that is refused now is refused later too.
pub(crate) fn machine_memory() -> Option<u64> {
    let read = |path| std::fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| total(&text));
    // Version 2, then version 1; without a limit they read "max", or more than any machine has.
    let groups = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let groups = groups.into_iter().filter_map(|path| read(path)?.trim().parse().ok());
    groups.chain(machine).min()
}

/// Bytes, from the line `MemTotal: 24576000 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_total_is_read_in_units_of_1024_bytes() {
        assert_eq!(total("MemTotal:       24576000 kB\nMemFree:         2 kB\n"), Some(24_576_000 * 1024));
        assert_eq!(total("MemFree: 2 kB\n"), None);
        assert_eq!(total("MemTotal: many kB\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_some_memory() {
        let bytes = machine_memory().unwrap();
        assert!((1 << 26..1 << 50).contains(&bytes), "{bytes}");
    }
}
