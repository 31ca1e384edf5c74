//! The list of all behaviours, and the behaviours themselves by subject.

pub mod cancel;
pub mod catalog;
pub mod claims;
pub mod console;
pub mod create;
pub mod data_disk;
pub mod delete;
pub mod faults;
pub mod input;
pub mod list;
pub mod network;
pub mod placement;
pub mod power;
pub mod read;
pub mod ready;
pub mod resize;
pub mod secrets;
pub mod snapshots;
pub mod ssh_keys;
pub mod sweep;
pub mod volumes;

use std::fmt;

use cloud_types::Ability;
use futures::future::BoxFuture;

use crate::{Case, Outcome};

/// Something that every backend must show.
#[derive(Clone, Copy)]
pub struct Behaviour {
    /// Its name, which the contract's docs use and the test bears.
    pub name: &'static str,
    /// What it is about: the module it is in.
    pub subject: &'static str,
    /// What a provider must claim for it to be tried.
    pub needs: &'static [Ability],
    pub(crate) run: for<'a> fn(&'a Case) -> BoxFuture<'a, Outcome>,
}

impl fmt::Debug for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Behaviour").field("name", &self.name).field("needs", &self.needs).finish_non_exhaustive()
    }
}

/// Hands the whole list to another macro, behind the arguments: subject, names, and the abilities that each needs.
#[doc(hidden)]
#[macro_export]
macro_rules! __for_each_behaviour {
    ([$($callback:tt)*] $($arguments:tt)*) => {
        $($callback)*! { $($arguments)*;
            claims {
                an_ability_is_there_where_it_is_claimed []
                an_unclaimed_ability_is_refused []
            }
            create {
                create_answers_before_the_host_runs []
                creating_the_same_twice_gives_one_host []
                another_spec_under_a_taken_name_changes_nothing []
                racing_creates_end_with_one_host []
                a_lost_answer_makes_no_second_host []
                a_token_finds_its_host_again []
                a_host_is_new_to_the_call_that_made_it []
            }
            cancel {
                a_dropped_create_is_adopted_by_its_repeat []
                a_dropped_delete_can_be_repeated []
                a_host_can_be_deleted_while_it_is_made []
                a_name_can_be_used_again_after_a_delete []
            }
            read {
                a_created_host_can_be_read []
                a_missing_host_is_not_found []
            }
            list {
                lists_are_whole []
                owners_do_not_see_each_other []
                a_host_is_found_by_its_name []
            }
            delete {
                deleting_a_missing_host_succeeds []
                deleting_twice_succeeds []
                deleting_leaves_nothing_behind []
                deleting_spares_what_another_host_uses []
                a_delete_under_faults_can_be_repeated []
            }
            input {
                a_broken_rule_is_refused_before_any_change []
                an_unknown_region_machine_or_image_is_refused []
                an_unknown_zone_is_refused [Zones]
                a_strange_page_token_is_refused []
                labels_come_back_as_they_were_given []
            }
            network {
                an_address_that_is_not_there_is_none []
                a_host_can_have_ipv6 [Ipv6]
                a_host_can_do_without_ipv4 [Ipv6 WithoutIpv4]
            }
            placement {
                a_host_lives_in_the_zone_asked_for [Zones]
                a_spot_host_runs_and_is_no_dearer [Spot]
                gpus_are_in_the_catalog [Gpus Catalog]
            }
            power {
                a_new_host_comes_to_run_by_known_states []
                starting_a_running_host_changes_nothing []
                stopping_a_stopped_host_changes_nothing []
                a_host_stops_and_starts []
                a_host_restarts []
                restarting_a_stopped_host_is_refused []
            }
            ready {
                a_wait_for_ready_names_the_rung_it_missed []
                a_wait_for_ready_ends_when_its_host_is_stopped []
                user_data_reaches_the_first_boot_unchanged [UserData]
            }
            faults {
                a_refused_read_is_never_not_found []
                a_refused_list_is_never_short []
                no_capacity_is_told_as_that []
                a_full_quota_is_told_as_that []
                a_wait_ends_at_its_deadline []
                a_slow_answer_makes_no_second_host []
                a_call_without_an_answer_ends []
                a_lagging_reader_makes_no_second_host []
                power_under_faults_can_be_repeated []
            }
            secrets {
                user_data_is_never_printed [UserData]
            }
            resize {
                a_stopped_host_is_resized [Resize]
                a_running_host_is_not_resized [Resize]
                resizing_to_an_unknown_machine_type_is_refused [Resize]
                resizing_to_the_same_type_changes_nothing [Resize]
                a_resize_under_faults_can_be_repeated [Resize]
                a_kept_disk_lets_a_host_go_back [Resize]
                a_grown_disk_keeps_a_host_from_going_back [Resize GrowBootDisk Catalog]
                a_missing_host_is_not_resized [Resize]
            }
            snapshots {
                snapshotting_twice_gives_one_snapshot [Snapshots]
                a_lost_answer_makes_no_second_snapshot [Snapshots]
                a_snapshot_is_read_listed_and_deleted [Snapshots]
                a_host_is_restored_from_a_snapshot [Snapshots]
                a_taken_snapshot_name_is_refused [Snapshots]
                a_missing_host_is_not_snapshotted [Snapshots]
            }
            volumes {
                creating_a_volume_twice_gives_one_volume [Volumes]
                a_lost_answer_makes_no_second_volume [Volumes]
                another_volume_under_a_taken_name_is_refused [Volumes]
                a_volume_is_attached_and_detached [Volumes]
                an_attached_volume_is_not_taken_away [Volumes]
                a_volume_outlives_the_host_it_is_attached_to [Volumes]
                a_volume_grows_and_never_shrinks [Volumes]
                a_volume_over_the_limit_is_refused [Volumes]
                a_volume_is_listed_and_deleted [Volumes]
            }
            data_disk {
                a_data_disk_comes_and_goes_with_its_host [DataDisk Volumes]
                a_kept_data_disk_outlives_its_host [DataDisk Volumes]
                a_later_host_gets_its_kept_data_disk_back [DataDisk Volumes]
            }
            ssh_keys {
                keeping_an_ssh_key_twice_gives_one_key [SshKeys]
                a_lost_answer_makes_no_second_ssh_key [SshKeys]
                a_taken_ssh_key_name_is_refused [SshKeys]
                an_ssh_key_is_listed_and_deleted [SshKeys]
                a_hosts_own_ssh_key_is_not_among_the_kept_ones [SshKeys]
            }
            catalog {
                the_catalog_lists_what_can_be_ordered [Catalog]
                a_machine_has_one_price [Catalog]
                an_estimate_is_what_the_host_costs [Catalog]
                what_stopping_costs_is_as_claimed [Catalog]
                at_least_is_met_by_the_cheapest [Catalog]
                what_is_not_on_sale_is_refused [Catalog]
            }
            console {
                a_console_opens [Console]
                console_output_is_read [ConsoleOutput]
            }
            sweep {
                nothing_is_left_after_a_sweep [Sweep]
                a_sweep_spares_what_is_kept [Sweep DataDisk]
            }
        }
    };
}

macro_rules! table {
    (; $($module:ident { $($name:ident [$($need:ident)*])* })*) => {
        /// Every behaviour, by subject.
        pub const BEHAVIOURS: &[Behaviour] = &[$($(
            Behaviour {
                name: stringify!($name),
                subject: stringify!($module),
                needs: &[$(Ability::$need),*],
                run: |case| Box::pin($module::$name(case)),
            },
        )*)*];
    };
}
__for_each_behaviour! { [table] }
