//! The Hetzner Cloud API, <https://docs.hetzner.cloud/reference/cloud>.
//!
//! Description: hetzner.openapi.json

mod actions;
mod api;
mod catalog;
#[cfg(feature = "contract")]
pub mod contract;
mod errors;
mod firewall_rules;
mod firewalls;
mod images;
mod labels;
mod locations;
mod metrics;
mod paging;
mod pricing;
mod primary_ips;
mod protection;
mod render;
mod render_server;
mod routes;
mod server_actions;
mod server_types;
mod servers;
mod ssh_keys;
mod volumes;
mod words;

use cloud_world::{Kind, Rules, Settings, Timings, World};
use http::StatusCode;
use jiff::Timestamp;

use crate::face::{Access, Denied, Found};
use crate::{Face, Level, RateLimited, Reply, Request, Route, SimConfig};
use errors::ApiError;

/// A running simulator of Hetzner Cloud; its API's endpoint is `url()` followed by `/v1`.
pub type Sim = crate::Sim<Hetzner>;

/// The face of Hetzner Cloud.
#[derive(Debug)]
pub struct Hetzner {
    access: Access,
}

impl RateLimited for Hetzner {
    fn rate_headers(&self, level: &Level) -> Vec<(&'static str, String)> {
        level.ratelimit_headers()
    }

    fn over_limit(&self, request: &Request, _: &Level) -> Reply {
        errors::over_limit(request)
    }
}

impl Face for Hetzner {
    const NAME: &'static str = "hetzner";

    fn new(config: &SimConfig) -> Self {
        Self { access: Access::new(config) }
    }

    fn settings(config: &SimConfig) -> Settings {
        // Snapshots have no name; those of stock images are once per architecture.
        let named = Kind::OWNED.into_iter().filter(|kind| *kind != Kind::Image);
        Settings {
            seed: config.seed,
            timings: config.timings.clone().unwrap_or_else(Timings::usual),
            lag: config.lag,
            rules: Rules { unique_names: named.collect(), ..Rules::default() },
            quotas: config.quotas.iter().copied().collect(),
            catalog: catalog::catalog(),
        }
    }

    fn route(&self, request: &Request) -> Route {
        routes::CALLS.route(request)
    }

    fn refuse(&self, request: &Request) -> Option<Reply> {
        self.check(request).err().map(|error| error.into_reply(request))
    }

    fn answer(&self, request: &Request, world: &mut World, now: Timestamp) -> Reply {
        let answer = match routes::CALLS.find(request) {
            Found::Call(call, path) => {
                let mut api = api::Api { request, world, now, template: call.template, path };
                (call.does)(&mut api)
            }
            Found::OtherMethod => Err(errors::method_not_allowed()),
            Found::Nothing => Err(errors::unknown_path()),
        };
        let mut reply = answer.unwrap_or_else(|error| error.into_reply(request));
        errors::correlate(&mut reply, request);
        reply
    }

    fn failure(&self, request: &Request, status: StatusCode) -> Reply {
        errors::failure(request, status)
    }
}

impl Hetzner {
    fn check(&self, request: &Request) -> Result<(), ApiError> {
        if matches!(routes::CALLS.find(request), Found::Nothing) {
            return Err(errors::unknown_path());
        }
        let token = request.bearer().ok_or_else(|| errors::unauthorized("token is required"))?;
        self.access.check(token, request.is_write()).map_err(|denied| match denied {
            Denied::ReadOnly => errors::read_only(),
            Denied::Unknown => errors::unauthorized("the token you have provided is invalid"),
        })
    }
}
