//! The labels of volumes besides those of [`cloud_types::ownership`] and [`cloud_driver::labels`], and the name of a data
//! disk.

use cloud_driver::labels as driver_labels;
use cloud_types::{DataDisk, Owner, ownership};
use cloud_world::{Labels, Volume};

/// Label of a volume: the zone that it was asked for in.
pub(crate) const ZONE: &str = "cloud-zone";

/// What the cloud calls the data disk of an owner's host of this name.
pub(crate) fn disk_name(owner: &str, host: &str) -> String {
    format!("{owner}.{host}.data")
}

/// The labels of the data disk of a host with these labels. The mark of the call goes along, so that a call can tell the
/// disk that it made; the caller's token would not do, since a later call with the same token may find a kept disk.
pub(crate) fn of_disk(owner: &Owner, host: &str, labels: &Labels, disk: &DataDisk) -> Labels {
    let mut all = labels.clone();
    all.remove(ownership::SPEC);
    all.remove(ownership::TOKEN);
    all.extend(driver_labels::of_data_disk(owner, host, disk));
    all
}

/// Whether a volume was made as a host's data disk.
pub(crate) fn is_data_disk(volume: &Volume) -> bool {
    driver_labels::is_for(&volume.labels, driver_labels::DATA_DISK)
}

/// Whether a volume is a data disk that goes when its host goes.
pub(crate) fn goes_with_host(volume: &Volume) -> bool {
    is_data_disk(volume) && !driver_labels::is_kept(&volume.labels)
}
