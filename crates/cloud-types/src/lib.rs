//! The contract of the cloud crates: traits and plain data.
