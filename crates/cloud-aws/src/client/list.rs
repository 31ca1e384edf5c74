//! What lists share: pages and filters.

use std::collections::HashSet;

use aws_sdk_ec2::Client;
pub(crate) use aws_sdk_ec2::types::Filter;
use cloud_types::{Error, ErrorKind, Region, Result};

use super::Api;
use super::attempts::Sent;

impl Api {
    /// All items of a list of EC2: how a page is asked for by its token, and what it holds.
    pub(super) async fn pages<'a, T: Send, S: Sent + 'a>(
        &'a self,
        operation: &'static str,
        region: &'a Region,
        send: impl Fn(Client, Option<String>) -> S + Send + Sync + 'a,
        read: impl Fn(S::Done) -> (Option<Vec<T>>, Option<String>) + Send + Sync + 'a,
    ) -> Result<Vec<T>> {
        let (send, read) = (&send, &read);
        all_pages(|token| async move {
            let page = self.call(operation, region, move |ec2| send(ec2, token.clone())).await?;
            let (items, next) = read(page);
            Ok((items.unwrap_or_default(), next))
        })
        .await
    }
}

/// Reads every page of a list: `page` takes a token and answers items and the next token. A token that comes again is an
/// error, so a list cannot go on for ever.
pub(crate) async fn all_pages<T, F>(page: impl Fn(Option<String>) -> F + Send + Sync) -> Result<Vec<T>>
where
    F: Future<Output = Result<(Vec<T>, Option<String>)>> + Send,
    T: Send,
{
    let (mut items, mut seen, mut next) = (Vec::new(), HashSet::new(), None::<String>);
    loop {
        let (more, following) = page(next.take()).await?;
        items.extend(more);
        match following.filter(|token| !token.is_empty()) {
            None => return Ok(items),
            Some(token) if seen.insert(token.clone()) && seen.len() < MAX_PAGES => next = Some(token),
            Some(_) => return Err(Error::new(ErrorKind::Unexpected, "a list repeats a page or never ends")),
        }
    }
}

/// A filter of a list: any of the values
/// (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html>). `*` and `?` in a value are wildcards,
/// which no name, owner or id of ours holds.
pub(crate) fn filter<V: Into<String>>(name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// A filter by a tag's value.
pub(crate) fn tagged(key: &str, value: &str) -> Filter {
    filter(format!("tag:{key}"), [value])
}

/// The most values that a filter takes.
pub(crate) const FILTER_VALUES: usize = 200;
/// The most items that a page of most lists holds
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>).
pub(crate) const PER_PAGE: i32 = 1000;
/// A million and more items.
const MAX_PAGES: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_page_of_a_list_is_read_and_a_repeated_token_is_an_error() {
        let whole = all_pages(|token| async move {
            Ok(match token.as_deref() {
                None => (vec![1, 2], Some("a".to_owned())),
                Some("a") => (vec![3], Some("b".to_owned())),
                _ => (vec![4], Some(String::new())),
            })
        });
        assert_eq!(whole.await.unwrap(), [1, 2, 3, 4]);
        let endless = all_pages(|_| async { Ok((vec![1], Some("a".to_owned()))) });
        assert_eq!(endless.await.unwrap_err().kind(), ErrorKind::Unexpected);
    }
}
