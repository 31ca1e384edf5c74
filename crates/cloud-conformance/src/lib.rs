//! The behaviours that every backend must show, as one macro.
