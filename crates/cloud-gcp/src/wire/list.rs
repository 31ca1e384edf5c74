//! Lists, of one scope and aggregated over all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// One page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<T> {
    /// Always there: without it an object is no list, and must not be taken for an empty one.
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default = "Vec::new")]
    pub(crate) items: Vec<T>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) warning: Option<Warning>,
}

/// One page of an aggregated list: `zones/europe-west1-b` and what is in it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Aggregated<T> {
    /// As of [`List`].
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default = "BTreeMap::new")]
    pub(crate) items: BTreeMap<String, Scope<T>>,
    pub(crate) next_page_token: Option<String>,
    #[serde(default)]
    pub(crate) unreachables: Vec<String>,
}

/// What is in one scope. The list bears the name of its kind, such as `instances`; only one is there.
#[derive(Debug)]
pub(crate) struct Scope<T> {
    pub(crate) items: Vec<T>,
    pub(crate) warning: Option<Warning>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Warning {
    pub(crate) code: String,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Scope<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
        struct Fields<T> {
            #[serde(
                default = "Vec::new",
                alias = "instances",
                alias = "disks",
                alias = "machineTypes",
                alias = "acceleratorTypes",
                alias = "addresses",
                alias = "operations"
            )]
            things: Vec<T>,
            #[serde(default)]
            warning: Option<Warning>,
        }
        let Fields { things, warning } = Fields::deserialize(deserializer)?;
        Ok(Self { items: things, warning })
    }
}
