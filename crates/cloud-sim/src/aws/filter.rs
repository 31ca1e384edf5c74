//! Lists: `Filter.n`, `MaxResults` and `NextToken`, the same for every kind of thing.

use cloud_world::Labels;

use super::api::Api;
use super::errors::{self, ApiError};
use super::xml::{Xml, fields};
use crate::face::tokens;

/// A thing that a list may show: what its filters see, and how it is written.
pub(super) struct Row<'a> {
    number: u64,
    values: Values<'a>,
    show: Box<dyn Fn(&Api<'_>) -> Xml + 'a>,
}

impl<'a> Row<'a> {
    /// A thing with a number that orders the list, and the values that a filter of some name sees;
    /// `None` where there is no such filter.
    pub(super) fn new(number: u64, values: impl Fn(&str) -> Option<Vec<String>> + 'a) -> Self {
        Self { number, values: Box::new(values), show: Box::new(|_| Xml::Absent) }
    }

    /// How it is written.
    pub(super) fn showing(self, show: impl Fn(&Api<'_>) -> Xml + 'a) -> Self {
        Self { show: Box::new(show), ..self }
    }
}

/// The values that the filter of a name sees.
type Values<'a> = Box<dyn Fn(&str) -> Option<Vec<String>> + 'a>;

/// One `Filter.n`: any of its values fits.
#[derive(Debug)]
struct Filter {
    name: String,
    values: Vec<String>,
}

/// The rows that all filters let through, written down.
pub(super) fn shown(api: &Api<'_>, rows: Vec<Row<'_>>) -> Result<Vec<Xml>, ApiError> {
    let rows = select(api, rows)?;
    Ok(rows.iter().map(|row| (row.show)(api)).collect())
}

/// One page of the rows that all filters let through, and the token of the next page.
///
/// # Errors
/// `InvalidParameterCombination` where ids are named as well as `MaxResults`.
pub(super) fn page(api: &Api<'_>, rows: Vec<Row<'_>>, ids: &str) -> Result<(Vec<Xml>, Option<String>), ApiError> {
    page_of(api, rows, ids, MOST)
}

/// Like [`page`], for lists whose pages have another size at most.
pub(super) fn page_of(
    api: &Api<'_>,
    rows: Vec<Row<'_>>,
    ids: &str,
    largest: u64,
) -> Result<(Vec<Xml>, Option<String>), ApiError> {
    let most = api.params.number("MaxResults")?;
    if most.is_some() && !api.params.texts(ids).is_empty() {
        return Err(errors::combination(format!("The parameter {ids} cannot be used with the parameter MaxResults")));
    }
    if let Some(most) = most.filter(|most| !(LEAST..=largest).contains(most)) {
        let rule = format!("Value ( {most} ) is invalid. Expecting a value between {LEAST} and {largest}.");
        return Err(errors::invalid("MaxResults", rule));
    }
    let after = api.params.text("NextToken").filter(|token| !token.is_empty());
    let after = after.map(|token| read_token(&token)).transpose()?;
    let rows = select(api, rows)?.into_iter().map(|row| (row.number, row)).collect();
    let most = usize::try_from(most.unwrap_or(largest)).unwrap_or(usize::MAX);
    let (shown, next) = tokens::page(rows, after.as_ref(), most, |row| Some((row.show)(api)));
    Ok((shown, next.map(|number| tokens::base64("after", number))))
}

/// The values that the filters `tag:…`, `tag-key` and `tag-value` see.
pub(super) fn tag_values(tags: &Labels, filter: &str) -> Option<Vec<String>> {
    if let Some(key) = filter.strip_prefix("tag:") {
        return Some(tags.get(key).cloned().into_iter().collect());
    }
    match filter {
        "tag-key" => Some(tags.keys().cloned().collect()),
        "tag-value" => Some(tags.values().cloned().collect()),
        _ => None,
    }
}

/// Tags as every answer writes them.
pub(super) fn tag_set(tags: &Labels) -> Vec<Xml> {
    tags.iter().map(|(key, value)| fields! { "key" => key.as_str(), "value" => value.as_str() }).collect()
}

/// Whether a text fits a pattern with `*` and `?`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    fn step(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| step(rest, &text[skip..])),
            ([b'?', pattern @ ..], [_, text @ ..]) => step(pattern, text),
            ([wanted, pattern @ ..], [letter, text @ ..]) => wanted == letter && step(pattern, text),
            _ => false,
        }
    }
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    step(pattern.as_bytes(), text.as_bytes())
}

fn select<'a>(api: &Api<'_>, mut rows: Vec<Row<'a>>) -> Result<Vec<Row<'a>>, ApiError> {
    for filter in filters(api)? {
        let mut known = true;
        rows.retain(|row| match (row.values)(&filter.name) {
            Some(values) => values.iter().any(|value| filter.values.iter().any(|wanted| fits(wanted, value))),
            None => {
                known = false;
                false
            }
        });
        if !known {
            let message = format!("The filter '{}' is invalid", filter.name);
            return Err(ApiError::new("InvalidParameterValue", message));
        }
    }
    rows.sort_by_key(|row| row.number);
    Ok(rows)
}

fn filters(api: &Api<'_>) -> Result<Vec<Filter>, ApiError> {
    let mut filters = Vec::new();
    let mut count = 0;
    for sent in api.params.each("Filter") {
        let values = sent.required_texts("Value")?;
        count += values.len();
        filters.push(Filter { name: sent.required("Name")?, values });
    }
    if count > MOST_VALUES {
        let message = format!("The maximum number of filter values specified on a single call is {MOST_VALUES}");
        return Err(ApiError::new("FilterLimitExceeded", message));
    }
    Ok(filters)
}

fn read_token(token: &str) -> Result<u64, ApiError> {
    let number = tokens::read_base64("after", token);
    number.ok_or_else(|| ApiError::new("InvalidNextToken", "The token is not valid."))
}

const LEAST: u64 = 5;
const MOST: u64 = 1000;
const MOST_VALUES: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars_and_question_marks() {
        assert!(fits("ubuntu/images/*-24.04-amd64-server-*", "ubuntu/images/noble-24.04-amd64-server-20261101"));
        assert!(fits("t?.micro", "t3.micro") && !fits("t?.micro", "t3a.micro"));
        assert!(!fits("web", "web-1") && fits("*", ""));
    }
}
