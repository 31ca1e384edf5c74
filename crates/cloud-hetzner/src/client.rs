//! One function per API call: wire in, wire out. Paths and parameters are here and nowhere else.
//!
//! The functions stand in one file a resource; this one holds what they share.

mod catalog;
mod firewalls;
mod images;
mod servers;
mod ssh_keys;
mod volumes;

use std::collections::HashSet;

use cloud_http::Request;
use cloud_types::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;

use crate::wire::Paged;

pub(crate) use servers::ACTIONS_A_CALL;

/// Hetzner's API over HTTP. Clones share connections and the request budget.
#[derive(Debug, Clone)]
pub(crate) struct Api(cloud_http::Client);

impl Api {
    pub(crate) fn new(client: cloud_http::Client) -> Self {
        Self(client)
    }
}

/// The most items that a page holds (<https://docs.hetzner.cloud/reference/cloud#pagination>).
pub(crate) const PER_PAGE: u32 = 50;

/// The order of lists that are read page by page, so that what is made meanwhile comes last.
const BY_ID: &str = "id:asc";

/// Reads every page of a list. A page that brings nothing new is an error, so a list cannot go on for ever.
async fn all_pages<L: Paged + DeserializeOwned + Send>(request: impl Fn() -> Request) -> Result<Vec<L::Item>> {
    let (mut items, mut seen, mut page) = (Vec::new(), HashSet::new(), 1);
    loop {
        let list: L = request().query("page", page).query("per_page", PER_PAGE).send().await?;
        let (more, next) = list.into_parts();
        if more.len() > PER_PAGE as usize {
            return Err(Error::new(ErrorKind::Unexpected, "a page holds more items than were asked for"));
        }
        let known = items.len();
        items.extend(more.into_iter().filter(|item| seen.insert(L::id(item))));
        match next {
            None => return Ok(items),
            Some(next) if next > page && items.len() > known && page < MAX_PAGES => page = next,
            Some(_) => return Err(endless()),
        }
    }
}

/// The error for a list that repeats itself.
pub(crate) fn endless() -> Error {
    Error::new(ErrorKind::Unexpected, "a list repeats a page or never ends")
}

/// A hundred thousand items: more than any project may have of anything but servers, which are read page by page.
const MAX_PAGES: u64 = 2_000;

/// A label selector that asks for all of these (<https://docs.hetzner.cloud/reference/cloud#label-selector>).
pub(crate) fn selector(labels: &[(&str, &str)]) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}
