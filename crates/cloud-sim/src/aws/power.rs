//! Starting, stopping, rebooting and terminating instances: all of a call's, or none.

use cloud_world::{AddressVersion, Command, Host, HostState, WorldError};

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::instances::{self, state_item};
use super::machines::Machine;
use super::xml::{Xml, fields};
use super::{ids, render_instance};

/// `StartInstances`: of stopped ones; of running ones nothing happens.
pub(super) fn start(api: &mut Api<'_>) -> Answer {
    let hosts = live(api)?;
    for host in &hosts {
        let record = api.world.host(*host)?;
        if [HostState::Stopping, HostState::Deleting].contains(&record.state) {
            return Err(errors::wrong_state(*host, record.state));
        }
        let drained = api.world.is_drained(&record.zone, api.now) || api.world.is_drained(&record.region, api.now);
        check_offered(record)?;
        if drained && record.state == HostState::Off {
            return Err(errors::no_capacity(&record.machine, &record.zone));
        }
    }
    change(api, &hosts, |api, host| {
        if api.world.host(host)?.state != HostState::Off {
            return Ok(());
        }
        api.world.start_host(host, api.now)?;
        refresh_address(api, host)?;
        let now = api.now;
        if let Some(notes) = api.ledger.instances.get_mut(&host) {
            notes.last_start = now;
            notes.transition.clear();
        }
        Ok(())
    })
}

/// `StopInstances`: of running ones; of stopped ones nothing happens.
pub(super) fn stop(api: &mut Api<'_>) -> Answer {
    let hosts = live(api)?;
    for host in &hosts {
        let record = api.world.host(*host)?;
        let may = [HostState::Running, HostState::Stopping, HostState::Off].contains(&record.state);
        if !may {
            return Err(errors::wrong_state(*host, record.state));
        }
        let one_time = api.ledger.instances.get(host).and_then(|notes| notes.spot.as_ref());
        if one_time.is_some_and(|spot| spot.kind == "one-time") {
            let id = ids::id("i", *host);
            let message = format!(
                "You can't stop the Spot Instance '{id}' because it is associated with a one-time Spot Instance request."
            );
            return Err(ApiError::new("UnsupportedOperation", message));
        }
    }
    change(api, &hosts, |api, host| {
        if api.world.host(host)?.state != HostState::Running {
            return Ok(());
        }
        // A reboot that is under way does not keep an instance from stopping.
        api.world.interrupt_host(host, api.now)?;
        api.world.stop_host(host, api.now)?;
        ended_by_user(api, host);
        Ok(())
    })
}

/// `RebootInstances`: of running ones.
pub(super) fn reboot(api: &mut Api<'_>) -> Answer {
    let hosts = live(api)?;
    for host in &hosts {
        let record = api.world.host(*host)?;
        if record.state != HostState::Running {
            return Err(errors::wrong_state(*host, record.state));
        }
    }
    for host in hosts {
        match api.world.restart_host(host, Command::RebootHost, api.now) {
            Ok(_) | Err(WorldError::Locked { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(fields! { "return" => true })
}

/// `TerminateInstances`: in whatever state; of terminated ones nothing happens.
pub(super) fn terminate(api: &mut Api<'_>) -> Answer {
    let ids = api.params.required_texts("InstanceId")?;
    let hosts: Vec<(u64, bool)> = instances::named(api, &ids)?.iter().map(|seen| (seen.host.id, seen.ended)).collect();
    for (host, ended) in &hosts {
        if !ended && api.world.host(*host)?.protection.delete {
            let id = ids::id("i", *host);
            let message = format!(
                "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and \
                 try again."
            );
            return Err(ApiError::new("OperationNotPermitted", message));
        }
    }
    let all: Vec<u64> = hosts.iter().map(|(host, _)| *host).collect();
    change(api, &all, |api, host| {
        let state = api.world.host(host).map(|host| host.state);
        if state.is_err() || state == Ok(HostState::Deleting) {
            return Ok(());
        }
        api.world.interrupt_host(host, api.now)?;
        ended_by_user(api, host);
        instances::note(api, host);
        api.world.delete_host(host, api.now)?;
        Ok(())
    })
}

/// The instances that the call names, none of which has ended.
fn live(api: &Api<'_>) -> Result<Vec<u64>, ApiError> {
    let ids = api.params.required_texts("InstanceId")?;
    instances::named(api, &ids)?;
    ids.iter().map(|id| instances::live(api, id)).collect()
}

/// Changes each instance and answers the states before and after.
fn change(api: &mut Api<'_>, hosts: &[u64], does: impl Fn(&mut Api<'_>, u64) -> Result<(), ApiError>) -> Answer {
    let mut items: Vec<Xml> = Vec::new();
    for host in hosts {
        let before = state(api, *host);
        does(api, *host)?;
        items.push(fields! {
            "instanceId" => ids::id("i", *host),
            "currentState" => state_item(state(api, *host)),
            "previousState" => state_item(before),
        });
    }
    Ok(fields! { "instancesSet" => items })
}

fn state(api: &Api<'_>, host: u64) -> (i32, &'static str) {
    instances::one(api, host).map_or((48, "terminated"), render_instance::state)
}

fn ended_by_user(api: &mut Api<'_>, host: u64) {
    let at = api.now.strftime("%Y-%m-%d %H:%M:%S GMT").to_string();
    if let Some(notes) = api.ledger.instances.get_mut(&host) {
        let code = "Client.UserInitiatedShutdown".to_owned();
        notes.state_reason = Some((code, "Client.UserInitiatedShutdown: User initiated shutdown".to_owned()));
        notes.transition = format!("User initiated ({at})");
    }
}

/// A type that was given to a stopped instance may be one that its zone has not.
fn check_offered(host: &Host) -> Result<(), ApiError> {
    if Machine::named(&host.machine).is_none_or(|machine| machine.is_offered(&host.zone)) {
        return Ok(());
    }
    let (machine, zone) = (&host.machine, &host.zone);
    let message = format!(
        "Your requested instance type ({machine}) is not supported in your requested Availability Zone ({zone})."
    );
    Err(ApiError::new("Unsupported", message))
}

/// A started instance has a new public address, unless it is an Elastic IP.
fn refresh_address(api: &mut Api<'_>, host: u64) -> Result<(), ApiError> {
    match api.world.host(host)?.ipv4 {
        Some(address) if api.world.addresses.find(address)?.auto_delete => api.world.renew_address(address)?,
        Some(_) => {}
        None => {
            if api.ledger.instances.get(&host).is_some_and(|notes| notes.wants_public_ip) {
                api.world.give_fresh_address(host, AddressVersion::V4, api.now)?;
            }
        }
    }
    Ok(())
}
