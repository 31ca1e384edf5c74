//! Copying a VM that does not run.

use std::fs;
use std::path::{Path, PathBuf};

use cloud_types::{Name, Result};
use cocoon_images::system::blocking;
use jiff::Timestamp;

use crate::create::mac;
use crate::network::{Connection, NetworkChoice};
use crate::state::{Ending, LockedVm, Power, Record, Stage, Store, VmId};
use crate::vm::Vm;
use crate::{Cocoon, crash, error, seed};

impl Cocoon {
    /// Makes a VM like another one, with a copy of its disks and their snapshots, an address of its own, and no published ports. Where the file
    /// system can share blocks, the copy takes no room.
    ///
    /// # Errors
    /// `NotFound` without the first VM; `AlreadyExists` where the new name is taken; `Conflict` where the first one runs:
    /// its disks change.
    pub async fn clone_vm(&self, from: &Name, to: &Name) -> Result<Vm> {
        let (vm, alive) = self.stopped(from, "clone").await?;
        if self.store.read(to).is_ok() {
            return Err(error::name_taken(to));
        }
        let mut record = vm.record().clone();
        let network = match &record.hardware.connection {
            Connection::Network(address) => NetworkChoice::Named(address.network.clone()),
            Connection::None => NetworkChoice::None,
            Connection::User => NetworkChoice::User,
        };
        let now = Timestamp::now();
        (record.id, record.name, record.created_at) = (VmId::random(), to.clone(), now);
        (record.hardware.mac, record.hardware.published) = (mac(), Vec::new());
        record.hardware.connection = Connection::None;
        // A clone is no host of anybody's, and a volume is at one VM alone.
        record.host = None;
        record.hardware.volumes.clear();
        record.power = Power::Stopped { ending: Ending::NeverStarted, at: now };

        let stage = self.store.stage().await?;
        let made = match self.new_connection(&stage, &network, &record).await {
            Ok(connection) => {
                record.hardware.connection = connection;
                copy(&vm, &stage, &record).await
            }
            Err(error) => Err(error),
        };
        self.publish(stage, &record, made).await?;
        drop((alive, vm));
        self.inspect(to).await
    }
}

/// Copies all files that the record names.
async fn copy(vm: &LockedVm, stage: &Stage, record: &Record) -> Result<()> {
    let (from, to) = (vm.paths().directory.clone(), stage.directory().to_owned());
    // The first boot's disk says whose it is, and is made anew.
    let mut files: Vec<PathBuf> = record.hardware.files().map(ToOwned::to_owned).collect();
    files.retain(|file| file != Path::new(seed::DISK));
    files.extend(record.first_boot.iter().map(|_| seed::USER_DATA.into()));
    let (source, target) = (vm.hold(), stage.hold());
    let copied = blocking(move || {
        let _locks = (source, target);
        files.iter().try_for_each(|file| {
            fs::copy(from.join(file), to.join(file))?;
            crash::point("clone: file copied");
            Ok(())
        })
    });
    copied.await.map_err(|error| error::io("copying a VM's disks", error))?;
    seed::make(stage, record).await?;
    Store::fill(stage, record).await
}
