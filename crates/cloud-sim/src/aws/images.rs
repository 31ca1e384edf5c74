//! Images: those of Canonical and Debian, and one's own.

use cloud_world::{Architecture, ImageStatus, Labels};

use super::amis::{self, Ami};
use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::launch_disks::WantedDisk;
use super::render_image::{Shown, disk, own, render, stock, values};
use super::xml::{Xml, fields};
use super::{ids, instances, ledger, snapshots, tags};

/// `DescribeImages`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let named = api.params.texts("ImageId");
    let owners = api.params.texts("Owner");
    let mut all: Vec<Shown> = amis::of_region(api.place).map(|ami| stock(&ami)).collect();
    let own = api.world.images.listed(api.now).filter_map(|image| own(api, image));
    all.extend(own);
    for id in &named {
        let number = ids::number("ami", id)?;
        if !all.iter().any(|shown| shown.number == number) {
            let message = format!("The image id '[{id}]' does not exist");
            return Err(ApiError::new("InvalidAMIID.NotFound", message));
        }
    }
    let wanted = |shown: &Shown| {
        let owner = if shown.owner == ACCOUNT { "self" } else { shown.owner };
        (named.is_empty() || named.contains(&ids::id("ami", shown.number)))
            && (owners.is_empty() || owners.iter().any(|known| known == owner || known == shown.owner))
    };
    all.retain(wanted);
    let rows =
        all.iter().map(|shown| Row::new(shown.number, |filter| values(shown, filter)).showing(|_| render(shown)));
    let (shown, next) = filter::page(api, rows.collect(), "ImageId")?;
    Ok(fields! { "imagesSet" => shown, "nextToken" => next })
}

/// `CreateImage`: of all disks of an instance, a snapshot each.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let host = instances::live(api, &api.params.required("InstanceId")?)?;
    let name = api.params.required("Name")?;
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "()[]./-'@_ ".contains(letter);
    if !(3..=128).contains(&name.chars().count()) || !name.chars().all(allowed) {
        let message = "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', \
                       '.', '-', '/' and '_'";
        return Err(ApiError::new("InvalidAMIName.Malformed", message));
    }
    api.params.flag("NoReboot")?;
    check_free(api, &name)?;
    let (mut image_tags, mut snapshot_tags) = (Labels::new(), Labels::new());
    for (resource, tags) in tags::specifications(&api.params)? {
        match resource.as_str() {
            "image" => image_tags = tags,
            "snapshot" => snapshot_tags = tags,
            other => return Err(errors::invalid("TagSpecification", format!("'{other}' cannot be tagged here"))),
        }
    }
    let left_out: Vec<String> = api
        .params
        .each("BlockDeviceMapping")
        .iter()
        .filter(|mapping| mapping.text("NoDevice").is_some())
        .filter_map(|mapping| mapping.text("DeviceName"))
        .collect();
    let description = api.params.text("Description").unwrap_or_default();
    let volumes = api.world.host(host)?.volumes.clone();
    let root_device = api.ledger.instances.get(&host).map_or("/dev/sda1", |notes| notes.root_device);
    let Some(root) = volumes.first().copied() else {
        return Err(ApiError::new("IncorrectInstanceState", "The instance has no root volume."));
    };
    let count = volumes.len() as u64 + 1;
    if !api.world.has_quota(cloud_world::Kind::Image, count, api.now) {
        return Err(errors::quota(cloud_world::Kind::Image));
    }
    let (image, _) = api.world.snapshot_volume(root, &name, description, image_tags, api.now)?;
    // The image that the instance was made from may be gone, and what it said with it.
    let machine = api.world.host(host)?.machine.clone();
    if let Some(architecture) = api.world.catalog.machine(&machine).map(|machine| machine.architecture) {
        api.world.images.find_mut(image)?.architecture = architecture;
    }
    let mut disks = Vec::new();
    for volume in volumes {
        let device = api.ledger.volumes.get(&volume).and_then(|notes| notes.device.clone());
        let device = device.map_or_else(|| root_device.to_owned(), |(device, _)| device);
        if left_out.contains(&device) && volume != root {
            continue;
        }
        let text = format!("Created by CreateImage({}) for {}", ids::id("i", host), ids::id("ami", image));
        let snapshot = snapshots::make(api, volume, text, snapshot_tags.clone())?;
        // What becomes of a disk is taken over from the instance.
        let record = api.world.volumes.find(volume)?;
        disks.push((device, snapshot, record.size_gb, record.auto_delete));
    }
    api.ledger.images.insert(image, ledger::Image { place: api.place, source: host, root_device, disks });
    Ok(fields! { "imageId" => ids::id("ami", image) })
}

