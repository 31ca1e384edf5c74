//! The calls of an API: one table a face, one row a call.
//!
//! ```text
//! const CALLS: Calls<Handler> = Calls::below("/v1", &[
//!     get("/servers", servers::list),
//!     post::<Handler>("/servers", servers::create).makes(Kind::Host).places(),
//!     get("/servers/{id}", servers::get),
//! ]);
//! ```
//!
//! The first row that fits a request is the one that counts: `/servers/actions` stands before
//! `/servers/{id}`. The table knows nothing of answers: what is said of an unknown path is the face's.

use cloud_world::Kind;
use http::Method;

use crate::{Request, Route};

/// One call: what it is called, what does it, and what it is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<H: 'static> {
    method: &'static str,
    /// The path with parameters in braces as the API's description writes it, or the call's name.
    pub(crate) template: &'static str,
    /// What does it.
    pub(crate) does: H,
    /// Whether it may change something.
    pub(crate) writes: bool,
    makes: Option<Kind>,
    places: bool,
}

/// A call that reads.
pub(crate) const fn get<H: Copy>(template: &'static str, does: H) -> Call<H> {
    Call { writes: false, ..call("GET", template, does) }
}

/// A call that makes something or starts a change.
pub(crate) const fn post<H: Copy>(template: &'static str, does: H) -> Call<H> {
    call("POST", template, does)
}

/// A call that replaces something.
pub(crate) const fn put<H: Copy>(template: &'static str, does: H) -> Call<H> {
    call("PUT", template, does)
}

/// A call that changes what is sent.
pub(crate) const fn patch<H: Copy>(template: &'static str, does: H) -> Call<H> {
    call("PATCH", template, does)
}

/// A call that deletes something.
pub(crate) const fn delete<H: Copy>(template: &'static str, does: H) -> Call<H> {
    call("DELETE", template, does)
}

/// A call by any method.
pub(crate) const fn any<H: Copy>(template: &'static str, does: H) -> Call<H> {
    call(ANY, template, does)
}

const fn call<H: Copy>(method: &'static str, template: &'static str, does: H) -> Call<H> {
    Call { method, template, does, writes: true, makes: None, places: false }
}

impl<H: Copy> Call<H> {
    /// It makes something of this kind, whose quota can be full.
    pub(crate) const fn makes(self, kind: Kind) -> Self {
        Self { makes: Some(kind), ..self }
    }

    /// It needs capacity somewhere, which can be gone.
    pub(crate) const fn places(self) -> Self {
        Self { places: true, ..self }
    }

    /// It changes nothing, whatever its method.
    pub(crate) const fn reads(self) -> Self {
        Self { writes: false, ..self }
    }

    /// What faults and statistics see of it.
    pub(crate) fn route(&self) -> Route {
        Route { template: self.template.to_owned(), target: self.makes, places: self.places, writes: self.writes }
    }

    /// A `HEAD` is a `GET` whose answer has no body.
    fn takes(&self, method: &Method) -> bool {
        self.method == ANY || self.method == method.as_str() || (self.method == "GET" && method == Method::HEAD)
    }
}

/// All calls of an API.
#[derive(Debug)]
pub(crate) struct Calls<H: 'static> {
    base: &'static str,
    rows: &'static [Call<H>],
}

/// What a request calls.
#[derive(Debug)]
pub(crate) enum Found<H: 'static> {
    /// This call, with the parameters of its path.
    Call(&'static Call<H>, Parameters),
    /// There is such a path, by other methods.
    OtherMethod,
    /// There is no such path.
    Nothing,
}

impl<H: Copy> Calls<H> {
    /// A table whose templates begin after `base`, which requests may leave out.
    pub(crate) const fn below(base: &'static str, rows: &'static [Call<H>]) -> Self {
        Self { base, rows }
    }

    /// The call that a request's method and path are.
    pub(crate) fn find(&self, request: &Request) -> Found<H> {
        let path = below(self.base, &request.path);
        let mut fitting = self.rows.iter().filter(|call| fits(call.template, path)).peekable();
        if fitting.peek().is_none() {
            return Found::Nothing;
        }
        let found = fitting.find(|call| call.takes(&request.method));
        found.map_or(Found::OtherMethod, |call| Found::Call(call, Parameters::read(call.template, path)))
    }

    /// The call of a name, for APIs that name their calls in headers or parameters.
    pub(crate) fn named(&self, name: &str) -> Option<&'static Call<H>> {
        self.rows.iter().find(|call| call.template == name)
    }

    /// What faults and statistics see of a request.
    pub(crate) fn route(&self, request: &Request) -> Route {
        match self.find(request) {
            Found::Call(call, _) => call.route(),
            Found::OtherMethod | Found::Nothing => Route::unknown(request),
        }
    }
}

/// The parameters of a path, by their names in the template.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    /// The value of a parameter; empty where the path has none of that name.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    fn read(template: &'static str, path: &str) -> Self {
        let pairs = parts(template).zip(parts(path));
        Self(pairs.filter_map(|(part, value)| Some((parameter(part)?, value.to_owned()))).collect())
    }
}

/// The path after the base; the whole path where it does not begin with the base.
fn below<'a>(base: &str, path: &'a str) -> &'a str {
    match path.strip_prefix(base) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (parts(template), parts(path));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(value)) if part == value || parameter(part).is_some() => {}
            _ => return false,
        }
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

fn parameter(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

const ANY: &str = "*";

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: Calls<u32> = Calls::below(
        "/v1",
        &[
            get("/servers/actions", 1),
            get("/servers/{id}", 2),
            post("/servers", 3).makes(Kind::Host).places(),
            post("/servers/{id}/actions/{verb}", 4),
            any("/gone", 5),
            post("Describe", 6).reads(),
        ],
    );

    fn find(method: Method, path: &str) -> Found<u32> {
        CALLS.find(&request(method, path))
    }

    fn request(method: Method, path: &str) -> Request {
        Request {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
            origin: String::new(),
        }
    }

    #[test]
    fn the_first_row_that_fits_is_found_with_its_parameters() {
        let does = |method, path| match find(method, path) {
            Found::Call(call, parameters) => (call.does, parameters),
            other => panic!("{path}: {other:?}"),
        };
        assert_eq!(does(Method::GET, "/v1/servers/actions").0, 1);
        assert_eq!(does(Method::HEAD, "/servers/12/").0, 2);
        assert_eq!(does(Method::PATCH, "/gone").0, 5);
        let (call, parameters) = does(Method::POST, "/v1/servers/12/actions/reboot");
        assert_eq!((call, parameters.get("id"), parameters.get("verb")), (4, "12", "reboot"));
        assert_eq!(parameters.get("zone"), "");
    }

    #[test]
    fn a_wrong_method_is_told_from_a_wrong_path() {
        assert!(matches!(find(Method::DELETE, "/v1/servers/12"), Found::OtherMethod));
        assert!(matches!(find(Method::GET, "/v1/servers/12/actions"), Found::Nothing));
        assert!(matches!(find(Method::GET, "/v1servers/12"), Found::Nothing));
    }

    #[test]
    fn a_route_says_what_a_call_is_about() {
        let route = CALLS.route(&request(Method::POST, "/v1/servers"));
        assert_eq!((route.template.as_str(), route.target), ("/servers", Some(Kind::Host)));
        assert!(route.places && route.writes);
        assert!(!CALLS.named("Describe").unwrap().route().writes);
        assert_eq!(CALLS.route(&request(Method::GET, "/nowhere")).template, "/unknown");
    }
}
