//! A provider's API over a world, and what such faces share: the table of calls, the strict reader of
//! JSON bodies, pages, and who may call.

mod access;
mod calls;
mod fields;
mod gathering;
pub(crate) mod numbers;
pub(crate) mod tokens;

use cloud_world::{Settings, World};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use crate::{RateLimited, Reply, Request, Route, SimConfig};

pub(crate) use access::{Access, Denied};
pub(crate) use calls::{Call, Calls, Found, Parameters, any, delete, get, patch, post, put};
pub(crate) use fields::{Expected, Fields, FromField, Paths, Problem};
pub(crate) use gathering::{Gathering, Problems};

/// One provider's API over a world.
pub trait Face: RateLimited + Send + Sync + Sized + 'static {
    /// The provider's name, as recorded exchanges have it.
    const NAME: &'static str;

    /// The face for this configuration.
    fn new(config: &SimConfig) -> Self;

    /// The world that the simulator starts with.
    fn settings(config: &SimConfig) -> Settings;

    /// What the path is, before anything is checked.
    fn route(&self, request: &Request) -> Route;

    /// Why the request may not be made at all, such as for a wrong token.
    fn refuse(&self, request: &Request) -> Option<Reply>;

    /// Until when the answer is held back, as where the request asks to wait; `None` for not at all.
    fn hold(&self, _request: &Request, _world: &World, _now: Timestamp) -> Option<Timestamp> {
        None
    }

    /// The regions and zones where the request needs capacity, as far as it names any.
    fn places(&self, request: &Request, world: &World) -> Vec<String> {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let mut named = request.segments();
        named.extend(body["location"].as_str());
        named.into_iter().filter(|name| is_place(world, name)).map(str::to_owned).collect()
    }

    /// Does what the request asks for.
    fn answer(&self, request: &Request, world: &mut World, now: Timestamp) -> Reply;

    /// The provider's error body for a failure of its own with this status; what it says of its rate
    /// limit is [`RateLimited::over_limit`].
    fn failure(&self, request: &Request, status: StatusCode) -> Reply;
}

fn is_place(world: &World, name: &str) -> bool {
    let regions = &world.catalog.regions;
    regions.iter().any(|region| region.name == name || region.zones.iter().any(|zone| zone == name))
}
