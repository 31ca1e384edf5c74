//! `disks`: making, growing and deleting them.

use cloud_world::{Command, Volume, VolumeRequest, VolumeStatus};
use serde_json::{Value, json};

use super::api::{self, Answer, Api, Target};
use super::body;
use super::errors::{self, ApiError};
use super::instance_disks::{self, DiskSource};
use super::links::{self, Link};
use super::{fingerprint, ledger, machines, paging};
use crate::face::Fields;

/// `GET …/zones/{zone}/disks`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let volumes = api.world.volumes.listed(api.now);
    let volumes = volumes.filter(|volume| volume.zone.as_deref() == Some(&zone)).collect();
    paging::list(api, "compute#diskList", volumes, key, |api, volume| render(api, volume))
}

/// `GET …/aggregated/disks`.
pub(super) fn aggregated(api: &mut Api<'_>) -> Answer {
    let volumes = api.world.volumes.listed(api.now);
    let volumes = volumes.map(|volume| (format!("zones/{}", zone_of(volume)), volume)).collect();
    let view = paging::View { kind: "compute#diskAggregatedList", field: "disks" };
    paging::aggregated(api, view, volumes, key, |api, volume| render(api, volume))
}

/// `GET …/disks/{disk}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let volume = seen(api)?;
    api::ok(&render(api, api.world.volumes.find(volume)?))
}

/// `POST …/zones/{zone}/disks`.
pub(super) fn insert(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let body = api.body()?;
    body.only(DISK)?;
    let name = body::name(&body)?;
    let source = match api.request.param("sourceImage") {
        Some(text) => from_image(api, "sourceImage", text)?,
        None => source(api, &body)?,
    };
    let size_gb = size(api, body::number(&body, "sizeGb")?, &source)?;
    let class = read_class(&body, "type", &zone)?;
    let labels = body::labels(&body)?;
    let description = body.text("description")?.map(str::to_owned);
    if named(api, &zone, &name).is_some() {
        return Err(errors::already_exists(&links::zonal(api.project(), &zone, "disks", &name)));
    }
    let target = api.zonal("insert", "disks", &name, 0);
    let region = api.region_of(&zone).unwrap_or_default();
    if api.world.is_drained(&zone, api.now) {
        let refused = cloud_world::WorldError::NoCapacity { region: zone, machine: class };
        return api.outcome(Err(refused), Command::CreateVolume, target);
    }
    let request = VolumeRequest { name, size_gb, region, host: None, format: None, labels };
    let (id, action, _) = match api.world.create_volume(request, api.now) {
        Ok(made) => made,
        Err(refused) => return api.outcome(Err(refused), Command::CreateVolume, target),
    };
    let volume = api.world.volumes.find_mut(id)?;
    volume.zone = Some(zone);
    if let DiskSource::Image { id, .. } = &source {
        volume.image = Some(*id);
    }
    api.ledger.disks.insert(id, ledger::Disk { class, description, ..origin(&source) });
    api.begun(action, Target { id, ..target })
}

/// `DELETE …/disks/{disk}`: it must be attached to nothing.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let volume = api.world.volumes.find(id)?;
    if let Some(host) = volume.host {
        let (disk, zone) = (volume.name.clone(), zone_of(volume).to_owned());
        let user = api.world.host(host)?.name.clone();
        let path = links::zonal(api.project(), &zone, "disks", &disk);
        let user = links::zonal(api.project(), &zone, "instances", &user);
        return Err(errors::in_use(&path, &user));
    }
    let target = target(api, "delete", id)?;
    let outcome = api.world.begin_delete_volume(id, api.now);
    api.outcome(outcome, Command::DeleteVolume, target)
}

