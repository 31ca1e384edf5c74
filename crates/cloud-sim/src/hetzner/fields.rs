//! Request bodies, read strictly: an unknown field or a wrong type is an error that names it.

use cloud_world::Labels;
use serde_json::{Map, Value};

use super::errors::{self, ApiError};
use super::labels;

/// The fields of a body that were not read yet, and what was wrong with those that were.
#[derive(Debug)]
pub(super) struct Fields {
    prefix: String,
    rest: Map<String, Value>,
    problems: Vec<(String, String)>,
}

/// A reference by id or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    Id(u64),
    Name(String),
}

impl Fields {
    /// Reads a body; an empty one has no fields.
    pub(super) fn parse(body: &[u8]) -> Result<Self, ApiError> {
        if body.is_empty() {
            return Ok(Self::of(Map::new(), String::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(rest)) => Ok(Self::of(rest, String::new())),
            Ok(Value::Null) => Ok(Self::of(Map::new(), String::new())),
            Ok(_) => Err(errors::bad_json("the body must be a JSON object")),
            Err(error) => Err(errors::bad_json(error.to_string())),
        }
    }

    fn of(rest: Map<String, Value>, prefix: String) -> Self {
        Self { prefix, rest, problems: Vec::new() }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name, "must be a string", |value| value.as_str().map(str::to_owned))
    }

    /// A text that must be there; empty where it is not, and then [`Fields::done`] fails.
    pub(super) fn required_text(&mut self, name: &str) -> String {
        let text = self.text(name);
        self.require(name, text)
    }

    /// A yes or no.
    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.take(name, "must be a boolean", Value::as_bool)
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        self.take(name, "must be an integer", Value::as_u64)
    }

    /// A number that must be there; 0 where it is not, and then [`Fields::done`] fails.
    pub(super) fn required_number(&mut self, name: &str) -> u64 {
        let number = self.number(name);
        self.require(name, number)
    }

    /// A list of ids.
    pub(super) fn numbers(&mut self, name: &str) -> Vec<u64> {
        self.take(name, "must be an array of integers", |value| value.as_array()?.iter().map(Value::as_u64).collect())
            .unwrap_or_default()
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Vec<String> {
        self.take(name, "must be an array of strings", |value| {
            let values = value.as_array()?.iter();
            values.map(|value| value.as_str().map(str::to_owned)).collect()
        })
        .unwrap_or_default()
    }

    /// An id or a name.
    pub(super) fn reference(&mut self, name: &str) -> Option<Reference> {
        self.take(name, "must be a string or an integer", reference)
    }

    /// An id or a name that must be there.
    pub(super) fn required_reference(&mut self, name: &str) -> Reference {
        let reference = self.reference(name);
        reference.unwrap_or_else(|| {
            self.miss(name);
            Reference::Id(0)
        })
    }

    /// A list of ids and names.
    pub(super) fn references(&mut self, name: &str) -> Vec<Reference> {
        self.take(name, "must be an array of ids or names", |value| value.as_array()?.iter().map(reference).collect())
            .unwrap_or_default()
    }

    /// Labels that keep the rules for labels.
    pub(super) fn labels(&mut self, name: &str) -> Option<Labels> {
        let found: Labels = self.take(name, "must be an object of strings", |value| {
            let pairs = value.as_object()?.iter();
            pairs.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        })?;
        if let Err(rule) = labels::check(&found) {
            self.problem(name, rule);
        }
        Some(found)
    }

    /// An object, with its own strict fields; give it back to [`Fields::adopt`].
    pub(super) fn object(&mut self, name: &str) -> Option<Self> {
        let map = self.take(name, "must be an object", |value| value.as_object().cloned())?;
        Some(Self::of(map, format!("{}{name}.", self.prefix)))
    }

    /// A list of objects; give each back to [`Fields::adopt`].
    pub(super) fn objects(&mut self, name: &str) -> Option<Vec<Self>> {
        let maps: Vec<Map<String, Value>> = self.take(name, "must be an array of objects", |value| {
            let values = value.as_array()?.iter();
            values.map(|value| value.as_object().cloned()).collect()
        })?;
        let inside = maps.into_iter().zip(0..);
        let fields = inside.map(|(map, at)| Self::of(map, format!("{}{name}.{at}.", self.prefix)));
        Some(fields.collect())
    }

    /// Takes over what was wrong with an inner object.
    pub(super) fn adopt(&mut self, inner: Self) {
        let inner = inner.closed();
        self.problems.extend(inner);
    }

    /// Notes that a field breaks a rule.
    pub(super) fn problem(&mut self, name: &str, rule: impl Into<String>) {
        self.problems.push((format!("{}{name}", self.prefix), rule.into()));
    }

    /// Whether the field is there, `null` or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.rest.contains_key(name)
    }

    /// Fails with everything that was wrong, unknown fields included.
    pub(super) fn done(self) -> Result<(), ApiError> {
        let problems = self.closed();
        if problems.is_empty() {
            return Ok(());
        }
        Err(errors::invalid_fields(&problems))
    }

    fn closed(mut self) -> Vec<(String, String)> {
        for name in self.rest.keys() {
            let name = format!("{}{name}", self.prefix);
            self.problems.push((name, "unknown field".to_owned()));
        }
        self.problems
    }

    fn require<T: Default>(&mut self, name: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.miss(name);
            T::default()
        })
    }

    fn miss(&mut self, name: &str) {
        let full = format!("{}{name}", self.prefix);
        if !self.problems.iter().any(|(known, _)| *known == full) {
            self.problem(name, "Missing data for required field.");
        }
    }

    fn take<T>(&mut self, name: &str, rule: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let value = self.rest.remove(name)?;
        if value.is_null() {
            return None;
        }
        let read = read(&value);
        if read.is_none() {
            self.problem(name, rule);
        }
        read
    }
}

fn reference(value: &Value) -> Option<Reference> {
    match value {
        Value::Number(number) => number.as_u64().map(Reference::Id),
        Value::String(text) => Some(text.parse().map_or_else(|_| Reference::Name(text.clone()), Reference::Id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let body = br#"{"name": 1, "colour": "red", "public_net": {"x": 1}}"#;
        let mut fields = Fields::parse(body).unwrap();
        fields.required_text("name");
        fields.required_number("size");
        let inner = fields.object("public_net").unwrap();
        fields.adopt(inner);
        let error = fields.done().unwrap_err();
        let names: Vec<_> =
            error.details["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["name", "size", "public_net.x", "colour"]);
    }

    #[test]
    fn a_body_that_is_no_object_is_a_json_error() {
        assert_eq!(Fields::parse(b"{").unwrap_err().code, "json_error");
        assert_eq!(Fields::parse(b"[1]").unwrap_err().code, "json_error");
        assert!(Fields::parse(b"").unwrap().done().is_ok());
    }
}
