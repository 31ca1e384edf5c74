//! `/operations` (<https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations>).

use cloud_http::segment;
use cloud_types::Result;

use super::{Api, PER_PAGE, all_pages, any_of};
use crate::wire::{List, Operation};

/// Where an operation is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Zone(String),
    Region(String),
    Global,
}

impl Scope {
    pub(crate) fn of(operation: &Operation) -> Self {
        match (&operation.zone, &operation.region) {
            (Some(zone), _) => Self::Zone(crate::convert::last(zone).to_owned()),
            (None, Some(region)) => Self::Region(crate::convert::last(region).to_owned()),
            (None, None) => Self::Global,
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Zone(zone) => format!("zones/{}/operations", segment(zone)),
            Self::Region(region) => format!("regions/{}/operations", segment(region)),
            Self::Global => "global/operations".to_owned(),
        }
    }
}

/// How many operations one call asks about: a filter of that many names stays well below 8 KB.
pub(crate) const OPERATIONS_A_CALL: usize = 50;

impl Api {
    pub(crate) async fn operation(&self, scope: &Scope, name: &str) -> Result<Operation> {
        let path = self.path(format!("{}/{}", scope.path(), segment(name))).await?;
        self.compute.get("get_operation", path).send().await
    }

    /// Several operations of one scope by one call.
    pub(crate) async fn operations(&self, scope: &Scope, names: &[&str]) -> Result<Vec<Operation>> {
        self.operations_where(scope, &any_of("name", names.iter().copied())).await
    }

    /// The operations of a scope that a filter lets through.
    pub(crate) async fn operations_where(&self, scope: &Scope, filter: &str) -> Result<Vec<Operation>> {
        let path = self.path(scope.path()).await?;
        all_pages::<List<Operation>>(|| {
            self.compute.get("list_operations", &path).query("maxResults", PER_PAGE).query("filter", filter)
        })
        .await
    }
}
