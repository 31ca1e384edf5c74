//! What Google can do of a delete.
//!
//! A host's disks go with the instance, which knows which of them do (`autoDelete`). What remains are its reserved address,
//! which is in use until the host is gone for good, and firewall rules, which go with the last host that uses them.

use std::time::Duration;

use cloud_driver::{Account, Deletes, delete_whole, found};
use cloud_types::{Error, ErrorKind, HostId, Result};

use crate::convert;
use crate::labels;
use crate::parts::Parts;
use crate::place::Place;
use crate::seen::{Address, Begun, Seen};

/// One delete.
pub(crate) struct Delete<'a>(pub(crate) &'a Parts);

/// What is left of a host, each with the number of the instance that had it and is gone, where that is known.
pub(crate) enum Part {
    Address(Address, Option<String>),
    /// The rules of a tag.
    Rules(String, Option<String>),
}

impl Deletes for Delete<'_> {
    type Host = Seen;
    type Part = Part;

    fn account(&self) -> &Account {
        &self.0.account
    }

    async fn find(&self, id: &HostId) -> Result<Seen> {
        self.0.reader.read_alone(&Place::read(id.as_str())?).await
    }

    /// Of two hosts that go at once, the later one finds nobody: so only who sees its own host gone may judge whether the rest
    /// is used.
    async fn delete(&self, id: &HostId, seen: Option<&Seen>) -> Result<()> {
        self.0.reader.recent.forget(&Place::read(id.as_str())?);
        let Some(seen) = seen else { return Ok(()) };
        self.0.reader.recent.forget(&seen.place);
        let begun = Begun::from(self.0.api.delete_instance(&seen.place).await?);
        begun.accepted()?;
        match [labels::ADDRESS, labels::FIREWALL].into_iter().any(|label| seen.own_label(label).is_some()) {
            true => self.0.operations.wait(&begun).await,
            false => Ok(()),
        }
    }

    async fn parts(&self, _: &HostId, seen: &Seen) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        if let Some(name) = seen.own_label(labels::ADDRESS) {
            let region = convert::region_of(&seen.place.zone)?;
            parts.extend(self.address(region.as_str(), name, seen.place.number.clone()).await?);
        }
        let tag = seen.own_label(labels::FIREWALL);
        parts.extend(tag.map(|tag| Part::Rules(tag.to_owned(), seen.place.number.clone())));
        Ok(parts)
    }

    /// The address of the host's name, and the rules of all of the owner's hosts.
    async fn leftovers(&self, id: &HostId) -> Result<Vec<Part>> {
        let place = Place::read(id.as_str())?;
        let (region, name) = (convert::region_of(&place.zone)?, self.0.addresses.name(&place.name));
        let mut parts: Vec<Part> = self.address(region.as_str(), &name, place.number).await?.into_iter().collect();
        parts.extend(self.0.firewalls.tags().await?.into_iter().map(|tag| Part::Rules(tag, None)));
        Ok(parts)
    }

    async fn in_use(&self, part: &Part, _: Option<&HostId>) -> Result<bool> {
        match part {
            Part::Address(address, gone_host) => self.0.addresses.is_used(address, gone_host.as_deref()).await,
            Part::Rules(tag, gone_host) => self.0.firewalls.is_used(tag, gone_host.as_deref()).await,
        }
    }

    async fn remove(&self, part: &Part) -> Result<()> {
        match part {
            Part::Address(address, _) => self.0.addresses.release(address).await,
            Part::Rules(tag, gone_host) => self.0.firewalls.remove(tag, gone_host.as_deref()).await,
        }
    }

    async fn again(&self, part: Part) -> Result<Part> {
        match part {
            Part::Address(address, gone_host) => {
                let again = self.address(&address.region, &address.name, gone_host).await?;
                again.ok_or_else(|| Error::new(ErrorKind::NotFound, "the address is given back"))
            }
            rules @ Part::Rules(..) => Ok(rules),
        }
    }

    fn describe(&self, part: &Part) -> String {
        match part {
            Part::Address(address, _) => format!("address {}", address.name),
            Part::Rules(tag, _) => format!("firewall rules {tag}"),
        }
    }

    fn held(&self) -> Duration {
        HELD
    }
}

impl Delete<'_> {
    /// A reserved address that this library made, whoever owns it.
    pub(crate) async fn address(&self, region: &str, name: &str, gone_host: Option<String>) -> Result<Option<Part>> {
        let address = self.0.addresses.find(region, name).await?.filter(|address| address.owner.is_some());
        Ok(address.map(|address| Part::Address(address, gone_host)))
    }
}

/// Deletes a host and all that its create made, and waits until it is gone.
pub(crate) async fn delete_and_see_gone(parts: &Parts, id: &HostId) -> Result<()> {
    let Ok(place) = Place::read(id.as_str()) else { return Ok(()) };
    delete_whole(&Delete(parts), id).await?;
    let look = || async { Ok(found(parts.reader.get(&place).await)?.is_none().then_some(())) };
    parts.account.until("the host is gone", GOING, look).await
}

/// How long an address may be shown with a host that is gone.
const HELD: Duration = Duration::from_secs(30);
/// How long an instance takes to be gone after its delete was accepted, at most.
const GOING: Duration = Duration::from_secs(300);
