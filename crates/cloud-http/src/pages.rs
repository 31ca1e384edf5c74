//! Lists over many pages, as one stream of their items: one page in memory, the next fetched when it is needed.

use std::collections::HashSet;
use std::future::Future;
use std::hash::Hash;

use cloud_types::{Error, ErrorKind, Result};
use futures::stream::{Stream, try_unfold};

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one is; none after the last.
    pub next: Option<C>,
}

/// All items of a list, from the page at `first` on to the last; at most [`MAX_PAGES`] pages.
///
/// The stream ends after its first error. A cursor that comes a second time, which would be an endless list, is an
/// [`Unexpected`](ErrorKind::Unexpected) error, and so is a page beyond the bound.
///
/// A cursor is whatever leads to a page: a number, or `Option<String>` for a token that the first page has none of.
///
/// ```
/// use cloud_http::{Page, pages};
/// use futures::TryStreamExt;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let hosts = pages(1u32, |page| async move {
///     Ok(Page { items: vec![page * 10, page * 10 + 1], next: (page < 3).then_some(page + 1) })
/// });
/// assert_eq!(hosts.try_collect::<Vec<_>>().await.unwrap(), [10, 11, 20, 21, 30, 31]);
/// # });
/// ```
pub fn pages<T, C, F, Fut>(first: C, fetch: F) -> impl Stream<Item = Result<T>>
where
    C: Clone + Eq + Hash,
    F: FnMut(C) -> Fut,
    Fut: Future<Output = Result<Page<T, C>>>,
{
    pages_at_most(MAX_PAGES, first, fetch)
}

/// Like [`pages`], with a bound of its own.
pub fn pages_at_most<T, C, F, Fut>(max: usize, first: C, fetch: F) -> impl Stream<Item = Result<T>>
where
    C: Clone + Eq + Hash,
    F: FnMut(C) -> Fut,
    Fut: Future<Output = Result<Page<T, C>>>,
{
    let walk = Walk { items: Vec::new().into_iter(), next: Some(first), seen: HashSet::new(), max, fetch };
    try_unfold(walk, |mut walk| async move {
        loop {
            if let Some(item) = walk.items.next() {
                return Ok(Some((item, walk)));
            }
            let Some(cursor) = walk.next.take() else { return Ok(None) };
            walk.enter(&cursor)?;
            let page = (walk.fetch)(cursor).await?;
            (walk.items, walk.next) = (page.items.into_iter(), page.next);
        }
    })
}

/// How many pages a list has at most: far beyond any real one, but an end.
pub const MAX_PAGES: usize = 20_000;

struct Walk<T, C, F> {
    items: std::vec::IntoIter<T>,
    next: Option<C>,
    seen: HashSet<C>,
    max: usize,
    fetch: F,
}

impl<T, C: Clone + Eq + Hash, F> Walk<T, C, F> {
    fn enter(&mut self, cursor: &C) -> Result<()> {
        if self.seen.len() >= self.max {
            return Err(Error::new(ErrorKind::Unexpected, format!("the list has more than {} pages", self.max)));
        }
        if !self.seen.insert(cursor.clone()) {
            return Err(Error::new(ErrorKind::Unexpected, "the list leads back to a page that it had already"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    fn page(items: &[u32], next: Option<&str>) -> Result<Page<u32, Option<String>>> {
        Ok(Page { items: items.to_vec(), next: next.map(|token| Some(token.to_owned())) })
    }

    #[tokio::test]
    async fn every_page_is_followed_even_over_an_empty_one() {
        let all = pages(None, |token: Option<String>| async move {
            match token.as_deref() {
                None => page(&[1, 2], Some("a")),
                Some("a") => page(&[], Some("b")),
                Some(_) => page(&[3], None),
            }
        });
        assert_eq!(all.try_collect::<Vec<_>>().await.unwrap(), [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_repeated_cursor_is_an_error_not_a_loop() {
        let all = pages(None, |token: Option<String>| async move {
            match token.as_deref() {
                None => page(&[1], Some("a")),
                Some("a") => page(&[2], Some("b")),
                Some(_) => page(&[3], Some("a")),
            }
        });
        assert_eq!(all.try_collect::<Vec<_>>().await.unwrap_err().kind(), ErrorKind::Unexpected);
    }

    #[tokio::test]
    async fn an_endless_chain_ends_at_the_bound() {
        let mut fetched = 0;
        let all = pages_at_most(5, 0u64, |number| {
            fetched += 1;
            async move { Ok(Page { items: vec![number], next: Some(number + 1) }) }
        });
        assert_eq!(all.try_collect::<Vec<_>>().await.unwrap_err().kind(), ErrorKind::Unexpected);
        assert_eq!(fetched, 5);
    }
}
