//! Volumes and snapshots, from AWS's words to ours. A snapshot here is an image of the host's own disk.

use aws_sdk_ec2::types::{
    Image, ImageState, Snapshot as DiskSnapshot, Volume as TheirVolume, VolumeAttachment, VolumeAttachmentState,
    VolumeState,
};
use cloud_types::{
    GiB, Region, Resource, ResourceKind, Result, Snapshot, SnapshotId, SnapshotState, Volume, VolumeId, ownership,
};

use super::{Place, nonsense, timestamp, word};
use crate::disk::DiskKind;
use crate::tags;

/// A volume in a region.
pub(crate) fn volume(volume: &TheirVolume, region: &Region) -> Result<Volume> {
    let id = volume.volume_id().ok_or_else(|| nonsense("a volume without an id"))?;
    let mut labels = tags::read(volume.tags.as_deref());
    labels.remove(tags::NAME);
    let host = attachment(volume).and_then(|attachment| attachment.instance_id());
    let host = host.map(|id| Place { region: region.clone(), id: id.to_owned() }.host_id());
    let name = labels.get(ownership::NAME).map(|name| match tags::is_data_disk(&labels) {
        true => format!("{name}-data"),
        false => name.clone(),
    });
    Ok(Volume {
        provider: crate::ID,
        id: VolumeId::new(format!("{region}/{id}")),
        name: name.unwrap_or_else(|| id.to_owned()),
        owner: ownership::owner_of(&labels),
        region: region.clone(),
        zone: volume.availability_zone().map(cloud_types::Zone::new).map(word).transpose()?,
        size: gib(volume.size())?,
        // On the machines of today a disk is found by its id, whatever device was asked for
        // (<https://docs.aws.amazon.com/ebs/latest/userguide/nvme-ebs-volumes.html>).
        device: host
            .is_some()
            .then(|| format!("/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{}", id.replace('-', ""))),
        host,
        created_at: volume.create_time().and_then(timestamp),
        labels: ownership::user_labels(&labels),
    })
}

/// Where a volume is attached, or is just being attached or detached.
pub(crate) fn attachment(volume: &TheirVolume) -> Option<&VolumeAttachment> {
    volume.attachments().iter().find(|one| one.state() != Some(&VolumeAttachmentState::Detached))
}

/// Whether a volume is there: one that is deleted is shown for a while.
pub(crate) fn is_there(volume: &TheirVolume) -> bool {
    !matches!(volume.state(), Some(VolumeState::Deleting | VolumeState::Deleted))
}

/// The type and speed of a volume.
pub(crate) fn disk_kind(volume: &TheirVolume) -> Result<DiskKind> {
    let name = volume.volume_type().ok_or_else(|| nonsense("a volume without a type"))?.as_str();
    let count = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    Ok(DiskKind { name: name.to_owned(), iops: count(volume.iops()), throughput: count(volume.throughput()) })
}

pub(crate) fn snapshot(image: &Image, region: &Region) -> Result<Snapshot> {
    let id = image.image_id().ok_or_else(|| nonsense("an image without an id"))?;
    let mut labels = tags::read(image.tags.as_deref());
    labels.remove(tags::NAME);
    let host = image.source_instance_id().or(labels.get(tags::HOST).map(String::as_str));
    let host = host.map(|id| Place { region: region.clone(), id: id.to_owned() }.host_id());
    Ok(Snapshot {
        provider: crate::ID,
        id: SnapshotId::new(format!("{region}/{id}")),
        name: labels.get(ownership::NAME).cloned(),
        owner: ownership::owner_of(&labels),
        state: match image.state() {
            Some(ImageState::Pending | ImageState::Transient) => SnapshotState::Creating,
            Some(ImageState::Available) => SnapshotState::Available,
            Some(ImageState::Failed | ImageState::Error | ImageState::Invalid) => SnapshotState::Failed,
            Some(other) => SnapshotState::Unknown(crate::error::one_line(other.as_str())),
            None => SnapshotState::Unknown(String::new()),
        },
        // What is billed is what was written, which AWS does not tell.
        size: None,
        disk_size: root_size(image),
        host,
        created_at: image.creation_date().and_then(|text| text.parse().ok()),
        labels: ownership::user_labels(&labels),
    })
}

pub(crate) fn image_resource(region: &Region, image: &Image) -> Result<Resource> {
    let told = snapshot(image, region)?;
    let (id, created_at) = (told.id.to_string(), told.created_at);
    let name = told.name.unwrap_or_else(|| id.clone());
    Ok(Resource { kind: ResourceKind::Snapshot, id, name, created_at, kept: false })
}

/// The snapshot of a disk, which an image was made of that is gone.
pub(crate) fn part_resource(region: &Region, part: &DiskSnapshot) -> Result<Resource> {
    let id = part.snapshot_id().ok_or_else(|| nonsense("a snapshot without an id"))?;
    let labels = tags::read(part.tags.as_deref());
    let id = Place { region: region.clone(), id: id.to_owned() }.to_string();
    let name = labels.get(ownership::NAME).unwrap_or(&id).clone();
    let created_at = part.start_time().and_then(timestamp);
    Ok(Resource { kind: ResourceKind::Snapshot, id, name, created_at, kept: false })
}

/// The size of an image's root disk, where it says one.
pub(crate) fn root_size(image: &Image) -> Option<GiB> {
    let root = image.root_device_name()?;
    let mapping = image.block_device_mappings().iter().find(|mapping| mapping.device_name() == Some(root))?;
    gib(mapping.ebs()?.volume_size()).ok()
}

/// A size in GiB.
pub(crate) fn gib(size: Option<i32>) -> Result<GiB> {
    let size = size.and_then(|size| u32::try_from(size).ok()).filter(|size| *size > 0);
    size.map(GiB).ok_or_else(|| nonsense("a size"))
}
