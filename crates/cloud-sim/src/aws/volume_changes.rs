//! `ModifyVolume`: a volume grows while it is used; four changes a day, one after the other.

use jiff::{SignedDuration, Timestamp};

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::ledger::{Modification, VolumeShape};
use super::xml::{Xml, fields};
use super::{ids, volumes};

/// `ModifyVolume`.
pub(super) fn modify(api: &mut Api<'_>) -> Answer {
    let id = api.params.required("VolumeId")?;
    let number = volumes::find(api, &id)?;
    let before = shape(api, number)?;
    let after = VolumeShape {
        size_gb: api.params.number("Size")?.unwrap_or(before.size_gb),
        class: api.params.text("VolumeType").unwrap_or_else(|| before.class.clone()),
        iops: api.params.number("Iops")?.or(before.iops),
        throughput: api.params.number("Throughput")?.or(before.throughput),
    };
    volumes::check_class(&after.class)?;
    volumes::check_size(after.size_gb)?;
    if after.size_gb < before.size_gb {
        let rule = format!("New size cannot be smaller than existing size {}", before.size_gb);
        return Err(ApiError::new("InvalidParameterValue", rule));
    }
    if after == before {
        return Err(ApiError::new("InvalidParameterValue", "No modification is asked for."));
    }
    check_rate(api, number, &id)?;
    if api.world.volumes.find(number)?.status == cloud_world::VolumeStatus::Creating {
        let message = format!("Volume '{id}' is in the 'creating' state.");
        return Err(ApiError::new("IncorrectState", message));
    }
    let usable = if after.size_gb > before.size_gb {
        let action = api.world.resize_volume(number, after.size_gb, api.now)?;
        api.world.action(action)?.ends
    } else {
        api.now + api.world.timings.volume
    };
    if api.world.volumes.find(number)?.boot
        && let Some(host) = api.world.volumes.find(number)?.host
    {
        api.world.hosts.find_mut(host)?.boot_disk_gb = after.size_gb;
    }
    let modification =
        Modification { before, after: after.clone(), started: api.now, usable, completed: usable + OPTIMIZING };
    let shown = render(number, &modification, api.now);
    if let Some(notes) = api.ledger.volumes.get_mut(&number) {
        notes.class = after.class;
        notes.iops = after.iops;
        notes.throughput = after.throughput;
        notes.modifications.push(modification);
    }
    Ok(fields! { "volumeModification" => shown })
}

/// `DescribeVolumesModifications`: the last one of each volume that was modified.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let named = api.params.texts("VolumeId");
    for id in &named {
        let number = volumes::find(api, id)?;
        if api.ledger.volumes.get(&number).is_none_or(|notes| notes.modifications.is_empty()) {
            let message = format!("Modification for volume '{id}' does not exist.");
            return Err(ApiError::new("InvalidVolumeModification.NotFound", message));
        }
    }
    let here = api.ledger.volumes.iter().filter(|(number, notes)| {
        notes.place == api.place
            && api.world.volumes.find(**number).is_ok()
            && (named.is_empty() || named.contains(&ids::id("vol", **number)))
    });
    let rows = here.filter_map(|(number, notes)| {
        let last = notes.modifications.last()?;
        let row = Row::new(*number, move |filter| {
            Some(match filter {
                "volume-id" => vec![ids::id("vol", *number)],
                "modification-state" => vec![state(last, api.now).to_owned()],
                "target-size" => vec![last.after.size_gb.to_string()],
                "original-size" => vec![last.before.size_gb.to_string()],
                _ => return None,
            })
        });
        Some(row.showing(move |api| render(*number, last, api.now)))
    });
    let (shown, next) = filter::page(api, rows.collect(), "VolumeId")?;
    Ok(fields! { "volumeModificationSet" => shown, "nextToken" => next })
}

fn shape(api: &Api<'_>, number: u64) -> Result<VolumeShape, ApiError> {
    let notes = api.ledger.volumes.get(&number).ok_or_else(|| errors::not_found("vol", &ids::id("vol", number)))?;
    Ok(VolumeShape {
        size_gb: api.world.volumes.find(number)?.size_gb,
        class: notes.class.clone(),
        iops: notes.iops,
        throughput: notes.throughput,
    })
}

/// The one before must be completed, and four were enough for a day.
fn check_rate(api: &Api<'_>, number: u64, id: &str) -> Result<(), ApiError> {
    let past = api.ledger.volumes.get(&number).map(|notes| notes.modifications.as_slice()).unwrap_or_default();
    if let Some(last) = past.last().filter(|last| last.completed > api.now) {
        let state = state(last, api.now).to_uppercase();
        let message = format!("Cannot modify volume {id} while it is in the {state} state.");
        return Err(ApiError::new("IncorrectModificationState", message));
    }
    let recent = past.iter().filter(|one| one.started + A_DAY > api.now).count();
    if recent >= MOST_A_DAY {
        let message = format!("You've reached the maximum modification rate per volume limit: {id}.");
        return Err(ApiError::new("VolumeModificationRateExceeded", message));
    }
    Ok(())
}

fn state(modification: &Modification, now: Timestamp) -> &'static str {
    if modification.usable > now {
        "modifying"
    } else if modification.completed > now {
        "optimizing"
    } else {
        "completed"
    }
}

fn render(number: u64, modification: &Modification, now: Timestamp) -> Xml {
    let (before, after) = (&modification.before, &modification.after);
    let state = state(modification, now);
    fields! {
        "volumeId" => ids::id("vol", number),
        "modificationState" => state,
        "targetSize" => after.size_gb,
        "targetVolumeType" => after.class.as_str(),
        "targetIops" => after.iops,
        "targetThroughput" => after.throughput,
        "originalSize" => before.size_gb,
        "originalVolumeType" => before.class.as_str(),
        "originalIops" => before.iops,
        "originalThroughput" => before.throughput,
        "progress" => match state { "modifying" => 0, "optimizing" => 50, _ => 100 },
        "startTime" => modification.started,
        "endTime" => (state == "completed").then_some(modification.completed),
    }
}

const A_DAY: SignedDuration = SignedDuration::from_hours(24);
const MOST_A_DAY: usize = 4;
/// From where the new size can be used until the volume is as fast as before.
const OPTIMIZING: SignedDuration = SignedDuration::from_secs(60);
