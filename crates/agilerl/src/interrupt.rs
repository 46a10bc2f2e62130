//! Ctrl-C and other signals to stop, for a run to check.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use agilerl_hpo::{BoxError, Event, Flow, Observer};
#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};

/// A request to stop, which a run follows at the end of its round: its state is saved, and it can be resumed.
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
    /// Returns a request that only [`set`](Interrupt::set) sets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a request that Ctrl-C (SIGINT), SIGTERM or the closing of the terminal (SIGHUP) sets. A second SIGINT or SIGTERM
    /// ends the process at once, with the exit code 128 + signal. A process that was started to ignore SIGHUP (`nohup`)
    /// ignores it still, where the system tells so (Linux does).
    ///
    /// # Errors
    /// If the system refuses to deliver the signals.
    pub fn on_signals() -> std::io::Result<Self> {
        let interrupt = Self::new();
        let mut signals = vec![SIGINT, SIGTERM];
        #[cfg(unix)]
        if !is_ignored(SIGHUP) {
            signals.push(SIGHUP);
        }
        for signal in signals {
            let code = 128 + signal;
            // In this order: the first signal sets the flag that the second one finds. A terminal that is closed may send
            // SIGHUP twice, from the shell and from the system, so a second SIGHUP does not end the process.
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

    /// Whether the run is asked to stop.
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::SeqCst)
    }

    /// The exit code of an interrupted program: 130 after Ctrl-C and without a signal, 143 after SIGTERM, 129 after SIGHUP.
    pub fn exit_code(&self) -> u8 {
        match self.signal.load(Ordering::SeqCst) {
            0 => 130,
            code => code as u8,
        }
    }
}

/// Whether this process was started to ignore the signal. Without `unsafe` only this file tells it.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

impl<A> Observer<A> for Interrupt {
    fn observe(&mut self, _event: &Event<'_, A>) -> Result<Flow, BoxError> {
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
