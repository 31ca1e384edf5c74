//! Lists: sorting, pages, and the Link header.

use cloud_world::Record;
use http::StatusCode;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::api::Answer;
use super::errors::{self, ApiError};
use crate::{Reply, Request};

/// Answers the page of `items` that the request asks for.
pub(super) fn page<T, R: Serialize>(
    request: &Request,
    name: &'static str,
    items: impl IntoIterator<Item = T>,
    mut render: impl FnMut(T) -> R,
) -> Answer {
    let page = number(request, "page", 1, u64::MAX)?;
    let per_page = number(request, "per_page", DEFAULT_PAGE, LARGEST_PAGE)?;
    let first = (page - 1).saturating_mul(per_page);
    let mut total = 0_u64;
    let mut shown = Vec::new();
    for item in items {
        if total >= first && total - first < per_page {
            shown.push(render(item));
        }
        total += 1;
    }
    let last = total.div_ceil(per_page).max(1);
    let next = (page < last).then_some(page + 1);
    let previous = (page > 1).then(|| page - 1);
    let meta = json!({"pagination": {
        "page": page,
        "per_page": per_page,
        "previous_page": previous,
        "next_page": next,
        "last_page": last,
        "total_entries": total,
    }});
    let body = List { name, shown, meta };
    let mut reply = Reply::json(StatusCode::OK, &body);
    let links = [("prev", previous), ("next", next), ("last", Some(last))];
    let links: Vec<String> =
        links.into_iter().filter_map(|(relation, page)| Some(link(request, relation, page?))).collect();
    reply.headers.push(("Link", links.join(", ")));
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

fn number(request: &Request, name: &str, default: u64, most: u64) -> Result<u64, ApiError> {
    let Some(text) = request.param(name) else {
        return Ok(default);
    };
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(errors::invalid(name, format!("must be between 1 and {most}"))),
    }
}

fn link(request: &Request, relation: &str, page: u64) -> String {
    let others: String = request
        .query
        .iter()
        .filter(|(name, _)| name != "page")
        .map(|(name, value)| format!("&{name}={}", encode(value)))
        .collect();
    let (origin, path) = (&request.origin, &request.path);
    format!("<{origin}{path}?page={page}{others}>; rel=\"{relation}\"")
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

struct List<R> {
    name: &'static str,
    shown: Vec<R>,
    meta: serde_json::Value,
}

impl<R: Serialize> Serialize for List<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.name, &self.shown)?;
        map.serialize_entry("meta", &self.meta)?;
        map.end()
    }
}

const DEFAULT_PAGE: u64 = 25;
const LARGEST_PAGE: u64 = 50;
