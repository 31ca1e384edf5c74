//! Elastic IPs: they belong to the account until they are released.

use cloud_world::{Address, AddressVersion};

use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::ledger;
use super::xml::{Xml, fields};
use super::{ids, instances, render_instance, tags};

/// `AllocateAddress`.
pub(super) fn allocate(api: &mut Api<'_>) -> Answer {
    if let Some(domain) = api.params.text("Domain").filter(|domain| domain != "vpc") {
        return Err(errors::invalid("Domain", format!("'{domain}'")));
    }
    let labels = tags::of_one(&api.params, "elastic-ip")?;
    let name = labels.get("Name").cloned().unwrap_or_default();
    let number = match api.world.create_address(&name, AddressVersion::V4, api.region(), None, api.now) {
        Ok(number) => number,
        Err(cloud_world::WorldError::NoCapacity { .. }) => {
            let message = "Not enough available addresses to satisfy your minimum request.";
            return Err(ApiError { status: 500, ..ApiError::new("InsufficientAddressCapacity", message) });
        }
        Err(other) => return Err(other.into()),
    };
    api.world.addresses.find_mut(number)?.labels = labels;
    api.ledger.addresses.insert(number, ledger::Address { place: api.place, association: 0 });
    let ip = api.world.addresses.find(number)?.ip.to_string();
    Ok(fields! {
        "publicIp" => ip,
        "allocationId" => ids::id("eipalloc", number),
        "publicIpv4Pool" => "amazon",
        "networkBorderGroup" => api.region(),
        "domain" => "vpc",
    })
}

/// `AssociateAddress`: again with the same instance nothing happens.
pub(super) fn associate(api: &mut Api<'_>) -> Answer {
    let number = of_call(api)?;
    let host = match (api.params.text("InstanceId"), api.params.text("NetworkInterfaceId")) {
        (Some(id), _) => instances::live(api, &id)?,
        (None, Some(id)) => {
            let number = ids::number("eni", &id)?;
            instances::live(api, &ids::id("i", number)).map_err(|_| errors::not_found("eni", &id))?
        }
        (None, None) => return Err(errors::missing("InstanceId")),
    };
    let present = api.world.addresses.find(number)?.host;
    if present == Some(host) {
        return Ok(fields! { "associationId" => association_id(api, number) });
    }
    if present.is_some() && !api.params.flag("AllowReassociation")?.unwrap_or(true) {
        let id = ids::id("eipalloc", number);
        return Err(ApiError::new("Resource.AlreadyAssociated", format!("resource {id} is already associated")));
    }
    api.world.move_address(number, host, api.now)?;
    let association = api.ledger.fresh_number();
    if let Some(notes) = api.ledger.addresses.get_mut(&number) {
        notes.association = association;
    }
    Ok(fields! { "associationId" => association_id(api, number) })
}

/// `DisassociateAddress`.
pub(super) fn disassociate(api: &mut Api<'_>) -> Answer {
    let number = match api.params.text("AssociationId") {
        Some(id) => {
            let wanted = ids::number("eipassoc", &id)?;
            let mut all = api.ledger.addresses.iter();
            let found = all.find(|(_, notes)| notes.association == wanted && wanted != 0 && notes.place == api.place);
            found.map(|(number, _)| *number).ok_or_else(|| errors::not_found("eipassoc", &id))?
        }
        None => of_call(api)?,
    };
    let host = api.world.addresses.find(number)?.host;
    if let Some(host) = host {
        api.world.take_address(host, AddressVersion::V4, api.now)?;
    }
    Ok(fields! { "return" => true })
}

/// `DescribeAddresses`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let (wanted, ips) = (api.params.texts("AllocationId"), api.params.texts("PublicIp"));
    let here = |address: &&Address| api.ledger.addresses.get(&address.id).is_some_and(|notes| notes.place == api.place);
    let all: Vec<Address> = api.world.addresses.listed(api.now).filter(here).cloned().collect();
    for id in &wanted {
        let number = ids::number("eipalloc", id)?;
        if !all.iter().any(|address| address.id == number) {
            return Err(errors::not_found("eipalloc", id));
        }
    }
    if let Some(ip) = ips.iter().find(|ip| !all.iter().any(|address| address.ip.to_string() == **ip)) {
        return Err(ApiError::new("InvalidAddress.NotFound", format!("Address '{ip}' not found.")));
    }
    let named = |address: &&Address| {
        (wanted.is_empty() || wanted.contains(&ids::id("eipalloc", address.id)))
            && (ips.is_empty() || ips.contains(&address.ip.to_string()))
    };
    let rows = all.iter().filter(named).map(|address| {
        Row::new(address.id, |filter| {
            Some(match filter {
                "allocation-id" => vec![ids::id("eipalloc", address.id)],
                "association-id" => address.host.map(|_| association_id(api, address.id)).into_iter().collect(),
                "instance-id" => address.host.map(|host| ids::id("i", host)).into_iter().collect(),
                "public-ip" => vec![address.ip.to_string()],
                "domain" => vec!["vpc".to_owned()],
                _ => return filter::tag_values(&address.labels, filter),
            })
        })
        .showing(|api| render(api, address))
    });
    Ok(fields! { "addressesSet" => filter::shown(api, rows.collect())? })
}

/// `ReleaseAddress`: it must be associated with nothing.
pub(super) fn release(api: &mut Api<'_>) -> Answer {
    let number = of_call(api)?;
    if api.world.addresses.find(number)?.host.is_some() {
        let id = ids::id("eipalloc", number);
        return Err(ApiError::new("InvalidIPAddress.InUse", format!("Address {id} is in use.")));
    }
    api.world.delete_address(number, api.now)?;
    api.ledger.addresses.remove(&number);
    Ok(fields! { "return" => true })
}

/// The id of an address's present association.
pub(super) fn association_id(api: &Api<'_>, number: u64) -> String {
    ids::id("eipassoc", api.ledger.addresses.get(&number).map_or(0, |notes| notes.association))
}

fn of_call(api: &Api<'_>) -> Result<u64, ApiError> {
    let here = |number: &u64| api.ledger.addresses.get(number).is_some_and(|notes| notes.place == api.place);
    match (api.params.text("AllocationId"), api.params.text("PublicIp")) {
        (Some(id), _) => {
            let number = Some(ids::number("eipalloc", &id)?).filter(here);
            number.ok_or_else(|| errors::not_found("eipalloc", &id))
        }
        (None, Some(ip)) => {
            let mut all = api.world.addresses.iter().filter(|address| here(&address.id));
            let found = all.find(|address| address.ip.to_string() == ip);
            let missing = || ApiError::new("InvalidAddress.NotFound", format!("Address '{ip}' not found."));
            found.map(|address| address.id).ok_or_else(missing)
        }
        (None, None) => Err(errors::missing("AllocationId")),
    }
}

fn render(api: &Api<'_>, address: &Address) -> Xml {
    let host = address.host.and_then(|host| api.world.host(host).ok());
    fields! {
        "publicIp" => address.ip.to_string(),
        "allocationId" => ids::id("eipalloc", address.id),
        "domain" => "vpc",
        "instanceId" => host.map(|host| ids::id("i", host.id)),
        "associationId" => host.map(|_| association_id(api, address.id)),
        "networkInterfaceId" => host.map(|host| ids::id("eni", host.id)),
        "networkInterfaceOwnerId" => host.map(|_| ACCOUNT),
        "privateIpAddress" => host.map(|host| render_instance::private_ip(api.place, host)),
        "publicIpv4Pool" => "amazon",
        "networkBorderGroup" => api.region(),
        "tagSet" => filter::tag_set(&address.labels),
    }
}
