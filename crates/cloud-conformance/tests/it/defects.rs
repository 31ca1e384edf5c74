//! The suite can fail: each broken promise is found out by the behaviour that is about it.

mod abilities;
mod provider;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cloud_conformance::{BEHAVIOURS, Backend, Fault, Injected, Stop, Suite};
use cloud_local::Config;
use cloud_types::{CloudProvider, HostRuntime, HostSpec, MachineTypeName, Name, UserData};

use provider::Broken;

use crate::in_memory::InMemory;

/// One test for each defect, which must make each of the behaviours fail.
macro_rules! defects {
    ($($test:ident: $defect:ident => $($behaviour:ident),+;)*) => {
        /// A promise that a provider breaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Defect {
            $(#[doc = stringify!($test)] $defect,)*
        }

        const EXPOSED: &[&str] = &[$($(stringify!($behaviour)),+),*];

        $(
            #[tokio::test(start_paused = true)]
            async fn $test() {
                $(is_found_out(Defect::$defect, stringify!($behaviour)).await;)+
            }
        )*
    };
}

defects! {
    creating_twice: CreatesTwice =>
        creating_the_same_twice_gives_one_host, racing_creates_end_with_one_host, a_token_finds_its_host_again,
        another_spec_under_a_taken_name_changes_nothing;
    remembering_in_its_process_only: RemembersInItsProcessOnly =>
        creating_the_same_twice_gives_one_host, racing_creates_end_with_one_host, a_token_finds_its_host_again;
    waiting_in_create: WaitsInCreate => create_answers_before_the_host_runs;
    calling_everything_new: CallsEverythingNew =>
        creating_the_same_twice_gives_one_host, a_host_is_new_to_the_call_that_made_it;
    adopting_anything: AdoptsAnything =>
        another_spec_under_a_taken_name_changes_nothing, a_taken_snapshot_name_is_refused,
        another_volume_under_a_taken_name_is_refused, a_taken_ssh_key_name_is_refused;
    leaving_a_volume: LeavesAVolume =>
        deleting_leaves_nothing_behind, a_host_can_be_deleted_while_it_is_made, a_dropped_create_is_adopted_by_its_repeat,
        a_broken_rule_is_refused_before_any_change, no_capacity_is_told_as_that;
    forgetting_labels: ForgetsLabels => labels_come_back_as_they_were_given;
    showing_its_own_labels: ShowsItsOwnLabels => labels_come_back_as_they_were_given;
    showing_zeros_for_no_address: ShowsZerosForNoAddress => an_address_that_is_not_there_is_none;
    inventing_states: InventsStates => a_new_host_comes_to_run_by_known_states, a_host_stops_and_starts;
    forgetting_pages: ForgetsPages => lists_are_whole;
    showing_hosts_twice: ShowsHostsTwice => lists_are_whole;
    listing_short_under_faults: ListsShortUnderFaults => a_refused_list_is_never_short;
    showing_other_owners: ShowsOtherOwners => owners_do_not_see_each_other;
    ignoring_the_name: IgnoresTheName => a_host_is_found_by_its_name;
    taking_any_page_token: TakesAnyPageToken => a_strange_page_token_is_refused;
    mistaking_refusals_for_absence: MistakesRefusalsForAbsence => a_refused_read_is_never_not_found;
    mistaking_refusals: MistakesRefusals => no_capacity_is_told_as_that, a_full_quota_is_told_as_that;
    panicking: Panics => a_created_host_can_be_read;
    never_answering: NeverAnswers => a_created_host_can_be_read, a_call_without_an_answer_ends;
    failing_to_delete_the_missing: FailsToDeleteTheMissing => deleting_a_missing_host_succeeds;
    deleting_nothing: DeletesNothing =>
        deleting_twice_succeeds, deleting_leaves_nothing_behind, a_missing_host_is_not_found,
        a_snapshot_is_read_listed_and_deleted, a_volume_is_listed_and_deleted, an_ssh_key_is_listed_and_deleted;
    swallowing_errors: SwallowsErrors => a_delete_under_faults_can_be_repeated, power_under_faults_can_be_repeated;
    deleting_what_is_kept: DeletesWhatIsKept =>
        a_kept_data_disk_outlives_its_host, a_later_host_gets_its_kept_data_disk_back, a_sweep_spares_what_is_kept,
        a_volume_outlives_the_host_it_is_attached_to;
    forgetting_the_data_disk: ForgetsTheDataDisk =>
        a_data_disk_comes_and_goes_with_its_host, a_later_host_gets_its_kept_data_disk_back;
    refusing_to_start_what_runs: RefusesToStartWhatRuns => starting_a_running_host_changes_nothing;
    starting_what_is_stopped_again: StartsWhatIsStoppedAgain => stopping_a_stopped_host_changes_nothing;
    stopping_nothing: StopsNothing => a_host_stops_and_starts, a_wait_for_ready_ends_when_its_host_is_stopped;
    restarting_what_is_off: RestartsWhatIsOff => restarting_a_stopped_host_is_refused;
    resizing_nothing: ResizesNothing => a_stopped_host_is_resized, a_resize_under_faults_can_be_repeated;
    stopping_running_hosts_to_resize: StopsRunningHostsToResize => a_running_host_is_not_resized;
    refusing_the_same_type: RefusesTheSameType => resizing_to_the_same_type_changes_nothing;
    always_growing_the_disk: AlwaysGrowsTheDisk => a_kept_disk_lets_a_host_go_back;
    never_growing_the_disk: NeverGrowsTheDisk => a_grown_disk_keeps_a_host_from_going_back;
    refusing_what_it_has: RefusesWhatItHas =>
        snapshotting_twice_gives_one_snapshot, creating_a_volume_twice_gives_one_volume,
        keeping_an_ssh_key_twice_gives_one_key;
    deleting_what_others_use: DeletesWhatOthersUse => deleting_spares_what_another_host_uses;
    taking_volumes_away: TakesVolumesAway => an_attached_volume_is_not_taken_away;
    agreeing_to_shrink: AgreesToShrink => a_volume_grows_and_never_shrinks;
    calling_wrong_input_unexpected: CallsWrongInputUnexpected =>
        an_unknown_region_machine_or_image_is_refused, a_broken_rule_is_refused_before_any_change,
        resizing_to_an_unknown_machine_type_is_refused, an_unknown_zone_is_refused, what_is_not_on_sale_is_refused,
        a_volume_over_the_limit_is_refused;
    not_naming_the_field: DoesNotNameTheField => a_broken_rule_is_refused_before_any_change;
    claiming_what_it_lacks: ClaimsWhatItLacks => an_ability_is_there_where_it_is_claimed;
    taking_what_is_not_claimed: TakesWhatIsNotClaimed => an_unclaimed_ability_is_refused;
    printing_user_data: PrintsUserData => user_data_is_never_printed;
    forgetting_the_address_in_estimates: ForgetsTheAddressInEstimates => an_estimate_is_what_the_host_costs;
    forgetting_how_use_is_counted: ForgetsTerms => an_estimate_is_what_the_host_costs;
    forgetting_what_stopping_costs: ForgetsWhatStoppingCosts => what_stopping_costs_is_as_claimed;
    offering_the_wrong_price: OffersTheWrongPrice => a_machine_has_one_price;
    making_another_under_trouble: MakesAnotherUnderTrouble =>
        a_lost_answer_makes_no_second_host, a_slow_answer_makes_no_second_host, a_lagging_reader_makes_no_second_host,
        a_lost_answer_makes_no_second_snapshot, a_lost_answer_makes_no_second_volume,
        a_lost_answer_makes_no_second_ssh_key;
    remembering_the_dead: RemembersTheDead => a_name_can_be_used_again_after_a_delete;
    deleting_in_steps: DeletesInSteps => a_dropped_delete_can_be_repeated;
    deleting_snapshots_too: DeletesSnapshotsToo => a_host_is_restored_from_a_snapshot;
    detaching_nothing: DetachesNothing => a_volume_is_attached_and_detached;
    ignoring_the_network: IgnoresTheNetwork => a_host_can_have_ipv6, a_host_can_do_without_ipv4;
    hiding_the_zone: HidesTheZone => a_host_lives_in_the_zone_asked_for;
    stopping_instead_of_restarting: StopsInsteadOfRestarting => a_host_restarts;
    tiring_of_waiting: TiresOfWaiting =>
        a_wait_ends_at_its_deadline, a_wait_for_ready_names_the_rung_it_missed;
    trimming_user_data: TrimsUserData => user_data_reaches_the_first_boot_unchanged;
    calling_the_missing_unexpected: CallsTheMissingUnexpected =>
        a_missing_host_is_not_resized, a_missing_host_is_not_snapshotted, console_output_is_read;
    showing_hosts_keys_as_kept: ShowsHostsKeysAsKept => a_hosts_own_ssh_key_is_not_among_the_kept_ones;
    selling_nothing: SellsNothing =>
        the_catalog_lists_what_can_be_ordered, at_least_is_met_by_the_cheapest, gpus_are_in_the_catalog;
    selling_spot_dear: SellsSpotDear => a_spot_host_runs_and_is_no_dearer;
    opening_any_console: OpensAnyConsole => a_console_opens;
    sweeping_no_keys: SweepsNoKeys => nothing_is_left_after_a_sweep;
}

