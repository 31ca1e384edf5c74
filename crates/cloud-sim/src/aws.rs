//! EC2, <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html>, in its Query protocol,
//! with as much of Systems Manager, STS and the price list as finding images, keys and prices needs.
//! Region and service are those of the signature: one server serves all of them.
//!
//! Description: aws.ec2.botocore.json
//! Description: aws.ssm.botocore.json
//! Description: aws.pricing.botocore.json

mod addresses;
mod amis;
mod api;
mod attributes;
mod catalog;
#[cfg(feature = "contract")]
pub mod contract;
mod errors;
mod filter;
mod group_rule_fields;
mod group_rules;
mod groups;
mod ids;
mod images;
mod instance_types;
mod instances;
mod key_pairs;
mod launch;
mod launch_disks;
mod launch_fields;
mod ledger;
mod machines;
mod network;
mod params;
mod places;
mod power;
mod pricing;
mod render_image;
mod render_instance;
mod routes;
mod services;
mod signature;
mod snapshots;
mod spot;
mod ssm;
mod status;
mod tags;
mod volume_changes;
mod volumes;
mod xml;

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use cloud_world::{Rules, Settings, Timings, World};
use http::StatusCode;
use jiff::Timestamp;

use crate::face::{self, Access, Denied};
use crate::{Face, Level, RateLimited, Reply, Request, Route, SimConfig};
use api::Api;
use errors::ApiError;
use ledger::Ledger;
use params::Params;
use places::Place;
use routes::{ACTIONS, Action};
use services::Service;
use signature::Signature;
use xml::Xml;

/// A running simulator of EC2; its endpoint, for every region and service, is `url()`.
pub type Sim = crate::Sim<Aws>;

/// The id that the API tells for the world's host of this number, such as `i-0123456789abcdef0`.
#[must_use]
pub fn instance_id(host: u64) -> String {
    ids::id("i", host)
}

/// The face of EC2.
#[derive(Debug)]
pub struct Aws {
    access: Access,
    ledger: Mutex<Ledger>,
}

impl Face for Aws {
    const NAME: &'static str = "aws";

    /// `config.token` is the access key id that is taken.
    fn new(config: &SimConfig) -> Self {
        let ledger = Ledger::new(groups::defaults());
        Self { access: Access::new(config), ledger: Mutex::new(ledger) }
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
        match Call::of(request) {
            Some(Call::Action(action)) => action.route(),
            Some(Call::Service(service)) => read_only(service.name()),
            None => read_only("unknown"),
        }
    }

    fn refuse(&self, request: &Request) -> Option<Reply> {
        self.check(request).err().map(|error| refusal(request, error))
    }

    /// The zones that the call names; where it names none, those of its instances, or the region.
    fn places(&self, request: &Request, world: &World) -> Vec<String> {
        let params = Params::new(request.form());
        let mut places = launch_fields::named_zones(&params);
        let instances = params.texts("InstanceId");
        let hosts = instances.iter().filter_map(|id| world.host(ids::number("i", id).ok()?).ok());
        places.extend(hosts.map(|host| host.zone.clone()));
        if places.is_empty() {
            places.extend(signature::read(request).map(|signature| signature.region));
        }
        places
    }

    fn answer(&self, request: &Request, world: &mut World, now: Timestamp) -> Reply {
        let signature = signature::read(request);
        let place = signature.as_ref().and_then(|signature| Place::named(&signature.region));
        let (Some(call), Some(Signature { key_id, .. }), Some(place)) = (Call::of(request), signature, place) else {
            return refusal(request, errors::unauthorized());
        };
        let action = match call {
            Call::Action(action) => action,
            Call::Service(service) => return service.answer(request, place, &key_id, &request_id(request)),
        };
        let mut ledger = self.ledger.lock().expect("no holder of this lock panics");
        let params = Params::new(request.form());
        let mut api = Api { params, place, world, ledger: &mut ledger, now, writes: action.writes };
        instances::settle(&mut api);
        match action.does.answer(&mut api) {
            Ok(fields) => answer_with(request, action.template, &fields),
            Err(error) => refusal(request, error),
        }
    }

    fn failure(&self, request: &Request, status: StatusCode) -> Reply {
        refusal(request, errors::failure(status))
    }
}

impl Aws {
    fn check(&self, request: &Request) -> Result<(), ApiError> {
        let signature = signature::read(request).ok_or_else(errors::unauthorized)?;
        if Place::named(&signature.region).is_none() {
            return Err(errors::unauthorized());
        }
        let Some(call) = Call::of(request) else {
            let name = action_name(request).unwrap_or_default();
            let message = format!("The action {name} is not valid for this web service.");
            return Err(ApiError::new("InvalidAction", message));
        };
        self.access.check(&signature.key_id, call.writes()).map_err(|denied| match denied {
            Denied::ReadOnly => errors::forbidden(),
            Denied::Unknown => errors::unauthorized(),
        })
    }
}

impl RateLimited for Aws {
    /// EC2 tells nothing of it.
    fn rate_headers(&self, _: &Level) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn over_limit(&self, request: &Request, _: &Level) -> Reply {
        refusal(request, errors::over_limit())
    }
}

/// What a request calls.
enum Call {
    /// An action of EC2.
    Action(&'static face::Call<Action>),
    /// A call of another service.
    Service(Service),
}

impl Call {
    fn of(request: &Request) -> Option<Self> {
        let name = action_name(request);
        let service = Service::of(request, name.as_deref()).map(Self::Service);
        service.or_else(|| ACTIONS.named(&name?).map(Self::Action))
    }

    fn writes(&self) -> bool {
        matches!(self, Self::Action(action) if action.writes)
    }
}

fn read_only(name: &str) -> Route {
    Route { template: name.to_owned(), target: None, places: false, writes: false }
}

fn action_name(request: &Request) -> Option<String> {
    request.form().into_iter().find(|(name, _)| name == "Action").map(|(_, value)| value)
}

fn answer_with(request: &Request, action: &str, fields: &Xml) -> Reply {
    let id = request_id(request);
    let mut body = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="{NAMESPACE}"><requestId>{id}</requestId>"#
    );
    fields.write(&mut body);
    body.push_str(&format!("</{action}Response>"));
    Reply { status: StatusCode::OK, headers: Vec::new(), content_type: "text/xml;charset=UTF-8", body: body.into() }
}

/// An error in the words of the service that is called.
fn refusal(request: &Request, error: ApiError) -> Reply {
    let id = request_id(request);
    match Call::of(request) {
        Some(Call::Service(service)) => service.error(error, &id),
        _ => error.into_xml(&id),
    }
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
