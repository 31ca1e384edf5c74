//! `instances`: making and reading them.

use cloud_world::{
    AddressChoice, AddressVersion, Command, DiskRequest, Host, HostRequest, Kind, Market, Secret, WorldError,
};

use super::api::{self, Answer, Api};
use super::errors::{self, ApiError};
use super::instance_disks::DiskSource;
use super::instance_fields::{self as fields, Wanted};
use super::ledger;
use super::{disks, links, paging, render_instance};

/// `GET …/zones/{zone}/instances`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let hosts: Vec<&Host> = api.world.hosts.listed(api.now).filter(|host| host.zone == zone).collect();
    paging::list(api, "compute#instanceList", hosts, key, |api, host| render_instance::instance(api, host))
}

/// `GET …/aggregated/instances`.
pub(super) fn aggregated(api: &mut Api<'_>) -> Answer {
    let hosts = api.world.hosts.listed(api.now);
    let hosts = hosts.map(|host| (format!("zones/{}", host.zone), host)).collect();
    let view = paging::View { kind: "compute#instanceAggregatedList", field: "instances" };
    paging::aggregated(api, view, hosts, key, |api, host| render_instance::instance(api, host))
}

/// `GET …/instances/{instance}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let host = seen(api)?;
    api::ok(&render_instance::instance(api, api.world.host(host)?))
}

/// `POST …/zones/{zone}/instances`.
pub(super) fn insert(api: &mut Api<'_>) -> Answer {
    let zone = api.zone()?;
    let body = api.body()?;
    let wanted = fields::read(api, &body, &zone)?;
    let path = links::zonal(api.project(), &zone, "instances", &wanted.name);
    if exists(api, &zone, &wanted.name) {
        return Err(errors::already_exists(&path));
    }
    let region = api.region_of(&zone).unwrap_or_default();
    let attached = attached(api, &wanted, &zone)?;
    let target = api.zonal("insert", "instances", &wanted.name, 0);
    let fresh = wanted.disks.iter().filter(|disk| disk.is_fresh()).count() as u64;
    if !api.world.has_quota(Kind::Volume, fresh, api.now) {
        let full = WorldError::QuotaFull { kind: Kind::Volume };
        return api.outcome(Err(full), Command::CreateHost, target);
    }
    let request = HostRequest {
        zone: Some(zone),
        market: if wanted.spot { Market::Spot } else { Market::OnDemand },
        boot_disk_gb: Some(wanted.disks[0].size_gb),
        labels: wanted.labels.clone(),
        user_data: user_data(&wanted),
        volumes: attached,
        ipv4: public_address(api, &wanted, &region)?,
        ipv6: if wanted.ipv6 { AddressChoice::Fresh } else { AddressChoice::None },
        ..HostRequest::new(wanted.name.clone(), wanted.machine.clone(), wanted.image, region)
    };
    let made = match api.world.create_host(request, api.now) {
        Ok(made) => made,
        Err(refused) => return api.outcome(Err(refused), Command::CreateHost, target),
    };
    keep(api, made.host, wanted)?;
    // The operation ends when the instance runs.
    let action = made.next.last().copied().unwrap_or(made.action);
    api.begun(action, api::Target { id: made.host, ..target })
}

/// The instance of the path, where a reader can see it.
pub(super) fn seen(api: &Api<'_>) -> Result<u64, ApiError> {
    let zone = api.zone()?;
    let name = if api.param("instance").is_empty() { api.param("resource") } else { api.param("instance") };
    let mut named = api.world.hosts.named(name).filter(|host| host.zone == zone);
    let found = named.find(|host| api.sees(&api.world.hosts, host.id));
    let found = found.or_else(|| {
        let number = name.parse().ok()?;
        api.world.hosts.seen(number, api.now).filter(|host| host.zone == zone)
    });
    found.map(|host| host.id).ok_or_else(|| errors::not_found(&links::zonal(api.project(), &zone, "instances", name)))
}