/// `POST …/disks/{disk}/resize`: a disk only grows, attached or not.
pub(super) fn resize(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let body = api.body()?;
    body.only(&["sizeGb"])?;
    let size_gb = body::number(&body, "sizeGb")?.ok_or_else(|| errors::required("sizeGb"))?;
    let present = api.world.volumes.find(id)?.size_gb;
    if size_gb <= present {
        let rule = format!("'{size_gb}'. New disk size '{size_gb}' must be larger than existing size '{present}'.");
        return Err(errors::invalid("sizeGb", rule));
    }
    check_size(size_gb)?;
    let target = target(api, "resize", id)?;
    let outcome = api.world.resize_volume(id, size_gb, api.now);
    api.outcome(outcome, Command::ResizeVolume, target)
}

/// `POST …/disks/{resource}/setLabels`.
pub(super) fn set_labels(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let body = api.body()?;
    body.only(&["labelFingerprint", "labels"])?;
    let labels = body::labels(&body)?;
    let present = fingerprint::of(&api.world.volumes.find(id)?.labels);
    fingerprint::check(body.text("labelFingerprint")?, &present, "labels")?;
    let target = target(api, "setLabels", id)?;
    let outcome = api.world.note(Command::ChangeProtection, &[], api.now);
    api.world.volumes.find_mut(id)?.labels = labels;
    api.outcome(outcome, Command::ChangeProtection, target)
}

/// The disk of that name in a zone, whether or not readers see it yet.
pub(super) fn named<'a>(api: &'a Api<'_>, zone: &str, name: &str) -> Option<&'a Volume> {
    api.world.volumes.named(name).find(|volume| volume.zone.as_deref() == Some(zone))
}

/// The disk of the path, where a reader can see it.
pub(super) fn seen(api: &Api<'_>) -> Result<u64, ApiError> {
    let zone = api.zone()?;
    let name = if api.param("disk").is_empty() { api.param("resource") } else { api.param("disk") };
    let found = named(api, &zone, name).filter(|volume| api.sees(&api.world.volumes, volume.id));
    found.map(|volume| volume.id).ok_or_else(|| errors::not_found(&links::zonal(api.project(), &zone, "disks", name)))
}

/// The name of a disk's type.
pub(super) fn class(api: &Api<'_>, id: u64) -> String {
    api.ledger.disks.get(&id).map_or_else(|| "pd-standard".to_owned(), |disk| disk.class.clone())
}

/// The type of disk that a field names, by its address; `pd-standard` where it names none.
pub(super) fn read_class(body: &Fields, field: &str, zone: &str) -> Result<String, ApiError> {
    let Some(text) = body.text(field)?.filter(|text| !text.is_empty()) else {
        return Ok("pd-standard".to_owned());
    };
    let name =
        Link::name_in(text, "diskTypes", Some(zone)).filter(|name| machines::DISK_TYPES.contains(&name.as_str()));
    name.ok_or_else(|| {
        errors::invalid(&body.field(field), format!("'{text}'. The referenced disk type cannot be found."))
    })
}

/// What `sourceImage` and `sourceSnapshot` name.
pub(super) fn source(api: &Api<'_>, body: &Fields) -> Result<DiskSource, ApiError> {
    for name in ["sourceImage", "sourceSnapshot"] {
        if let Some(text) = body.text(name)?.filter(|text| !text.is_empty()) {
            return from_image(api, &body.field(name), text);
        }
    }
    Ok(DiskSource::Blank)
}

fn from_image(api: &Api<'_>, field: &str, text: &str) -> Result<DiskSource, ApiError> {
    match instance_disks::image_named(api, text) {
        Some((id, link, is_snapshot)) => Ok(DiskSource::Image { id, link, is_snapshot }),
        None => Err(errors::invalid(field, format!("'{text}'. The referenced image resource cannot be found."))),
    }
}

