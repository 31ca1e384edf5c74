//! `/operations` (<https://cloud.google.com/compute/docs/reference/rest/v1/zoneOperations>).

use cloud_http::segment;
use cloud_types::Result;

use super::Api;
use crate::place::Scope;
use crate::wire::{List, Operation};

/// How many operations one call asks about: a filter of that many names stays well below 8 KB.
pub(crate) const OPERATIONS_A_CALL: usize = 50;

impl Api {
    pub(crate) async fn operation(&self, scope: &Scope, name: &str) -> Result<Operation> {
        let path = self.path(format!("{}/{}", path_of(scope), segment(name))).await?;
        self.compute.get("get_operation", path).send().await
    }

    /// The operations of a scope that a filter lets through.
    pub(crate) async fn operations(&self, scope: &Scope, filter: &str) -> Result<Vec<Operation>> {
        self.list::<List<Operation>>("list_operations", &path_of(scope), filter).await
    }
}

fn path_of(scope: &Scope) -> String {
    match scope {
        Scope::Zone(zone) => format!("zones/{}/operations", segment(zone)),
        Scope::Region(region) => format!("regions/{}/operations", segment(region)),
        Scope::Global => "global/operations".to_owned(),
    }
}
