//! The records of images and names: read, written so that each is there in full, and removed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cloud_types::{Error, ErrorKind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::paths::Paths;
use crate::record::{ImageRecord, LayerRecord, NameRecord};
use crate::system::{crash, durable, io_error};

/// The records below the images' directory. There is no index: what exists is what the directories list.
#[derive(Debug, Clone)]
pub(crate) struct Catalogue(pub(crate) Paths);

impl Catalogue {
    /// All names, in their order.
    pub(crate) fn names(&self) -> Result<Vec<NameRecord>> {
        let mut names: Vec<NameRecord> = self.all(&self.0.names())?;
        names.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(names)
    }

    /// All images, those without a name too.
    pub(crate) fn images(&self) -> Result<Vec<ImageRecord>> {
        self.all(&self.0.records())
    }

    pub(crate) fn image(&self, id: &Digest) -> Result<Option<ImageRecord>> {
        read(&self.image_path(id))
    }

    pub(crate) fn name(&self, name: &str) -> Result<Option<NameRecord>> {
        read(&self.name_path(name))
    }

    pub(crate) fn layer(&self, digest: &Digest) -> Result<Option<LayerRecord>> {
        read(&self.layer_path(digest))
    }

    pub(crate) fn write_image(&self, record: &ImageRecord) -> Result<()> {
        write(&self.image_path(&record.id), record)
    }

    /// Claims the name for this image, or moves it there, in one step.
    pub(crate) fn write_name(&self, record: &NameRecord) -> Result<()> {
        write(&self.name_path(&record.name), record)
    }

    /// Claims the name for this image, in one step; answers whether it was free.
    pub(crate) fn claim_name(&self, record: &NameRecord) -> Result<bool> {
        let path = self.name_path(&record.name);
        let whole = path.with_extension(format!("{:016x}.new", fastrand::u64(..)));
        write(&whole, record)?;
        // A link does not replace what is there.
        let claimed = match fs::hard_link(&whole, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            claimed => claimed.map(|()| true),
        };
        crash::point("record: claimed");
        let claimed = claimed.and_then(|claimed| {
            fs::remove_file(&whole)?;
            durable::sync_parent(&path).map(|()| claimed)
        });
        claimed.map_err(|error| io_error(format_args!("writing {}", path.display()), error))
    }

    pub(crate) fn write_layer(&self, digest: &Digest, record: &LayerRecord) -> Result<()> {
        write(&self.layer_path(digest), record)
    }

    pub(crate) fn image_path(&self, id: &Digest) -> PathBuf {
        self.0.records().join(id.hex()).with_extension("json")
    }

    /// A name is free text with slashes in it; its file is called by its hash.
    pub(crate) fn name_path(&self, name: &str) -> PathBuf {
        self.0.names().join(Digest::of(name.as_bytes()).hex()).with_extension("json")
    }

    pub(crate) fn layer_path(&self, digest: &Digest) -> PathBuf {
        self.0.layers().join(digest.hex()).with_extension("json")
    }

    fn all<T: DeserializeOwned>(&self, directory: &Path) -> Result<Vec<T>> {
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| listing(directory, error))?,
        };
        let mut records = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| listing(directory, error))?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                // One may have been removed since the directory was listed.
                records.extend(read(&path)?);
            }
        }
        Ok(records)
    }
}

pub(crate) fn listing(directory: &Path, error: io::Error) -> Error {
    io_error(format_args!("listing {}", directory.display()), error)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| io_error(format_args!("reading {}", path.display()), error))?,
    };
    let record = serde_json::from_slice(&text);
    record.map(Some).map_err(|error| Error::new(ErrorKind::Unexpected, format!("{}: {error}", path.display())))
}

/// Writes a record so that whoever reads it, now or after a crash, finds the old one or the new one. Several may write the
/// same at once; the last one stays.
fn write(path: &Path, record: &impl Serialize) -> Result<()> {
    let json = serde_json::to_vec_pretty(record).expect("records have text keys and no failing fields");
    let half = path.with_extension(format!("{:016x}.new", fastrand::u64(..)));
    let written = (|| {
        let mut file = File::create_new(&half)?;
        file.write_all(&json)?;
        file.sync_all()?;
        crash::point("record: written");
        fs::rename(&half, path)?;
        crash::point("record: renamed");
        durable::sync_parent(path)
    })();
    written.map_err(|error| {
        let _ = fs::remove_file(&half);
        io_error(format_args!("writing {}", path.display()), error)
    })
}
