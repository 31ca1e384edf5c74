//! Undoing what this process has begun and will not go on with, where its user takes it back.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;
use std::{fs, io};

use cloud_types::{Name, Result};
use jiff::Timestamp;

use crate::blocking::blocking;
use crate::state::{Ending, Power, Proof};
use crate::{Cocoon, error};

impl Cocoon {
    /// Removes what this process was making: VMs that are not complete, files that are being copied or unpacked. For a
    /// process that is about to end, after the futures of its calls were dropped: whatever still goes on in it comes to
    /// nothing. Answers what could not be removed; [`collect`](Self::collect) does that later.
    ///
    /// Downloads stay, since the same pull goes on with them.
    pub async fn abandon(&self) -> Vec<PathBuf> {
        let layout = self.store.layout();
        let directories = [layout.staging(), layout.root.join("images/parts"), layout.root.join("images/leases")];
        let mut left = Vec::new();
        for _ in 0..LOOKS {
            let found = directories.clone();
            let looked = blocking(move || found.iter().flat_map(|directory| remove_own(directory)).collect()).await;
            // A program that was just killed may have written one more file.
            if std::mem::replace(&mut left, looked).is_empty() && left.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        left.retain(|path| path.exists());
        left
    }

    /// Ends a start that nobody goes on with, and notes that the VM is stopped. A VM that runs, or is stopped, is left alone.
    ///
    /// # Errors
    /// `NotFound` without such a VM; `Conflict` where another command keeps the VM for itself.
    pub async fn give_up_start(&self, name: &Name) -> Result<()> {
        let mut vm = self.store.lock(name, "start").await?;
        if !matches!(vm.record().power, Power::Starting { .. }) {
            return Ok(());
        }
        if let Proof::Runs(holder) = vm.alive().prove(None).await? {
            holder.kill().map_err(|error| error::io("killing the hypervisor", error))?;
            holder.ended_within(END).await;
        }
        if let Proof::Dead(_dead) = vm.alive().prove(None).await? {
            vm.set_power(Power::Stopped { ending: Ending::FailedToStart, at: Timestamp::now() }).await?;
            vm.forget_run().await?;
        }
        Ok(())
    }
}

/// A name that nobody had before, by which this process knows what is its own.
pub(crate) fn own_name() -> String {
    format!("{}{:08x}", *OWN, fastrand::u32(..))
}

static OWN: LazyLock<String> = LazyLock::new(|| format!("{:08x}", fastrand::u32(..)));

/// Removes what has a name of this process; answers what was there.
fn remove_own(directory: &Path) -> Vec<PathBuf> {
    let own = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.trim_start_matches("new-").starts_with(OWN.as_str())
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(own).collect();
    for path in &found {
        // What stays is answered at the end.
        let _: io::Result<()> = if path.is_dir() { remove_directory(path) } else { fs::remove_file(path) };
    }
    found
}

/// Takes the directory away first, in one step: it is being filled, and might be published while it is taken apart.
fn remove_directory(path: &Path) -> io::Result<()> {
    let away = path.with_file_name(own_name());
    fs::rename(path, &away)?;
    fs::remove_dir_all(away)
}

const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// How long a process may take to end once it was killed.
const END: Duration = Duration::from_secs(5);
