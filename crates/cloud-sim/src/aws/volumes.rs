//! Volumes: making, attaching, detaching and deleting them.

use cloud_world::{ActionStatus, Command, HostState, Kind, Volume, VolumeRequest, VolumeStatus};

use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::xml::{Xml, fields};
use super::{ids, instances, ledger, snapshots, tags};

/// `CreateVolume`: each token makes one.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let params = api.params.clone();
    let token = params.text("ClientToken").filter(|token| !token.is_empty()).map(|token| (api.place, token));
    if let Some((sent, number)) = token.as_ref().and_then(|token| api.ledger.volume_tokens.get(token)) {
        if *sent != params.fingerprint() {
            let message =
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
            return Err(ApiError::new("IdempotentParameterMismatch", message));
        }
        let volume = api.world.volumes.find(*number)?;
        return Ok(render(api, volume));
    }
    let zone = params.required("AvailabilityZone")?;
    if !api.place.zones().contains(&zone) {
        let message = format!("The zone '{zone}' does not exist.");
        return Err(ApiError::new("InvalidZone.NotFound", message));
    }
    let snapshot = params.text("SnapshotId").map(|id| snapshots::usable(api, &id)).transpose()?;
    let least = snapshot.map(|snapshot| api.world.images.find(snapshot).map(|image| image.disk_gb)).transpose()?;
    let Some(size_gb) = params.number("Size")?.or(least) else {
        let message = "The request must contain the parameter size or snapshotId";
        return Err(ApiError::new("MissingParameter", message));
    };
    if least.is_some_and(|least| size_gb < least) {
        return Err(errors::invalid("Size", format!("{size_gb} is smaller than the snapshot")));
    }
    check_size(size_gb)?;
    let class = params.text("VolumeType").unwrap_or_else(|| "gp2".to_owned());
    check_class(&class)?;
    let labels = tags::of_one(&params, "volume")?;
    let notes = ledger::Volume {
        place: api.place,
        class,
        iops: params.number("Iops")?,
        throughput: params.number("Throughput")?,
        encrypted: params.flag("Encrypted")?.unwrap_or(false),
        snapshot,
        device: None,
        modifications: Vec::new(),
    };
    if api.world.is_drained(&zone, api.now) {
        let message = format!("There is not enough capacity to fulfill your EBS volume create request in {zone}.");
        return Err(ApiError { status: 500, ..ApiError::new("InsufficientVolumeCapacity", message) });
    }
    let name = labels.get("Name").cloned().unwrap_or_default();
    let region = api.region().to_owned();
    let request = VolumeRequest { name, size_gb, region, host: None, format: None, labels };
    let (number, ..) = api.world.create_volume(request, api.now)?;
    let volume = api.world.volumes.find_mut(number)?;
    volume.zone = Some(zone);
    volume.image = snapshot;
    api.ledger.volumes.insert(number, notes);
    if let Some(token) = token {
        api.ledger.volume_tokens.insert(token, (params.fingerprint(), number));
    }
    Ok(render(api, api.world.volumes.find(number)?))
}

/// `DescribeVolumes`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let named = api.params.texts("VolumeId");
    for id in &named {
        find(api, id)?;
    }
    let here = |volume: &&Volume| api.ledger.volumes.get(&volume.id).is_some_and(|notes| notes.place == api.place);
    let wanted = |volume: &&Volume| named.is_empty() || named.contains(&ids::id("vol", volume.id));
    let rows = api
        .world
        .volumes
        .listed(api.now)
        .filter(here)
        .filter(wanted)
        .map(|volume| Row::new(volume.id, |filter| values(api, volume, filter)).showing(|api| render(api, volume)));
    let (shown, next) = filter::page(api, rows.collect(), "VolumeId")?;
    Ok(fields! { "volumeSet" => shown, "nextToken" => next })
}

