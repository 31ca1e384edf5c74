//! Lists whose pages have numbers: `?page=2&per_page=25`.

use super::fields::{Problem, rule};
use crate::Request;

/// How an API numbers the pages of its lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbering {
    /// The parameter that says how many items a page has, such as `per_page`.
    pub(crate) size: &'static str,
    /// How many it has where that is left open.
    pub(crate) default: u64,
    /// How many it has at most.
    pub(crate) largest: u64,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<R> {
    /// The items, as they are shown.
    pub(crate) shown: Vec<R>,
    /// Its number, from 1.
    pub(crate) number: u64,
    /// How many items a page has.
    pub(crate) size: u64,
    /// How many items the list has.
    pub(crate) total: u64,
}

impl Numbering {
    /// The page of `items` that the request asks for.
    ///
    /// # Errors
    /// [`Problem::Rule`] for a number that is none or out of range.
    pub(crate) fn page<T, R>(
        &self,
        request: &Request,
        items: impl IntoIterator<Item = T>,
        mut render: impl FnMut(T) -> R,
    ) -> Result<Page<R>, Problem> {
        let number = within(request, NUMBER, 1, u64::MAX)?;
        let size = within(request, self.size, self.default, self.largest)?;
        let first = (number - 1).saturating_mul(size);
        let (mut shown, mut total) = (Vec::new(), 0_u64);
        for item in items {
            if total >= first && total - first < size {
                shown.push(render(item));
            }
            total += 1;
        }
        Ok(Page { shown, number, size, total })
    }
}

impl<R> Page<R> {
    /// The number of the last page; an empty list has one page.
    pub(crate) fn last(&self) -> u64 {
        self.total.div_ceil(self.size).max(1)
    }

    /// The number of the next page, where there is one.
    pub(crate) fn next(&self) -> Option<u64> {
        (self.number < self.last()).then_some(self.number + 1)
    }

    /// The number of the page before, where there is one.
    pub(crate) fn previous(&self) -> Option<u64> {
        (self.number > 1).then(|| self.number - 1)
    }
}

/// The address of another page of the list that a request asks for.
pub(crate) fn address(request: &Request, page: u64) -> String {
    let others = request.query.iter().filter(|(name, _)| name != NUMBER);
    let others: String = others.map(|(name, value)| format!("&{name}={}", encode(value))).collect();
    format!("{}{}?{NUMBER}={page}{others}", request.origin, request.path)
}

fn within(request: &Request, name: &str, default: u64, most: u64) -> Result<u64, Problem> {
    let Some(text) = request.param(name) else {
        return Ok(default);
    };
    let number = text.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| rule(name, format!("must be between 1 and {most}")))
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

const NUMBER: &str = "page";

#[cfg(test)]
mod tests {
    use super::*;

    const PAGES: Numbering = Numbering { size: "per_page", default: 2, largest: 3 };

    fn request(query: &[(&str, &str)]) -> Request {
        Request {
            method: http::Method::GET,
            path: "/v1/things".to_owned(),
            query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
            origin: "http://sim".to_owned(),
        }
    }

    #[test]
    fn pages_join_to_the_whole_list() {
        let mut found = Vec::new();
        for number in ["1", "2", "3"] {
            let page = PAGES.page(&request(&[("page", number)]), 0..5, |item| item).unwrap();
            assert_eq!((page.total, page.last()), (5, 3));
            assert_eq!(page.next().is_none(), number == "3");
            assert_eq!(page.previous().is_none(), number == "1");
            found.extend(page.shown);
        }
        assert_eq!(found, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn an_empty_list_has_one_page() {
        let page = PAGES.page(&request(&[]), 0..0, |item: u64| item).unwrap();
        assert_eq!((page.last(), page.next()), (1, None));
    }

    #[test]
    fn a_number_out_of_range_is_a_problem() {
        for query in [("page", "0"), ("page", "x"), ("per_page", "4")] {
            let problem = PAGES.page(&request(&[query]), 0..5, |item| item).unwrap_err();
            assert_eq!(problem.field(), Some(query.0));
        }
    }

    #[test]
    fn an_address_keeps_the_other_parameters() {
        let request = request(&[("page", "1"), ("name", "a b")]);
        assert_eq!(address(&request, 2), "http://sim/v1/things?page=2&name=a%20b");
    }
}
