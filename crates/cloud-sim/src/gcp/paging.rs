//! Lists: filter, order, pages; of one place or aggregated over all.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::filter::Filter;
use super::links;
use crate::face::tokens;
use crate::{Reply, Request};

/// How an aggregated list is called, and its field in each scope.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) kind: &'static str,
    pub(super) field: &'static str,
}

/// Answers the page of a list that the request asks for. `key` gives an item's id and name.
pub(super) fn list<'a, 'b, T>(
    api: &'a Api<'b>,
    kind: &str,
    items: Vec<T>,
    key: impl Fn(&'a Api<'b>, &T) -> (u64, String),
    render: impl Fn(&'a Api<'b>, &T) -> Value,
) -> Answer {
    let items = items.into_iter().map(|item| (String::new(), item)).collect();
    let (shown, next) = select(api, items, key, render)?;
    let mut body = head(api, kind);
    let shown: Vec<Value> = shown.into_iter().map(|(_, value)| value).collect();
    // The real lists leave the field out where they are empty.
    if !shown.is_empty() {
        body.insert("items".to_owned(), Value::Array(shown));
    }
    Ok(finish(body, next))
}

/// Answers the page of a list over all scopes; each item comes with its scope, such as `zones/z`.
pub(super) fn aggregated<'a, 'b, T>(
    api: &'a Api<'b>,
    view: View,
    items: Vec<(String, T)>,
    key: impl Fn(&'a Api<'b>, &T) -> (u64, String),
    render: impl Fn(&'a Api<'b>, &T) -> Value,
) -> Answer {
    let (shown, next) = select(api, items, key, render)?;
    let mut scopes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for zone in api.zones() {
        scopes.insert(format!("zones/{zone}"), Vec::new());
    }
    if ["operations", "addresses"].contains(&view.field) {
        scopes.insert("global".to_owned(), Vec::new());
        let regions = api.world.catalog.regions.iter();
        scopes.extend(regions.map(|region| (format!("regions/{}", region.name), Vec::new())));
    }
    for (scope, value) in shown {
        scopes.entry(scope).or_default().push(value);
    }
    let shown: Map<String, Value> = scopes
        .into_iter()
        .map(|(scope, values)| {
            let value = if values.is_empty() { empty(&scope) } else { json!({view.field: values}) };
            (scope, value)
        })
        .collect();
    let mut body = head(api, view.kind);
    body.insert("items".to_owned(), Value::Object(shown));
    Ok(finish(body, next))
}

/// A resource as it is shown, with its scope.
type Scoped = (String, Value);

/// What the page holds, and the token of the next one.
fn select<'a, 'b, T>(
    api: &'a Api<'b>,
    items: Vec<(String, T)>,
    key: impl Fn(&'a Api<'b>, &T) -> (u64, String),
    render: impl Fn(&'a Api<'b>, &T) -> Value,
) -> Result<(Vec<Scoped>, Option<String>), ApiError> {
    let request = api.request;
    let filter = Filter::of(request)?;
    let newest_first = newest_first(request)?;
    let most = max_results(request)?;
    let after = request.param("pageToken").filter(|token| !token.is_empty()).map(read_token).transpose()?;
    let wanted = filter.as_ref().and_then(Filter::name);
    let keyed = items.into_iter().filter_map(|(scope, item)| {
        let (id, name) = key(api, &item);
        if wanted.is_some_and(|wanted| wanted != name) {
            return None;
        }
        let key = if newest_first { format!("{:020}", u64::MAX - id) } else { format!("{scope} {name} {id:020}") };
        Some((key, (scope, item)))
    });
    let (shown, next) = tokens::page(keyed.collect(), after.as_ref(), most, |(scope, item)| {
        let value = render(api, item);
        filter.as_ref().is_none_or(|filter| filter.matches(&value)).then(|| (scope.clone(), value))
    });
    Ok((shown, next.map(|key| tokens::hexadecimal(&key))))
}

fn max_results(request: &Request) -> Result<usize, ApiError> {
    let Some(text) = request.param("maxResults") else {
        return Ok(DEFAULT_PAGE);
    };
    match text.parse() {
        // Zero is what clients send that have no wish.
        Ok(0) => Ok(DEFAULT_PAGE),
        Ok(number) if number <= LARGEST_PAGE => Ok(number),
        _ => Err(errors::invalid("maxResults", format!("'{text}'. Must be between 0 and {LARGEST_PAGE}."))),
    }
}

fn newest_first(request: &Request) -> Result<bool, ApiError> {
    match request.param("orderBy").unwrap_or("name") {
        "" | "name" => Ok(false),
        "creationTimestamp desc" => Ok(true),
        other => Err(errors::invalid("orderBy", format!("'{other}'"))),
    }
}

fn read_token(token: &str) -> Result<String, ApiError> {
    let key = tokens::read_hexadecimal(token);
    key.ok_or_else(|| errors::invalid("pageToken", format!("'{token}'. The page token is invalid.")))
}

fn head(api: &Api<'_>, kind: &str) -> Map<String, Value> {
    let path = api.request.path.trim_start_matches("/compute/v1/");
    let mut head = Map::new();
    head.insert("kind".to_owned(), json!(kind));
    head.insert("id".to_owned(), json!(path));
    head.insert("selfLink".to_owned(), json!(links::full(path)));
    head
}

fn finish(mut body: Map<String, Value>, next: Option<String>) -> Reply {
    if let Some(next) = next {
        body.insert("nextPageToken".to_owned(), json!(next));
    }
    Reply::json(StatusCode::OK, &body)
}

fn empty(scope: &str) -> Value {
    json!({"warning": {
        "code": "NO_RESULTS_ON_PAGE",
        "message": format!("There are no results for scope '{scope}' on this page."),
        "data": [{"key": "scope", "value": scope}],
    }})
}

const DEFAULT_PAGE: usize = 500;
const LARGEST_PAGE: usize = 500;
