//! Volumes and images, from AWS's words to ours. A snapshot here is an image of the host's own disk.

use aws_sdk_ec2::types::{
    DeviceType, Image, ImageState, Snapshot as DiskSnapshot, Volume as TheirVolume, VolumeAttachmentState,
    VolumeModification, VolumeModificationState, VolumeState,
};
use cloud_driver::labels::is_kept;
use cloud_driver::{nonsense, one_line, word};
use cloud_types::{
    Architecture, GiB, Region, Resource, ResourceKind, Result, Snapshot, SnapshotId, SnapshotState, Volume, VolumeId,
    Zone, ownership,
};

use super::{IMAGE, Labels, Place, is_id, tags, timestamp};
use crate::disk::DiskKind;
use crate::labels;

/// A volume, and what the contract has no word for.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    pub(crate) place: Place,
    pub(crate) volume: Volume,
    /// All tags, also the workspace's own.
    pub(crate) labels: Labels,
    pub(crate) kind: DiskKind,
    pub(crate) state: DiskState,
    /// Where it is attached, or is just being attached or detached.
    pub(crate) attachment: Option<Attachment>,
    /// It was made without a snapshot.
    is_empty: bool,
}

/// How far a volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskState {
    Creating,
    /// No host has it.
    Free,
    InUse,
    /// AWS could not make it.
    Broken,
    /// It is deleted, and shown for a while.
    Gone,
}

/// A volume at a host.
#[derive(Debug, Clone)]
pub(crate) struct Attachment {
    /// The host's id in its region.
    pub(crate) host: String,
    pub(crate) device: Option<String>,
    /// It is there, and nothing detaches it.
    pub(crate) done: bool,
    /// It is being detached.
    pub(crate) leaving: bool,
    /// It is being attached or detached.
    pub(crate) changing: bool,
}

/// A volume of a region.
pub(crate) fn disk(region: &Region, theirs: &TheirVolume) -> Result<Disk> {
    let id = theirs.volume_id.clone().ok_or_else(|| nonsense("a volume without an id"))?;
    let labels = tags(theirs.tags.as_deref());
    let place = Place { region: region.clone(), id };
    let firm = theirs.attachments().iter().find(|one| one.state() != Some(&VolumeAttachmentState::Detached));
    let attachment = firm.and_then(|one| {
        let (host, device) = (one.instance_id.clone()?, one.device.clone());
        let is = |state| one.state() == Some(&state);
        let (done, leaving) = (is(VolumeAttachmentState::Attached), is(VolumeAttachmentState::Detaching));
        let changing = leaving || is(VolumeAttachmentState::Attaching);
        Some(Attachment { host, device, done, leaving, changing })
    });
    let host = attachment.as_ref().map(|one| place.beside(one.host.as_str()).host_id());
    let name = labels.get(ownership::NAME).map(|name| match labels::is_data_disk(&labels) {
        true => format!("{name}-data"),
        false => name.clone(),
    });
    let count = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let kind = theirs.volume_type().map_or("", |kind| kind.as_str()).to_owned();
    Ok(Disk {
        volume: Volume {
            provider: crate::ID,
            id: VolumeId::new(place.to_string()),
            name: name.unwrap_or_else(|| place.id.clone()),
            owner: ownership::owner_of(&labels),
            region: region.clone(),
            zone: theirs.availability_zone().map(Zone::new).map(word).transpose()?,
            size: gib(theirs.size())?,
            // On the machines of today a disk is found by its id, whatever device was asked for
            // (<https://docs.aws.amazon.com/ebs/latest/userguide/nvme-ebs-volumes.html>).
            device: host
                .is_some()
                .then(|| format!("/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{}", place.id.replace('-', ""))),
            host,
            created_at: theirs.create_time().and_then(timestamp),
            labels: user_labels(&labels),
        },
        kind: DiskKind { name: kind, iops: count(theirs.iops()), throughput: count(theirs.throughput()) },
        state: match theirs.state() {
            Some(VolumeState::Creating) => DiskState::Creating,
            Some(VolumeState::Available) => DiskState::Free,
            Some(VolumeState::Error) => DiskState::Broken,
            Some(VolumeState::Deleting | VolumeState::Deleted) => DiskState::Gone,
            _ => DiskState::InUse,
        },
        attachment,
        is_empty: theirs.snapshot_id().unwrap_or_default().is_empty(),
        place,
        labels,
    })
}

