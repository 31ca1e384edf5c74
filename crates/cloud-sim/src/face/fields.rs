//! The fields of a JSON body, read strictly: a wrong type, a missing field and an unknown one are
//! problems that say where they are. What a problem is called is the face's: it gives its error type
//! a `From<Problem>`.
//!
//! A field that is `null` counts as one that is absent.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

/// An object of a body, and where in the body it is. The first problem ends the reading; APIs that
/// name all problems at once use [`Gathering`](super::Gathering).
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(super) paths: Paths,
    pub(super) path: String,
    pub(super) map: Map<String, Value>,
}

/// How an API writes where a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paths {
    /// `rules.0.port`.
    Dotted,
    /// `resource.rules[0].port`, below this name of the whole body.
    Indexed(&'static str),
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The body is no JSON, for this reason.
    NoJson(String),
    /// The body is JSON, and no object.
    NoObject,
    /// The field has another type.
    WrongType { field: String, expected: Expected },
    /// The field must be there.
    Missing { field: String },
    /// The object has no field of this name.
    Unknown { object: String, name: String, field: String },
    /// The field, or the parameter of a query, breaks a rule.
    Rule { field: String, rule: String },
}

/// The type that a field must have. It is written as in "must be a string".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Text,
    Flag,
    Number,
    Object,
    Texts,
    List(&'static Expected),
    /// A type of a face's own: one of it, and several.
    Other(&'static str, &'static str),
}

/// A value that a field can have.
pub(crate) trait FromField<'a>: Sized {
    /// What the field must be.
    const EXPECTED: Expected;

    /// The value; `None` where it has another type.
    fn from_field(value: &'a Value) -> Option<Self>;
}

impl Fields {
    /// Reads a whole body; an empty one has no fields.
    ///
    /// # Errors
    /// [`Problem::NoJson`], [`Problem::NoObject`].
    pub(crate) fn parse(body: &[u8], paths: Paths) -> Result<Self, Problem> {
        let path = match paths {
            Paths::Dotted => String::new(),
            Paths::Indexed(root) => root.to_owned(),
        };
        if body.is_empty() {
            return Ok(Self { paths, path, map: Map::new() });
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self { paths, path, map }),
            Ok(_) => Err(Problem::NoObject),
            Err(error) => Err(Problem::NoJson(error.to_string())),
        }
    }

    /// Refuses every field that is not of `names`.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Problem> {
        let unknown = self.map.keys().find(|key| !names.contains(&key.as_str()));
        unknown.map_or(Ok(()), |name| Err(self.unknown(name)))
    }

    /// Where one of its fields is, as errors write it.
    pub(crate) fn field(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The fields as they were sent.
    pub(crate) fn as_map(&self) -> &Map<String, Value> {
        &self.map
    }

    /// A field of any type.
    pub(crate) fn get<'a, T: FromField<'a>>(&'a self, name: &str) -> Result<Option<T>, Problem> {
        let value = self.map.get(name).filter(|value| !value.is_null());
        value.map(|value| T::from_field(value).ok_or_else(|| self.wrong_type(name, T::EXPECTED))).transpose()
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        self.get(name)
    }

    /// A text that must be there, and not be empty.
    pub(crate) fn required_text(&self, name: &str) -> Result<&str, Problem> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| self.missing(name))
    }

    /// A yes or no.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.get(name)
    }

    /// A list of texts; empty where there is none.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Problem> {
        Ok(self.get(name)?.unwrap_or_default())
    }

    /// An object with its own fields.
    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, Problem> {
        let map = self.get::<&Map<String, Value>>(name)?;
        Ok(map.map(|map| self.inside(name, map.clone())))
    }

    /// A list of objects, each with its own fields; empty where there is none.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Self>, Problem> {
        let maps = self.get::<Vec<&Map<String, Value>>>(name)?.unwrap_or_default();
        Ok(maps.into_iter().enumerate().map(|(at, map)| self.item(name, at, map.clone())).collect())
    }

    pub(super) fn inside(&self, name: &str, map: Map<String, Value>) -> Self {
        Self { paths: self.paths, path: self.field(name), map }
    }

    pub(super) fn item(&self, name: &str, at: usize, map: Map<String, Value>) -> Self {
        let list = self.field(name);
        let path = match self.paths {
            Paths::Dotted => format!("{list}.{at}"),
            Paths::Indexed(_) => format!("{list}[{at}]"),
        };
        Self { paths: self.paths, path, map }
    }

    pub(super) fn wrong_type(&self, name: &str, expected: Expected) -> Problem {
        Problem::WrongType { field: self.field(name), expected }
    }

    pub(super) fn missing(&self, name: &str) -> Problem {
        Problem::Missing { field: self.field(name) }
    }

    pub(super) fn unknown(&self, name: &str) -> Problem {
        Problem::Unknown { object: self.path.clone(), name: name.to_owned(), field: self.field(name) }
    }
}

