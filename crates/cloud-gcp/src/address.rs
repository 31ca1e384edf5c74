//! Reserved addresses: one for each host, where [`Config::reserved_addresses`](crate::Config::reserved_addresses) asks for
//! them. A host keeps its address through a stop, and its delete gives it back.
//!
//! An address's name is made of owner and host, so that reserving it twice finds the first. Two that race on a name in one
//! region so reach for one address, which one instance can have: the other finds that instance. Who deletes a host gives the
//! address back once nothing uses it, perhaps while a new host of the name is being made: a create whose address was taken
//! away reserves it again.

use cloud_driver::{Account, ensure, found, one_line};
use cloud_types::{Error, ErrorKind, HostSpec, Resource, Result, ownership};

use crate::client::Api;
use crate::network::PublicAddresses;
use crate::operations::Operations;
use crate::place::{Place, last};
use crate::seen::Address;
use crate::{convert, labels};

/// The addresses of this owner's hosts.
#[derive(Debug)]
pub(crate) struct Addresses {
    account: Account,
    api: Api,
    operations: Operations,
    given: PublicAddresses,
}

impl Addresses {
    pub(crate) fn new(account: &Account, api: &Api, operations: &Operations, given: PublicAddresses) -> Self {
        Self { account: account.clone(), api: api.clone(), operations: operations.clone(), given }
    }

    /// Whether a host is to have a reserved address.
    pub(crate) fn reserves(&self, spec: &HostSpec) -> bool {
        self.given == PublicAddresses::Reserved && spec.public_network.ipv4
    }

    /// The name of a host's address.
    pub(crate) fn name(&self, host: &str) -> String {
        labels::address_name(self.account.owner(), host)
    }

    /// Reserves the host's address, or finds it.
    ///
    /// # Errors
    /// `Conflict` while an earlier host of the name has it, and where it comes and goes; `AlreadyExists` where it is not this
    /// host's.
    pub(crate) async fn ensure(&self, spec: &HostSpec) -> Result<Address> {
        let (region, host) = (spec.region.as_str(), spec.name.as_str());
        let (name, owner) = (self.name(host), self.account.owner());
        let description = labels::description(owner, &format!("{}={host} address of the host", ownership::NAME));
        let body = convert::create_address(&name, &description);
        let find = || async { Ok(self.find(region, &name).await?.filter(|address| !address.ip.is_empty())) };
        let create = || async {
            self.operations.finish(self.api.create_address(region, &body)).await?;
            self.account.until("the reserved address is shown", self.account.lag() * 2, find).await
        };
        let address = match ensure(&self.account, create, find).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error.with_kind(ErrorKind::Conflict)),
            other => other.map(cloud_driver::Ensured::into_inner),
        }?;
        let is_other = |user: &&String| !is_instance(user) || last(user) != host;
        let other = address.users.iter().find(is_other).map(|user| one_line(user));
        let taken_by = if address.is_of(owner) { other } else { Some("one that is not yours".to_owned()) };
        match (taken_by, address.users.is_empty()) {
            (Some(by), _) => {
                let message = format!("the reserved address {name} is taken by {by}");
                Err(Error::new(ErrorKind::AlreadyExists, message))
            }
            (None, true) => Ok(address),
            (None, false) => {
                Err(Error::new(ErrorKind::Conflict, format!("the reserved address {name} is still in use")))
            }
        }
    }

    /// The address of a name in a region.
    pub(crate) async fn find(&self, region: &str, name: &str) -> Result<Option<Address>> {
        Ok(found(self.api.get_address(region, name).await)?.map(convert::address))
    }

    /// Whether a create failed by its address: somebody else had it, or gave it back.
    pub(crate) async fn is_lost(&self, spec: &HostSpec, given: Option<&Address>, error: &Error) -> Result<bool> {
        use ErrorKind::{AlreadyExists, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated};
        let others = [AlreadyExists, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated];
        if !self.reserves(spec) || others.contains(&error.kind()) {
            return Ok(false);
        }
        let Some(given) = given else { return Ok(error.kind() == ErrorKind::Conflict) };
        Ok(match self.find(spec.region.as_str(), &given.name).await? {
            // Free again by now, so that the refusal alone tells it.
            Some(now) => now.id != given.id || !now.users.is_empty() || given.is_in(error),
            None => true,
        })
    }

    /// Whether something that is there uses an address, besides the instance of this number. An address may be shown with a
    /// host that is gone.
    pub(crate) async fn is_used(&self, address: &Address, gone_host: Option<&str>) -> Result<bool> {
        let Some(user) = address.users.first() else { return Ok(false) };
        let Some(place) = Place::of(user).filter(|_| is_instance(user)) else { return Ok(true) };
        let there = found(self.api.get_instance(&place).await)?;
        Ok(there.is_some_and(|instance| Some(instance.id.as_str()) != gone_host))
    }

    /// Gives an address back that nothing uses.
    ///
    /// # Errors
    /// `Conflict` where it is still shown as used.
    pub(crate) async fn release(&self, address: &Address) -> Result<()> {
        match address.users.is_empty() {
            true => self.operations.finish(self.api.delete_address(&address.region, &address.name)).await,
            false => {
                let message = format!("the reserved address {} is still in use: repeat the call", address.name);
                Err(Error::new(ErrorKind::Conflict, message))
            }
        }
    }

    /// This owner's addresses, for a sweep, without those that a host has that goes.
    pub(crate) async fn resources(&self, goes: impl Fn(&Place) -> bool + Send) -> Result<Vec<Resource>> {
        let mut addresses = self.api.all_addresses().await?;
        addresses.retain(|one| labels::owner_in(&one.description) == Some(self.account.owner().as_str()));
        addresses.retain(|one| !one.users.iter().any(|user| Place::of(user).is_some_and(|user| goes(&user))));
        Ok(addresses.iter().map(convert::address_resource).collect())
    }
}

fn is_instance(user: &str) -> bool {
    user.contains("/instances/")
}
