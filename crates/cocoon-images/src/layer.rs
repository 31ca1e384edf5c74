//! What of a registry's layer is a VM's: kernel, initial file system, command line, disk.
//!
//! The convention: an image is files with these names, either in layers that are tars, as `docker build` makes them of
//! `FROM scratch` and `COPY`, or each a layer by itself with its name as the title, as `oras push` makes them.
//!
//! | Name | What it is |
//! |---|---|
//! | `disk/NAME.qcow2`, `.img` or `.raw` | the disk; KubeVirt's container disks are this alone |
//! | `boot/vmlinuz` | a kernel, which is booted in place of the disk's own |
//! | `boot/initrd.img` | its initial file system |
//! | `boot/cmdline` | its command line |
//!
//! An image whose layers are tars without such a disk is a root file system: see [`root`](super::root).

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use cloud_types::{Error, Result};

use crate::digest::Digest;
use crate::kind::DiskKind;
use crate::limits::ImageLimits;
use crate::part::Part;
use crate::progress::{Item, PullStep};
use crate::record::LayerFile;
use crate::system::io_error;
use crate::tar::{EntryKind, Tar};
use crate::unpack::Unpacked;

/// What a file of an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Disk,
    Kernel,
    Initrd,
    CommandLine,
}

impl Role {
    /// By a file's path in a tar, or its title.
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "boot/vmlinuz" => return Some(Self::Kernel),
            "boot/initrd.img" => return Some(Self::Initrd),
            "boot/cmdline" => return Some(Self::CommandLine),
            _ => {}
        }
        let name = path.strip_prefix("disk/").filter(|name| !name.contains('/') && !name.starts_with('.'))?;
        let (_, extension) = name.rsplit_once('.')?;
        ["qcow2", "img", "raw"].contains(&extension).then_some(Self::Disk)
    }

    pub(crate) fn most(self, limits: &ImageLimits) -> u64 {
        match self {
            Self::Disk => limits.unpacked,
            Self::Kernel | Self::Initrd => limits.unpacked.min(2 << 30),
            Self::CommandLine => LONGEST_COMMAND_LINE,
        }
    }
}

/// Where a layer's files go, and within which bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) parts: &'a Path,
    pub(crate) limits: &'a ImageLimits,
    pub(crate) item: &'a Item,
}

/// A file that was taken from a layer, on its way into the store.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) path: String,
    pub(crate) part: Part,
}

impl Taken {
    /// What is written down of it.
    pub(crate) fn record(&self) -> LayerFile {
        LayerFile { path: self.path.clone(), blob: self.part.digest() }
    }
}

/// What was found in a layer.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) taken: Vec<Taken>,
    /// Whether it may be one of a root file system: a tar without a disk.
    pub(crate) root: bool,
    /// Why it may not be one of an image that has a disk.
    pub(crate) objection: Option<String>,
}

/// Takes the files that a VM needs out of a layer, whose content was verified.
///
/// # Errors
/// `InvalidRequest` on field `image` where the layer is hostile or broken.
pub(crate) fn take(layer: &mut Part, title: Option<&str>, place: &Place<'_>) -> Result<Found> {
    let mut found = Found::default();
    place.item.tell(PullStep::Unpacking { total: Some(layer.length()) });
    let mut reader = open(layer.reader()?, place.item)?;
    let mut head = Vec::new();
    reader.by_ref().take(HEAD).read_to_end(&mut head).map_err(unreadable)?;
    let tar = Tar::<&[u8]>::begins(&head);
    let reader = head.as_slice().chain(reader);
    if tar {
        from_tar(reader, place, &mut found)?;
        found.root = !found.taken.iter().any(|file| Role::of(&file.path) == Some(Role::Disk));
        return Ok(found);
    }
    let title = title.map(|title| title.trim_start_matches("./").trim_start_matches('/'));
    if let Some((path, role)) = title.and_then(|title| Some((title, Role::of(title)?))) {
        store(path, role, reader, place, &mut found.taken)?;
    }
    Ok(found)
}

