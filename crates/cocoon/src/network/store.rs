//! The networks of an installation: made, found, locked and removed.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cloud_types::{Error, ErrorKind, Name, Result};
use cocoon_images::system::blocking;
use jiff::Timestamp;

use super::names::Names;
use super::record::NetworkRecord;
use super::{claim, routes, subnet};
use crate::state::{FileLock, Stage, Store, Version};
use crate::{crash, error};

/// The networks beside the VMs of a store. A directory each, below `networks/`:
///
/// | Path | What it is |
/// |---|---|
/// | `network.json` | the record |
/// | `lock` | held by the command that changes what is in the kernel |
/// | `addresses/ADDRESS` | a VM's claim on that address |
/// | `dnsmasq.log` | held, as the lock of its process, by this network's dnsmasq |
/// | `dnsmasq.conf` | what that was told |
#[derive(Debug, Clone)]
pub(crate) struct Networks {
    store: Store,
}

impl Networks {
    pub(super) fn of(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    pub(super) fn names(&self) -> Names {
        Names::of(&self.store.layout().root)
    }

    pub(super) fn directory(&self, name: &Name) -> PathBuf {
        self.store.layout().networks().join(name.as_str())
    }

    /// The names of all networks, in their order.
    pub(super) fn list(&self) -> Result<Vec<Name>> {
        let folder = self.store.layout().networks();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| error::io(format_args!("listing {}", folder.display()), error))?,
        };
        let names = entries.flatten().filter_map(|entry| Name::new(entry.file_name().into_string().ok()?).ok());
        let mut names: Vec<Name> = names.collect();
        names.sort();
        Ok(names)
    }

    /// A network's record.
    ///
    /// # Errors
    /// `NotFound` without such a network; `Unexpected` where the record cannot be read.
    pub(super) fn read(&self, name: &Name) -> Result<NetworkRecord> {
        let path = self.directory(name).join("network.json");
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::new(ErrorKind::NotFound, format!("there is no network `{name}`")),
            _ => error::io(format_args!("reading {}", path.display()), error),
        })?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::new(ErrorKind::Unexpected, format!("{}: {error}", path.display())))
    }

    /// The record of a network, which is made where there is none.
    pub(super) async fn find_or_make(&self, name: &Name) -> Result<NetworkRecord> {
        loop {
            match self.read(name) {
                Err(error) if error.kind() == ErrorKind::NotFound => self.make(name).await?,
                found => return found,
            }
        }
    }

    /// Makes a network, unless another command is faster.
    async fn make(&self, name: &Name) -> Result<()> {
        let mut taken = routes::ranges().await?;
        for other in self.list()? {
            taken.extend(self.read(&other).ok().map(|record| record.range()));
        }
        let record = NetworkRecord {
            version: Version,
            name: name.clone(),
            created_at: Timestamp::now(),
            bridge: self.names().bridge(),
            ipv4: subnet::choose(&taken)?,
            ipv6: subnet::unique_local(),
        };
        let layout = self.store.layout();
        let stage = Stage::new(layout, self.store.patience()).await?;
        let (directory, hold, networks) = (stage.directory().to_owned(), stage.hold(), layout.networks());
        let json = serde_json::to_vec_pretty(&record).expect("a record has string keys and no failing parts");
        let written = blocking(move || {
            let _hold = hold;
            DirBuilder::new().recursive(true).mode(0o700).create(networks)?;
            fs::create_dir(claim::folder(&directory))?;
            File::create(directory.join("lock"))?;
            File::create(directory.join("dnsmasq.log"))?;
            fs::write(directory.join("network.json"), json)
        });
        written.await.map_err(|error| error::io("writing a network's record", error))?;
        crash::point("network: written");
        match stage.publish_at(self.directory(name)).await {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made.map_err(|error| error::io(format_args!("making the network {name}"), error)),
        }
    }

    /// The right to change what of a network is in the kernel, as soon as nobody else has it.
    ///
    /// # Errors
    /// `NotFound` without such a network; `Conflict` where others do not let go of it.
    pub(super) async fn lock(&self, name: &Name, purpose: &str) -> Result<LockedNetwork> {
        let directory = self.directory(name);
        let path = directory.join("lock");
        loop {
            let lock = FileLock::exclusive(&path, self.store.patience(), purpose).await.map_err(|error| {
                if error.kind() == ErrorKind::NotFound {
                    return Error::new(ErrorKind::NotFound, format!("there is no network `{name}`"));
                }
                error.with_context(format_args!("network {name}"))
            })?;
            // Whoever had it may have removed the network, and another may have taken the name.
            if lock.is_still(&path).map_err(|error| error::io("looking at a lock", error))? {
                return Ok(LockedNetwork { record: self.read(name)?, directory, lock });
            }
        }
    }

    /// Removes a network that has no VMs and is not in the kernel; answers whether that was so.
    pub(super) async fn retire(&self, network: LockedNetwork) -> Result<bool> {
        // From here on nobody claims an address in it; where somebody has, this fails.
        match fs::remove_dir(claim::folder(&network.directory)) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => return Ok(false),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error::io(format_args!("removing the network {}", network.record.name), error));
            }
            _ => {}
        }
        crash::point("network: closed");
        Stage::retire(self.store.layout(), network.directory.clone(), self.store.patience()).await?;
        Ok(true)
    }
}

/// A network that nobody else changes.
#[derive(Debug)]
pub(super) struct LockedNetwork {
    pub(super) record: NetworkRecord,
    directory: PathBuf,
    lock: FileLock,
}

impl LockedNetwork {
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Keeps the network for this command for as long as a program that it runs has this open.
    pub(super) fn guard(&self) -> Result<Stdio> {
        self.lock.file().map(Stdio::from).map_err(|error| error::io("protecting a network", error))
    }

    /// The claims on its addresses.
    pub(super) fn claims(&self) -> Result<Vec<claim::Claim>> {
        claim::all(&self.directory).map_err(|error| error::io("reading a network's addresses", error))
    }
}