impl Disk {
    /// Whether it is a host's data disk. A launch tags all disks alike: the system's is made of a snapshot.
    pub(crate) fn is_data(&self) -> bool {
        self.is_empty && labels::is_data_disk(&self.labels)
    }

    /// Whether a host of ours boots from it.
    pub(crate) fn is_boot(&self) -> bool {
        let is_data = labels::is_data_disk(&self.labels);
        cloud_driver::labels::is_for(&self.labels, labels::BOOT_DISK) || (is_data && !self.is_empty)
    }

    /// Whether it outlives its host.
    pub(crate) fn is_kept(&self) -> bool {
        is_kept(&self.labels)
    }

    /// Whether it is attached, and nothing detaches it.
    pub(crate) fn is_firm(&self) -> bool {
        self.attachment.as_ref().is_some_and(|one| !one.leaving)
    }

    /// Whether it is at this host, or on its way there or from there.
    pub(crate) fn is_at(&self, host: &Place) -> bool {
        self.attachment.as_ref().is_some_and(|one| one.host == host.id)
    }

    pub(crate) fn resource(self) -> Resource {
        let kept = self.is_data() && self.is_kept();
        let Volume { id, name, created_at, .. } = self.volume;
        Resource { kind: ResourceKind::Volume, id: id.to_string(), name, created_at, kept }
    }
}

/// A change of a volume's size.
#[derive(Debug)]
pub(crate) struct Growth {
    pub(crate) target: Option<GiB>,
    /// Why it failed, where it did.
    pub(crate) failed: Option<String>,
}

pub(crate) fn growth(change: &VolumeModification) -> Growth {
    let failed = change.modification_state() == Some(&VolumeModificationState::Failed);
    let why = || one_line(change.status_message().unwrap_or("AWS gives no reason"));
    Growth { target: gib(change.target_size()).ok(), failed: failed.then(why) }
}

/// An image: the snapshot that it is where the account made it, and what a host boots of it.
#[derive(Debug, Clone)]
pub(crate) struct Ami {
    pub(crate) place: Place,
    pub(crate) snapshot: Snapshot,
    pub(crate) labels: Labels,
    pub(crate) name: String,
    /// It is not given up.
    pub(crate) is_there: bool,
    pub(crate) architecture: Option<Architecture>,
    /// Its disk lasts when a host is stopped.
    pub(crate) lasts: bool,
    pub(crate) root_device: Option<String>,
    /// The devices of its further disks.
    pub(crate) further_devices: Vec<String>,
    /// The disks' snapshots that it is made of.
    pub(crate) parts: Vec<String>,
}

/// An image of a region.
pub(crate) fn ami(region: &Region, image: &Image) -> Result<Ami> {
    let id = image.image_id().ok_or_else(|| nonsense("an image without an id"))?;
    let place = Place { region: region.clone(), id: id.to_owned() };
    let labels = tags(image.tags.as_deref());
    let host = image.source_instance_id().or(labels.get(labels::HOST).map(String::as_str));
    let root = image.root_device_name();
    let disks = || image.block_device_mappings().iter().filter(|mapping| mapping.ebs().is_some());
    let of_root = disks().find(|mapping| root.is_some() && mapping.device_name() == root);
    let further = disks().filter_map(|mapping| mapping.device_name()).filter(|device| Some(*device) != root);
    Ok(Ami {
        snapshot: Snapshot {
            provider: crate::ID,
            id: SnapshotId::new(place.to_string()),
            name: labels.get(ownership::NAME).cloned(),
            owner: ownership::owner_of(&labels),
            state: match image.state() {
                Some(ImageState::Pending | ImageState::Transient) => SnapshotState::Creating,
                Some(ImageState::Available) => SnapshotState::Available,
                Some(ImageState::Failed | ImageState::Error | ImageState::Invalid) => SnapshotState::Failed,
                Some(other) => SnapshotState::Unknown(one_line(other.as_str())),
                None => SnapshotState::Unknown(String::new()),
            },
            // What is billed is what was written, which AWS does not tell.
            size: None,
            disk_size: of_root.and_then(|mapping| gib(mapping.ebs()?.volume_size()).ok()),
            host: host.map(|id| place.beside(id).host_id()),
            created_at: image.creation_date().and_then(|text| text.parse().ok()),
            labels: user_labels(&labels),
        },
        name: image.name().unwrap_or_default().to_owned(),
        is_there: image.state() != Some(&ImageState::Deregistered),
        architecture: super::catalog::architecture(image.architecture()),
        lasts: image.root_device_type() != Some(&DeviceType::InstanceStore),
        root_device: root.map(str::to_owned),
        further_devices: further.map(str::to_owned).collect(),
        parts: disks().filter_map(|disk| disk.ebs()?.snapshot_id().map(str::to_owned)).collect(),
        place,
        labels,
    })
}

