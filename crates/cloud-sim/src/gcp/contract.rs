//! Where Google's own discovery documents are wrong or behind.

use crate::contract::Deviation;

/// The known deviations of the discovery documents, each with its reason.
pub const DEVIATIONS: &[Deviation] = &[Deviation {
    method: "GET",
    path: "/computeMetadata",
    problem: "no such operation",
    reason: "the metadata server has no discovery document",
}];
