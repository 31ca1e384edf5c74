//! A provider whose API `cloud-sim` simulates, described once: the suite's backend, chaos, hostile answers and the search
//! for secrets come from the same few lines.

mod backend;
mod hostile;
mod secrets;
mod subject;

pub use backend::Simulated;
pub use hostile::{
    a_hostile_server_is_answered_with_an_error, a_wrong_type_is_told_without_its_value, bad_ids_are_not_sent,
};
pub use secrets::no_secret_comes_out;
pub use subject::{Seat, Subject};
