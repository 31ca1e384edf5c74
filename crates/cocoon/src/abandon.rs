//! Undoing what this process has begun and will not go on with, where its user takes it back.

use std::path::PathBuf;
use std::time::Duration;

use cloud_types::{Name, Result};
use cocoon_images::system::{blocking, remove_own};
use jiff::Timestamp;

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

const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// How long a process may take to end once it was killed.
const END: Duration = Duration::from_secs(5);
