//! The Hetzner Cloud API, <https://docs.hetzner.cloud/reference/cloud>.
//!
//! Description: hetzner.openapi.json

mod actions;
mod api;
mod catalog;
#[cfg(feature = "contract")]
pub mod contract;
mod errors;
mod fields;
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

use crate::{Face, Reply, Request, Route, SimConfig};

/// A running simulator of Hetzner Cloud; its API's endpoint is `url()` followed by `/v1`.
pub type Sim = crate::Sim<Hetzner>;

/// The face of Hetzner Cloud.
#[derive(Debug)]
pub struct Hetzner {
    token: Option<String>,
    read_only_token: Option<String>,
}

impl Face for Hetzner {
    const NAME: &'static str = "hetzner";

    fn new(config: &SimConfig) -> Self {
        Self { token: config.token.clone(), read_only_token: config.read_only_token.clone() }
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
        routes::describe(request)
    }

    fn refuse(&self, request: &Request) -> Option<Reply> {
        if !routes::is_known(request) {
            return Some(errors::unknown_path().into_reply(request));
        }
        let Some(token) = request.bearer() else {
            let error = errors::unauthorized("token is required");
            return Some(error.into_reply(request));
        };
        if self.read_only_token.as_deref() == Some(token) {
            return request.is_write().then(|| errors::read_only().into_reply(request));
        }
        let known = self.token.as_deref().is_none_or(|known| known == token);
        (!known).then(|| errors::unauthorized("the token you have provided is invalid").into_reply(request))
    }

    fn answer(&self, request: &Request, world: &mut World, now: Timestamp) -> Reply {
        let mut api = api::Api { request, world, now };
        let mut reply = routes::answer(&mut api).unwrap_or_else(|error| error.into_reply(request));
        errors::correlate(&mut reply, request);
        reply
    }

    fn failure(&self, request: &Request, status: StatusCode) -> Reply {
        errors::failure(request, status)
    }
}
