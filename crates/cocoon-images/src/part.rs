//! A file on its way into the store: locked while somebody writes it, kept when that breaks off, a blob when it is whole.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use cloud_types::{Error, ErrorKind, Result};

use crate::digest::{Checksum, Digest, Hashes};
use crate::system::{FileLock, crash, durable, io_error, own_name};

/// A file that is being written. Its own lock says that somebody does, and is released by a crash.
#[derive(Debug)]
pub(crate) struct Part {
    path: PathBuf,
    file: File,
    _lock: FileLock,
    expected: Option<Checksum>,
    hashes: Hashes,
    length: u64,
    most: u64,
    at_drop: AtDrop,
}

/// What becomes of a part that is dropped before it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtDrop {
    /// It stays, to be gone on with.
    Keep,
    /// It is removed.
    Remove,
}

impl Part {
    /// Takes the part at `path`, with what is there of it; `None` where somebody else has it.
    ///
    /// It may become `most` bytes long, and be held against `expected`.
    pub(crate) fn take(path: &Path, most: u64, expected: Option<Checksum>) -> Result<Option<Self>> {
        let taken = Self::open(path, most, expected, AtDrop::Keep);
        taken.map_err(|error| io_error(format_args!("opening {}", path.display()), error))
    }

    /// A part with a name of chance, which is removed unless it becomes a blob.
    pub(crate) fn temporary(parts: &Path, most: u64) -> Result<Self> {
        let path = parts.join(format!("new-{}", own_name()));
        let opened = Self::open(&path, most, None, AtDrop::Remove)
            .and_then(|part| part.ok_or(io::ErrorKind::AlreadyExists.into()));
        opened.map_err(|error| io_error(format_args!("making {}", path.display()), error))
    }

    /// A temporary part with the content of `file`, whose blocks it shares; `None` where the file system cannot do that.
    pub(crate) fn sharing(parts: &Path, most: u64, file: &File, expected: Option<Checksum>) -> Result<Option<Self>> {
        if file.metadata().is_ok_and(|metadata| metadata.len() > most) {
            return Ok(None);
        }
        let mut part = Self::temporary(parts, most)?.expecting(expected);
        if rustix::fs::ioctl_ficlone(&part.file, file).is_err() {
            return Ok(None);
        }
        crash::point("part: shared");
        // What is hashed is what was taken, though the file be changed meanwhile.
        let read = part.file.rewind().and_then(|()| part.read_kept());
        read.map_err(|error| io_error(format_args!("reading {}", part.path.display()), error))?;
        Ok(Some(part))
    }

    fn open(path: &Path, most: u64, expected: Option<Checksum>, at_drop: AtDrop) -> io::Result<Option<Self>> {
        loop {
            File::options().append(true).create(true).mode(0o600).open(path)?;
            // Whoever had it may have made it a blob, or removed it.
            let lock = match FileLock::try_exclusive(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Ok(None) => return Ok(None),
                lock => lock?.filter(|lock| lock.is_still(path).unwrap_or(false)),
            };
            let Some(lock) = lock else { continue };
            // A blob already: whoever made it was killed before he could remove this name of it.
            if lock.file()?.metadata()?.nlink() > 1 {
                fs::remove_file(path)?;
                continue;
            }
            let mut part = Self {
                path: path.to_owned(),
                file: lock.file()?,
                _lock: lock,
                expected,
                hashes: Hashes::new(expected),
                length: 0,
                most,
                at_drop,
            };
            part.read_kept()?;
            return Ok(Some(part));
        }
    }

