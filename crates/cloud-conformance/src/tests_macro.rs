//! The macro that makes one named test of each behaviour.

use tokio::runtime::Builder;

use crate::suite::run_one;
use crate::{BEHAVIOURS, Backend, Stop};

/// Makes one test of each behaviour for the backends that an async function makes.
///
/// Each test is a plain `#[test]` with a runtime of its own, so that the caller's crate needs no runtime for it. After the
/// function come the behaviours that are to be skipped, each with its reason. Used twice, it needs two modules.
///
/// `conformance_tests!(account);`, or `conformance_tests!(account, skip { a_host_restarts: "the emulator cannot" });`.
/// The [crate's docs](crate) have a whole example.
///
/// With the feature `paused`, `conformance_tests!(paused account);` runs each test on one thread and on tokio's paused time,
/// which goes on by itself where all tasks wait. It is for a backend within the process whose clock is tokio's: no wait takes
/// time, and no result depends on how busy the machine is. Behind a socket, time would go on while an answer is under way.
#[macro_export]
macro_rules! conformance_tests {
    (paused $make:path $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::__for_each_behaviour! {
            [$crate::__one_test] prove_paused, $make, [$($((stringify!($skipped), $reason)),*)?]
        }
    };
    ($make:path $(, skip { $($skipped:ident: $reason:literal),* $(,)? })? $(,)?) => {
        $crate::__for_each_behaviour! {
            [$crate::__one_test] prove, $make, [$($((stringify!($skipped), $reason)),*)?]
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __one_test {
    ($prove:ident, $make:path, $skips:tt; $($module:ident { $($name:ident [$($need:ident)*])* })*) => {
        const SKIPPED_BEHAVIOURS: &[(&str, &str)] = &$skips;
        $($(
            #[test]
            fn $name() {
                $crate::$prove(stringify!($name), SKIPPED_BEHAVIOURS, $make);
            }
        )*)*
    };
}

/// Runs one behaviour as a test, on two threads: returns where it is shown or skipped.
///
/// # Panics
/// Where it fails, and where a skipped name is none.
#[doc(hidden)]
pub fn prove<B, F>(name: &str, skips: &[(&str, &str)], make: impl FnOnce() -> F)
where
    B: Backend + 'static,
    F: Future<Output = B>,
{
    prove_on(Builder::new_multi_thread().worker_threads(2), name, skips, make);
}

/// The same on one thread and paused time.
///
/// # Panics
/// As [`prove`].
#[cfg(feature = "paused")]
#[doc(hidden)]
pub fn prove_paused<B, F>(name: &str, skips: &[(&str, &str)], make: impl FnOnce() -> F)
where
    B: Backend + 'static,
    F: Future<Output = B>,
{
    prove_on(Builder::new_current_thread().start_paused(true), name, skips, make);
}

#[allow(clippy::print_stderr, reason = "a test that is skipped says so to who runs it")]
fn prove_on<B, F>(runtime: &mut Builder, name: &str, skips: &[(&str, &str)], make: impl FnOnce() -> F)
where
    B: Backend + 'static,
    F: Future<Output = B>,
{
    let find = |name: &str| BEHAVIOURS.iter().find(|behaviour| behaviour.name == name);
    for (skipped, _) in skips {
        assert!(find(skipped).is_some(), "no behaviour is called {skipped}");
    }
    if let Some((_, reason)) = skips.iter().find(|(skipped, _)| *skipped == name) {
        return eprintln!("skipped: {reason}");
    }
    let behaviour = find(name).expect("the test was made from the list");
    let runtime = runtime.enable_all().build().expect("a runtime can be started");
    match runtime.block_on(async { run_one(behaviour, Box::new(make().await)).await }) {
        Ok(()) => {}
        Err(stop @ Stop::Skipped(_)) => eprintln!("{stop}"),
        Err(stop @ Stop::Failed(_)) => panic!("{name} {stop}"),
    }
}
