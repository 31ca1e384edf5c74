//! Images: those of Canonical and Debian, and one's own.

use cloud_world::{Architecture, Image, ImageStatus, Labels};
use jiff::SignedDuration;

use super::amis::{self, Ami};
use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::launch_fields::WantedDisk;
use super::xml::{self, Xml, fields};
use super::{ids, instances, ledger, snapshots, tags};

/// An image as `DescribeImages` shows it.
#[derive(Debug, Clone)]
struct Shown {
    number: u64,
    name: String,
    owner: &'static str,
    description: String,
    architecture: &'static str,
    root_device: &'static str,
    created: jiff::Timestamp,
    status: &'static str,
    tags: Labels,
    disks: Vec<WantedDisk>,
    source: Option<u64>,
}

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
    let mut disks = Vec::new();
    for volume in volumes {
        let device = api.ledger.volumes.get(&volume).and_then(|notes| notes.device.clone());
        let device = device.map_or_else(|| root_device.to_owned(), |(device, _)| device);
        if left_out.contains(&device) && volume != root {
            continue;
        }
        let text = format!("Created by CreateImage({}) for {}", ids::id("i", host), ids::id("ami", image));
        let snapshot = snapshots::make(api, volume, text, snapshot_tags.clone())?;
        disks.push((device, snapshot, api.world.volumes.find(volume)?.size_gb));
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
        for (_, snapshot, _) in notes.disks {
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
    disks.into_iter().map(|(device, snapshot, size)| disk(&device, snapshot, size, "gp3")).collect()
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

fn stock(ami: &Ami) -> Shown {
    let release = ami.release;
    Shown {
        number: ami.number,
        name: ami.name.clone(),
        owner: ami.owner(),
        description: format!("{} {} {}", release.os, release.version, ami.architecture()),
        architecture: ami.architecture(),
        root_device: release.root_device,
        created: ami.created,
        status: "available",
        tags: Labels::new(),
        disks: vec![disk(release.root_device, ami.snapshot(), release.disk_gb, release.volume_type)],
        source: None,
    }
}

fn own(api: &Api<'_>, image: &Image) -> Option<Shown> {
    let notes = api.ledger.images.get(&image.id).filter(|notes| notes.place == api.place)?;
    let status = match image.status {
        ImageStatus::Available => "available",
        ImageStatus::Creating => "pending",
    };
    Some(Shown {
        number: image.id,
        name: image.name.clone().unwrap_or_default(),
        owner: ACCOUNT,
        description: image.description.clone(),
        architecture: architecture(image.architecture),
        root_device: notes.root_device,
        created: image.created,
        status,
        tags: image.labels.clone(),
        disks: disks(api, image.id),
        source: Some(notes.source),
    })
}

fn disk(device: &str, snapshot: u64, size_gb: u64, class: &str) -> WantedDisk {
    WantedDisk {
        device: device.to_owned(),
        size_gb,
        class: class.to_owned(),
        iops: None,
        throughput: None,
        encrypted: false,
        auto_delete: true,
        snapshot: Some(snapshot),
    }
}

fn values(shown: &Shown, filter: &str) -> Option<Vec<String>> {
    let one = |text: &str| vec![text.to_owned()];
    Some(match filter {
        "image-id" => vec![ids::id("ami", shown.number)],
        "name" => one(&shown.name),
        "description" => one(&shown.description),
        "architecture" => one(shown.architecture),
        "owner-id" => one(shown.owner),
        "owner-alias" => Vec::new(),
        "state" => one(shown.status),
        "is-public" => vec![(shown.owner != ACCOUNT).to_string()],
        "root-device-name" => one(shown.root_device),
        "root-device-type" => one("ebs"),
        "virtualization-type" => one("hvm"),
        "image-type" => one("machine"),
        "hypervisor" => one("xen"),
        "ena-support" => one("true"),
        "creation-date" => vec![xml::moment(shown.created)],
        "source-instance-id" => shown.source.map(|source| ids::id("i", source)).into_iter().collect(),
        "block-device-mapping.snapshot-id" => {
            shown.disks.iter().filter_map(|disk| Some(ids::id("snap", disk.snapshot?))).collect()
        }
        "block-device-mapping.volume-type" => shown.disks.iter().map(|disk| disk.class.clone()).collect(),
        _ => return filter::tag_values(&shown.tags, filter),
    })
}

fn render(shown: &Shown) -> Xml {
    let disks = shown.disks.iter().map(|disk| {
        fields! {
            "deviceName" => disk.device.as_str(),
            "ebs" => fields! {
                "snapshotId" => disk.snapshot.map(|snapshot| ids::id("snap", snapshot)),
                "volumeSize" => disk.size_gb,
                "deleteOnTermination" => disk.auto_delete,
                "volumeType" => disk.class.as_str(),
                "encrypted" => disk.encrypted,
            },
        }
    });
    let own = shown.owner == ACCOUNT;
    let outdated = shown.created + TWO_YEARS;
    fields! {
        "imageId" => ids::id("ami", shown.number),
        "imageLocation" => format!("{}/{}", shown.owner, shown.name),
        "imageState" => shown.status,
        "imageOwnerId" => shown.owner,
        "isPublic" => !own,
        "architecture" => shown.architecture,
        "imageType" => "machine",
        "name" => shown.name.as_str(),
        "description" => shown.description.as_str(),
        "creationDate" => xml::moment(shown.created),
        "deprecationTime" => (!own).then(|| xml::moment(outdated)),
        "rootDeviceType" => "ebs",
        "rootDeviceName" => shown.root_device,
        "virtualizationType" => "hvm",
        "hypervisor" => "xen",
        "enaSupport" => true,
        "bootMode" => "uefi-preferred",
        "imdsSupport" => (!own).then_some("v2.0"),
        "platformDetails" => "Linux/UNIX",
        "usageOperation" => "RunInstances",
        "sourceInstanceId" => shown.source.map(|source| ids::id("i", source)),
        "blockDeviceMapping" => disks.collect::<Vec<_>>(),
        "tagSet" => filter::tag_set(&shown.tags),
    }
}

const TWO_YEARS: SignedDuration = SignedDuration::from_hours(2 * 365 * 24);
