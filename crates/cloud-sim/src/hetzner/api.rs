//! What every resource's file works with.

use cloud_world::World;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::errors::{self, ApiError};
use super::fields::Fields;
use super::render;
use crate::{Reply, Request};

/// The outcome of one call.
pub(super) type Answer = Result<Reply, ApiError>;

/// One call: the request, and the world it is made on.
pub(super) struct Api<'a> {
    pub(super) request: &'a Request,
    pub(super) world: &'a mut World,
    pub(super) now: Timestamp,
}

impl Api<'_> {
    /// The request's body.
    pub(super) fn fields(&self) -> Result<Fields, ApiError> {
        Fields::parse(&self.request.body)
    }

    /// Checks that the request has no body beyond `{}`.
    pub(super) fn no_fields(&self) -> Result<(), ApiError> {
        self.fields()?.done()
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

/// The id in a path.
pub(super) fn id(segment: &str) -> Result<u64, ApiError> {
    segment.parse().map_err(|_| errors::not_found("resource", segment))
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
