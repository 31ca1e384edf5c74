//! Volumes: each change is looked at before and after, so that a lost answer is no failure and a repeat no second change.

use std::cmp::Ordering;

use cloud_types::{Error, ErrorKind, GiB, HostId, Result, Volume, VolumeId, VolumeSpec};

use crate::sabotage::{Promise, is_broken};
use crate::{Account, gone};

/// What an API can do with one volume.
pub trait Disks: Send + Sync {
    /// Whose volumes these are.
    fn account(&self) -> &Account;

    /// Makes a volume, or finds the one of this owner and name with the same size, place and class.
    ///
    /// # Errors
    /// `AlreadyExists` where the name is taken by another, and those of the API.
    fn create(&self, spec: &VolumeSpec) -> impl Future<Output = Result<Volume>> + Send;

    /// This owner's volumes, data disks of hosts among them.
    fn list(&self) -> impl Future<Output = Result<Vec<Volume>>> + Send;

    /// Reads a volume. An id that cannot be this provider's is `NotFound`.
    fn get(&self, id: &VolumeId) -> impl Future<Output = Result<Volume>> + Send;

    /// Reads a volume once no attach and no detach of it is under way, where an API shows a host for as long as one is.
    fn settled(&self, id: &VolumeId) -> impl Future<Output = Result<Volume>> + Send {
        self.get(id)
    }

    /// Whether two ids are of one host, where the API takes more than one form of an id.
    fn is_host(&self, one: &HostId, other: &HostId) -> bool {
        one == other
    }

    /// Attaches a volume that is free, and waits until it is attached.
    fn attach(&self, volume: &Volume, host: &HostId) -> impl Future<Output = Result<()>> + Send;

    /// Detaches a volume, and waits until it is detached.
    fn detach(&self, volume: &Volume, host: &HostId) -> impl Future<Output = Result<()>> + Send;

    /// Grows a volume, and waits until it has the size.
    fn grow(&self, volume: &Volume, size: GiB) -> impl Future<Output = Result<()>> + Send;

    /// Deletes a volume that is free.
    fn remove(&self, volume: &Volume) -> impl Future<Output = Result<()>> + Send;
}

/// Makes a volume, or finds it.
///
/// # Errors
/// `InvalidRequest` on `size`; else those of the API.
pub async fn create<B: Disks>(backend: &B, spec: &VolumeSpec) -> Result<Volume> {
    backend.account().capabilities().check_volume(spec.size)?;
    backend.create(spec).await
}

/// Attaches a volume to a host.
///
/// # Errors
/// `Conflict` where another host has it; else those of the API, unless the volume is attached all the same.
pub async fn attach<B: Disks>(backend: &B, id: &VolumeId, host: &HostId) -> Result<()> {
    let volume = backend.settled(id).await?;
    if is_broken(Promise::VolumeIsLookedAt) {
        return backend.attach(&volume, host).await;
    }
    match &volume.host {
        Some(other) if backend.is_host(other, host) => return Ok(()),
        Some(_) => return Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached to another host"))),
        None => {}
    }
    match backend.attach(&volume, host).await {
        // Refused because an earlier attempt was carried out.
        Err(error) if !backend.get(id).await?.host.is_some_and(|now| backend.is_host(&now, host)) => Err(error),
        _ => Ok(()),
    }
}

/// Detaches a volume from its host.
///
/// # Errors
/// Those of the API, unless the volume is detached all the same.
pub async fn detach<B: Disks>(backend: &B, id: &VolumeId) -> Result<()> {
    let volume = backend.settled(id).await?;
    let Some(host) = &volume.host else { return Ok(()) };
    if is_broken(Promise::VolumeIsLookedAt) {
        return backend.detach(&volume, host).await;
    }
    match backend.detach(&volume, host).await {
        Err(error) if backend.get(id).await?.host.is_some() => Err(error),
        _ => Ok(()),
    }
}

/// Grows a volume to a size.
///
/// # Errors
/// `InvalidRequest` on `size` where it is out of range or smaller than now; else those of the API, unless the volume has
/// the size all the same.
pub async fn grow<B: Disks>(backend: &B, id: &VolumeId, size: GiB) -> Result<()> {
    backend.account().capabilities().check_volume(size)?;
    let volume = backend.get(id).await?;
    if is_broken(Promise::VolumeIsLookedAt) {
        return backend.grow(&volume, size).await;
    }
    match volume.size.cmp(&size) {
        Ordering::Equal => return Ok(()),
        Ordering::Greater => {
            return Err(Error::invalid("size", format!("must be at least {}: a volume never shrinks", volume.size)));
        }
        Ordering::Less => {}
    }
    match backend.grow(&volume, size).await {
        Err(error) if backend.get(id).await?.size != size => Err(error),
        _ => Ok(()),
    }
}

/// Deletes a volume that no host has; one that is not there is deleted.
///
/// # Errors
/// `Conflict` where a host has it; else those of the API.
pub async fn delete<B: Disks>(backend: &B, id: &VolumeId) -> Result<()> {
    match backend.settled(id).await {
        Ok(volume) if volume.host.is_some() => {
            Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached: detach it first")))
        }
        Ok(volume) => gone(backend.remove(&volume).await),
        Err(error) => gone(Err(error)),
    }
}
