//! `snapshots`: global copies of disks.

use cloud_world::{Command, Image, ImageKind, ImageStatus};
use serde_json::{Value, json};

use super::api::{self, Answer, Api, Target};
use super::body;
use super::errors::{self, ApiError};
use super::links::{self, Link};
use super::{disks, fingerprint, images, ledger, paging};
use crate::face::Fields;

/// `GET …/global/snapshots`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let images = api.world.images.listed(api.now);
    let snapshots = images.filter(|image| image.kind == ImageKind::Snapshot).collect();
    let key = |_: &Api<'_>, image: &&Image| (image.id, image.name.clone().unwrap_or_default());
    paging::list(api, "compute#snapshotList", snapshots, key, |api, image| render(api, image))
}

/// `GET …/global/snapshots/{snapshot}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    api::ok(&render(api, api.world.images.find(id)?))
}

/// `POST …/disks/{disk}/createSnapshot`: the operation is one of the disk's zone.
pub(super) fn of_disk(api: &mut Api<'_>) -> Answer {
    let disk = disks::seen(api)?;
    let body = api.body()?;
    let target = disks::target(api, "createSnapshot", disk)?;
    create(api, &body, disk, target)
}

/// `POST …/global/snapshots`, of the disk that `sourceDisk` names.
pub(super) fn insert(api: &mut Api<'_>) -> Answer {
    let body = api.body()?;
    let source = body.required_text("sourceDisk")?;
    let link = Link::parse(source).filter(|link| link.collection == "disks");
    let disk = link.and_then(|link| disks::named(api, link.place.as_deref()?, &link.name));
    let missing =
        || errors::invalid("resource.sourceDisk", format!("'{source}'. The referenced resource cannot be found."));
    let disk = disk.ok_or_else(missing)?.id;
    let target = api.global("insert", "snapshots", body.text("name")?.unwrap_or_default(), 0);
    create(api, &body, disk, target)
}

/// `DELETE …/global/snapshots/{snapshot}`.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let target = target(api, "delete", id)?;
    let outcome = api.world.begin_delete_image(id, api.now);
    api.outcome(outcome, Command::DeleteImage, target)
}

/// `POST …/global/snapshots/{resource}/setLabels`.
pub(super) fn set_labels(api: &mut Api<'_>) -> Answer {
    let id = seen(api)?;
    let body = api.body()?;
    body.only(&["labelFingerprint", "labels"])?;
    let labels = body::labels(&body)?;
    let present = fingerprint::of(&api.world.images.find(id)?.labels);
    fingerprint::check(body.text("labelFingerprint")?, &present, "labels")?;
    api.world.images.find_mut(id)?.labels = labels;
    let target = target(api, "setLabels", id)?;
    let outcome = api.world.note(Command::ChangeProtection, &[], api.now);
    api.outcome(outcome, Command::ChangeProtection, target)
}

fn create(api: &mut Api<'_>, body: &Fields, disk: u64, target: Target) -> Answer {
    body.only(&[
        "chainName",
        "description",
        "guestFlush",
        "labels",
        "name",
        "snapshotType",
        "sourceDisk",
        "storageLocations",
    ])?;
    let name = body::name(body)?;
    let labels = body::labels(body)?;
    let description = body.text("description")?.unwrap_or_default().to_owned();
    let path = links::global(api.project(), "snapshots", &name);
    if api.world.images.named(&name).any(|image| image.kind == ImageKind::Snapshot) {
        return Err(errors::already_exists(&path));
    }
    let volume = api.world.volumes.find(disk)?;
    let source_disk = links::full(&links::zonal(api.project(), disks::zone_of(volume), "disks", &volume.name));
    let (id, action) = api.world.snapshot_volume(disk, &name, description, labels, api.now)?;
    api.ledger.snapshots.insert(id, ledger::Snapshot { source_disk, source_disk_id: disk });
    // The operation of a disk's own call is about the disk.
    let about = if target.verb == "insert" { id } else { disk };
    api.begun(action, Target { id: about, ..target })
}

fn seen(api: &Api<'_>) -> Result<u64, ApiError> {
    let name = if api.param("snapshot").is_empty() { api.param("resource") } else { api.param("snapshot") };
    let mut named = api.world.images.named(name);
    let found = named.find(|image| image.kind == ImageKind::Snapshot && api.sees(&api.world.images, image.id));
    found.map(|image| image.id).ok_or_else(|| errors::not_found(&links::global(api.project(), "snapshots", name)))
}

fn target(api: &Api<'_>, verb: &'static str, id: u64) -> Result<Target, ApiError> {
    let name = api.world.images.find(id)?.name.clone().unwrap_or_default();
    Ok(api.global(verb, "snapshots", &name, id))
}

fn render(api: &Api<'_>, image: &Image) -> Value {
    let name = image.name.as_deref().unwrap_or_default();
    let notes = api.ledger.snapshots.get(&image.id).cloned().unwrap_or_default();
    let status = match image.status {
        ImageStatus::Creating => "CREATING",
        ImageStatus::Available => "READY",
    };
    let mut shown = json!({
        "kind": "compute#snapshot",
        "id": image.id.to_string(),
        "name": name,
        "description": image.description,
        "creationTimestamp": api::moment(image.created),
        "status": status,
        "diskSizeGb": image.disk_gb.to_string(),
        "sourceDisk": notes.source_disk,
        "sourceDiskId": notes.source_disk_id.to_string(),
        "selfLink": links::full(&links::global(api.project(), "snapshots", name)),
        "labelFingerprint": fingerprint::of(&image.labels),
        "architecture": images::architecture(image.architecture),
        "storageLocations": ["us"],
        "snapshotType": "STANDARD",
    });
    if let Some(size) = image.size_centi_gb {
        shown["storageBytes"] = json!((size * 10_000_000).to_string());
        shown["storageBytesStatus"] = json!("UP_TO_DATE");
    }
    if !image.labels.is_empty() {
        shown["labels"] = json!(image.labels);
    }
    shown
}
