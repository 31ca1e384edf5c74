//! `RunInstances`: each token launches once, and says the same each time.

use cloud_world::{AddressChoice, DiskRequest, Host, HostRequest, Kind, Market, WorldError};

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::launch_fields::{self as wanted, Wanted};
use super::ledger::{self, Launch};
use super::{ids, instances, render_instance, spot};

/// `RunInstances`.
pub(super) fn run(api: &mut Api<'_>) -> Answer {
    let token = api.params.text("ClientToken").filter(|token| !token.is_empty());
    if let Some(token) = &token {
        if token.len() > LONGEST_TOKEN || !token.is_ascii() {
            return Err(errors::invalid("ClientToken", "must be at most 64 ASCII characters"));
        }
        if let Some(hosts) = launched_before(api, token)? {
            return render_instance::reservation_of(api, &hosts);
        }
    }
    let wanted = wanted::read(api)?;
    let launched = launch(api, &wanted, token.as_deref());
    // A token that found no room is remembered with what was sent, as EC2 has been seen to do.
    let hosts = match &launched {
        Ok(hosts) => Some(hosts.clone()),
        Err(error) => errors::is_no_capacity(error).then(Vec::new),
    };
    if let (Some(token), Some(hosts)) = (token, hosts) {
        let sent = api.params.fingerprint();
        api.ledger.tokens.insert((api.place, token), Launch { sent, hosts });
    }
    let hosts = launched?;
    render_instance::reservation_of(api, &hosts)
}

/// The instances that this token launched before, where the call says the same.
fn launched_before(api: &Api<'_>, token: &str) -> Result<Option<Vec<u64>>, ApiError> {
    let Some(before) = api.ledger.tokens.get(&(api.place, token.to_owned())) else {
        return Ok(None);
    };
    if before.sent != api.params.fingerprint() {
        let message =
            "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
        return Err(ApiError::new("IdempotentParameterMismatch", message));
    }
    if before.hosts.is_empty() {
        return Ok(None);
    }
    let ended = |host: &u64| api.world.host(*host).map_or(true, |host| host.state == cloud_world::HostState::Deleting);
    if before.hosts.iter().all(ended) {
        let message = "The request token is of an instance that is terminated.";
        return Err(ApiError::new("IdempotentInstanceTerminated", message));
    }
    Ok(Some(before.hosts.clone()))
}

/// Launches as many as there is room for, at least as many as asked for, or none at all.
fn launch(api: &mut Api<'_>, wanted: &Wanted, token: Option<&str>) -> Result<Vec<u64>, ApiError> {
    check_quotas(api, wanted)?;
    let zones = zones(api, wanted)?;
    if let Some(spot) = &wanted.spot {
        spot::check_price(api, spot, wanted.machine, &zones)?;
    }
    let reservation = api.ledger.fresh_number();
    let mut hosts = Vec::new();
    while (hosts.len() as u64) < wanted.most {
        match launch_one(api, wanted, &zones, reservation, token) {
            Ok(host) => hosts.push(host),
            Err(_) if hosts.len() as u64 >= wanted.least => break,
            Err(error) => {
                for host in hosts {
                    api.world.interrupt_host(host, api.now)?;
                    api.world.delete_host(host, api.now)?;
                    api.ledger.instances.remove(&host);
                }
                return Err(error);
            }
        }
    }
    Ok(hosts)
}

fn check_quotas(api: &Api<'_>, wanted: &Wanted) -> Result<(), ApiError> {
    let disks = wanted.disks.len() as u64 * wanted.least;
    for (kind, count) in [(Kind::Host, wanted.least), (Kind::Volume, disks)] {
        if !api.world.has_quota(kind, count, api.now) {
            let spot = kind == Kind::Host && wanted.spot.is_some();
            return Err(if spot { errors::spot_quota() } else { errors::quota(kind) });
        }
    }
    Ok(())
}