impl Problem {
    /// The whole name of the field that it is about; `None` where it is about the body.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::NoJson(_) | Self::NoObject => None,
            Self::WrongType { field, .. }
            | Self::Missing { field }
            | Self::Unknown { field, .. }
            | Self::Rule { field, .. } => Some(field),
        }
    }
}

impl Expected {
    /// Several of it, such as "strings".
    pub(crate) fn several(self) -> &'static str {
        match self {
            Self::Text => "strings",
            Self::Flag => "booleans",
            Self::Number => "integers",
            Self::Object => "objects",
            Self::Texts => "objects of strings",
            Self::List(_) => "arrays",
            Self::Other(_, several) => several,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Text => "a string",
            Self::Flag => "a boolean",
            Self::Number => "an integer",
            Self::Object => "an object",
            Self::Texts => "an object of strings",
            Self::List(inner) => return write!(formatter, "an array of {}", inner.several()),
            Self::Other(one, _) => one,
        })
    }
}

/// What is wrong with the parameter of a query.
pub(crate) fn rule(name: &str, rule: impl Into<String>) -> Problem {
    Problem::Rule { field: name.to_owned(), rule: rule.into() }
}

impl<'a> FromField<'a> for &'a str {
    const EXPECTED: Expected = Expected::Text;

    fn from_field(value: &'a Value) -> Option<Self> {
        value.as_str()
    }
}

impl FromField<'_> for String {
    const EXPECTED: Expected = Expected::Text;

    fn from_field(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromField<'_> for bool {
    const EXPECTED: Expected = Expected::Flag;

    fn from_field(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromField<'_> for u64 {
    const EXPECTED: Expected = Expected::Number;

    fn from_field(value: &Value) -> Option<Self> {
        value.as_u64()
    }
}

impl<'a> FromField<'a> for &'a Map<String, Value> {
    const EXPECTED: Expected = Expected::Object;

    fn from_field(value: &'a Value) -> Option<Self> {
        value.as_object()
    }
}

/// An object of texts, such as labels.
impl FromField<'_> for BTreeMap<String, String> {
    const EXPECTED: Expected = Expected::Texts;

    fn from_field(value: &Value) -> Option<Self> {
        let pairs = value.as_object()?.iter();
        pairs.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }
}

impl<'a, T: FromField<'a>> FromField<'a> for Vec<T> {
    const EXPECTED: Expected = Expected::List(&T::EXPECTED);

    fn from_field(value: &'a Value) -> Option<Self> {
        value.as_array()?.iter().map(T::from_field).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &str) -> Fields {
        Fields::parse(body.as_bytes(), Paths::Indexed("resource")).unwrap()
    }

    #[test]
    fn a_problem_says_where_the_field_is() {
        let body = fields(r#"{"disks": [{}, {"mode": 1}], "labels": {"a": 1}, "name": "", "size": null}"#);
        let disks = body.objects("disks").unwrap();
        let wrong = disks[1].text("mode").unwrap_err();
        let field = "resource.disks[1].mode".to_owned();
        assert_eq!(wrong, Problem::WrongType { field, expected: Expected::Text });
        assert_eq!(body.required_text("name").unwrap_err(), Problem::Missing { field: "resource.name".to_owned() });
        assert_eq!(body.get::<u64>("size"), Ok(None));
        let wrong = body.get::<BTreeMap<String, String>>("labels").unwrap_err();
        assert!(matches!(wrong, Problem::WrongType { expected, .. } if expected.to_string() == "an object of strings"));
    }

    #[test]
    fn a_field_that_is_not_listed_is_unknown() {
        let body = fields(r#"{"a": {"b": 1, "c": 2}}"#);
        assert_eq!(body.only(&["a", "b"]), Ok(()));
        let inner = body.object("a").unwrap().unwrap();
        let Err(Problem::Unknown { object, name, field }) = inner.only(&["b"]) else { panic!("c is unknown") };
        assert_eq!((object.as_str(), name.as_str(), field.as_str()), ("resource.a", "c", "resource.a.c"));
    }

    #[test]
    fn a_body_is_an_object_or_empty() {
        let parse = |body: &str| Fields::parse(body.as_bytes(), Paths::Dotted);
        assert!(parse("").unwrap().as_map().is_empty());
        assert_eq!(parse("[1]").unwrap_err(), Problem::NoObject);
        assert!(matches!(parse("{").unwrap_err(), Problem::NoJson(_)));
    }

    #[test]
    fn lists_are_expected_by_what_is_in_them() {
        assert_eq!(<Vec<u64> as FromField>::EXPECTED.to_string(), "an array of integers");
        assert_eq!(<Vec<&Map<String, Value>> as FromField>::EXPECTED.to_string(), "an array of objects");
    }
}
