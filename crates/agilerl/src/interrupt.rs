//! Ctrl-C and its like, as something that a run can look at.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use agilerl_hpo::{Event, Flow, Observer, ObserverError};
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};

/// A wish to stop that a run fulfils when its round is over: its state is saved, and it can be resumed.
///
/// ```
/// let interrupt = agilerl::Interrupt::new();
/// assert!(!interrupt.is_set());
/// interrupt.set();
/// assert!(interrupt.is_set());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    set: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// One that only [`set`](Interrupt::set) sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that Ctrl-C (SIGINT), SIGTERM or a terminal that is closed (SIGHUP) sets. A second SIGINT or SIGTERM ends
    /// the process at once, with the exit code 128 + signal. A process that was started to ignore SIGHUP (`nohup`) goes on ignoring it, as
    /// far as the system tells (Linux does).
    ///
    /// # Errors
    /// If the system refuses to hand the signals over.
    pub fn on_signals() -> std::io::Result<Self> {
        let interrupt = Self::new();
        let mut signals = vec![SIGINT, SIGTERM];
        #[cfg(unix)]
        if !is_ignored(SIGHUP) {
            signals.push(SIGHUP);
        }
        for signal in signals {
            let code = 128 + signal;
            // In this order: the first signal sets what the second one finds. A terminal that is closed may send SIGHUP
            // twice, by the shell and by the system, and nobody is there to be impatient.
            if [SIGINT, SIGTERM].contains(&signal) {
                signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&interrupt.set))?;
            }
            signal_hook::flag::register_usize(signal, Arc::clone(&interrupt.signal), code.unsigned_abs() as usize)?;
            signal_hook::flag::register(signal, Arc::clone(&interrupt.set))?;
        }
        Ok(interrupt)
    }

    /// Asks the run to stop.
    pub fn set(&self) {
        self.set.store(true, Ordering::SeqCst);
    }

    /// Whether it is asked to stop.
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }

    /// The exit code that says so: 130 after Ctrl-C and where no signal came, 143 after SIGTERM, 129 after SIGHUP.
    pub fn exit_code(&self) -> u8 {
        match self.signal.load(Ordering::SeqCst) {
            0 => 130,
            code => code as u8,
        }
    }
}

/// Whether whoever started this process wanted the signal to be ignored. Without `unsafe` only the file says it.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

impl<A> Observer<A> for Interrupt {
    fn observe(&mut self, _event: &Event<'_, A>) -> Result<Flow, ObserverError> {
        Ok(if self.is_set() { Flow::Pause } else { Flow::Continue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_that_no_signal_asked_for_ends_as_ctrl_c_does() {
        let interrupt = Interrupt::new();
        interrupt.set();
        assert_eq!(interrupt.exit_code(), 130);
        interrupt.signal.store(143, Ordering::SeqCst);
        assert_eq!(interrupt.exit_code(), 143);
    }
}
