//! Where Hetzner's own description is wrong or behind.

use crate::contract::Deviation;

/// The known deviations of `hetzner.openapi.json`, each with its reason.
pub const DEVIATIONS: &[Deviation] = &[];