/// The zones to try: the one asked for, or all that have the type.
fn zones(api: &Api<'_>, wanted: &Wanted) -> Result<Vec<String>, ApiError> {
    let offered = wanted.machine.zones(api.place);
    let name = wanted.machine.name;
    let Some(zone) = &wanted.zone else {
        if offered.is_empty() {
            let message = "The requested configuration is currently not supported. Please check the documentation for \
                           supported configurations.";
            return Err(ApiError::new("Unsupported", message));
        }
        return Ok(offered);
    };
    if offered.contains(zone) {
        return Ok(vec![zone.clone()]);
    }
    let others = offered.join(", ");
    Err(ApiError::new(
        "Unsupported",
        format!(
            "Your requested instance type ({name}) is not supported in your requested Availability Zone ({zone}). \
             Please retry your request by not specifying an Availability Zone or choosing {others}."
        ),
    ))
}

fn launch_one(
    api: &mut Api<'_>,
    wanted: &Wanted,
    zones: &[String],
    reservation: u64,
    token: Option<&str>,
) -> Result<u64, ApiError> {
    let mut refused = errors::no_capacity(wanted.machine.name, api.region());
    for zone in zones {
        match api.world.create_host(request(api, wanted, zone), api.now) {
            Ok(made) => {
                keep(api, made.host, wanted, reservation, token)?;
                return Ok(made.host);
            }
            Err(WorldError::NoCapacity { machine, .. }) => refused = errors::no_capacity(&machine, zone),
            Err(other) => return Err(other.into()),
        }
    }
    Err(refused)
}

fn request(api: &Api<'_>, wanted: &Wanted, zone: &str) -> HostRequest {
    let groups = wanted.groups.iter().copied().filter(|group| api.world.firewalls.find(*group).is_ok());
    HostRequest {
        zone: Some(zone.to_owned()),
        market: if wanted.spot.is_some() { Market::Spot } else { Market::OnDemand },
        boot_disk_gb: Some(wanted.disks[0].size_gb),
        labels: wanted.tags.clone(),
        user_data: wanted.user_data.clone(),
        firewalls: groups.collect(),
        ipv4: if wanted.public_ip { AddressChoice::Fresh } else { AddressChoice::None },
        ipv6: if wanted.ipv6 { AddressChoice::Fresh } else { AddressChoice::None },
        ..HostRequest::new(
            wanted.tags.get("Name").cloned().unwrap_or_default(),
            wanted.machine.name,
            wanted.image,
            api.region(),
        )
    }
}

/// Makes the disks and notes what the world has no word for.
fn keep(api: &mut Api<'_>, host: u64, wanted: &Wanted, reservation: u64, token: Option<&str>) -> Result<(), ApiError> {
    for (at, disk) in wanted.disks.iter().enumerate() {
        let request = DiskRequest {
            name: wanted.volume_tags.get("Name").cloned().unwrap_or_default(),
            size_gb: disk.size_gb,
            boot: at == 0,
            auto_delete: disk.auto_delete,
            image: if at == 0 { Some(wanted.image) } else { disk.snapshot },
            labels: wanted.volume_tags.clone(),
        };
        let id = api.world.create_disk(request, host, api.now)?;
        let volume = ledger::Volume {
            place: api.place,
            class: disk.class.clone(),
            iops: disk.iops,
            throughput: disk.throughput,
            encrypted: disk.encrypted,
            snapshot: disk.snapshot,
            device: Some((disk.device.clone(), api.now)),
            modifications: Vec::new(),
        };
        api.ledger.volumes.insert(id, volume);
    }
    let record = api.world.hosts.find_mut(host)?;
    record.protection.delete = wanted.protected;
    let last: Host = record.clone();
    if last.name.is_empty() {
        api.world.rename_host(host, &ids::id("i", host))?;
    }
    let settings = ledger::Instance {
        place: api.place,
        reservation,
        client_token: token.map(str::to_owned),
        groups: wanted.groups.clone(),
        key_name: wanted.key_name.clone(),
        wants_public_ip: wanted.public_ip,
        root_device: wanted.root_device,
        metadata: wanted.metadata.clone(),
        shutdown_behavior: wanted.shutdown_behavior.clone(),
        profile: wanted.profile.clone(),
        monitored: wanted.monitored,
        interface_tags: wanted.interface_tags.clone(),
        spot: wanted.spot.clone(),
        last_start: api.now,
        state_reason: Some(("pending".to_owned(), "pending".to_owned())),
        transition: String::new(),
        last,
        ended: None,
    };
    api.ledger.instances.insert(host, settings);
    instances::note(api, host);
    Ok(())
}

const LONGEST_TOKEN: usize = 64;
