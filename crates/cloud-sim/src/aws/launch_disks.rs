//! The disks of a launch: those of the image, as `BlockDeviceMapping` changes them and adds to them.

use super::api::Api;
use super::errors::ApiError;
use super::params::Params;
use super::{images, snapshots, volumes};

/// A disk that is made with the instance.
#[derive(Debug, Clone)]
pub(super) struct WantedDisk {
    pub(super) device: String,
    pub(super) size_gb: u64,
    pub(super) class: String,
    pub(super) iops: Option<u64>,
    pub(super) throughput: Option<u64>,
    pub(super) encrypted: bool,
    pub(super) auto_delete: bool,
    pub(super) snapshot: Option<u64>,
}

/// The disks of a call over those of its image, the root disk first.
pub(super) fn read_disks(api: &Api<'_>, params: &Params, image: u64, root: &str) -> Result<Vec<WantedDisk>, ApiError> {
    let mut disks = images::disks(api, image);
    for mapping in params.each("BlockDeviceMapping") {
        let device = mapping.required("DeviceName")?;
        if mapping.text("NoDevice").is_some() {
            disks.retain(|disk| disk.device != device || disk.device == root);
            continue;
        }
        let ebs = mapping.within("Ebs");
        if !disks.iter().any(|disk| disk.device == device) {
            let blank = WantedDisk {
                device: device.clone(),
                size_gb: 0,
                class: "gp2".to_owned(),
                iops: None,
                throughput: None,
                encrypted: false,
                auto_delete: true,
                snapshot: None,
            };
            disks.push(blank);
        }
        let Some(disk) = disks.iter_mut().find(|disk| disk.device == device) else { continue };
        read_disk(api, &ebs, disk)?;
    }
    Ok(disks)
}

fn read_disk(api: &Api<'_>, ebs: &Params, disk: &mut WantedDisk) -> Result<(), ApiError> {
    let least = disk.size_gb;
    if let Some(size) = ebs.number("VolumeSize")? {
        if size < least {
            let message = format!("Volume of size {size}GB is smaller than snapshot, expect size >= {least}GB");
            return Err(ApiError::new("InvalidBlockDeviceMapping", message));
        }
        disk.size_gb = size;
    }
    if let Some(id) = ebs.text("SnapshotId") {
        let snapshot = snapshots::usable(api, &id)?;
        disk.snapshot = Some(snapshot);
        disk.size_gb = disk.size_gb.max(api.world.images.find(snapshot)?.disk_gb);
    }
    if let Some(class) = ebs.text("VolumeType") {
        disk.class = class;
    }
    disk.iops = ebs.number("Iops")?.or(disk.iops);
    disk.throughput = ebs.number("Throughput")?.or(disk.throughput);
    disk.encrypted = ebs.flag("Encrypted")?.unwrap_or(disk.encrypted);
    disk.auto_delete = ebs.flag("DeleteOnTermination")?.unwrap_or(disk.auto_delete);
    if disk.size_gb == 0 {
        return Err(ApiError::new("MissingParameter", "The request must contain the parameter size or snapshotId"));
    }
    volumes::check_class(&disk.class)?;
    volumes::check_size(disk.size_gb)
}
