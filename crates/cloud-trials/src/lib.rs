//! The trials: what the workspace promises, measured on the whole of it. The programs are in `src/bin`.

pub mod bench;
pub mod chaos;
pub mod live;
pub mod providers;
pub mod rate;
