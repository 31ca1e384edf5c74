//! What every resource's file works with.

use cloud_world::{Kind, Labels, Record, Table, World};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::errors::{self, ApiError};
use super::{labels, render, words};
use crate::face::{Expected, FromField, Gathering, Parameters, Paths};
use crate::{Reply, Request};

/// The outcome of one call.
pub(super) type Answer = Result<Reply, ApiError>;

/// One call: the request, and the world it is made on.
pub(super) struct Api<'a> {
    pub(super) request: &'a Request,
    pub(super) world: &'a mut World,
    pub(super) now: Timestamp,
    /// The path as the description writes it.
    pub(super) template: &'static str,
    /// The parameters of the path.
    pub(super) path: Parameters,
}

impl Api<'_> {
    /// The request's body; the API takes `null` for an empty one.
    pub(super) fn fields(&self) -> Result<Gathering, ApiError> {
        let body = if self.request.body.trim_ascii() == b"null" { &[] } else { self.request.body.as_ref() };
        Ok(Gathering::parse(body, Paths::Dotted)?)
    }

    /// Checks that the request has no body beyond `{}`.
    pub(super) fn no_fields(&self) -> Result<(), ApiError> {
        Ok(self.fields()?.done()?)
    }

    /// The id in the path.
    pub(super) fn id(&self) -> Result<u64, ApiError> {
        self.number("id")
    }

    /// The number of a parameter of the path.
    pub(super) fn number(&self, name: &str) -> Result<u64, ApiError> {
        let text = self.path.get(name);
        text.parse().map_err(|_| errors::not_found("resource", text))
    }

    /// The resource of the path, where a reader can see it.
    pub(super) fn seen<T: Record>(&self, table: &Table<T>) -> Result<u64, ApiError> {
        let id = self.id()?;
        let missing = || errors::not_found(words::kind(T::KIND), self.path.get("id"));
        table.seen(id, self.now).map(Record::id).ok_or_else(missing)
    }

    /// The kind of resource that the path is about.
    pub(super) fn kind(&self) -> Kind {
        let first = self.template.split('/').nth(1);
        first.and_then(words::kind_of_path).unwrap_or(Kind::Action)
    }

    /// The last part of the path, such as `poweron`.
    pub(super) fn verb(&self) -> &'static str {
        self.template.rsplit('/').next().unwrap_or_default()
    }

    /// An action in the answer's words.
    pub(super) fn action(&self, id: u64) -> Value {
        self.world.action(id).map_or(Value::Null, |action| render::action(action, self.now))
    }

    /// The 201 answer of a call that started one action.
    pub(super) fn started(&self, action: u64) -> Answer {
        created(&json!({"action": self.action(action)}))
    }
}

/// Labels that keep the rules for labels.
pub(super) fn labels(fields: &mut Gathering) -> Option<Labels> {
    let found: Labels = fields.get("labels")?;
    if let Err(rule) = labels::check(&found) {
        fields.problem("labels", rule);
    }
    Some(found)
}

/// A reference by id or by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference {
    Id(u64),
    Name(String),
}

impl Reference {
    /// Whether it means the thing with this id and name.
    pub(super) fn means(&self, id: u64, name: &str) -> bool {
        match self {
            Self::Id(wanted) => *wanted == id,
            Self::Name(wanted) => wanted == name,
        }
    }
}

impl Default for Reference {
    fn default() -> Self {
        Self::Id(0)
    }
}

impl FromField<'_> for Reference {
    const EXPECTED: Expected = Expected::Other("a string or an integer", "ids or names");

    fn from_field(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_u64().map(Self::Id),
            Value::String(text) => Some(text.parse().map_or_else(|_| Self::Name(text.clone()), Self::Id)),
            _ => None,
        }
    }
}

pub(super) fn ok(body: &impl Serialize) -> Answer {
    Ok(Reply::json(StatusCode::OK, body))
}

pub(super) fn created(body: &impl Serialize) -> Answer {
    Ok(Reply::json(StatusCode::CREATED, body))
}

pub(super) fn no_content() -> Answer {
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
