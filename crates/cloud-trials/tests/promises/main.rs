//! Each promise of `cloud-driver` is broken on purpose, and the suite, chaos or a count of calls sees it.
//!
//! A promise is broken in the whole process, so that these tests have a program of their own and take turns.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod counts;
mod stage;

use std::sync::{Arc, Mutex, PoisonError};

use cloud_conformance::Suite;
use cloud_driver::sabotage::{Promise, break_promise};
use cloud_trials::chaos::{self, Field, HetznerField, LocalField, Settings};

use crate::counts::{
    an_operation_without_an_answer_ends, many_who_wait_for_a_read_that_fails_cost_few_calls,
    many_who_wait_for_hosts_share_their_calls,
};
use crate::stage::Stage;
use Sight::{Behaviour, Chaos, Count};

/// One test for each promise: what sees it broken, and finds nothing where it is kept.
macro_rules! promises {
    ($($test:ident: $promise:ident => $sight:expr;)*) => {
        $(
            #[test]
            fn $test() {
                is_seen(Promise::$promise, &$sight);
            }
        )*

        /// A promise that has no test here does not compile.
        const fn _each_has_a_test(promise: Promise) {
            match promise {
                $(Promise::$promise => {})*
            }
        }
    };
}

promises! {
    repeating_without_a_look: LookBeforeRepeat =>
        Behaviour(Stage::Simulator, "creating_the_same_twice_gives_one_host");
    letting_the_youngest_stay: OldestStays => Chaos(Stage::Memory);
    keeping_what_lost_a_race: LoserGoes => Behaviour(Stage::Memory, "racing_creates_end_with_one_host");
    leaving_younger_hosts: YoungerGoes => Chaos(Stage::Memory);
    calling_everything_new: NewIsOwn => Behaviour(Stage::Memory, "creating_the_same_twice_gives_one_host");
    judging_what_is_hidden: HiddenIsAwaited => Behaviour(Stage::LateMemory, "racing_creates_end_with_one_host");
    taking_the_new_for_gone: YoungIsNotGone => Behaviour(Stage::LateSimulator, "a_host_can_be_deleted_while_it_is_made");
    leaving_what_a_failed_create_made: FailureIsUndone => Behaviour(Stage::Memory, "no_capacity_is_told_as_that");
    leaving_dependents: DependentsGo => Behaviour(Stage::Simulator, "deleting_leaves_nothing_behind");
    removing_what_is_used: UsedStays =>
        Behaviour(Stage::Simulator, "deleting_spares_what_another_host_uses");
    giving_up_what_is_held: HeldIsAwaited =>
        Behaviour(Stage::SlowSimulator, "a_data_disk_comes_and_goes_with_its_host");
    forgetting_leftovers: LeftoversGo => Behaviour(Stage::Simulator, "a_dropped_delete_can_be_repeated");
    refusing_to_delete_the_absent: AbsentIsDeleted => Behaviour(Stage::Memory, "deleting_a_missing_host_succeeds");
    refusing_what_is_there: TakenIsFound => Behaviour(Stage::Simulator, "creating_a_volume_twice_gives_one_volume");
    changing_volumes_blindly: VolumeIsLookedAt => Behaviour(Stage::Simulator, "a_volume_grows_and_never_shrinks");
    snapshotting_blindly: SnapshotIsLookedFor => Behaviour(Stage::Simulator, "snapshotting_twice_gives_one_snapshot");
    waiting_without_end: OperationEnds => Count(an_operation_without_an_answer_ends);
    reading_again_what_failed: FailureIsShared => Count(many_who_wait_for_a_read_that_fails_cost_few_calls);
    asking_each_alone: WaitersShareCalls => Count(many_who_wait_for_hosts_share_their_calls);
}

/// What sees a promise broken.
enum Sight {
    /// A behaviour of the suite fails.
    Behaviour(Stage, &'static str),
    /// A small run is not clean.
    Chaos(Stage),
    /// A count is too high.
    Count(fn() -> bool),
}

/// Where the promise is kept nothing is seen. Where it is broken it is seen, though not every race or fault hits it: then
/// it is looked for again.
fn is_seen(promise: Promise, sight: &Sight) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(found(sight, 1), None, "{promise:?} is kept");
    let _broken = break_promise(promise);
    assert!((1..=LOOKS).any(|seed| found(sight, seed).is_some()), "{promise:?} is broken, and nothing shows it");
}

/// What is wrong, if anything.
fn found(sight: &Sight, seed: u64) -> Option<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    match *sight {
        Behaviour(stage, behaviour) => {
            let report = runtime.block_on(Suite::whole().only([behaviour]).run(|| stage.open()));
            assert_eq!(report.skipped().count(), 0, "{report}");
            report.failed().next().map(ToString::to_string)
        }
        Chaos(stage) => runtime.block_on(async {
            let field: Arc<dyn Field> = match stage {
                Stage::Memory | Stage::LateMemory => Arc::new(LocalField::open(FAULTS, seed).unwrap()),
                _ => Arc::new(HetznerField::start(FAULTS, seed).await.unwrap()),
            };
            let settings = Settings { hosts: 60, faults: FAULTS, seed, tasks: 16 };
            let report = chaos::run(field, settings).await.unwrap();
            (!report.is_clean()).then(|| format!("{report:?}"))
        }),
        Count(is_low) => (!is_low()).then(|| "the count is too high".to_owned()),
    }
}

static TURN: Mutex<()> = Mutex::new(());
/// How often a broken promise is looked for.
const LOOKS: u64 = 10;
const FAULTS: f64 = 0.2;
