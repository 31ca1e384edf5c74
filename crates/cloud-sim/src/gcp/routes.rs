//! Which call a method and a path are.

use cloud_world::Kind;
use http::Method;

use super::api::{Answer, Api};
use super::{
    addresses, disks, errors, firewalls, images, instance_actions, instance_changes, instances, metadata_server,
    operations, places, skus, snapshots,
};
use crate::{Request, Route};

/// One call: its method, its path as the description writes it, and what does it.
struct Call {
    method: &'static str,
    template: &'static str,
    does: fn(&mut Api<'_>) -> Answer,
}

/// Does the call.
pub(super) fn answer(api: &mut Api<'_>) -> Answer {
    let Some((call, path)) = find(api.request) else {
        return Err(errors::unknown_path());
    };
    api.path = path;
    if !api.project().is_empty() {
        instance_actions::settle(api);
    }
    (call.does)(api)
}

/// What the call is about, whether or not it can be done.
pub(super) fn describe(request: &Request) -> Route {
    let Some((call, _)) = find(request) else {
        if metadata_server::is_asked(request) {
            return Route { template: "/computeMetadata".to_owned(), target: None, places: false, writes: false };
        }
        return Route { template: "/unknown".to_owned(), target: None, places: false, writes: false };
    };
    let creates = call.method == "POST";
    let target = match call.template.rsplit_once('/') {
        _ if !creates => None,
        Some((_, "instances")) => Some(Kind::Host),
        Some((_, "disks")) => Some(Kind::Volume),
        Some((_, "addresses")) => Some(Kind::Address),
        Some((_, "snapshots" | "createSnapshot")) => Some(Kind::Image),
        Some((_, "firewalls")) => Some(Kind::Firewall),
        _ => None,
    };
    let placing = ["instances", "disks", "start", "resume", "setMachineType"];
    let places = creates && placing.iter().any(|end| call.template.ends_with(&format!("/{end}")));
    Route { template: call.template.to_owned(), target, places, writes: request.is_write() }
}

/// Whether there is such a call at all.
pub(super) fn is_known(request: &Request) -> bool {
    find(request).is_some()
}

/// The project of the path.
pub(super) fn project(request: &Request) -> &str {
    request.path.split("/projects/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("unknown")
}

fn find(request: &Request) -> Option<(&'static Call, Vec<(&'static str, String)>)> {
    let segments = request.segments();
    let path = match segments.as_slice() {
        ["compute", "v1", rest @ ..] => rest,
        all => all,
    };
    CALLS.iter().find_map(|call| {
        let fits = request.method == call.method || (request.method == Method::HEAD && call.method == "GET");
        Some((call, parameters(call.template, path)?)).filter(|_| fits)
    })
}

/// The values of the template's parameters, where the path fits it.
fn parameters(template: &'static str, path: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let parts = template.trim_start_matches('/').split('/');
    if parts.clone().count() != path.len() {
        return None;
    }
    let mut found = Vec::new();
    for (part, value) in parts.zip(path) {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => found.push((name, (*value).to_owned())),
            None if part == *value => {}
            None => return None,
        }
    }
    Some(found)
}

const fn get(template: &'static str, does: fn(&mut Api<'_>) -> Answer) -> Call {
    Call { method: "GET", template, does }
}

const fn post(template: &'static str, does: fn(&mut Api<'_>) -> Answer) -> Call {
    Call { method: "POST", template, does }
}

const fn delete(template: &'static str, does: fn(&mut Api<'_>) -> Answer) -> Call {
    Call { method: "DELETE", template, does }
}