#[tokio::test(start_paused = true)]
async fn a_behaviour_that_fails_or_panics_leaves_nothing_behind() {
    let account = InMemory::new(Config::default());
    let suite = |behaviour| Suite::whole().only([behaviour]);
    for (defect, behaviour) in [
        (Defect::Panics, "a_created_host_can_be_read"),
        (Defect::ForgetsTheDataDisk, "a_data_disk_comes_and_goes_with_its_host"),
        (Defect::RefusesWhatItHas, "snapshotting_twice_gives_one_snapshot"),
        (Defect::RefusesWhatItHas, "keeping_an_ssh_key_twice_gives_one_key"),
        (Defect::TakesVolumesAway, "an_attached_volume_is_not_taken_away"),
    ] {
        let report = suite(behaviour).run(|| async { Faulty::on(InMemory { local: account.local.clone() }, defect) });
        let report = report.await;
        assert_eq!(report.failed().count(), 1, "{report}");
        account.local.clock().sleep(Duration::from_secs(5)).await;
        assert!(account.local.inspect().is_empty(), "after {report} there is {:?}", account.local.inspect());
    }
}

#[test]
fn every_behaviour_finds_some_defect_out() {
    let blunt: Vec<_> =
        BEHAVIOURS.iter().map(|behaviour| behaviour.name).filter(|name| !EXPOSED.contains(name)).collect();
    assert!(blunt.is_empty(), "no defect shows that these can fail: {blunt:?}");
}

