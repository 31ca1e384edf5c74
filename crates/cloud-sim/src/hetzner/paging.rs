//! Lists: sorting, pages, and the Link header.

use cloud_world::Record;
use http::StatusCode;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::api::Answer;
use super::errors::{self, ApiError};
use crate::face::numbers::{self, Numbering};
use crate::{Reply, Request};

/// Answers the page of `items` that the request asks for.
pub(super) fn page<T, R: Serialize>(
    request: &Request,
    name: &'static str,
    items: impl IntoIterator<Item = T>,
    render: impl FnMut(T) -> R,
) -> Answer {
    let page = PAGES.page(request, items, render)?;
    let (previous, next, last) = (page.previous(), page.next(), page.last());
    let meta = json!({"pagination": {
        "page": page.number,
        "per_page": page.size,
        "previous_page": previous,
        "next_page": next,
        "last_page": last,
        "total_entries": page.total,
    }});
    let mut reply = Reply::json(StatusCode::OK, &List { name, shown: page.shown, meta });
    let links = [("prev", previous), ("next", next), ("last", Some(last))];
    let links = links.into_iter().filter_map(|(relation, page)| {
        let address = numbers::address(request, page?);
        Some(format!("<{address}>; rel=\"{relation}\""))
    });
    reply.headers.push(("Link", links.collect::<Vec<_>>().join(", ")));
    Ok(reply)
}
/// Sorts by the request's `sort` parameters; `allowed` are the field names it may use.
pub(super) fn sort<T: Record>(request: &Request, items: &mut [&T], allowed: &[&str]) -> Result<(), ApiError> {
    let sorts: Vec<&str> = request.params("sort").collect();
    for sort in sorts.into_iter().rev() {
        let (field, direction) = sort.split_once(':').unwrap_or((sort, "asc"));
        if !allowed.contains(&field) || !["asc", "desc"].contains(&direction) {
            return Err(errors::invalid("sort", format!("cannot sort by '{sort}'")));
        }
        match field {
            "name" => items.sort_by(|one, other| one.name().cmp(&other.name())),
            // Ids count up as things are made: their order is the order of creation.
            _ => items.sort_by_key(|item| item.id()),
        }
        if direction == "desc" {
            items.reverse();
        }
    }
    Ok(())
}

/// Checks that each value of a parameter is one of `allowed`.
pub(super) fn choices<'a>(request: &'a Request, name: &'a str, allowed: &[&str]) -> Result<Vec<&'a str>, ApiError> {
    let chosen: Vec<&str> = request.params(name).collect();
    match chosen.iter().find(|value| !allowed.contains(value)) {
        Some(wrong) => Err(errors::invalid(name, format!("'{wrong}' is not allowed"))),
        None => Ok(chosen),
    }
}

/// A list below its name, and what is said of its page.
struct List<R> {
    name: &'static str,
    shown: Vec<R>,
    meta: Value,
}

impl<R: Serialize> Serialize for List<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.name, &self.shown)?;
        map.serialize_entry("meta", &self.meta)?;
        map.end()
    }
}

const PAGES: Numbering = Numbering { size: "per_page", default: 25, largest: 50 };
