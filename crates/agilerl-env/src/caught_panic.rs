//! Panics that become errors.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Once;

/// A panic that [`catch_panic`] caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaughtPanic {
    /// What it said, as far as it said it in words.
    pub message: String,
    /// Where it was: file, line and column. `None` if the program has a panic hook of its own that was set later.
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

/// Calls `work` and returns its result, or the panic that ended it. Such a panic is told once, by whoever gets the error:
/// it does not print a message of its own. What it leaves half done in what `work` borrows is the caller's to put in order.
///
/// Rust prints a panic before anybody can catch it, in the process's panic hook. So the first call puts a hook in front of
/// the one that it finds, which from then on sees all panics but those in the `work` of a `catch_panic` on the same thread.
/// A second panic during the first is printed in any case. A program built with `panic = "abort"` prints, and ends.
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
    // From within a panic no hook can be set.
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
    /// Within `catch_panic`: where the panics of this thread were.
    static CATCHING: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Notes a panic's place. Whether it need not be printed, because it will be told as an error.
fn is_caught(info: &PanicHookInfo<'_>) -> bool {
    // A thread that ends may panic when its variables are gone already.
    let noted = CATCHING.try_with(|catching| {
        let mut catching = catching.try_borrow_mut().ok()?;
        let places = catching.as_mut()?;
        places.extend(info.location().map(ToString::to_string));
        // A second one may be one that nobody can catch, because the first is still on its way.
        Some(places.len() == 1)
    });
    noted.ok().flatten().unwrap_or(false)
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
