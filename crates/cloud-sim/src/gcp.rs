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

use crate::{Face, Reply, Request, Route, SimConfig};

/// A running simulator of Compute Engine; its API's endpoint is `url()`, below which the paths begin
/// with `/compute/v1`. The same address serves the billing catalog and the metadata server.
pub type Sim = crate::Sim<Gcp>;

/// The face of Compute Engine.
#[derive(Debug)]
pub struct Gcp {
    token: Option<String>,
    read_only_token: Option<String>,
    ledger: Mutex<ledger::Ledger>,
    limited: AtomicU32,
}

impl Face for Gcp {
    const NAME: &'static str = "gcp";

    fn new(config: &SimConfig) -> Self {
        Self {
            token: config.token.clone(),
            read_only_token: config.read_only_token.clone(),
            ledger: Mutex::default(),
            limited: AtomicU32::new(0),
        }
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
        routes::describe(request)
    }

    fn refuse(&self, request: &Request) -> Option<Reply> {
        if metadata_server::is_asked(request) {
            return Some(metadata_server::answer(request, self.token.as_deref()));
        }
        let Some(token) = request.bearer() else {
            return Some(errors::unauthorized().into_reply());
        };
        if !routes::is_known(request) {
            return Some(errors::unknown_path().into_reply());
        }
        if self.read_only_token.as_deref() == Some(token) {
            let message = "Request had insufficient authentication scopes.";
            return request.is_write().then(|| errors::forbidden(message).into_reply());
        }
        let known = self.token.as_deref().is_none_or(|known| known == token);
        (!known).then(|| errors::unauthorized().into_reply())
    }

    fn hold(&self, request: &Request, world: &World, now: Timestamp) -> Option<Timestamp> {
        operations::hold(request, world, now)
    }

    fn answer(&self, request: &Request, world: &mut World, now: Timestamp) -> Reply {
        let mut ledger = self.ledger.lock().expect("no holder of this lock panics");
        let mut api = api::Api { request, world, ledger: &mut ledger, now, path: Vec::new() };
        let answer = match operations::repeated(request, api.ledger) {
            Ok(Some(action)) => operations::answer(&api, action),
            Ok(None) => routes::answer(&mut api),
            Err(error) => Err(error),
        };
        answer.unwrap_or_else(errors::ApiError::into_reply)
    }

    fn failure(&self, request: &Request, status: StatusCode) -> Reply {
        // One in four rate limits is said with the status that the rest of the world uses.
        let rarely = self.limited.fetch_add(1, Ordering::Relaxed) % 4 == 3;
        errors::failure(status, routes::project(request), rarely)
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
