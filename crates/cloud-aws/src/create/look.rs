//! Which of a name's instances is the host: the oldest, once none can be hidden any more.

use aws_sdk_ec2::types::Instance;
use cloud_types::{ErrorKind, HostSpec, HostState, Region, Result, ownership};
use jiff::Timestamp;

use super::Found;
use crate::client::tagged;
use crate::convert::{self, Place};
use crate::host::{Inner, staying};
use crate::reader::READ_LAG;
use crate::{delete, tags};

impl Inner {
    /// The host that has the name for good: the oldest, after a look that nothing older is hidden from. Younger ones go.
    pub(super) async fn oldest(&self, spec: &HostSpec) -> Result<Option<Found>> {
        let mut found = self.others(spec).await?;
        if found.first().is_some_and(|(_, one)| self.is_young(one)) {
            self.clock.sleep(READ_LAG).await;
            found = self.others(spec).await?;
        }
        let mut found = found.into_iter();
        let Some(oldest) = found.next() else { return Ok(None) };
        self.delete_younger(&oldest, found.as_slice()).await?;
        Ok(Some(oldest))
    }

    /// Whether an instance is so new that a read may not show it, or an older one.
    fn is_young(&self, instance: &Instance) -> bool {
        let certain = self.clock.now() - READ_LAG * 2;
        convert::created_at(instance).is_none_or(|at| at > certain)
    }

    /// Deletes those that other calls made for the name; a data disk that is kept stays. One with the tags of another was
    /// made by hand, as a copy, and stays too.
    pub(super) async fn delete_younger(&self, (_, oldest): &Found, younger: &[Found]) -> Result<()> {
        let mut calls = vec![call_of(oldest)];
        for (region, instance) in younger {
            let call = call_of(instance);
            if call.is_some() && !calls.contains(&call) {
                delete::delete(self, &Place::of(region, instance)?.host_id()).await?;
            }
            calls.push(call);
        }
        Ok(())
    }

    /// This owner's instances of the name in all regions, oldest first, without those that are being deleted.
    pub(super) async fn others(&self, spec: &HostSpec) -> Result<Vec<Found>> {
        let filters =
            [tagged(ownership::OWNER, self.owner.as_str()), tagged(ownership::NAME, spec.name.as_str()), staying()];
        let filters = &filters;
        let find = async |region: Region| {
            let found = self.api.all_instances(&region, filters).await?;
            Ok(found.into_iter().map(|one| (region.clone(), one)).collect())
        };
        let mut found: Vec<Found> = Box::pin(self.api.everywhere(find)).await?;
        found.sort_by_cached_key(|(_, one)| age(one));
        // A list may show one for some time that is being deleted; its own id tells.
        let mut there = Vec::with_capacity(found.len());
        for (region, instance) in found {
            if let Some(instance) = self.still(&region, instance).await? {
                there.push((region, instance));
            }
        }
        Ok(there)
    }

    /// An instance that a list has shown as it is by its id, unless it is being deleted.
    pub(super) async fn still(&self, region: &Region, shown: Instance) -> Result<Option<Instance>> {
        match self.api.get_instance(&Place::of(region, &shown)?).await {
            Ok(instance) if convert::state(&instance) == HostState::Deleting => Ok(None),
            Ok(instance) => Ok(Some(instance)),
            // One that has only just been made is not known everywhere yet.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(shown).filter(|one| self.is_young(one))),
            Err(error) => Err(error),
        }
    }
}

/// The call that launched an instance, where it was one of ours.
pub(super) fn call_of(instance: &Instance) -> Option<String> {
    tags::read(instance.tags.as_deref()).remove(tags::CALL)
}

/// By what the older of two is told: its time, and its id where they are of the same second.
pub(super) fn age(instance: &Instance) -> (Option<Timestamp>, Option<String>) {
    (convert::created_at(instance), instance.instance_id.clone())
}
