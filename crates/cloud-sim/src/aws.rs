//! EC2, <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>, in its Query protocol.
//! The region is that of the signature: one server serves all of them.

mod addresses;
mod amis;
mod api;
mod catalog;
mod errors;
mod filter;
mod group_rules;
mod groups;
mod ids;
mod images;
mod instance_types;
mod instances;
mod key_pairs;
mod launch;
mod launch_fields;
mod ledger;
mod machines;
mod network;
mod params;
mod places;
mod power;
mod render_instance;
mod routes;
mod signature;
mod snapshots;
mod tags;
mod volumes;
mod xml;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use cloud_world::{Rules, Settings, Timings, World};
use http::StatusCode;
use jiff::Timestamp;

use crate::{Face, Reply, Request, Route, SimConfig};
use errors::ApiError;
use ledger::Ledger;
use params::Params;
use places::Place;
use routes::Action;
use signature::Signature;

/// A running simulator of EC2; its endpoint, for every region and service, is `url()`.
pub type Sim = crate::Sim<Aws>;

/// The face of EC2.
#[derive(Debug)]
pub struct Aws {
    key_id: Option<String>,
    read_only_key_id: Option<String>,
    ledger: Mutex<Ledger>,
}

impl Face for Aws {
    const NAME: &'static str = "aws";

    /// `config.token` is the access key id that is taken.
    fn new(config: &SimConfig) -> Self {
        let ledger = Ledger::new(groups::defaults());
        Self {
            key_id: config.token.clone(),
            read_only_key_id: config.read_only_token.clone(),
            ledger: Mutex::new(ledger),
        }
    }

    fn settings(config: &SimConfig) -> Settings {
        Settings {
            seed: config.seed,
            timings: config.timings.clone().unwrap_or_else(usual),
            lag: config.lag,
            // Names are unique within a region at most, which the face checks.
            rules: Rules {
                unique_names: BTreeSet::new(),
                failed_hosts_vanish: true,
                unique_keys: false,
                attaching_locks_hosts: false,
            },
            quotas: config.quotas.iter().copied().collect(),
            catalog: catalog::catalog(),
        }
    }

    /// The template is the action's name.
    fn route(&self, request: &Request) -> Route {
        match action_of(request) {
            Some(action) => Route {
                template: action.name.to_owned(),
                target: action.target(),
                places: action.places(),
                writes: action.writes(),
            },
            None => Route { template: "unknown".to_owned(), target: None, places: false, writes: false },
        }
    }

    fn refuse(&self, request: &Request) -> Option<Reply> {
        self.check(request).err().map(|error| reply_with(request, error))
    }

    fn places(&self, request: &Request, _: &World) -> Vec<String> {
        let zones = launch_named_zones(request);
        if !zones.is_empty() {
            return zones;
        }
        signature::read(request).map(|signature| signature.region).into_iter().collect()
    }

    fn answer(&self, request: &Request, world: &mut World, now: Timestamp) -> Reply {
        let Some((action, place)) = action_of(request).zip(place_of(request)) else {
            return reply_with(request, errors::unauthorized());
        };
        let mut ledger = self.ledger.lock().expect("no holder of this lock panics");
        let params = Params::new(request.form());
        let mut api = api::Api { params, place, world, ledger: &mut ledger, now, writes: action.writes() };
        instances::settle(&mut api);
        match action.answer(&mut api) {
            Ok(fields) => answer_with(request, action.name, &fields),
            Err(error) => reply_with(request, error),
        }
    }

    fn failure(&self, request: &Request, status: StatusCode) -> Reply {
        reply_with(request, errors::failure(status))
    }
}

impl Aws {
    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let Some(Signature { key_id, region, .. }) = signature::read(request) else {
            return Err(errors::unauthorized());
        };
        if Place::named(&region).is_none() {
            return Err(errors::unauthorized());
        }
        let name = action_name(request).unwrap_or_default();
        let Some(action) = Action::named(&name) else {
            let message = format!("The action {name} is not valid for this web service.");
            return Err(ApiError::new("InvalidAction", message));
        };
        if self.read_only_key_id.as_ref() == Some(&key_id) {
            return if action.writes() { Err(errors::forbidden()) } else { Ok(()) };
        }
        let known = self.key_id.as_ref().is_none_or(|known| *known == key_id);
        if known { Ok(()) } else { Err(errors::unauthorized()) }
    }
}

fn action_name(request: &Request) -> Option<String> {
    request.form().into_iter().find(|(name, _)| name == "Action").map(|(_, value)| value)
}

fn action_of(request: &Request) -> Option<&'static Action> {
    action_name(request).and_then(|name| Action::named(&name))
}

fn place_of(request: &Request) -> Option<Place> {
    signature::read(request).and_then(|signature| Place::named(&signature.region))
}

fn launch_named_zones(request: &Request) -> Vec<String> {
    launch_fields::named_zones(&Params::new(request.form()))
}

fn answer_with(request: &Request, action: &str, fields: &xml::Xml) -> Reply {
    let id = request_id(request);
    let mut body = r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned();
    body.push_str(&format!(r#"<{action}Response xmlns="{NAMESPACE}"><requestId>{id}</requestId>"#));
    fields.write(&mut body);
    body.push_str(&format!("</{action}Response>"));
    Reply { status: StatusCode::OK, headers: Vec::new(), content_type: "text/xml;charset=UTF-8", body: body.into() }
}

fn reply_with(request: &Request, error: ApiError) -> Reply {
    error.into_xml(&request_id(request))
}

/// An id that looks like the real ones, the same for the same request.
fn request_id(request: &Request) -> String {
    let hash = format!("{:x}", md5::compute(&request.body));
    format!("{}-{}-{}-{}-{}", &hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..])
}

/// About what EC2 takes.
fn usual() -> Timings {
    Timings {
        create: Duration::from_secs(3),
        start: Duration::from_secs(7),
        stop: Duration::from_secs(20),
        delete: Duration::from_secs(20),
        resize: Duration::ZERO,
        snapshot: Duration::from_secs(30),
        ..Timings::usual()
    }
}

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";
