//! Changes of an instance's settings and disks. Those of labels, metadata and tags replace the
//! whole set and must show the fingerprint of the present one.

use cloud_world::Command;

use super::api::{Answer, Api};
use super::body;
use super::errors::{self, ApiError};
use super::instance_actions::target;
use super::links::{self, Link};
use super::{disks, fingerprint, instances, ledger, names};

/// `POST …/setLabels`.
pub(super) fn set_labels(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let body = api.body()?;
    body.only(&["labelFingerprint", "labels"])?;
    let labels = body::labels(&body)?;
    let present = fingerprint::of(&api.world.host(host)?.labels);
    fingerprint::check(body.text("labelFingerprint")?, &present, "labels")?;
    api.world.relabel_host(host, labels)?;
    done(api, "setLabels", host)
}

/// `POST …/setMetadata`.
pub(super) fn set_metadata(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let body = api.body()?;
    let items = names::metadata(&body)?;
    let present = fingerprint::of(&notes(api, host)?.metadata);
    fingerprint::check(body.text("fingerprint")?, &present, "metadata")?;
    notes(api, host)?.metadata = items;
    done(api, "setMetadata", host)
}

/// `POST …/setTags`.
pub(super) fn set_tags(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let body = api.body()?;
    body.only(&["fingerprint", "items"])?;
    let tags = body.texts("items")?;
    names::check_tags("items", &tags)?;
    let present = fingerprint::of(&notes(api, host)?.tags);
    fingerprint::check(body.text("fingerprint")?, &present, "tags")?;
    notes(api, host)?.tags = tags;
    done(api, "setTags", host)
}

/// `POST …/setDeletionProtection`.
pub(super) fn protect(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let protected = flag(api, "deletionProtection", Some(true))?;
    api.world.hosts.find_mut(host)?.protection.delete = protected;
    done(api, "setDeletionProtection", host)
}

/// `POST …/setDiskAutoDelete`.
pub(super) fn set_auto_delete(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let wanted = flag(api, "autoDelete", None)?;
    let volume = by_device(api, host)?;
    api.world.volumes.find_mut(volume)?.auto_delete = wanted;
    done(api, "setDiskAutoDelete", host)
}

/// `POST …/attachDisk`.
pub(super) fn attach_disk(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let zone = api.zone()?;
    let body = api.body()?;
    let source = body.required_text("source")?.to_owned();
    let name = Link::name_in(&source, "disks", Some(&zone));
    let missing = || errors::invalid("source", format!("'{source}'. The referenced resource cannot be found."));
    let volume = name.and_then(|name| disks::named(api, &zone, &name)).ok_or_else(missing)?;
    let (volume, name, user) = (volume.id, volume.name.clone(), volume.host);
    if let Some(user) = user {
        let user = links::zonal(api.project(), &zone, "instances", &api.world.host(user)?.name);
        return Err(errors::in_use(&links::zonal(api.project(), &zone, "disks", &name), &user));
    }
    let at = api.world.host(host)?.volumes.len();
    let device = body.text("deviceName")?.map_or_else(|| format!("persistent-disk-{at}"), str::to_owned);
    if devices(api, host).iter().any(|(_, other)| *other == device) {
        return Err(errors::invalid("deviceName", format!("'{device}'. The device name is already in use.")));
    }
    let auto_delete = body.flag("autoDelete")?.unwrap_or(false);
    let mode = body.text("mode")?.map(str::to_owned);
    let target = target(api, "attachDisk", host)?;
    let outcome = api.world.attach_volume(volume, host, api.now);
    if outcome.is_ok() {
        api.world.volumes.find_mut(volume)?.auto_delete = auto_delete;
        let notes = api.ledger.disks.entry(volume).or_default();
        notes.device = device;
        notes.mode = mode;
    }
    api.outcome(outcome, Command::AttachVolume, target)
}

/// `POST …/detachDisk`.
pub(super) fn detach_disk(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let volume = by_device(api, host)?;
    if api.world.volumes.find(volume)?.boot && api.world.host(host)?.state != cloud_world::HostState::Off {
        return Err(errors::bad_request("Cannot detach the boot disk of an instance that is not stopped."));
    }
    let target = target(api, "detachDisk", host)?;
    let outcome = api.world.detach_volume(volume, api.now);
    api.outcome(outcome, Command::DetachVolume, target)
}

/// Answers with a small operation for a change that was made already.
fn done(api: &mut Api<'_>, verb: &'static str, host: u64) -> Answer {
    let target = target(api, verb, host)?;
    let outcome = api.world.note(Command::ChangeProtection, &[], api.now);
    api.outcome(outcome, Command::ChangeProtection, target)
}

fn notes<'a>(api: &'a mut Api<'_>, host: u64) -> Result<&'a mut ledger::Instance, ApiError> {
    Ok(api.ledger.instances.entry(host).or_default())
}

fn flag(api: &Api<'_>, name: &str, default: Option<bool>) -> Result<bool, ApiError> {
    match api.request.param(name) {
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(other) => Err(errors::invalid(name, format!("'{other}'"))),
        None => default.ok_or_else(|| errors::required(name)),
    }
}

/// The disk that the parameter `deviceName` names.
fn by_device(api: &Api<'_>, host: u64) -> Result<u64, ApiError> {
    let name = api.request.param("deviceName").ok_or_else(|| errors::required("deviceName"))?;
    let found = devices(api, host).into_iter().find(|(_, device)| device == name);
    let found = found.map(|(volume, _)| volume);
    found.ok_or_else(|| errors::invalid("deviceName", format!("'{name}'. No attached disk found with device name.")))
}

fn devices(api: &Api<'_>, host: u64) -> Vec<(u64, String)> {
    let volumes = api.world.host(host).map(|host| host.volumes.clone()).unwrap_or_default();
    let device = |id: &u64| api.ledger.disks.get(id).map(|disk| disk.device.clone()).unwrap_or_default();
    volumes.iter().map(|id| (*id, device(id))).collect()
}
