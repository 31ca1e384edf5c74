//! The provider's JSON, in its own words and without logic: a file a subject.

mod machine;

pub(crate) use machine::{Machine, OneMachine};
