//! The calls of the API, and of the catalog of prices.

use cloud_world::Kind;

use super::api::{Answer, Api};
use super::{
    addresses, disks, firewalls, images, instance_actions, instance_changes, instances, operations, places, skus,
    snapshots,
};
use crate::Request;
use crate::face::{Calls, delete, get, patch, post};

/// What does a call.
pub(super) type Handler = fn(&mut Api<'_>) -> Answer;

/// The project of the path.
pub(super) fn project(request: &Request) -> &str {
    request.path.split("/projects/").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or("unknown")
}

#[rustfmt::skip]
pub(super) const CALLS: Calls<Handler> = Calls::below("/compute/v1", &[
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
    post::<Handler>("/projects/{project}/zones/{zone}/instances", instances::insert).makes(Kind::Host).places(),
    get("/projects/{project}/zones/{zone}/instances/{instance}", instances::get),
    delete("/projects/{project}/zones/{zone}/instances/{instance}", instance_actions::delete),
    post::<Handler>("/projects/{project}/zones/{zone}/instances/{instance}/start", instance_actions::start).places(),
    post("/projects/{project}/zones/{zone}/instances/{instance}/stop", instance_actions::stop),
    post("/projects/{project}/zones/{zone}/instances/{instance}/suspend", instance_actions::suspend),
    post::<Handler>("/projects/{project}/zones/{zone}/instances/{instance}/resume", instance_actions::resume).places(),
    post("/projects/{project}/zones/{zone}/instances/{instance}/reset", instance_actions::reset),
    post::<Handler>("/projects/{project}/zones/{zone}/instances/{instance}/setMachineType", instance_actions::set_machine_type).places(),
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
    post::<Handler>("/projects/{project}/zones/{zone}/disks", disks::insert).makes(Kind::Volume).places(),
    get("/projects/{project}/zones/{zone}/disks/{disk}", disks::get),
    delete("/projects/{project}/zones/{zone}/disks/{disk}", disks::delete),
    post("/projects/{project}/zones/{zone}/disks/{disk}/resize", disks::resize),
    post::<Handler>("/projects/{project}/zones/{zone}/disks/{disk}/createSnapshot", snapshots::of_disk).makes(Kind::Image),
    post("/projects/{project}/zones/{zone}/disks/{resource}/setLabels", disks::set_labels),

    get("/projects/{project}/global/snapshots", snapshots::list),
    post::<Handler>("/projects/{project}/global/snapshots", snapshots::insert).makes(Kind::Image),
    get("/projects/{project}/global/snapshots/{snapshot}", snapshots::get),
    delete("/projects/{project}/global/snapshots/{snapshot}", snapshots::delete),
    post("/projects/{project}/global/snapshots/{resource}/setLabels", snapshots::set_labels),

    get("/projects/{project}/global/firewalls", firewalls::list),
    post::<Handler>("/projects/{project}/global/firewalls", firewalls::insert).makes(Kind::Firewall),
    get("/projects/{project}/global/firewalls/{firewall}", firewalls::get),
    patch("/projects/{project}/global/firewalls/{firewall}", firewalls::patch),
    delete("/projects/{project}/global/firewalls/{firewall}", firewalls::delete),

    get("/projects/{project}/aggregated/addresses", addresses::aggregated),
    get("/projects/{project}/regions/{region}/addresses", addresses::list),
    post::<Handler>("/projects/{project}/regions/{region}/addresses", addresses::insert).makes(Kind::Address),
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
]);
