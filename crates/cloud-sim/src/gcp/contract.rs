//! Where Google's own discovery documents are wrong or behind.

use crate::contract::Deviation;

/// The known deviations of the discovery documents, each with its reason.
pub const DEVIATIONS: &[Deviation] = &[];