/// `DeregisterImage`: its snapshots stay, unless they are to go with it.
pub(super) fn deregister(api: &mut Api<'_>) -> Answer {
    let id = api.params.required("ImageId")?;
    let number = ids::number("ami", &id)?;
    let with_snapshots = api.params.flag("DeleteAssociatedSnapshots")?.unwrap_or(false);
    if Ami::numbered(number).is_some_and(|ami| ami.place == api.place) {
        let message = format!("Not authorized for images:[{id}]");
        return Err(ApiError::new("AuthFailure", message));
    }
    let Some(notes) = api.ledger.images.get(&number).filter(|notes| notes.place == api.place).cloned() else {
        return Err(not_found(&id));
    };
    api.world.delete_image(number, api.now)?;
    api.ledger.images.remove(&number);
    let mut results: Vec<Xml> = Vec::new();
    if with_snapshots {
        for (_, snapshot, ..) in notes.disks {
            let gone = snapshots::remove(api, snapshot).is_ok();
            results.push(fields! {
                "snapshotId" => ids::id("snap", snapshot),
                "returnCode" => if gone { "success" } else { "skipped" },
            });
        }
    }
    Ok(fields! { "return" => true, "deleteSnapshotResultSet" => results })
}

/// The image that can be launched from.
pub(super) fn usable(api: &Api<'_>, id: &str) -> Result<u64, ApiError> {
    let number = ids::number("ami", id)?;
    if Ami::numbered(number).is_some_and(|ami| ami.place == api.place) {
        return Ok(number);
    }
    let here = api.ledger.images.get(&number).is_some_and(|notes| notes.place == api.place);
    let image = api.world.images.find(number).ok().filter(|_| here).ok_or_else(|| not_found(id))?;
    if image.status != ImageStatus::Available {
        let message = format!("The image ID '{id}' is not available");
        return Err(ApiError::new("InvalidAMIID.Unavailable", message));
    }
    Ok(number)
}

/// The name that an image's instances know their root disk by.
pub(super) fn root_device(api: &Api<'_>, number: u64) -> &'static str {
    let own = api.ledger.images.get(&number).map(|notes| notes.root_device);
    own.or_else(|| Ami::numbered(number).map(|ami| ami.release.root_device)).unwrap_or("/dev/sda1")
}

/// The disks that an image's instances have, the root disk first.
pub(super) fn disks(api: &Api<'_>, number: u64) -> Vec<WantedDisk> {
    if let Some(ami) = Ami::numbered(number) {
        return stock(&ami).disks;
    }
    let disks = api.ledger.images.get(&number).map(|notes| notes.disks.clone()).unwrap_or_default();
    let disks = disks.into_iter();
    disks
        .map(|(device, snapshot, size, auto_delete)| WantedDisk { auto_delete, ..disk(&device, snapshot, size, "gp3") })
        .collect()
}

/// The architecture in EC2's words.
pub(super) fn architecture(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86 => "x86_64",
        Architecture::Arm => "arm64",
    }
}

/// No two images of a region have the same name.
fn check_free(api: &Api<'_>, name: &str) -> Result<(), ApiError> {
    let mut named = api.world.images.named(name);
    match named.find(|image| api.ledger.images.get(&image.id).is_some_and(|own| own.place == api.place)) {
        None => Ok(()),
        Some(taken) => {
            let message = format!("AMI name {name} is already in use by AMI {}", ids::id("ami", taken.id));
            Err(ApiError::new("InvalidAMIName.Duplicate", message))
        }
    }
}

fn not_found(id: &str) -> ApiError {
    ApiError::new("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist"))
}
