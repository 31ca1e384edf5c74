//! The state machine behind the in-memory provider and the simulators.
