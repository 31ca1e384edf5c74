//! `/primary_ips` and their actions.

use std::net::IpAddr;

use cloud_world::{Address, AddressVersion, Command, Kind, WorldError};
use serde_json::json;

use super::api::{self, Answer, Api, Reference};
use super::errors::{self, ApiError};
use super::labels::Selector;
use super::{paging, protection, render, volumes};

/// `GET /primary_ips`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let request = api.request;
    let selector = Selector::of(request)?;
    let (name, ip) = (request.param("name"), request.param("ip"));
    let mut addresses: Vec<&Address> = api
        .world
        .addresses
        .search(name, api.now)
        .filter(|address| ip.is_none_or(|ip| ip.parse() == Ok(address.ip)))
        .filter(|address| selector.matches(&address.labels))
        .collect();
    paging::sort(request, &mut addresses, &["id", "created"])?;
    paging::page(request, "primary_ips", addresses, |address| render::primary_ip(address, api.world))
}

/// `GET /primary_ips/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let address = api.seen(&api.world.addresses)?;
    answer(api, address)
}

/// `POST /primary_ips`.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let mut fields = api.fields()?;
    let name = fields.required_text("name");
    let version = match fields.required_text("type").as_str() {
        "ipv4" => Some(AddressVersion::V4),
        "ipv6" => Some(AddressVersion::V6),
        "" => None,
        _ => {
            fields.problem("type", "must be one of ipv4, ipv6");
            None
        }
    };
    let labels = api::labels(&mut fields).unwrap_or_default();
    let auto_delete = fields.flag("auto_delete").unwrap_or_default();
    let location: Option<Reference> = fields.get("location");
    let host = fields.number("assignee_id");
    let kind = fields.text("assignee_type");
    if kind.is_some_and(|kind| kind != "server") {
        fields.problem("assignee_type", "must be server");
    }
    if host.is_some() == location.is_some() {
        fields.problem("location", "exactly one of location and assignee_id is required");
    }
    fields.done()?;
    let region = match host {
        Some(host) => api.world.host(host)?.region.clone(),
        None => volumes::location_name(api, location.as_ref())?,
    };
    let version = version.unwrap_or(AddressVersion::V4);
    let id = api
        .world
        .create_address(&name, version, &region, host, api.now)
        .map_err(|error| refuse_assignment(error, version))?;
    let address = api.world.addresses.find_mut(id)?;
    address.labels = labels;
    address.auto_delete = auto_delete;
    let resources = [(Kind::Address, id)];
    let action = match host {
        Some(_) => {
            let note = api.world.note(Command::AssignAddress, &resources, api.now);
            api.action(note?)
        }
        None => serde_json::Value::Null,
    };
    let address = render::primary_ip(api.world.addresses.find(id)?, api.world);
    api::created(&json!({"primary_ip": address, "action": action}))
}

/// `PUT /primary_ips/{id}`.
pub(super) fn update(api: &mut Api<'_>) -> Answer {
    let address = api.seen(&api.world.addresses)?;
    let mut fields = api.fields()?;
    let name = fields.text("name");
    let labels = api::labels(&mut fields);
    let auto_delete = fields.flag("auto_delete");
    fields.done()?;
    if let Some(name) = name {
        api.world.rename_address(address, &name)?;
    }
    let record = api.world.addresses.find_mut(address)?;
    if let Some(labels) = labels {
        record.labels = labels;
    }
    record.auto_delete = auto_delete.unwrap_or(record.auto_delete);
    answer(api, address)
}

/// `DELETE /primary_ips/{id}`: it must be unassigned first.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let address = api.seen(&api.world.addresses)?;
    match api.world.delete_address(address, api.now) {
        Err(WorldError::InUse { .. }) => {
            Err(errors::unprocessable("must_be_unassigned", "primary ip must be unassigned"))
        }
        other => {
            other?;
            api::no_content()
        }
    }
}

