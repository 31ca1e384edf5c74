//! The builder: what a host shall have after its first boot.

use cloud_types::{BootId, Result, UserData};

use crate::bundle::Bundle;
use crate::command::Command;
use crate::disk::{DataDisk, Swap};
use crate::file::File;
use crate::host_key::HostKey;
use crate::package::Package;
use crate::script::Comments;
use crate::signal::ReadySignal;
use crate::steps::{self, Scope};
use crate::unit::Unit;
use crate::user::User;
use crate::{cloud_config, fit, mime, script};

/// What a host shall have after its first boot; [`render`](Self::render) makes its user data.
///
/// The steps go in this order, whatever the order of the calls: users and host key, packages, podman, data disk, swap,
/// files, bundles, commands, units. The first that fails ends it. `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub struct Bootstrap {
    pub(crate) users: Vec<User>,
    pub(crate) host_key: Option<HostKey>,
    pub(crate) packages: Vec<Package>,
    pub(crate) podman: bool,
    pub(crate) data_disk: Option<DataDisk>,
    pub(crate) swap: Option<Swap>,
    pub(crate) files: Vec<File>,
    pub(crate) bundles: Vec<Bundle>,
    pub(crate) commands: Vec<Command>,
    pub(crate) units: Vec<Unit>,
    pub(crate) ready_signal: Option<ReadySignal>,
}

/// The form of user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// One YAML document for cloud-init (<https://cloudinit.readthedocs.io/en/latest/explanation/format.html>). Where it
    /// does not fit, its long contents are compressed.
    CloudConfig,
    /// A MIME message with a cloud-config and a script, for cloud-init. Where it does not fit, both are compressed, which
    /// takes the least room of all formats.
    Mime,
    /// A script that begins with `#!/bin/sh`, for images with and without cloud-init. Where it does not fit, it is one that
    /// unpacks itself.
    Script,
}

impl Bootstrap {
    /// Nothing yet but the ready signal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a user.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Gives the host its own SSH key, in place of those that it would make itself.
    #[must_use]
    pub fn host_key(mut self, key: HostKey) -> Self {
        self.host_key = Some(key);
        self
    }

    /// Adds a package of the distribution. It is there before disks, files and commands are.
    #[must_use]
    pub fn package(mut self, package: Package) -> Self {
        if !self.packages.contains(&package) {
            self.packages.push(package);
        }
        self
    }

    /// Adds podman, from the distribution.
    #[must_use]
    pub fn podman(mut self) -> Self {
        self.podman = true;
        self
    }

    /// Adds the data disk; a host has one.
    #[must_use]
    pub fn data_disk(mut self, disk: DataDisk) -> Self {
        self.data_disk = Some(disk);
        self
    }

    /// Adds swap.
    #[must_use]
    pub fn swap(mut self, swap: Swap) -> Self {
        self.swap = Some(swap);
        self
    }

    /// Adds a file. One below the data disk's mount point is on the data disk.
    #[must_use]
    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }

    /// Adds a bundle.
    #[must_use]
    pub fn bundle(mut self, bundle: Bundle) -> Self {
        self.bundles.push(bundle);
        self
    }

    /// Adds a command, run after those that were added before it.
    #[must_use]
    pub fn command(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }

    /// Adds a systemd unit, started after all else is done.
    #[must_use]
    pub fn unit(mut self, unit: Unit) -> Self {
        self.units.push(unit);
        self
    }

    /// Tells the end of the first boot to a URL too.
    #[must_use]
    pub fn ready_signal(mut self, signal: ReadySignal) -> Self {
        self.ready_signal = Some(signal);
        self
    }

    /// The id that the host's [`BootSignal`](cloud_types::BootSignal) bears: made of the content without its secrets, the
    /// same in every format. With a [`HostKey`] no other host has it.
    #[must_use]
    pub fn boot_id(&self) -> BootId {
        steps::plan(self, Scope::Whole).id()
    }

    /// The user data, of at most `limit` bytes: the provider's
    /// [`Capabilities::user_data_bytes`](cloud_types::Capabilities::user_data_bytes). It is compressed only where it does
    /// not fit otherwise.
    ///
    /// # Errors
    /// `InvalidRequest`, with the field `user_data` and a [`TooLarge`](crate::TooLarge) below it, where it does not fit;
    /// and where two users, files, bundles or units have one name.
    pub fn render(&self, format: Format, limit: usize) -> Result<UserData> {
        steps::check(self)?;
        match format {
            Format::CloudConfig => fit::smallest(limit, || cloud_config::plain(self), || cloud_config::compact(self)),
            Format::Mime => fit::smallest(limit, || mime::plain(self), || mime::compressed(self)),
            Format::Script => {
                fit::smallest(limit, || Ok(script::whole(self, Comments::Kept)), || script::self_extracting(self))
            }
        }
    }
}