fn exists(api: &Api<'_>, zone: &str, name: &str) -> bool {
    api.world.hosts.named(name).any(|host| host.zone == zone)
}

fn key(_: &Api<'_>, host: &&Host) -> (u64, String) {
    (host.id, host.name.clone())
}

/// The existing disks that the new instance takes over, once they are known to be free; names of
/// disks that are to be made must be free as well.
fn attached(api: &Api<'_>, wanted: &Wanted, zone: &str) -> Result<Vec<u64>, ApiError> {
    let mut attached = Vec::new();
    for disk in &wanted.disks {
        match &disk.source {
            DiskSource::Existing(id) => {
                if api.world.volumes.find(*id)?.host.is_some() {
                    let path = links::zonal(api.project(), zone, "disks", &disk.name);
                    return Err(errors::in_use(&path, "another instance"));
                }
                attached.push(*id);
            }
            DiskSource::Image { .. } | DiskSource::Blank => {
                if disks::named(api, zone, &disk.name).is_some() {
                    return Err(errors::already_exists(&links::zonal(api.project(), zone, "disks", &disk.name)));
                }
            }
        }
    }
    Ok(attached)
}

/// A reserved address that is asked for, a fresh one, or none.
fn public_address(api: &Api<'_>, wanted: &Wanted, region: &str) -> Result<AddressChoice, ApiError> {
    let Some(access) = &wanted.settings.access else {
        return Ok(AddressChoice::None);
    };
    let Some(ip) = access.get("natIP").and_then(|ip| ip.as_str()) else {
        return Ok(AddressChoice::Fresh);
    };
    let mut addresses = api.world.addresses.iter();
    let reserved = addresses.find(|address| {
        address.ip.to_string() == ip && address.region == region && address.version == AddressVersion::V4
    });
    let field = "resource.networkInterfaces[0].accessConfigs[0].natIP";
    match reserved {
        Some(address) if address.host.is_some() => Err(errors::invalid(
            field,
            format!("'{ip}'. Specified IP address is in-use and would result in a conflict."),
        )),
        // It is being given back.
        Some(address) if !address.busy.is_empty() => {
            Err(errors::not_ready(&links::regional(api.project(), region, "addresses", &address.name)))
        }
        Some(address) => Ok(AddressChoice::Existing(address.id)),
        None => Err(errors::invalid(field, format!("'{ip}'. The specified external IP address was not found."))),
    }
}

fn user_data(wanted: &Wanted) -> Option<Secret> {
    let items = wanted.settings.metadata.iter();
    let mut found = items.filter(|(key, _)| key == "user-data" || key == "startup-script");
    found.next().map(|(_, value)| Secret::new(value.clone()))
}

/// Makes the fresh disks and notes what the world has no word for.
fn keep(api: &mut Api<'_>, host: u64, wanted: Wanted) -> Result<(), ApiError> {
    for disk in wanted.disks {
        let id = match &disk.source {
            DiskSource::Existing(id) => {
                let volume = api.world.volumes.find_mut(*id)?;
                volume.auto_delete = disk.auto_delete;
                *id
            }
            source => {
                let image = match source {
                    DiskSource::Image { id, .. } => Some(*id),
                    _ => None,
                };
                let request = DiskRequest {
                    name: disk.name.clone(),
                    size_gb: disk.size_gb,
                    boot: disk.boot,
                    auto_delete: disk.auto_delete,
                    image,
                    labels: disk.labels.clone(),
                };
                let id = api.world.create_disk(request, host, api.now)?;
                api.ledger.disks.insert(id, ledger::Disk { class: disk.class.clone(), ..disks::origin(source) });
                id
            }
        };
        if let Some(notes) = api.ledger.disks.get_mut(&id) {
            notes.device.clone_from(&disk.device);
            notes.mode = Some(disk.mode);
        }
    }
    if wanted.protected {
        api.world.hosts.find_mut(host)?.protection.delete = true;
    }
    let settings = ledger::Instance { last_start: Some(api.now), ..wanted.settings };
    api.ledger.instances.insert(host, settings);
    Ok(())
}