fn from_tar(reader: impl Read, place: &Place<'_>, found: &mut Found) -> Result<()> {
    let mut tar = Tar::new(reader, place.limits.unpacked);
    while let Some(entry) = tar.next().map_err(unreadable)?.map_err(refused)? {
        let (directory, name) = entry.path.split_once('/').unwrap_or((&entry.path, ""));
        if !["disk", "boot"].contains(&directory) {
            continue;
        }
        let role = Role::of(&entry.path);
        match entry.kind {
            EntryKind::File if name.starts_with(".wh.") => {
                object(found, directory, format!("it deletes {:?} of an earlier layer", entry.path))?;
            }
            EntryKind::File => {
                if let Some(role) = role {
                    if entry.size > role.most(place.limits) {
                        return Err(refused(format!("{} has {} bytes, more than are taken", entry.path, entry.size)));
                    }
                    store(&entry.path, role, &mut tar, place, &mut found.taken)?;
                }
            }
            EntryKind::Directory => {}
            _ if role.is_some() || name.is_empty() => {
                object(found, directory, format!("{:?} is no file but a link or a device", entry.path))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses what no disk's layer has. In `boot` a root file system may have it.
fn object(found: &mut Found, directory: &str, reason: String) -> Result<()> {
    match directory {
        "boot" => {
            found.objection.get_or_insert(reason);
            Ok(())
        }
        _ => Err(refused(reason)),
    }
}

pub(crate) fn refused(reason: impl std::fmt::Display) -> Error {
    Error::invalid("image", format!("has a layer that is refused: {reason}"))
}

/// Writes what is read into a part of its own. A disk is judged before it can become a blob.
fn store(path: &str, role: Role, mut reader: impl Read, place: &Place<'_>, taken: &mut Vec<Taken>) -> Result<()> {
    // A file of the same name replaces an earlier one, as in a file system.
    taken.retain(|file| file.path != path);
    let mut part = Part::temporary(place.parts, role.most(place.limits))?;
    copy(&mut reader, &mut part)?;
    if role == Role::Disk {
        DiskKind::of(&part.reader()?, place.limits.disk)?;
    }
    taken.push(Taken { path: path.to_owned(), part });
    Ok(())
}

/// Appends all that is read.
pub(crate) fn copy(reader: &mut impl Read, part: &mut Part) -> Result<()> {
    let mut buffer = vec![0; 256 << 10];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(got) => part.append(&buffer[..got])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
}

/// Opens what may be a gzip.
pub(crate) fn open(file: File, item: &Item) -> Result<Unpacked> {
    Unpacked::new(file, item.clone()).map_err(|error| io_error("reading a download", error))
}

/// What was sent cannot be unpacked, or this box cannot read its own file.
pub(crate) fn unreadable(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            Error::invalid("image", format!("is broken: {error}"))
        }
        io::ErrorKind::FileTooLarge => Error::invalid("image", error.to_string()),
        _ => io_error("unpacking an image", error),
    }
}

/// The files of all layers together: later ones replace earlier ones. `None` without a disk.
///
/// # Errors
/// `InvalidRequest` on field `image` with two disks.
pub(crate) fn merge(layers: impl IntoIterator<Item = LayerFile>) -> Result<Option<Files>> {
    let mut files: Vec<LayerFile> = Vec::new();
    for file in layers {
        files.retain(|earlier| earlier.path != file.path);
        files.push(file);
    }
    let of = |role: Role| files.iter().filter(move |file| Role::of(&file.path) == Some(role)).map(|file| file.blob);
    let mut disks = of(Role::Disk);
    let Some(disk) = disks.next() else { return Ok(None) };
    if disks.next().is_some() {
        return Err(Error::invalid("image", "has several disks; one is taken"));
    }
    Ok(Some(Files {
        disk,
        kernel: of(Role::Kernel).next(),
        initrd: of(Role::Initrd).next(),
        command_line: of(Role::CommandLine).next(),
    }))
}

/// The files of an image, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) disk: Digest,
    pub(crate) kernel: Option<Digest>,
    pub(crate) initrd: Option<Digest>,
    pub(crate) command_line: Option<Digest>,
}

/// Enough to tell a tar.
const HEAD: u64 = 512;

/// Linux' own bound on x86: <https://www.kernel.org/doc/html/latest/arch/x86/boot.html>.
pub(crate) const LONGEST_COMMAND_LINE: u64 = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_files_are_for() {
        assert_eq!(Role::of("disk/debian.qcow2"), Some(Role::Disk));
        assert_eq!(Role::of("boot/vmlinuz"), Some(Role::Kernel));
        for other in ["disk/a/b.img", "disk/.img", "disk/a.txt", "etc/disk/a.img", "boot/vmlinuz-6.1", "disk", ""] {
            assert_eq!(Role::of(other), None, "{other}");
        }
    }

    #[test]
    fn later_layers_replace_files_of_earlier_ones() {
        let file = |path: &str, content: &[u8]| LayerFile { path: path.to_owned(), blob: Digest::of(content) };
        let files =
            merge([file("disk/a.img", b"1"), file("boot/vmlinuz", b"k"), file("disk/a.img", b"2")]).unwrap().unwrap();
        assert_eq!((files.disk, files.kernel), (Digest::of(b"2"), Some(Digest::of(b"k"))));
        assert_eq!(merge([file("boot/vmlinuz", b"k")]).unwrap(), None);
        assert_eq!(merge([file("disk/a.img", b"1"), file("disk/b.img", b"2")]).unwrap_err().field(), Some("image"));
    }
}