async fn is_found_out(defect: Defect, behaviour: &str) {
    let report = Suite::whole().only([behaviour]).run(|| Faulty::with(defect)).await;
    let found_out = matches!(&report.verdicts[0].outcome, Err(Stop::Failed(_)));
    assert!(found_out, "{defect:?} must be found out, but {}", report.verdicts[0]);
}

/// The in-memory account behind a provider with a defect.
struct Faulty {
    sound: InMemory,
    defect: Defect,
    troubles: Arc<AtomicU32>,
}

impl Faulty {
    async fn with(defect: Defect) -> Self {
        Self::on(InMemory::new(Config::default()), defect)
    }

    fn on(sound: InMemory, defect: Defect) -> Self {
        Self { sound, defect, troubles: Arc::default() }
    }

    fn broken(&self, inner: Arc<dyn CloudProvider>) -> Arc<dyn CloudProvider> {
        Arc::new(Broken::new(inner, self.defect, Arc::clone(&self.troubles)))
    }
}

#[async_trait]
impl Backend for Faulty {
    fn provider(&self) -> Arc<dyn CloudProvider> {
        self.broken(self.sound.provider())
    }

    async fn other_process(&self) -> Arc<dyn CloudProvider> {
        self.broken(self.sound.other_process().await)
    }

    async fn other_owner(&self) -> Arc<dyn CloudProvider> {
        self.broken(self.sound.other_owner().await)
    }

    fn spec(&self, name: &Name) -> HostSpec {
        self.sound.spec(name)
    }

    fn larger_machine(&self) -> MachineTypeName {
        self.sound.larger_machine()
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }

    async fn inject(&self, fault: Fault) -> Injected {
        self.troubles.fetch_add(fault.times, Ordering::SeqCst);
        self.sound.inject(fault).await
    }

    async fn heal(&self) {
        self.sound.heal().await;
    }

    async fn user_data(&self, host: &HostRuntime) -> Option<UserData> {
        self.sound.user_data(host).await
    }

    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        self.sound.left_behind().await
    }
}
