//! Deleting a host and all that its create made, so that it can be repeated from any point.
//!
//! Its disks go with the instance, which knows which of them do (`autoDelete`). What remains are its reserved address, which
//! is in use until the host is gone for good, and firewall rules, which go with the last host that uses them. A delete of a
//! host that is not there gives the address of its name back, and removes all of the owner's rules that no host uses.

use cloud_types::{Error, ErrorKind, HostId, Result, ownership};

use crate::convert::{self, Place};
use crate::host::Inner;
use crate::labels;
use crate::wire::Instance;

pub(crate) async fn delete(inner: &Inner, id: &HostId) -> Result<()> {
    let Ok(place) = Place::read(id.as_str()) else { return Ok(()) };
    let rest = match inner.reader.read_alone(&place).await {
        Ok(instance) => inner.delete_instance(&instance).await,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            inner.reader.forget(&place);
            let swept = inner.remove_leftovers(&place).await;
            return swept.map_err(|error| error.with_context("the host is gone, but not all that belonged to it"));
        }
        Err(error) => Err(error),
    };
    inner.reader.forget(&place);
    rest
}

impl Inner {
    /// What may be left of a host that is gone.
    async fn remove_leftovers(&self, place: &Place) -> Result<()> {
        let (region, name) = (convert::region_of(&place.zone)?, labels::address_name(&self.owner, &place.name));
        self.release_address(region.as_str(), &name, place.number.as_deref()).await?;
        self.remove_unused_rules().await
    }

    /// Deletes an instance, its reserved address, and its firewall rules where it was the last to use them.
    async fn delete_instance(&self, instance: &Instance) -> Result<()> {
        let is_owned = ownership::owner_of(&instance.labels).is_some();
        let label = |key: &str| instance.labels.get(key).filter(|_| is_owned);
        let (tag, address) = (label(labels::FIREWALL), label(labels::ADDRESS));
        let place = Place::of(instance);
        let accepted = match self.api.delete_instance(&place).await {
            Ok(operation) => {
                crate::error::of_operation(&operation)?;
                Some(operation)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if tag.is_none() && address.is_none() {
            return Ok(());
        }
        let rest = async {
            // Only who sees its own host gone may judge: of two that go at once, the later one finds nobody.
            if let Some(operation) = accepted {
                gone(self.operations.wait(&operation).await)?;
            }
            if let Some(name) = address {
                // In use by now, it is the address of the host that has the name after this one.
                let region = convert::region_of(&place.zone)?;
                self.release_address(region.as_str(), name, Some(&instance.id)).await?;
            }
            match tag {
                Some(tag) => self.remove_rules(tag, Some(&instance.id)).await,
                None => Ok(()),
            }
        };
        rest.await
            .map_err(|error| error.with_context("the host is deleted, but not all that belongs to it: repeat the call"))
    }

    /// Deletes an instance and waits until it is gone.
    pub(crate) async fn delete_and_see_gone(&self, id: &HostId) -> Result<()> {
        delete(self, id).await?;
        let Ok(place) = Place::read(id.as_str()) else { return Ok(()) };
        for _ in 0..PATIENCE {
            match self.api.get_instance(&place).await {
                Ok(instance) if place.is(&instance) => self.clock.sleep(crate::reader::LAG_PAUSE).await,
                Ok(_) => return Ok(()),
                Err(error) => return gone(Err(error)),
            }
        }
        Err(Error::new(ErrorKind::Timeout, format!("host {id} is still being deleted: repeat the call")))
    }

    /// Deletes an instance that lost a race, also the data disk that it brought, even one that was to be kept.
    pub(crate) async fn delete_loser(&self, instance: &Instance, with_disk: bool) -> Result<()> {
        let place = Place::of(instance);
        self.delete_and_see_gone(&place.host_id()).await?;
        let kept = instance.disks.iter().filter(|disk| with_disk && !disk.auto_delete && !disk.boot);
        for disk in kept {
            self.remove_disk(&place.zone, convert::last(&disk.source)).await?;
        }
        Ok(())
    }
}

/// How many looks, a second apart, at an instance that is being deleted.
const PATIENCE: u32 = 300;

/// What is not there is deleted.
pub(crate) fn gone(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