/// The size asked for, or the least that the source needs.
pub(super) fn size(api: &Api<'_>, asked: Option<u64>, source: &DiskSource) -> Result<u64, ApiError> {
    let least = match source {
        DiskSource::Image { id, .. } => api.world.images.find(*id)?.disk_gb,
        DiskSource::Existing(id) => api.world.volumes.find(*id)?.size_gb,
        DiskSource::Blank => 0,
    };
    let size_gb = asked.filter(|asked| *asked > 0).unwrap_or(if least == 0 { 500 } else { least });
    if size_gb < least {
        let rule = format!("'{size_gb}'. Requested disk size cannot be smaller than the image size ({least} GB)");
        return Err(errors::invalid("resource.disks[0].initializeParams.diskSizeGb", rule));
    }
    check_size(size_gb)?;
    Ok(size_gb)
}

/// What the books say of a disk's source.
pub(super) fn origin(source: &DiskSource) -> ledger::Disk {
    match source {
        DiskSource::Image { link, is_snapshot: true, .. } => {
            ledger::Disk { source_snapshot: Some(link.clone()), ..ledger::Disk::default() }
        }
        DiskSource::Image { link, .. } => ledger::Disk { source_image: Some(link.clone()), ..ledger::Disk::default() },
        DiskSource::Existing(_) | DiskSource::Blank => ledger::Disk::default(),
    }
}

pub(super) fn zone_of(volume: &Volume) -> &str {
    volume.zone.as_deref().unwrap_or_default()
}

/// The target of a change of this disk.
pub(super) fn target(api: &Api<'_>, verb: &'static str, id: u64) -> Result<Target, ApiError> {
    Ok(api.zonal(verb, "disks", &api.world.volumes.find(id)?.name, id))
}

fn check_size(size_gb: u64) -> Result<(), ApiError> {
    if (1..=LARGEST_GB).contains(&size_gb) {
        return Ok(());
    }
    Err(errors::invalid("sizeGb", format!("'{size_gb}'. Disk size must be between 1 and {LARGEST_GB} GB.")))
}

fn key(_: &Api<'_>, volume: &&Volume) -> (u64, String) {
    (volume.id, volume.name.clone())
}

fn render(api: &Api<'_>, volume: &Volume) -> Value {
    let (project, zone) = (api.project(), zone_of(volume));
    let notes = api.ledger.disks.get(&volume.id).cloned().unwrap_or_default();
    let status = match volume.status {
        VolumeStatus::Creating => "CREATING",
        VolumeStatus::Available => "READY",
    };
    let mut shown = json!({
        "kind": "compute#disk",
        "id": volume.id.to_string(),
        "name": volume.name,
        "creationTimestamp": api::moment(volume.created),
        "sizeGb": volume.size_gb.to_string(),
        "status": status,
        "type": links::full(&links::zonal(project, zone, "diskTypes", &notes.class)),
        "zone": links::full(&format!("projects/{project}/zones/{zone}")),
        "selfLink": links::full(&links::zonal(project, zone, "disks", &volume.name)),
        "labelFingerprint": fingerprint::of(&volume.labels),
        "physicalBlockSizeBytes": "4096",
    });
    if !volume.labels.is_empty() {
        shown["labels"] = json!(volume.labels);
    }
    let texts = [
        ("description", notes.description),
        ("sourceImage", notes.source_image),
        ("sourceSnapshot", notes.source_snapshot),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            shown[name] = json!(text);
        }
    }
    if let Some(host) = volume.host.and_then(|host| api.world.host(host).ok()) {
        shown["users"] = json!([links::full(&links::zonal(project, zone, "instances", &host.name))]);
        shown["lastAttachTimestamp"] = json!(api::moment(volume.created));
    }
    shown
}

const LARGEST_GB: u64 = 65_536;
#[rustfmt::skip]
const DISK: &[&str] = &[
    "accessMode", "architecture", "description", "guestOsFeatures", "kind", "labels", "licenses", "name", "options",
    "physicalBlockSizeBytes", "provisionedIops", "provisionedThroughput", "resourcePolicies", "sizeGb", "sourceDisk",
    "sourceImage", "sourceSnapshot", "type", "zone",
];