/// `POST /primary_ips/{id}/actions/assign`.
pub(super) fn assign(api: &mut Api<'_>) -> Answer {
    let address = api.seen(&api.world.addresses)?;
    let mut fields = api.fields()?;
    let host = fields.required_number("assignee_id");
    if fields.required_text("assignee_type") != "server" {
        fields.problem("assignee_type", "must be server");
    }
    fields.done()?;
    let version = api.world.addresses.find(address)?.version;
    let assigned = api.world.assign_address(address, host, api.now);
    assigned.map_err(|error| refuse_assignment(error, version))?;
    noted(api, Command::AssignAddress, address)
}

/// `POST /primary_ips/{id}/actions/unassign`.
pub(super) fn unassign(api: &mut Api<'_>) -> Answer {
    let address = api.seen(&api.world.addresses)?;
    api.no_fields()?;
    api.world.unassign_address(address, api.now)?;
    noted(api, Command::UnassignAddress, address)
}

/// `POST /primary_ips/{id}/actions/change_dns_ptr`.
pub(super) fn change_dns_ptr(api: &mut Api<'_>) -> Answer {
    let address = api.seen(&api.world.addresses)?;
    set_dns_ptr(api, &[Some(address)], &[(Kind::Address, address)])
}

/// `POST /primary_ips/{id}/actions/change_protection`.
pub(super) fn change_protection(api: &mut Api<'_>) -> Answer {
    let address = api.seen(&api.world.addresses)?;
    protection::primary_ip(api, address)
}

/// Sets the reverse name of an address that is one of `addresses` or inside one of them.
pub(super) fn set_dns_ptr(api: &mut Api<'_>, addresses: &[Option<u64>], resources: &[(Kind, u64)]) -> Answer {
    let mut fields = api.fields()?;
    let ip = fields.required_text("ip");
    if !fields.has("dns_ptr") {
        fields.miss("dns_ptr");
    }
    let name = fields.text("dns_ptr");
    let ip: Option<IpAddr> = ip.parse().ok();
    if ip.is_none() {
        fields.problem("ip", "must be an IP address");
    }
    fields.done()?;
    let own = addresses.iter().flatten().copied().find(|id| ip.is_some_and(|ip| contains(api, *id, ip)));
    let (Some(own), Some(ip)) = (own, ip) else {
        return Err(errors::invalid("ip", "does not belong to the resource"));
    };
    let action = api.world.note(Command::ChangeReverseName, resources, api.now)?;
    let names = &mut api.world.addresses.find_mut(own)?.reverse_names;
    match name {
        Some(name) => names.insert(ip, name),
        None => names.remove(&ip),
    };
    api.started(action)
}

fn noted(api: &mut Api<'_>, command: Command, address: u64) -> Answer {
    let action = api.world.note(command, &[(Kind::Address, address)], api.now)?;
    api.started(action)
}

fn refuse_assignment(error: WorldError, version: AddressVersion) -> ApiError {
    match (&error, version) {
        (WorldError::InUse { kind: Kind::Host, .. }, AddressVersion::V4) => {
            errors::unprocessable("server_has_ipv4", "server already has an ipv4 address")
        }
        (WorldError::InUse { kind: Kind::Host, .. }, AddressVersion::V6) => {
            errors::unprocessable("server_has_ipv6", "server already has an ipv6 network")
        }
        (WorldError::InUse { kind: Kind::Address, .. }, _) => {
            errors::unprocessable("primary_ip_already_assigned", "primary ip is already assigned")
        }
        _ => error.into(),
    }
}

fn contains(api: &Api<'_>, address: u64, ip: IpAddr) -> bool {
    match (api.world.addresses.find(address).map(|it| it.ip), ip) {
        (Ok(IpAddr::V6(network)), IpAddr::V6(ip)) => network.segments()[..4] == ip.segments()[..4],
        (Ok(own), ip) => own == ip,
        (Err(_), _) => false,
    }
}

fn answer(api: &Api<'_>, address: u64) -> Answer {
    let address = render::primary_ip(api.world.addresses.find(address)?, api.world);
    api::ok(&json!({"primary_ip": address}))
}
