//! A panic of an environment is told once. In a binary of its own, because the panic hook belongs to the whole process.

use std::panic::{catch_unwind, set_hook};
use std::sync::Mutex;

use agilerl_env::{Env, Space, Step, SyncVec, ThreadVec, VecEnv, catch_panic, check_env};

/// What the program's own hook was called with.
static PRINTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn printed() -> Vec<String> {
    std::mem::take(&mut PRINTED.lock().unwrap())
}

/// The whole of it in one test: what another printed beside it would be counted too.
#[test]
fn a_panic_that_becomes_an_error_is_not_printed_and_any_other_is() {
    set_hook(Box::new(|info| {
        PRINTED.lock().unwrap().push(info.payload_as_str().unwrap_or("?").to_owned());
    }));
    let line = line!() + 1;
    let panic = catch_panic(|| panic!("caught")).unwrap_err();
    assert_eq!((printed().len(), &panic.message[..]), (0, "caught"));
    assert_eq!(panic.place.unwrap(), format!("{}:{line}:32", file!()));

    let (mut one, mut two) = (SyncVec::from_fn(3, |_| Broken::new()), ThreadVec::from_fn(3, 2, |_| Broken::new()));
    for envs in [&mut one as &mut dyn VecEnv<Obs = f32, Action = u32>, &mut two] {
        envs.reset(Some(1));
        let error = envs.step(&[0; 3]).unwrap_err().to_string();
        assert!(
            error.contains("lane 0 (seed 1)") && error.contains("it broke (") && error.contains("panics.rs:"),
            "{error}"
        );
    }
    let error = check_env(&mut Broken::new()).unwrap_err().to_string();
    assert!(error.contains("it panics: it broke ("), "{error}");
    assert_eq!(printed(), [""; 0]);

    // The others go where they went: after a caught one, after one within another, on a thread beside.
    let _ = catch_unwind(|| panic!("not ours"));
    assert_eq!(printed(), ["not ours"]);
    let outer = catch_panic(|| {
        assert_eq!(catch_panic(|| panic!("within")).unwrap_err().message, "within");
        let beside = std::thread::spawn(|| panic!("beside"));
        assert!(beside.join().is_err());
        panic!("without");
    });
    assert_eq!(outer.unwrap_err().message, "without");
    assert_eq!(printed(), ["beside"]);
    let _ = catch_unwind(|| panic!("still not ours"));
    assert_eq!(printed(), ["still not ours"]);

    // A second one in the same work may be the last word of the process: it is printed, and the error is the newer one.
    let line = line!() + 3;
    let panic = catch_panic(|| {
        let _ = catch_unwind(|| panic!("first"));
        panic!("second");
    });
    let panic = panic.unwrap_err();
    assert_eq!((&panic.message[..], printed()), ("second", vec!["second".to_owned()]));
    assert!(panic.place.unwrap().contains(&format!("panics.rs:{line}:")));
}

struct Broken([Space; 2]);

impl Broken {
    fn new() -> Self {
        Self([Space::bounded(&[0.0], &[1.0]), Space::discrete(2)])
    }
}

impl Env for Broken {
    type Obs = f32;
    type Action = u32;

    fn name(&self) -> &str {
        "Broken"
    }
    fn observation_space(&self) -> &Space {
        &self.0[0]
    }
    fn action_space(&self) -> &Space {
        &self.0[1]
    }
    fn reset(&mut self, _: Option<u64>, obs: &mut [f32]) {
        obs[0] = 0.0;
    }
    fn step(&mut self, _: &[u32], _: &mut [f32]) -> Step {
        panic!("it broke");
    }
}
