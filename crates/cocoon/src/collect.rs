//! Finding and removing what nobody uses any more.

use std::collections::HashSet;
use std::path::PathBuf;
use std::{fs, io};

use cloud_types::{ErrorKind, Result};
use cocoon_images::system::blocking;

use crate::Cocoon;
use crate::state::{Stage, Store, VmId};
use crate::{console_log, error};

impl Cocoon {
    /// What [`collect`](Self::collect) would remove now.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn stale(&self) -> Result<Vec<PathBuf>> {
        let store = self.store.clone();
        blocking(move || {
            // To look makes nothing.
            if !store.layout().staging_lock().exists() {
                return Ok(Vec::new());
            }
            let staged = Stage::stale(store.layout()).map_err(|error| error::io("looking at staging", error))?;
            Ok(staged.into_iter().chain(ownerless(&store)?).collect())
        })
        .await
    }

    /// Removes what killed commands have left: directories in staging, and sockets and logs of VMs that are no more; and gives
    /// up the beginnings of consoles' logs that are larger than 32 MiB. Safe beside commands that run. Answers what was removed.
    /// For networks there is [`collect_networks`](Self::collect_networks).
    ///
    /// # Errors
    /// What the file system says.
    pub async fn collect(&self) -> Result<Vec<PathBuf>> {
        let store = self.store.clone();
        self.store.prepare().await?;
        blocking(move || {
            bound_logs(&store)?;
            let mut removed = Stage::sweep(store.layout()).map_err(|error| error::io("sweeping staging", error))?;
            for path in ownerless(&store)? {
                match fs::remove_dir_all(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error::io(format_args!("removing {}", path.display()), error));
                    }
                    _ => removed.push(path),
                }
            }
            Ok(removed)
        })
        .await
    }
}

/// Gives up the beginnings of consoles' logs that are too large.
fn bound_logs(store: &Store) -> Result<()> {
    for name in store.names()? {
        match store.read(&name) {
            Ok(record) => console_log::bound(&store.paths(&record).console_log())
                .map_err(|error| error::io(format_args!("bounding the log of {name}"), error))?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Directories of sockets and logs whose VM is no more.
///
/// They are listed before the VMs are: an id is never used again, so that whoever is missing then is gone for ever.
fn ownerless(store: &Store) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for directory in [&store.layout().run, &store.layout().log] {
        let failed = |error| error::io(format_args!("listing {}", directory.display()), error);
        for entry in fs::read_dir(directory).map_err(failed)? {
            found.push(entry.map_err(failed)?.path());
        }
    }
    let mut ids = HashSet::new();
    for name in store.names()? {
        match store.read(&name) {
            Ok(record) => drop(ids.insert(record.id)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    // What is not named by an id is not ours.
    let stale = |name: &str| VmId::try_from(name.to_owned()).is_ok_and(|id| !ids.contains(&id));
    found.retain(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(stale));
    Ok(found)
}