/// `AttachVolume`: to an instance of the same zone that runs or is stopped.
pub(super) fn attach(api: &mut Api<'_>) -> Answer {
    let id = api.params.required("VolumeId")?;
    let number = find(api, &id)?;
    let host = instances::live(api, &api.params.required("InstanceId")?)?;
    let device = api.params.required("Device")?;
    let (volume, record) = (api.world.volumes.find(number)?, api.world.host(host)?);
    if volume.host.is_some() || under_way(api, number).is_some() {
        return Err(ApiError::new("VolumeInUse", format!("{id} is already attached to an instance")));
    }
    if volume.status == VolumeStatus::Creating {
        return Err(ApiError::new("IncorrectState", format!("Volume '{id}' is in the 'creating' state.")));
    }
    if volume.zone.as_deref() != Some(&record.zone) {
        let message =
            format!("The volume '{id}' is not in the same availability zone as instance '{}'", ids::id("i", host));
        return Err(ApiError::new("InvalidVolume.ZoneMismatch", message));
    }
    if ![HostState::Running, HostState::Off, HostState::Stopping].contains(&record.state) {
        let message = format!("Instance '{}' is not 'running'.", ids::id("i", host));
        return Err(ApiError::new("IncorrectState", message));
    }
    let has = |volume: &u64| api.ledger.volumes.get(volume).and_then(|notes| notes.device.as_ref());
    if record.volumes.iter().filter_map(has).any(|(known, _)| *known == device) {
        let message = format!("Invalid value '{device}' for unixDevice. Attachment point {device} is already in use");
        return Err(ApiError::new("InvalidParameterValue", message));
    }
    api.world.attach_volume(number, host, api.now)?;
    api.world.volumes.find_mut(number)?.auto_delete = false;
    let now = api.now;
    if let Some(notes) = api.ledger.volumes.get_mut(&number) {
        notes.device = Some((device, now));
    }
    Ok(attachment(api, api.world.volumes.find(number)?).unwrap_or(Xml::Absent))
}

/// `DetachVolume`: a root volume only of a stopped instance.
pub(super) fn detach(api: &mut Api<'_>) -> Answer {
    let id = api.params.required("VolumeId")?;
    let number = find(api, &id)?;
    let volume = api.world.volumes.find(number)?;
    let Some(host) = volume.host else {
        return Err(ApiError::new("IncorrectState", format!("Volume '{id}' is in the 'available' state.")));
    };
    if let Some(sent) = api.params.text("InstanceId")
        && ids::number("i", &sent)? != host
    {
        let message = format!("Unable to detach volume: '{id}' is not attached to '{sent}'");
        return Err(ApiError::new("InvalidAttachment.NotFound", message));
    }
    if under_way(api, number).is_some() {
        return Err(ApiError::new("IncorrectState", format!("Volume '{id}' is in the 'detaching' state.")));
    }
    if volume.boot && api.world.host(host)?.state != HostState::Off {
        let message = format!("Unable to detach root volume '{id}' from instance '{}'", ids::id("i", host));
        return Err(ApiError::new("OperationNotPermitted", message));
    }
    api.world.detach_volume(number, api.now)?;
    let record = api.world.volumes.find(number)?;
    Ok(attachment(api, record).unwrap_or(Xml::Absent))
}

/// `DeleteVolume`: it must be attached to nothing.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let id = api.params.required("VolumeId")?;
    let number = find(api, &id)?;
    let user = api.world.volumes.find(number)?.host.or_else(|| under_way(api, number).map(|(_, host)| host));
    if let Some(host) = user {
        let message = format!("Volume {id} is currently attached to {}", ids::id("i", host));
        return Err(ApiError::new("VolumeInUse", message));
    }
    api.world.delete_volume(number, api.now)?;
    Ok(fields! { "return" => true })
}

/// The volume with this id.
pub(super) fn find(api: &Api<'_>, id: &str) -> Result<u64, ApiError> {
    let number = ids::number("vol", id)?;
    let here = api.ledger.volumes.get(&number).is_some_and(|notes| notes.place == api.place);
    let found = here && api.world.volumes.find(number).is_ok() && api.sees(&api.world.volumes, number);
    let missing = || ApiError::new("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."));
    found.then_some(number).ok_or_else(missing)
}

pub(super) fn check_class(class: &str) -> Result<(), ApiError> {
    if ["gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"].contains(&class) {
        return Ok(());
    }
    Err(errors::invalid("VolumeType", format!("'{class}' is no volume type")))
}

pub(super) fn check_size(size_gb: u64) -> Result<(), ApiError> {
    if (1..=LARGEST_GB).contains(&size_gb) {
        return Ok(());
    }
    Err(errors::invalid("Size", format!("Volume size must be between 1 and {LARGEST_GB} GiB")))
}

