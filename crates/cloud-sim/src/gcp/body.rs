//! Request bodies: a wrong type or an unknown name is an error that names the field.

use cloud_world::Labels;
use serde_json::{Map, Value};

use super::errors::{self, ApiError};

/// An object of a request, and where in the request it is.
#[derive(Debug, Clone)]
pub(super) struct Body {
    path: String,
    map: Map<String, Value>,
}

impl Body {
    /// Reads a whole body; an empty one has no fields.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ApiError> {
        let value = if bytes.is_empty() {
            Value::Object(Map::new())
        } else {
            serde_json::from_slice(bytes).map_err(errors::bad_json)?
        };
        match value {
            Value::Object(map) => Ok(Self { path: "resource".to_owned(), map }),
            _ => Err(errors::bad_json("Unknown name: the root element must be a message.")),
        }
    }

    /// Refuses every field that is not of `names`.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), ApiError> {
        match self.map.keys().find(|key| !names.contains(&key.as_str())) {
            Some(name) => {
                let text = format!("Unknown name \"{name}\" at '{}': Cannot find field.", self.path);
                Err(errors::bad_json(text))
            }
            None => Ok(()),
        }
    }

    /// The name of one of its fields, as errors write it.
    pub(super) fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// The fields as they were sent.
    pub(super) fn as_map(&self) -> &Map<String, Value> {
        &self.map
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        self.read(name, "a string", Value::as_str)
    }

    pub(super) fn required_text(&self, name: &str) -> Result<&str, ApiError> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| errors::required(&self.field(name)))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.read(name, "a boolean", Value::as_bool)
    }

    /// A whole number, sent as a number or as a text.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        self.read(name, "a whole number", |value| match value {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        })
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        let texts = self.read(name, "a list of strings", |value| {
            value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect()
        })?;
        Ok(texts.unwrap_or_default())
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, ApiError> {
        let map = self.read(name, "an object", |value| value.as_object().cloned())?;
        Ok(map.map(|map| Self { path: self.field(name), map }))
    }

    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, ApiError> {
        let maps: Option<Vec<Map<String, Value>>> = self.read(name, "a list of objects", |value| {
            value.as_array()?.iter().map(|one| one.as_object().cloned()).collect()
        })?;
        let maps = maps.unwrap_or_default().into_iter().enumerate();
        Ok(maps.map(|(at, map)| Self { path: format!("{}[{at}]", self.field(name)), map }).collect())
    }

    /// Labels that keep the rules for labels.
    pub(super) fn labels(&self) -> Result<Labels, ApiError> {
        let labels: Option<Labels> = self.read("labels", "an object of strings", |value| {
            let pairs = value.as_object()?.iter();
            pairs.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
        })?;
        let labels = labels.unwrap_or_default();
        super::names::check_labels(&self.field("labels"), &labels)?;
        Ok(labels)
    }

    /// The name of a resource that is to be made.
    pub(super) fn name(&self) -> Result<String, ApiError> {
        let name = self.required_text("name")?;
        super::names::check_name(&self.field("name"), name)?;
        Ok(name.to_owned())
    }

    fn read<'a, T>(
        &'a self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(value) = self.map.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let wrong = || errors::bad_json(format!("Invalid value at '{}': must be {kind}", self.field(name)));
        read(value).map(Some).ok_or_else(wrong)
    }
}