    /// Hashes what an earlier attempt has left.
    fn read_kept(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; BLOCK];
        loop {
            match self.file.read(&mut buffer)? {
                0 => break,
                got => {
                    self.hashes.update(&buffer[..got]);
                    self.length += got as u64;
                }
            }
        }
        if self.length > self.most { self.restart() } else { Ok(()) }
    }

    /// The same part, held against this; before the first byte.
    pub(crate) fn expecting(mut self, expected: Option<Checksum>) -> Self {
        (self.expected, self.hashes) = (expected, Hashes::new(expected));
        self
    }

    /// Bytes so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Forgets all that was written.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.hashes = Hashes::new(self.expected);
        self.length = 0;
        Ok(())
    }

    /// Writes `bytes` at the end; zeros as a hole.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` where that would be more than the part may have.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let length = self.length + bytes.len() as u64;
        if length > self.most {
            return Err(Error::invalid("image", format!("is larger than {} bytes, the most that is taken", self.most)));
        }
        self.hashes.update(bytes);
        self.write(bytes).map_err(|error| io_error(format_args!("writing {}", self.path.display()), error))?;
        self.length = length;
        crash::point("part: written");
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for block in bytes.chunks(BLOCK) {
            if *block == ZEROS[..block.len()] {
                self.file.seek(SeekFrom::Current(block.len() as i64))?;
            } else {
                self.file.write_all(block)?;
            }
        }
        Ok(())
    }

    /// Whether all of it is what was expected.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` where it is not; the part is to be discarded then.
    pub(crate) fn verify(&self) -> Result<()> {
        match self.expected.and_then(|expected| Some((expected, self.hashes.differs(expected)?))) {
            None => Ok(()),
            Some((expected, found)) => {
                Err(Error::invalid("image", format!("is not what was published: expected {expected}, got {found}")))
            }
        }
    }

    /// The digest of all of it.
    pub(crate) fn digest(&self) -> Digest {
        self.hashes.digest()
    }

    /// The same bytes, to be read from their beginning. The part stays taken.
    pub(crate) fn reader(&mut self) -> Result<File> {
        let failed = |error| io_error("reading a download", error);
        self.file.set_len(self.length).map_err(failed)?;
        let reader = File::open(&self.path).map_err(failed)?;
        Ok(reader)
    }

    /// Makes it the blob at `target`, durably. A blob of that digest that is there already stays.
    ///
    /// It stays taken, so that who waits for it finds what is written down of it; and it is gone once it is dropped.
    pub(crate) fn publish(&mut self, target: &Path) -> Result<()> {
        self.at_drop = AtDrop::Remove;
        let published = (|| {
            self.file.set_len(self.length)?;
            self.file.set_permissions(fs::Permissions::from_mode(0o400))?;
            self.file.sync_all()?;
            crash::point("part: synced");
            match fs::hard_link(&self.path, target) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => crash::point("part: published"),
            }
            durable::sync_parent(target)
        })();
        published.map_err(|error| io_error(format_args!("storing {}", target.display()), error))
    }

    /// Has it removed once it is dropped.
    pub(crate) fn remove_at_drop(&mut self) {
        self.at_drop = AtDrop::Remove;
    }

    /// Removes it.
    pub(crate) fn discard(mut self) {
        self.at_drop = AtDrop::Remove;
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.at_drop == AtDrop::Remove {
            // What stays is not locked any more, and so is found as left over.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether what came before this failure is worth keeping.
pub(crate) fn keeps(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::RateLimited | ErrorKind::QuotaExceeded
    )
}

const BLOCK: usize = 64 << 10;

static ZEROS: [u8; BLOCK] = [0; BLOCK];

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("cocoon-part-{:016x}", fastrand::u64(..)));
        fs::create_dir(&folder).unwrap();
        folder
    }

    fn take(path: &Path, most: u64) -> Part {
        Part::take(path, most, Some(Checksum::Sha256(Digest::of(b"whole image")))).unwrap().expect("nobody has it")
    }

    #[test]
    fn a_part_goes_on_where_it_broke_off() {
        let folder = scratch();
        let path = folder.join("part");
        let mut part = take(&path, 100);
        part.append(b"whole ").unwrap();
        part.verify().unwrap_err();
        assert!(Part::take(&path, 100, None).unwrap().is_none(), "it is taken");
        drop(part);
        let mut part = take(&path, 100);
        assert_eq!(part.length(), 6);
        part.append(b"image").unwrap();
        part.verify().unwrap();
        part.publish(&folder.join("blob")).unwrap();
        assert!(Part::take(&path, 100, None).unwrap().is_none(), "it is taken until it is written down");
        drop(part);
        assert_eq!(fs::read(folder.join("blob")).unwrap(), b"whole image");
        assert!(!path.exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_part_never_grows_beyond_its_bound() {
        let folder = scratch();
        let mut part = take(&folder.join("part"), 10);
        part.append(b"whole ").unwrap();
        assert_eq!(part.append(b"image").unwrap_err().field(), Some("image"));
        part.discard();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_blob_is_not_written_to_by_another_name_that_a_crash_has_left() {
        let folder = scratch();
        let (path, blob) = (folder.join("part"), folder.join("blob"));
        fs::write(&blob, b"whole image").unwrap();
        fs::hard_link(&blob, &path).unwrap();
        let mut part = take(&path, 100);
        assert_eq!(part.length(), 0);
        part.append(b"x").unwrap();
        part.discard();
        assert_eq!(fs::read(&blob).unwrap(), b"whole image");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn zeros_take_no_room_and_are_read_back() {
        let folder = scratch();
        let mut part = Part::take(&folder.join("part"), 1 << 30, None).unwrap().unwrap();
        part.append(b"x").unwrap();
        part.append(&vec![0; 8 << 20]).unwrap();
        let digest = part.digest();
        part.publish(&folder.join("blob")).unwrap();
        let blob = fs::metadata(folder.join("blob")).unwrap();
        assert_eq!(blob.len(), (8 << 20) + 1);
        assert!(blob.blocks() * 512 < 1 << 20);
        assert_eq!(Digest::of(&fs::read(folder.join("blob")).unwrap()), digest);
        fs::remove_dir_all(folder).unwrap();
    }
}
