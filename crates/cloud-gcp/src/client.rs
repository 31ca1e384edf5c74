//! One function per API call: wire in, wire out. Paths and parameters are here and nowhere else.
//!
//! The functions stand in one file a resource; this one holds what they share.

mod addresses;
mod catalog;
mod disks;
mod firewalls;
mod instances;
mod operations;
mod snapshots;

use cloud_http::{Request, pages, segment};
use cloud_types::{Error, ErrorKind, Owner, Result, ownership};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;

use crate::auth::Project;
use crate::wire::{Aggregated, List, SkuList};

pub(crate) use operations::OPERATIONS_A_CALL;

/// Google's APIs over HTTP. Clones share connections.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    compute: cloud_http::Client,
    billing: cloud_http::Client,
    project: Project,
}

impl Api {
    pub(crate) fn new(compute: cloud_http::Client, billing: cloud_http::Client, project: Project) -> Self {
        Self { compute, billing, project }
    }

    /// A path below the project.
    async fn path(&self, rest: impl std::fmt::Display + Send) -> Result<String> {
        Ok(format!("projects/{}/{rest}", segment(self.project.id().await?)))
    }

    /// A change. Google knows a repeat of it by its `requestId`, so that it may be sent once more where its answer was lost.
    fn change(&self, operation: &'static str, path: String) -> Request {
        self.compute.post(operation, path).query("requestId", request_id()).repeatable()
    }

    fn removal(&self, operation: &'static str, path: String) -> Request {
        self.compute.delete(operation, path).query("requestId", request_id())
    }

    /// All items of a list below the project that a filter lets through, whichever where it is empty.
    async fn list<L>(&self, operation: &'static str, rest: &str, filter: &str) -> Result<Vec<L::Item>>
    where
        L: Page + DeserializeOwned + Send,
        L::Item: Send,
    {
        let path = self.path(rest).await?;
        all_pages::<L>(|| {
            let request = self.compute.get(operation, &path).query("maxResults", PER_PAGE);
            if filter.is_empty() { request } else { request.query("filter", filter) }
        })
        .await
    }
}

/// The most items that a page holds (<https://cloud.google.com/compute/docs/reference/rest/v1/instances/list>).
pub(crate) const PER_PAGE: u32 = 500;

/// A page of any list, taken apart.
pub(crate) trait Page {
    type Item;
    /// Its items and the token of the next page.
    fn into_parts(self) -> Result<(Vec<Self::Item>, Option<String>)>;
}

impl<T> Page for List<T> {
    type Item = T;
    fn into_parts(self) -> Result<(Vec<T>, Option<String>)> {
        if self.warning.is_some_and(|warning| warning.code == UNREACHABLE) {
            return Err(short("a part of it"));
        }
        Ok((self.items, token(self.next_page_token)))
    }
}

impl<T> Page for Aggregated<T> {
    type Item = T;
    fn into_parts(self) -> Result<(Vec<T>, Option<String>)> {
        let mut items = Vec::new();
        for (scope, list) in self.items {
            if list.warning.is_some_and(|warning| warning.code == UNREACHABLE) {
                return Err(short(&scope));
            }
            items.extend(list.items);
        }
        match self.unreachables.first() {
            Some(scope) => Err(short(scope)),
            None => Ok((items, token(self.next_page_token))),
        }
    }
}

impl Page for SkuList {
    type Item = crate::wire::Sku;
    fn into_parts(self) -> Result<(Vec<Self::Item>, Option<String>)> {
        Ok((self.skus, token(self.next_page_token)))
    }
}

/// All items of a list, page by page as they are needed.
fn items<'a, L>(request: impl Fn() -> Request + Send + 'a) -> BoxStream<'a, Result<L::Item>>
where
    L: Page + DeserializeOwned + Send,
    L::Item: Send + 'a,
{
    let items = pages(None::<String>, move |token| {
        let request = match &token {
            Some(token) => request().query("pageToken", token),
            None => request(),
        };
        async move {
            let (items, next) = request.send::<L>().await?.into_parts()?;
            Ok(cloud_http::Page { items, next: next.map(Some) })
        }
    });
    items.boxed()
}

/// Reads every page of a list.
async fn all_pages<L>(request: impl Fn() -> Request + Send) -> Result<Vec<L::Item>>
where
    L: Page + DeserializeOwned + Send,
    L::Item: Send,
{
    items::<L>(request).try_collect().await
}

fn short(scope: &str) -> Error {
    let message = format!("a list is not whole: {} cannot be reached", cloud_driver::one_line(scope));
    Error::new(ErrorKind::Unavailable, message)
}

/// An empty token ends a list like none.
fn token(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A new `requestId`: a random UUID (<https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert>).
pub(crate) fn request_id() -> String {
    let bits = fastrand::u128(..) & !(0xf000 << 64) & !(0b11 << 62) | (0x4000 << 64) | (0b10 << 62);
    let digits = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

/// A filter that asks for all of these fields (<https://google.aip.dev/160>). No value holds a quote: names and labels
/// have none.
pub(crate) fn all_of(fields: &[(&str, &str)]) -> String {
    let terms: Vec<String> = fields.iter().map(|(field, value)| format!("({field} = \"{value}\")")).collect();
    terms.join(" AND ")
}

/// A filter that asks for what bears the owner's label, and of these fields.
pub(crate) fn own(owner: &Owner, more: &[(&str, &str)]) -> String {
    let label = format!("labels.{}", ownership::OWNER);
    all_of(&[&[(label.as_str(), owner.as_str())], more].concat())
}

/// A filter that asks for any of these values of a field.
pub(crate) fn any_of<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let terms: Vec<String> = values.into_iter().map(|value| format!("({field} = \"{value}\")")).collect();
    terms.join(" OR ")
}

/// What a warning says where a zone did not answer.
const UNREACHABLE: &str = "UNREACHABLE";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_a_random_uuid() {
        let (one, two) = (request_id(), request_id());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(&one[14..15], "4");
        assert!(matches!(&one[19..20], "8" | "9" | "a" | "b"), "{one}");
    }

    #[test]
    fn filters_are_joined_as_the_api_reads_them() {
        assert_eq!(all_of(&[("labels.a", "b"), ("name", "c")]), r#"(labels.a = "b") AND (name = "c")"#);
        assert_eq!(any_of("name", ["a", "b"]), r#"(name = "a") OR (name = "b")"#);
    }

    #[test]
    fn a_zone_that_did_not_answer_makes_a_list_an_error() {
        let body = r#"{"kind":"k","items":{"zones/a":{"instances":[]},"zones/b":{"warning":{"code":"UNREACHABLE"}}}}"#;
        let page: Aggregated<crate::wire::Instance> = serde_json::from_str(body).unwrap();
        assert_eq!(page.into_parts().unwrap_err().kind(), ErrorKind::Unavailable);
        let body = r#"{"kind":"k","items":{"zones/b":{"warning":{"code":"NO_RESULTS_ON_PAGE"}}},"nextPageToken":""}"#;
        let page: Aggregated<crate::wire::Instance> = serde_json::from_str(body).unwrap();
        let (items, next) = page.into_parts().unwrap();
        assert!(items.is_empty() && next.is_none());
    }
}
