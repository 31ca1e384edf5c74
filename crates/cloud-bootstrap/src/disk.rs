//! The data disk and swap of a host.

use cloud_types::{Error, MiB, Result};

use crate::check;

/// A btrfs file system on a disk of its own, which may outlive the host.
///
/// It is found by its label. Where a file system of that label is there, it is mounted and nothing else: a data disk that
/// comes back keeps what is on it. Where there is none, the one disk that is empty gets it, empty being: not the root's, no
/// partitions, no signature of anything. A disk with anything on it is never formatted: then the first boot fails and says
/// what it has seen. The mount is in `/etc/fstab`, by UUID, and a host without the disk boots all the same (`nofail`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDisk {
    pub(crate) mount_point: String,
    pub(crate) label: String,
    pub(crate) pattern: String,
}

impl DataDisk {
    /// A data disk with the label `cloud-data`, mounted here.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no absolute path of ASCII letters, digits and `/._-`.
    pub fn new(mount_point: &str) -> Result<Self> {
        let mount_point = check::plain_path("data_disk.mount_point", mount_point)?;
        Ok(Self { mount_point, label: "cloud-data".to_owned(), pattern: String::new() })
    }

    /// Another label: 1 to 64 of `A-Za-z0-9._-`, a letter or digit first.
    ///
    /// # Errors
    /// `InvalidRequest` where it is none.
    pub fn label(mut self, label: &str) -> Result<Self> {
        self.label = check::word("data_disk.label", label)?;
        Ok(self)
    }

    /// Formats only a disk with a name in `/dev/disk/by-id` like this one, in which `*` and `?` stand for any characters.
    /// Needed where a host has several empty disks, such as local ones beside the data disk.
    ///
    /// # Errors
    /// `InvalidRequest` where other characters than `A-Za-z0-9._:+*?-` are in it, or none.
    pub fn device(mut self, pattern: &str) -> Result<Self> {
        let good = pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:+*?-".contains(&byte));
        if !good || pattern.is_empty() || pattern.len() > 255 {
            let rule = format!("must be a name in /dev/disk/by-id, with * and ? for any, got {pattern:?}");
            return Err(Error::invalid("data_disk.device", rule));
        }
        self.pattern = pattern.to_owned();
        Ok(self)
    }
}

/// Swap in a file, on btrfs without copy on write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    pub(crate) path: String,
    pub(crate) size: MiB,
}

impl Swap {
    /// Swap of this size, in `/swapfile`.
    ///
    /// # Errors
    /// `InvalidRequest` below 1 MiB and above 1 TiB.
    pub fn new(size: MiB) -> Result<Self> {
        if !(1..=1024 * 1024).contains(&size.0) {
            return Err(Error::invalid("swap.size", format!("must be 1 MiB to 1 TiB, got {size}")));
        }
        Ok(Self { path: "/swapfile".to_owned(), size })
    }

    /// Another file, such as one on the data disk.
    ///
    /// # Errors
    /// `InvalidRequest` where it is no absolute path of ASCII letters, digits and `/._-`.
    pub fn path(mut self, path: &str) -> Result<Self> {
        self.path = check::plain_path("swap.path", path)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_confuse_the_table_of_mounts_is_refused() {
        for bad in ["/srv/my data", "/srv/#", "data", "/srv/ü"] {
            assert!(DataDisk::new(bad).is_err(), "{bad}");
            assert!(Swap::new(MiB(64)).unwrap().path(bad).is_err(), "{bad}");
        }
        assert!(DataDisk::new("/srv/data").unwrap().device("$(reboot)").is_err());
    }

    #[test]
    fn swap_has_a_size() {
        assert!(Swap::new(MiB(0)).is_err() && Swap::new(MiB(1024 * 1024 + 1)).is_err());
    }
}
