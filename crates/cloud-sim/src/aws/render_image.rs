//! An image as `DescribeImages` writes it, and what its filters see.

use cloud_world::{Image, ImageStatus, Labels};
use jiff::{SignedDuration, Timestamp};

use super::amis::Ami;
use super::api::{ACCOUNT, Api};
use super::launch_disks::WantedDisk;
use super::xml::{self, Xml, fields};
use super::{filter, ids, images};

/// An image as `DescribeImages` shows it.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) number: u64,
    pub(super) name: String,
    pub(super) owner: &'static str,
    pub(super) description: String,
    pub(super) architecture: &'static str,
    pub(super) root_device: &'static str,
    pub(super) created: Timestamp,
    pub(super) status: &'static str,
    pub(super) tags: Labels,
    pub(super) disks: Vec<WantedDisk>,
    pub(super) source: Option<u64>,
}

/// A stock image.
pub(super) fn stock(ami: &Ami) -> Shown {
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

/// An image of one's own, where it is of the region.
pub(super) fn own(api: &Api<'_>, image: &Image) -> Option<Shown> {
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
        architecture: images::architecture(image.architecture),
        root_device: notes.root_device,
        created: image.created,
        status,
        tags: image.labels.clone(),
        disks: images::disks(api, image.id),
        source: Some(notes.source),
    })
}

/// A disk as an image has it.
pub(super) fn disk(device: &str, snapshot: u64, size_gb: u64, class: &str) -> WantedDisk {
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

/// What a filter sees.
pub(super) fn values(shown: &Shown, filter: &str) -> Option<Vec<String>> {
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

/// An image as the answer writes it.
pub(super) fn render(shown: &Shown) -> Xml {
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
