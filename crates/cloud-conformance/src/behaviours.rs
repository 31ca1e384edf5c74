//! The list of all behaviours, and the behaviours themselves by subject.

pub mod create;
pub mod delete;
pub mod list;
pub mod read;

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
            create {
                create_answers_before_the_host_runs []
                creating_the_same_twice_gives_one_host []
                another_spec_under_a_taken_name_changes_nothing []
                racing_creates_end_with_one_host []
                a_lost_answer_makes_no_second_host []
                a_token_finds_its_host_again []
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
                a_delete_under_faults_can_be_repeated []
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