impl Ami {
    pub(crate) fn resource(self) -> Resource {
        let Snapshot { id, name, created_at, .. } = self.snapshot;
        let id = id.to_string();
        let name = name.unwrap_or_else(|| id.clone());
        Resource { kind: ResourceKind::Snapshot, id, name, created_at, kept: false }
    }
}

/// A disk's snapshot, of which an image was made.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) place: Place,
    /// The image.
    pub(crate) of: Option<String>,
    pub(crate) resource: Resource,
}

pub(crate) fn part(region: &Region, part: &DiskSnapshot) -> Result<Part> {
    let id = part.snapshot_id().ok_or_else(|| nonsense("a snapshot without an id"))?;
    let place = Place { region: region.clone(), id: id.to_owned() };
    let id = place.to_string();
    let name = tags(part.tags.as_deref()).remove(ownership::NAME).unwrap_or_else(|| id.clone());
    let (kind, created_at) = (ResourceKind::Snapshot, part.start_time().and_then(timestamp));
    let of = image_of(part.description()).map(str::to_owned);
    Ok(Part { place, of, resource: Resource { kind, id, name, created_at, kept: false } })
}

/// The image that a disk's snapshot was made for. What AWS writes there: `Created by CreateImage(i-…) for ami-…`, perhaps with
/// ` from vol-…` behind it.
fn image_of(description: Option<&str>) -> Option<&str> {
    let image = description?.strip_prefix("Created by CreateImage(")?.split_once(") for ")?.1;
    image.split(' ').next().filter(|id| is_id(IMAGE, id))
}

fn user_labels(labels: &Labels) -> Labels {
    let mut user = ownership::user_labels(labels);
    user.remove(labels::NAME);
    user
}

/// A size in GiB.
fn gib(size: Option<i32>) -> Result<GiB> {
    let size = size.and_then(|size| u32::try_from(size).ok()).filter(|size| *size > 0);
    size.map(GiB).ok_or_else(|| nonsense("a size"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, VolumeAttachment};

    use super::*;

    fn region() -> Region {
        Region::new("eu-west-1").unwrap()
    }

    #[test]
    fn a_disks_snapshot_tells_its_image() {
        let of = |text: &str| image_of(Some(text)).map(str::to_owned);
        assert_eq!(of("Created by CreateImage(i-1a2b3c4d) for ami-1a2b3c4e").as_deref(), Some("ami-1a2b3c4e"));
        assert_eq!(
            of("Created by CreateImage(i-1a2b3c4d) for ami-1a2b3c4e from vol-1a2b3c4f").as_deref(),
            Some("ami-1a2b3c4e")
        );
        for other in [
            "",
            "mine",
            "Created by CreateImage(i-1a2b3c4d)",
            "Copied for DestinationAmi ami-1a2b3c4e from SourceAmi ami-1a2b3c40",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn an_image_is_made_of_the_snapshots_of_its_disks() {
        let disk = EbsBlockDevice::builder().snapshot_id("snap-01").build();
        let image = Image::builder()
            .image_id("ami-1a2b3c4d")
            .block_device_mappings(BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(disk).build())
            .block_device_mappings(
                BlockDeviceMapping::builder().device_name("/dev/sdb").virtual_name("ephemeral0").build(),
            );
        assert_eq!(ami(&region(), &image.build()).unwrap().parts, ["snap-01"]);
    }

    #[test]
    fn what_is_being_detached_is_not_firmly_attached() {
        let volume = |state: &str| {
            let one = VolumeAttachment::builder().instance_id("i-01").state(VolumeAttachmentState::from(state)).build();
            let theirs = TheirVolume::builder().volume_id("vol-01").size(1).attachments(one).build();
            disk(&region(), &theirs).unwrap()
        };
        let is_firm = |state: &str| volume(state).is_firm();
        assert!(is_firm("attached") && is_firm("attaching") && is_firm("busy"));
        assert!(!is_firm("detaching") && !is_firm("detached"));
    }
}
