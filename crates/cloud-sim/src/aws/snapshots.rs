//! Snapshots of volumes.

use cloud_world::{Image, ImageStatus, Labels};

use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::xml::{Xml, fields};
use super::{ids, ledger, tags, volumes};

/// `CreateSnapshot`.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let volume = volumes::find(api, &api.params.required("VolumeId")?)?;
    let labels = tags::of_one(&api.params, "snapshot")?;
    let description = api.params.text("Description").unwrap_or_default();
    let number = make(api, volume, description, labels)?;
    Ok(render(api, api.world.images.find(number)?))
}

/// `DescribeSnapshots`: one's own; stock images' snapshots are not shown.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let named = api.params.texts("SnapshotId");
    let owners = api.params.texts("Owner");
    let here = |image: &&Image| api.ledger.snapshots.get(&image.id).is_some_and(|notes| notes.place == api.place);
    let mut all: Vec<&Image> = api.world.images.listed(api.now).filter(here).collect();
    for id in &named {
        let number = ids::number("snap", id)?;
        if !all.iter().any(|image| image.id == number) {
            return Err(errors::not_found("snap", id));
        }
    }
    all.retain(|image| {
        (named.is_empty() || named.contains(&ids::id("snap", image.id)))
            && (owners.is_empty() || owners.iter().any(|owner| owner == "self" || owner == ACCOUNT))
    });
    let rows = all.into_iter().map(|image| {
        Row::new(image.id, |filter| {
            Some(match filter {
                "snapshot-id" => vec![ids::id("snap", image.id)],
                "status" => vec![status(image).to_owned()],
                "description" => vec![image.description.clone()],
                "owner-id" => vec![ACCOUNT.to_owned()],
                "volume-size" => vec![image.disk_gb.to_string()],
                "volume-id" => {
                    api.ledger.snapshots.get(&image.id).map(|notes| ids::id("vol", notes.volume)).into_iter().collect()
                }
                _ => return filter::tag_values(&image.labels, filter),
            })
        })
        .showing(|api| render(api, image))
    });
    let (shown, next) = filter::page(api, rows.collect(), "SnapshotId")?;
    Ok(fields! { "snapshotSet" => shown, "nextToken" => next })
}

/// `DeleteSnapshot`: no image may use it.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let number = find(api, &api.params.required("SnapshotId")?)?;
    remove(api, number)?;
    Ok(fields! { "return" => true })
}

/// Makes a snapshot of a volume.
pub(super) fn make(api: &mut Api<'_>, volume: u64, text: String, labels: Labels) -> Result<u64, ApiError> {
    let name = labels.get("Name").cloned().unwrap_or_default();
    let (number, _) = api.world.snapshot_volume(volume, &name, text, labels, api.now)?;
    let encrypted = api.ledger.volumes.get(&volume).is_some_and(|notes| notes.encrypted);
    let notes = ledger::Snapshot { place: api.place, volume, encrypted };
    api.ledger.snapshots.insert(number, notes);
    Ok(number)
}

/// Deletes a snapshot that no image uses.
pub(super) fn remove(api: &mut Api<'_>, number: u64) -> Result<(), ApiError> {
    let mut images = api.ledger.images.iter();
    let user = images.find(|(_, notes)| notes.disks.iter().any(|(_, snapshot, ..)| *snapshot == number));
    if let Some((image, _)) = user {
        let (id, image) = (ids::id("snap", number), ids::id("ami", *image));
        let message = format!("The snapshot {id} is currently in use by {image}");
        return Err(ApiError::new("InvalidSnapshot.InUse", message));
    }
    api.world.delete_image(number, api.now)?;
    api.ledger.snapshots.remove(&number);
    Ok(())
}

/// The snapshot that a volume can be made from.
pub(super) fn usable(api: &Api<'_>, id: &str) -> Result<u64, ApiError> {
    let number = find(api, id)?;
    if api.world.images.find(number)?.status != ImageStatus::Available {
        return Err(ApiError::new("IncorrectState", format!("Snapshot is in invalid state - pending: {id}")));
    }
    Ok(number)
}

fn find(api: &Api<'_>, id: &str) -> Result<u64, ApiError> {
    let number = ids::number("snap", id)?;
    let here = api.ledger.snapshots.get(&number).is_some_and(|notes| notes.place == api.place);
    let found = (here && api.sees(&api.world.images, number)).then_some(number);
    found.ok_or_else(|| errors::not_found("snap", id))
}

fn status(image: &Image) -> &'static str {
    match image.status {
        ImageStatus::Available => "completed",
        ImageStatus::Creating => "pending",
    }
}

fn render(api: &Api<'_>, image: &Image) -> Xml {
    let notes = api.ledger.snapshots.get(&image.id);
    let action = api.world.actions_on(cloud_world::Kind::Image, image.id).last();
    let progress = action.map_or(100, |action| action.progress(api.now));
    fields! {
        "snapshotId" => ids::id("snap", image.id),
        "volumeId" => notes.map(|notes| ids::id("vol", notes.volume)),
        "status" => status(image),
        "startTime" => image.created,
        "completionTime" => action.and_then(cloud_world::Action::finished),
        "progress" => format!("{progress}%"),
        "ownerId" => ACCOUNT,
        "volumeSize" => image.disk_gb,
        "description" => image.description.as_str(),
        "encrypted" => notes.is_some_and(|notes| notes.encrypted),
        "storageTier" => "standard",
        "tagSet" => filter::tag_set(&image.labels),
    }
}
