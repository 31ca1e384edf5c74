//! Making and deleting snapshots and backups.

use jiff::Timestamp;

use crate::actions::Plan;
use crate::lifecycle::Change;
use crate::{Command, Image, ImageKind, ImageStatus, Kind, Labels, Result, World, WorldError};

impl World {
    /// Makes a snapshot or backup from a host, which is locked meanwhile. Answers the image and
    /// the action.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Locked`], [`WorldError::QuotaFull`], and
    /// [`WorldError::NameTaken`] where a name is given.
    pub fn create_image(
        &mut self,
        host: u64,
        kind: ImageKind,
        name: Option<String>,
        description: String,
        labels: Labels,
        now: Timestamp,
    ) -> Result<(u64, u64)> {
        self.advance(now);
        self.check_unlocked(Kind::Host, host)?;
        self.check_quota(Kind::Image, 1, now)?;
        if let Some(name) = &name {
            self.check_name(&self.images, name, None)?;
        }
        let source = self.host(host)?;
        let (source_name, disk_gb) = (source.name.clone(), source.boot_disk_gb);
        let (architecture, os, os_version) = self.system_of(host)?;
        let id = self.fresh_id();
        let image = Image {
            id,
            kind,
            name,
            description,
            status: ImageStatus::Creating,
            architecture,
            os,
            os_version,
            size_centi_gb: None,
            disk_gb,
            created_from: Some((host, source_name)),
            bound_to: (kind == ImageKind::Backup).then_some(host),
            labels,
            protected: false,
            deprecated: None,
            created: now,
        };
        let seen_from = self.seen_from(now);
        self.images.insert(image, seen_from);
        let takes = self.timings.snapshot;
        let ready = Change::ImageReady { image: id };
        let both = [(Kind::Host, host), (Kind::Image, id)];
        let action = self.begin(Plan::new(Command::CreateImage, &both, takes, ready), now);
        Ok((id, action))
    }

    /// Makes a snapshot of a volume, attached or not, which stays free for other changes. Answers
    /// the image and the action.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::QuotaFull`], [`WorldError::NameTaken`].
    pub fn snapshot_volume(
        &mut self,
        volume: u64,
        name: &str,
        description: String,
        labels: Labels,
        now: Timestamp,
    ) -> Result<(u64, u64)> {
        self.advance(now);
        let source = self.volumes.find(volume)?;
        let (disk_gb, origin) = (source.size_gb, source.image.and_then(|image| self.images.find(image).ok()));
        let architecture = origin.map_or(crate::Architecture::X86, |image| image.architecture);
        let os = origin.map_or_else(|| "unknown".to_owned(), |image| image.os.clone());
        let os_version = origin.and_then(|image| image.os_version.clone());
        self.check_quota(Kind::Image, 1, now)?;
        self.check_name(&self.images, name, None)?;
        let id = self.fresh_id();
        let image = Image {
            id,
            kind: ImageKind::Snapshot,
            name: Some(name.to_owned()),
            description,
            status: ImageStatus::Creating,
            architecture,
            os,
            os_version,
            size_centi_gb: None,
            disk_gb,
            created_from: None,
            bound_to: None,
            labels,
            protected: false,
            deprecated: None,
            created: now,
        };
        let seen_from = self.seen_from(now);
        self.images.insert(image, seen_from);
        let takes = self.timings.snapshot;
        let ready = Change::ImageReady { image: id };
        let both = [(Kind::Volume, volume), (Kind::Image, id)];
        let action = self.begin(Plan::new(Command::CreateImage, &both, takes, ready).unlocked(), now);
        Ok((id, action))
    }

    /// Deletes a snapshot or backup.
    ///
    /// # Errors
    /// [`WorldError::NotFound`], [`WorldError::Protected`], [`WorldError::Locked`] while it is
    /// being made, [`WorldError::Invalid`] for a stock image.
    pub fn delete_image(&mut self, id: u64, now: Timestamp) -> Result<()> {
        self.advance(now);
        self.check_image_free(id)?;
        self.remove_image(id, now);
        Ok(())
    }

    /// Deletes a snapshot or backup; it is gone when the action ends.
    ///
    /// # Errors
    /// Those of [`World::delete_image`].
    pub fn begin_delete_image(&mut self, id: u64, now: Timestamp) -> Result<u64> {
        self.advance(now);
        self.check_image_free(id)?;
        Ok(self.begin_removal(Command::DeleteImage, Kind::Image, id, self.timings.small, now))
    }

    pub(crate) fn remove_image(&mut self, id: u64, now: Timestamp) {
        let shown_until = self.shown_until(now);
        self.images.remove(id, shown_until);
    }

    fn check_image_free(&self, id: u64) -> Result<()> {
        let image = self.images.find(id)?;
        let kind = Kind::Image;
        if image.kind == ImageKind::Stock {
            return Err(WorldError::invalid("image", "is a stock image"));
        }
        if image.protected {
            return Err(WorldError::Protected { kind, id });
        }
        if image.status == ImageStatus::Creating {
            return Err(WorldError::Locked { kind, id });
        }
        Ok(())
    }

    fn system_of(&self, host: u64) -> Result<(crate::Architecture, String, Option<String>)> {
        let host = self.host(host)?;
        if let Ok(image) = self.images.find(host.image) {
            return Ok((image.architecture, image.os.clone(), image.os_version.clone()));
        }
        let architecture =
            self.catalog.machine(&host.machine).map_or(crate::Architecture::X86, |machine| machine.architecture);
        Ok((architecture, "unknown".to_owned(), None))
    }
}
