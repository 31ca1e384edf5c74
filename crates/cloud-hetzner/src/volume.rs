//! Volumes.

use async_trait::async_trait;
use cloud_types::{DiskClass, Error, ErrorKind, GiB, HostId, Result, Volume, VolumeId, VolumeSpec, Volumes, ownership};

use crate::client::selector;
use crate::host::{Hetzner, named};
use crate::{convert, delete};

#[async_trait]
impl Volumes for Hetzner {
    async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume> {
        let create = async {
            self.0.capabilities().check_volume(spec.size)?;
            if spec.zone.is_some() {
                return Err(Error::unsupported("this provider has no zones"));
            }
            if spec.class != DiskClass::Standard {
                return Err(Error::invalid("class", "must be standard: there is one kind of volume here"));
            }
            self.0.catalog.get(&self.0).await?.check_region(&spec.region)?;
            let labels = ownership::resource_labels(&self.0.owner, spec.name.as_str());
            let volume = self.0.ensure_volume(spec.name.as_str(), &spec.region, spec.size.0, &labels).await?;
            convert::volume(volume.into_inner())
        };
        named("create_volume", self.0.in_time(create).await)
    }

    async fn get_volume(&self, id: &VolumeId) -> Result<Volume> {
        let read = async { convert::volume(self.0.api.get_volume(convert::number(id.as_str())?).await?) };
        named("get_volume", read.await)
    }

    async fn list_volumes(&self) -> Result<Vec<Volume>> {
        let labels = selector(&[(ownership::OWNER, self.0.owner.as_str())]);
        let volumes = named("list_volumes", self.0.api.all_volumes(&labels).await)?;
        named("list_volumes", volumes.into_iter().map(convert::volume).collect())
    }

    async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()> {
        let attach = async {
            let (number, server) = (convert::number(id.as_str())?, convert::number(host.as_str())?);
            let volume = self.0.api.get_volume(number).await?;
            match volume.server {
                Some(other) if other == server => return Ok(()),
                Some(_) => {
                    return Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached to another host")));
                }
                None => {}
            }
            match self.0.api.attach_volume(number, server).await {
                Ok(action) => self.0.actions.wait_accepted(&action).await,
                // Refused because a repeat of this very call had been carried out.
                Err(error) if self.0.api.get_volume(number).await?.server != Some(server) => Err(error),
                Err(_) => Ok(()),
            }
        };
        named("attach_volume", self.0.in_time(attach).await)
    }

    async fn detach_volume(&self, id: &VolumeId) -> Result<()> {
        let detach = async {
            let number = convert::number(id.as_str())?;
            if self.0.api.get_volume(number).await?.server.is_none() {
                return Ok(());
            }
            match self.0.api.detach_volume(number).await {
                Ok(action) => self.0.actions.wait_accepted(&action).await,
                Err(error) if self.0.api.get_volume(number).await?.server.is_some() => Err(error),
                Err(_) => Ok(()),
            }
        };
        named("detach_volume", self.0.in_time(detach).await)
    }

    async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()> {
        let grow = async {
            self.0.capabilities().check_volume(size)?;
            let number = convert::number(id.as_str())?;
            let now = convert::whole_gib(self.0.api.get_volume(number).await?.size);
            match now.cmp(&size) {
                std::cmp::Ordering::Equal => return Ok(()),
                std::cmp::Ordering::Greater => {
                    return Err(Error::invalid("size", format!("must be at least {now}: a volume never shrinks")));
                }
                std::cmp::Ordering::Less => {}
            }
            match self.0.api.resize_volume(number, size.0).await {
                Ok(action) => self.0.actions.wait_accepted(&action).await,
                Err(error) if convert::whole_gib(self.0.api.get_volume(number).await?.size) != size => Err(error),
                Err(_) => Ok(()),
            }
        };
        named("grow_volume", self.0.in_time(grow).await)
    }

    async fn delete_volume(&self, id: &VolumeId) -> Result<()> {
        let Ok(number) = convert::number(id.as_str()) else { return Ok(()) };
        let delete = async {
            match self.0.api.get_volume(number).await {
                Ok(volume) if volume.server.is_some() => {
                    Err(Error::new(ErrorKind::Conflict, format!("volume {id} is attached: detach it first")))
                }
                Ok(_) => delete::gone(self.0.api.delete_volume(number).await),
                Err(error) => delete::gone(Err(error)),
            }
        };
        named("delete_volume", self.0.in_time(delete).await)
    }
}
