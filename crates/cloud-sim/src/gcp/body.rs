//! What the request bodies of this API have of their own: names, labels, and numbers as texts.

use cloud_world::Labels;
use serde_json::Value;

use super::errors::ApiError;
use super::names;
use crate::face::{Expected, Fields, FromField};

/// A whole number, sent as a number or as a text.
pub(super) struct Whole(pub(super) u64);

impl FromField<'_> for Whole {
    const EXPECTED: Expected = Expected::Number;

    fn from_field(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => text.parse().ok().map(Self),
            other => other.as_u64().map(Self),
        }
    }
}

/// A whole number of a body.
pub(super) fn number(body: &Fields, name: &str) -> Result<Option<u64>, ApiError> {
    Ok(body.get(name)?.map(|Whole(number)| number))
}

/// Labels that keep the rules for labels.
pub(super) fn labels(body: &Fields) -> Result<Labels, ApiError> {
    let labels = body.get("labels")?.unwrap_or_default();
    names::check_labels(&body.field("labels"), &labels)?;
    Ok(labels)
}

/// The name of a resource that is to be made.
pub(super) fn name(body: &Fields) -> Result<String, ApiError> {
    let name = body.required_text("name")?;
    names::check_name(&body.field("name"), name)?;
    Ok(name.to_owned())
}