#[rustfmt::skip]
const CALLS: &[Call] = &[
    get("/projects/{project}", places::project),
    get("/projects/{project}/zones", places::list_zones),
    get("/projects/{project}/zones/{zone}", places::get_zone),
    get("/projects/{project}/regions", places::list_regions),
    get("/projects/{project}/regions/{region}", places::get_region),
    get("/projects/{project}/aggregated/machineTypes", places::aggregated_machines),
    get("/projects/{project}/zones/{zone}/machineTypes", places::list_machines),
    get("/projects/{project}/zones/{zone}/machineTypes/{machineType}", places::get_machine),
    get("/projects/{project}/aggregated/acceleratorTypes", places::aggregated_accelerators),
    get("/projects/{project}/zones/{zone}/acceleratorTypes", places::list_accelerators),
    get("/projects/{project}/zones/{zone}/acceleratorTypes/{acceleratorType}", places::get_accelerator),

    get("/projects/{project}/global/images", images::list),
    get("/projects/{project}/global/images/family/{family}", images::of_family),
    get("/projects/{project}/global/images/{image}", images::get),

    get("/projects/{project}/aggregated/instances", instances::aggregated),
    get("/projects/{project}/zones/{zone}/instances", instances::list),
    post("/projects/{project}/zones/{zone}/instances", instances::insert),
    get("/projects/{project}/zones/{zone}/instances/{instance}", instances::get),
    delete("/projects/{project}/zones/{zone}/instances/{instance}", instance_actions::delete),
    post("/projects/{project}/zones/{zone}/instances/{instance}/start", instance_actions::start),
    post("/projects/{project}/zones/{zone}/instances/{instance}/stop", instance_actions::stop),
    post("/projects/{project}/zones/{zone}/instances/{instance}/suspend", instance_actions::suspend),
    post("/projects/{project}/zones/{zone}/instances/{instance}/resume", instance_actions::resume),
    post("/projects/{project}/zones/{zone}/instances/{instance}/reset", instance_actions::reset),
    post("/projects/{project}/zones/{zone}/instances/{instance}/setMachineType", instance_actions::set_machine_type),
    get("/projects/{project}/zones/{zone}/instances/{instance}/serialPort", instance_actions::serial_port),
    post("/projects/{project}/zones/{zone}/instances/{instance}/setLabels", instance_changes::set_labels),
    post("/projects/{project}/zones/{zone}/instances/{instance}/setMetadata", instance_changes::set_metadata),
    post("/projects/{project}/zones/{zone}/instances/{instance}/setTags", instance_changes::set_tags),
    post("/projects/{project}/zones/{zone}/instances/{resource}/setDeletionProtection", instance_changes::protect),
    post("/projects/{project}/zones/{zone}/instances/{instance}/setDiskAutoDelete", instance_changes::set_auto_delete),
    post("/projects/{project}/zones/{zone}/instances/{instance}/attachDisk", instance_changes::attach_disk),
    post("/projects/{project}/zones/{zone}/instances/{instance}/detachDisk", instance_changes::detach_disk),

    get("/projects/{project}/aggregated/disks", disks::aggregated),
    get("/projects/{project}/zones/{zone}/disks", disks::list),
    post("/projects/{project}/zones/{zone}/disks", disks::insert),
    get("/projects/{project}/zones/{zone}/disks/{disk}", disks::get),
    delete("/projects/{project}/zones/{zone}/disks/{disk}", disks::delete),
    post("/projects/{project}/zones/{zone}/disks/{disk}/resize", disks::resize),
    post("/projects/{project}/zones/{zone}/disks/{disk}/createSnapshot", snapshots::of_disk),
    post("/projects/{project}/zones/{zone}/disks/{resource}/setLabels", disks::set_labels),

    get("/projects/{project}/global/snapshots", snapshots::list),
    post("/projects/{project}/global/snapshots", snapshots::insert),
    get("/projects/{project}/global/snapshots/{snapshot}", snapshots::get),
    delete("/projects/{project}/global/snapshots/{snapshot}", snapshots::delete),
    post("/projects/{project}/global/snapshots/{resource}/setLabels", snapshots::set_labels),

    get("/projects/{project}/global/firewalls", firewalls::list),
    post("/projects/{project}/global/firewalls", firewalls::insert),
    get("/projects/{project}/global/firewalls/{firewall}", firewalls::get),
    Call { method: "PATCH", template: "/projects/{project}/global/firewalls/{firewall}", does: firewalls::patch },
    delete("/projects/{project}/global/firewalls/{firewall}", firewalls::delete),

    get("/projects/{project}/aggregated/addresses", addresses::aggregated),
    get("/projects/{project}/regions/{region}/addresses", addresses::list),
    post("/projects/{project}/regions/{region}/addresses", addresses::insert),
    get("/projects/{project}/regions/{region}/addresses/{address}", addresses::get),
    delete("/projects/{project}/regions/{region}/addresses/{address}", addresses::delete),
    post("/projects/{project}/regions/{region}/addresses/{resource}/setLabels", addresses::set_labels),

    get("/projects/{project}/aggregated/operations", operations::aggregated),
    get("/projects/{project}/zones/{zone}/operations", operations::list),
    get("/projects/{project}/zones/{zone}/operations/{operation}", operations::get),
    post("/projects/{project}/zones/{zone}/operations/{operation}/wait", operations::get),
    get("/projects/{project}/regions/{region}/operations", operations::list),
    get("/projects/{project}/regions/{region}/operations/{operation}", operations::get),
    post("/projects/{project}/regions/{region}/operations/{operation}/wait", operations::get),
    get("/projects/{project}/global/operations", operations::list),
    get("/projects/{project}/global/operations/{operation}", operations::get),
    post("/projects/{project}/global/operations/{operation}/wait", operations::get),

    get("/v1/services/{servicesId}/skus", skus::list),
];
