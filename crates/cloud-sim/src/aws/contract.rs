//! Where Amazon's own service descriptions are wrong, behind, or not at hand.

use crate::contract::Deviation;

/// The known deviations of the descriptions, each with its reason.
pub const DEVIATIONS: &[Deviation] = &[Deviation {
    method: "POST",
    path: "GetCallerIdentity",
    problem: "no such operation",
    reason: "STS has a description of its own",
}];
