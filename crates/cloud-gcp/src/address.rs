//! Reserved addresses: one for each host, where [`Config::reserved_addresses`](crate::Config::reserved_addresses) asks for
//! them. A host keeps its address through a stop, and its delete gives it back.
//!
//! An address's name is made of owner and host, so that reserving it twice finds the first. Two that race on a name in one
//! region so reach for one address, which one instance can have: the other finds that instance. Who deletes a host gives the
//! address back once nothing uses it, perhaps while a new host of the name is being made: a create whose address was taken
//! away reserves it again.

use cloud_types::{Created, Error, ErrorKind, HostSpec, Owner, Result, ownership};

use crate::convert::{self, Place};
use crate::create::is_final;
use crate::delete::gone;
use crate::host::{Inner, PublicAddresses};
use crate::labels;
use crate::reader::LAG_PAUSE;
use crate::wire::{Address, CreateAddress};

impl Inner {
    /// Whether a host is to have a reserved address.
    pub(crate) fn reserves(&self, spec: &HostSpec) -> bool {
        self.network.addresses == PublicAddresses::Reserved && spec.public_network.ipv4
    }

    /// Reserves the host's address, or finds it. `Conflict` while an earlier host of the name has it.
    pub(crate) async fn ensure_address(&self, spec: &HostSpec) -> Result<Address> {
        let (region, host) = (spec.region.as_str(), spec.name.as_str());
        let name = labels::address_name(&self.owner, host);
        let description = description(&self.owner, host);
        let body = CreateAddress { name: &name, description: &description, address_type: "EXTERNAL" };
        let made = match self.api.create_address(region, &body).await {
            Ok(operation) => self.operations.wait(&operation).await,
            Err(error) => Err(error),
        };
        match made {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let address = self.see_address(region, &name).await?;
        if owner_of(&address) != Some(self.owner.as_str()) {
            let message = format!("the name of the reserved address {name} is taken by one that is not yours");
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        let is_other = |user: &&String| !is_instance(user) || convert::last(user) != host;
        if let Some(user) = address.users.iter().find(is_other) {
            let message = format!("the reserved address {name} is taken by {}", crate::error::one_line(user));
            return Err(Error::new(ErrorKind::AlreadyExists, message));
        }
        match address.users.is_empty() {
            true => Ok(address),
            false => Err(Error::new(ErrorKind::Conflict, format!("the reserved address {name} is still in use"))),
        }
    }

    /// Reads an address that is there, perhaps not shown yet.
    async fn see_address(&self, region: &str, name: &str) -> Result<Address> {
        for _ in 0..TRIES {
            match self.api.get_address(region, name).await {
                Ok(address) if !address.address.is_empty() => return Ok(address),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => self.clock.sleep(LAG_PAUSE).await,
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("the reserved address {name} comes and goes")))
    }

    /// Whether a create failed by its address: somebody else had it, or gave it back.
    pub(crate) async fn has_lost_address(
        &self,
        spec: &HostSpec,
        given: Option<&Address>,
        error: &Error,
    ) -> Result<bool> {
        use ErrorKind::{AlreadyExists, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated};
        let others = [AlreadyExists, NoCapacity, PermissionDenied, QuotaExceeded, Unauthenticated];
        if !self.reserves(spec) || others.contains(&error.kind()) {
            return Ok(false);
        }
        let Some(given) = given else { return Ok(error.kind() == ErrorKind::Conflict) };
        match self.api.get_address(spec.region.as_str(), &given.name).await {
            // Free again by now, so that the refusal alone tells it.
            Ok(now) => Ok(now.id != given.id || !now.users.is_empty() || is_about(error, given)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Gives the address of a create back where no host came to have it. Best effort: a repeat of the create, a delete of the
    /// host and a sweep find it too.
    pub(crate) async fn release_unused(&self, spec: &HostSpec, given: Option<&Address>, outcome: &Result<Created>) {
        let is_unused = match (outcome, given) {
            (Ok(created), Some(given)) => {
                let has = created.host().addresses.public_v4.map(|address| address.to_string());
                has.as_ref() != Some(&given.address)
            }
            (Ok(_), None) => false,
            (Err(error), _) => is_final(error) || error.kind() == ErrorKind::AlreadyExists,
        };
        if is_unused && self.reserves(spec) {
            let name = labels::address_name(&self.owner, spec.name.as_str());
            let _ = self.release_address(spec.region.as_str(), &name, None).await;
        }
    }

    /// Gives an address back; one that is not there is given back. One that is in use stays, and its user is told. `gone_host`
    /// is the number of the instance that had it and is known to be gone.
    pub(crate) async fn release_address(
        &self,
        region: &str,
        name: &str,
        gone_host: Option<&str>,
    ) -> Result<Option<String>> {
        for _ in 0..TRIES {
            let address = match self.api.get_address(region, name).await {
                Ok(address) => address,
                Err(error) => return gone(Err(error)).map(|()| None),
            };
            if owner_of(&address).is_none() {
                return Ok(None);
            }
            let removed = match address.users.first() {
                // An address may be shown with a host that is gone.
                Some(user) if self.is_user_there(user, gone_host).await? => return Ok(Some(user.clone())),
                Some(_) => Err(Error::new(ErrorKind::Conflict, "still in use")),
                None => match self.api.delete_address(region, name).await {
                    Ok(operation) => self.operations.wait(&operation).await,
                    Err(error) => Err(error),
                },
            };
            match gone(removed) {
                Err(error) if error.kind() == ErrorKind::Conflict => self.clock.sleep(LAG_PAUSE).await,
                other => return other.map(|()| None),
            }
        }
        Err(Error::new(ErrorKind::Conflict, format!("the reserved address {name} is still in use: repeat the call")))
    }

    /// Gives an address back that nothing may use any more.
    pub(crate) async fn remove_address(&self, region: &str, name: &str) -> Result<()> {
        match self.release_address(region, name, None).await? {
            None => Ok(()),
            Some(user) => {
                let message = format!("the address {name} is in use by {}", crate::error::one_line(&user));
                Err(Error::new(ErrorKind::Conflict, message))
            }
        }
    }

    /// Whether what uses an address is there, besides the instance of this number.
    async fn is_user_there(&self, user: &str, gone_host: Option<&str>) -> Result<bool> {
        let Some(zone) = convert::zone_in(user).filter(|_| is_instance(user)) else { return Ok(true) };
        let place = Place { zone: zone.to_owned(), name: convert::last(user).to_owned(), number: None };
        match self.api.get_instance(&place).await {
            Ok(instance) => Ok(Some(instance.id.as_str()) != gone_host),
            Err(error) => gone(Err(error)).map(|()| false),
        }
    }

    /// The reserved addresses of this owner.
    pub(crate) async fn own_addresses(&self) -> Result<Vec<Address>> {
        let mut addresses = self.api.all_addresses().await?;
        addresses.retain(|address| owner_of(address) == Some(self.owner.as_str()));
        Ok(addresses)
    }
}

fn description(owner: &Owner, host: &str) -> String {
    format!("{}={owner} {}={host} address of the host", ownership::OWNER, ownership::NAME)
}

fn owner_of(address: &Address) -> Option<&str> {
    labels::owner_in(&address.description)
}

/// Whether an error names the address. What it is called by differs: an IP that is taken, a resource that is not ready.
fn is_about(error: &Error, address: &Address) -> bool {
    [&address.address, &address.name].into_iter().any(|word| error.message().contains(word.as_str()))
}

fn is_instance(user: &str) -> bool {
    user.contains("/instances/")
}

/// How often what passes by itself is tried again.
const TRIES: u32 = 30;
