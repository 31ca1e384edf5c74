//! Compute Engine, <https://cloud.google.com/compute/docs/reference/rest/v1>, with the prices of the
//! Cloud Billing catalog and as much of the metadata server as credentials need.
//!
//! Description: gcp.compute.discovery.json
//! Description: gcp.cloudbilling.discovery.json

mod addresses;
mod api;
mod body;
mod catalog;
#[cfg(feature = "contract")]
pub mod contract;
mod disks;
mod errors;
mod filter;
mod fingerprint;
mod firewalls;
mod images;
mod instance_actions;
mod instance_changes;
mod instance_disks;
mod instance_fields;
mod instance_scheduling;
mod instances;
mod ledger;
mod links;
mod machines;
mod metadata_server;
mod names;
mod operations;
mod paging;
mod places;
mod render_instance;
mod routes;
mod skus;
mod snapshots;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloud_world::{Kind, Rules, Settings, Timings, World};
use http::StatusCode;
use jiff::Timestamp;

use crate::face::{Access, Denied, Found};
use crate::{Face, Level, RateLimited, Reply, Request, Route, SimConfig};
use errors::ApiError;

/// A running simulator of Compute Engine; its API's endpoint is `url()`, below which the paths begin
/// with `/compute/v1`. The same address serves the billing catalog and the metadata server.
pub type Sim = crate::Sim<Gcp>;

/// The face of Compute Engine.
#[derive(Debug)]
pub struct Gcp {
    access: Access,
    ledger: Mutex<ledger::Ledger>,
    limited: AtomicU32,
}

impl Face for Gcp {
    const NAME: &'static str = "gcp";

    fn new(config: &SimConfig) -> Self {
        Self { access: Access::new(config), ledger: Mutex::default(), limited: AtomicU32::new(0) }
    }

    fn settings(config: &SimConfig) -> Settings {
        Settings {
            seed: config.seed,
            timings: config.timings.clone().unwrap_or_else(usual),
            lag: config.lag,
            // Most names are unique within a zone or region only, which the face checks.
            rules: Rules {
                unique_names: BTreeSet::from([Kind::Firewall]),
                failed_hosts_vanish: true,
                ..Rules::default()
            },
            quotas: config.quotas.iter().copied().collect(),
            catalog: catalog::catalog(),
        }
    }

    fn route(&self, request: &Request) -> Route {
        if metadata_server::is_asked(request) {
            return metadata_server::route();
        }
        routes::CALLS.route(request)
    }

    fn refuse(&self, request: &Request) -> Option<Reply> {
        if metadata_server::is_asked(request) {
            return Some(metadata_server::answer(request, self.access.token()));
        }
        self.check(request).err().map(ApiError::into_reply)
    }

    fn hold(&self, request: &Request, world: &World, now: Timestamp) -> Option<Timestamp> {
        operations::hold(request, world, now)
    }

    fn answer(&self, request: &Request, world: &mut World, now: Timestamp) -> Reply {
        self.call(request, world, now).unwrap_or_else(ApiError::into_reply)
    }

    fn failure(&self, _: &Request, status: StatusCode) -> Reply {
        errors::failure(status)
    }
}

impl RateLimited for Gcp {
    fn rate_headers(&self, level: &Level) -> Vec<(&'static str, String)> {
        level.ratelimit_headers()
    }

    fn over_limit(&self, request: &Request, _: &Level) -> Reply {
        // One in four rate limits is said with the status that the rest of the world uses.
        let rarely = self.limited.fetch_add(1, Ordering::Relaxed) % 4 == 3;
        errors::over_limit(routes::project(request), rarely).into_reply()
    }
}

impl Gcp {
    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let token = request.bearer().ok_or_else(errors::unauthorized)?;
        if !matches!(routes::CALLS.find(request), Found::Call(..)) {
            return Err(errors::unknown_path());
        }
        self.access.check(token, request.is_write()).map_err(|denied| match denied {
            Denied::ReadOnly => errors::forbidden("Request had insufficient authentication scopes."),
            Denied::Unknown => errors::unauthorized(),
        })
    }

    fn call(&self, request: &Request, world: &mut World, now: Timestamp) -> api::Answer {
        let Found::Call(call, path) = routes::CALLS.find(request) else {
            return Err(errors::unknown_path());
        };
        let mut ledger = self.ledger.lock().expect("no holder of this lock panics");
        let mut api = api::Api { request, world, ledger: &mut ledger, now, path };
        if let Some(action) = operations::repeated(request, api.ledger)? {
            return operations::answer(&api, action);
        }
        if !api.project().is_empty() {
            instance_actions::settle(&mut api);
        }
        (call.does)(&mut api)
    }
}

/// About what Compute Engine takes.
fn usual() -> Timings {
    Timings {
        stop: Duration::from_secs(20),
        delete: Duration::from_secs(20),
        resize: Duration::from_secs(3),
        snapshot: Duration::from_secs(30),
        ..Timings::usual()
    }
}