/// The attaching or detaching that is under way, and the instance it is of.
fn under_way(api: &Api<'_>, number: u64) -> Option<(Command, u64)> {
    let mut actions = api.world.actions_on(Kind::Volume, number);
    let running = actions.find(|action| {
        action.status == ActionStatus::Running
            && [Command::AttachVolume, Command::DetachVolume].contains(&action.command)
    })?;
    let host = running.resources.iter().find(|(kind, _)| *kind == Kind::Host)?;
    Some((running.command, host.1))
}

fn status(api: &Api<'_>, volume: &Volume) -> &'static str {
    match volume.status {
        VolumeStatus::Creating => "creating",
        VolumeStatus::Available if volume.host.is_some() || under_way(api, volume.id).is_some() => "in-use",
        VolumeStatus::Available => "available",
    }
}

fn attachment_state(api: &Api<'_>, volume: &Volume) -> Option<(&'static str, u64)> {
    match under_way(api, volume.id) {
        Some((Command::DetachVolume, host)) => Some(("detaching", host)),
        Some((_, host)) => Some(("attaching", host)),
        None => volume.host.map(|host| ("attached", host)),
    }
}

fn attachment(api: &Api<'_>, volume: &Volume) -> Option<Xml> {
    let (state, host) = attachment_state(api, volume)?;
    let (device, since) = api.ledger.volumes.get(&volume.id)?.device.clone()?;
    Some(fields! {
        "volumeId" => ids::id("vol", volume.id),
        "instanceId" => ids::id("i", host),
        "device" => device,
        "status" => state,
        "attachTime" => since,
        "deleteOnTermination" => volume.auto_delete,
    })
}

fn values(api: &Api<'_>, volume: &Volume, filter: &str) -> Option<Vec<String>> {
    let notes = api.ledger.volumes.get(&volume.id);
    let attached = attachment_state(api, volume);
    Some(match filter {
        "volume-id" => vec![ids::id("vol", volume.id)],
        "status" => vec![status(api, volume).to_owned()],
        "availability-zone" => volume.zone.clone().into_iter().collect(),
        "size" => vec![volume.size_gb.to_string()],
        "volume-type" => notes.map(|notes| notes.class.clone()).into_iter().collect(),
        "encrypted" => vec![notes.is_some_and(|notes| notes.encrypted).to_string()],
        "attachment.instance-id" => attached.map(|(_, host)| ids::id("i", host)).into_iter().collect(),
        "attachment.status" => attached.map(|(state, _)| state.to_owned()).into_iter().collect(),
        "attachment.device" => {
            let device = attached.and(notes).and_then(|notes| notes.device.as_ref());
            device.map(|(device, _)| device.clone()).into_iter().collect()
        }
        "attachment.delete-on-termination" => attached.map(|_| volume.auto_delete.to_string()).into_iter().collect(),
        _ => return filter::tag_values(&volume.labels, filter),
    })
}

fn render(api: &Api<'_>, volume: &Volume) -> Xml {
    let notes = api.ledger.volumes.get(&volume.id);
    let zone = volume.zone.as_deref().unwrap_or_default();
    let class = notes.map_or("gp3", |notes| notes.class.as_str());
    let iops = notes.and_then(|notes| notes.iops).or(match class {
        "gp3" => Some(3000),
        "gp2" => Some((volume.size_gb * 3).clamp(100, 16_000)),
        _ => None,
    });
    let throughput = notes.and_then(|notes| notes.throughput).or((class == "gp3").then_some(125));
    fields! {
        "volumeId" => ids::id("vol", volume.id),
        "size" => volume.size_gb,
        "snapshotId" => notes.and_then(|notes| notes.snapshot).map(|snapshot| ids::id("snap", snapshot)).unwrap_or_default(),
        "availabilityZone" => zone,
        "availabilityZoneId" => api.place.zone_id(zone),
        "status" => status(api, volume),
        "createTime" => volume.created,
        "attachmentSet" => attachment(api, volume).into_iter().collect::<Vec<_>>(),
        "tagSet" => filter::tag_set(&volume.labels),
        "volumeType" => class,
        "iops" => iops,
        "throughput" => throughput,
        "encrypted" => notes.is_some_and(|notes| notes.encrypted),
        "multiAttachEnabled" => false,
        "ownerId" => ACCOUNT,
    }
}

const LARGEST_GB: u64 = 65_536;
