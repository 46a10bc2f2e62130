//! Panics that become errors.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// A panic that [`catch_panic`] caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaughtPanic {
    /// Its message, or `"no message"` if its payload is not text.
    pub message: String,
    /// Its place: file, line and column. `None` if the program replaced the panic hook later.
    pub place: Option<String>,
}

impl fmt::Display for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} ({place})", self.message),
            None => write!(f, "{}", self.message),
        }
    }
}

/// Calls `work` and returns its result, or the panic that ended it. The panic itself prints nothing, so that it is reported
/// once, as the error. The caller must repair values that `work` borrows and may have left half changed.
///
/// Rust prints a panic in the panic hook of the process, before it can be caught. So the first call installs a hook that
/// skips panics inside a `catch_panic` of the same thread and passes every other one to the hook that was installed before.
/// A second panic during the first is always printed. A program built with `panic = "abort"` prints the panic and ends.
///
/// ```
/// use agilerl_env::catch_panic;
/// assert_eq!(catch_panic(|| 3), Ok(3));
/// let panic = catch_panic(|| panic!("no way")).unwrap_err();
/// assert_eq!(panic.message, "no way");
/// ```
///
/// # Errors
/// The panic.
pub fn catch_panic<R>(work: impl FnOnce() -> R) -> Result<R, CaughtPanic> {
    static HOOK: Once = Once::new();
    // During a panic no hook can be set.
    if cfg!(panic = "unwind") && !std::thread::panicking() {
        HOOK.call_once(|| {
            let previous = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !is_caught(info) {
                    previous(info);
                }
            }));
        });
    }
    let outer = CATCHING.replace(Some(Vec::new()));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let places = CATCHING.replace(outer);
    outcome.map_err(|panic| CaughtPanic {
        message: panic_message(panic.as_ref()),
        place: places.and_then(|mut places| places.pop()),
    })
}

thread_local! {
    /// Within `catch_panic`: the places of the panics of this thread.
    static CATCHING: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Stores the place of a panic. Returns whether the panic becomes an error, so that it need not be printed.
fn is_caught(info: &PanicHookInfo<'_>) -> bool {
    // A thread that ends may panic after its variables were dropped.
    let noted = CATCHING.try_with(|catching| {
        let mut catching = catching.try_borrow_mut().ok()?;
        let places = catching.as_mut()?;
        places.extend(info.location().map(ToString::to_string));
        // A second panic while the first unwinds cannot be caught.
        Some(places.len() == 1)
    });
    noted.ok().flatten().unwrap_or(false)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
