//! What happens to an instance as a whole: power, size, deletion, console.

use cloud_world::{Command, Host, HostState, WorldError};
use serde_json::json;

use super::api::{self, Answer, Api, Target};
use super::errors::{self, ApiError};
use super::ledger::Scope;
use super::{disks, instance_disks, instance_fields, instances, links, operations};

/// `DELETE …/instances/{instance}`.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let target = target(api, "delete", host)?;
    if api.world.host(host)?.protection.delete {
        let text = format!(
            "Resource cannot be deleted if it's protected against deletion. Invalid resource usage: '{}'.",
            target.path
        );
        return Err(errors::bad_request(text));
    }
    let outcome = api.world.delete_host(host, api.now);
    api.outcome(outcome, Command::DeleteHost, target)
}

/// `POST …/start`: of a stopped instance; of a running one nothing happens.
pub(super) fn start(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    if api.world.host(host)?.state == HostState::Suspended {
        return Err(errors::bad_request("Instance is suspended; it must be resumed, not started."));
    }
    boot(api, host, "start")
}

/// `POST …/resume`: of a suspended instance.
pub(super) fn resume(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let state = api.world.host(host)?.state;
    if state != HostState::Suspended {
        return Err(errors::bad_request("Instance must be suspended to be resumed."));
    }
    boot(api, host, "resume")
}

/// `POST …/stop`: of a stopped instance nothing happens.
pub(super) fn stop(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let target = target(api, "stop", host)?;
    let outcome = api.world.stop_host(host, api.now);
    if outcome.is_ok() {
        note_stop(api, host);
    }
    api.outcome(outcome, Command::StopHost, target)
}

/// `POST …/suspend`: of a running instance.
pub(super) fn suspend(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let target = target(api, "suspend", host)?;
    let outcome = api.world.suspend_host(host, api.now);
    if outcome.is_ok() {
        note_stop(api, host);
    }
    api.outcome(outcome, Command::SuspendHost, target)
}

/// `POST …/reset`: of a running instance.
pub(super) fn reset(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let target = target(api, "reset", host)?;
    let outcome = api.world.restart_host(host, Command::ResetHost, api.now);
    api.outcome(outcome, Command::ResetHost, target)
}

/// `POST …/setMachineType`: of a stopped instance.
pub(super) fn set_machine_type(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let body = api.body()?;
    body.only(&["machineType"])?;
    let zone = api.zone()?;
    let machine = instance_fields::machine(api, "machineType", body.required_text("machineType")?, &zone)?;
    for volume in &api.world.host(host)?.volumes {
        instance_disks::check_class(&disks::class(api, *volume), &machine)?;
    }
    let target = target(api, "setMachineType", host)?;
    let disk_gb = api.world.host(host)?.boot_disk_gb;
    let outcome = api.world.resize_host(host, &machine, disk_gb, HostState::Off, api.now);
    api.outcome(outcome, Command::ResizeHost, target)
}

/// `GET …/serialPort`: what the console printed from byte `start` on.
pub(super) fn serial_port(api: &mut Api<'_>) -> Answer {
    let host = instances::seen(api)?;
    let start: usize = match api.request.param("start").map(str::parse) {
        None => 0,
        Some(Ok(start)) => start,
        Some(Err(_)) => return Err(errors::invalid("start", "must be a whole number")),
    };
    let host = api.world.host(host)?;
    let mut whole = host.console.join("\r\n");
    whole.push_str("\r\n");
    let shown = whole.get(start.min(whole.len())..).unwrap_or_default();
    let path = links::zonal(api.project(), &host.zone, "instances", &host.name);
    api::ok(&json!({
        "kind": "compute#serialPortOutput",
        "contents": shown,
        "start": start.to_string(),
        "next": whole.len().max(start).to_string(),
        "selfLink": links::full(&format!("{path}/serialPort")),
    }))
}

/// The target of a change of this instance.
pub(super) fn target(api: &Api<'_>, verb: &'static str, host: u64) -> Result<Target, ApiError> {
    Ok(api.zonal(verb, "instances", &api.world.host(host)?.name, host))
}

/// Boots an instance, which gets a fresh address in place of the one it gave back when it stopped.
fn boot(api: &mut Api<'_>, host: u64, verb: &'static str) -> Answer {
    let target = target(api, verb, host)?;
    let record = api.world.host(host)?;
    let (running, zone, machine) = (record.state.is_running(), record.zone.clone(), record.machine.clone());
    let addresses: Vec<u64> = record.ipv4.into_iter().collect();
    let drained = api.world.is_drained(&zone, api.now) || api.world.is_drained(&record.region, api.now);
    if !running && drained {
        let refused = WorldError::NoCapacity { region: zone, machine };
        return api.outcome(Err(refused), Command::StartHost, target);
    }
    let outcome = api.world.start_host(host, api.now);
    if outcome.is_ok() && !running {
        for address in addresses {
            if api.world.addresses.find(address)?.auto_delete {
                api.world.renew_address(address)?;
            }
        }
        if let Some(notes) = api.ledger.instances.get_mut(&host) {
            notes.last_start = Some(api.now);
            notes.taken = false;
        }
    }
    api.outcome(outcome, Command::StartHost, target)
}

/// Notes the spot instances that were taken away since the last call, each with an operation of the provider's own
/// (<https://cloud.google.com/compute/docs/samples/compute-preemptible-history>).
pub(super) fn settle(api: &mut Api<'_>) {
    let is_news = |host: &&Host| {
        let notes = api.ledger.instances.get(&host.id);
        host.state == HostState::Preempted && notes.is_some_and(|notes| !notes.taken)
    };
    let taken: Vec<(u64, String, String)> = api.world.hosts.iter().filter(is_news).map(place).collect();
    for (host, zone, name) in taken {
        note_stop(api, host);
        if let Some(notes) = api.ledger.instances.get_mut(&host) {
            notes.taken = true;
        }
        let path = links::zonal(api.project(), &zone, "instances", &name);
        let target = Target { verb: operations::PREEMPTED, scope: Scope::Zone(zone), path, id: host };
        match api.world.note(Command::ChangeProtection, &[], api.now) {
            Ok(action) => api.noted(action, target),
            Err(error) => tracing::debug!(%error, "an instance is taken away without an operation"),
        }
    }
}

fn place(host: &Host) -> (u64, String, String) {
    (host.id, host.zone.clone(), host.name.clone())
}

fn note_stop(api: &mut Api<'_>, host: u64) {
    if let Some(notes) = api.ledger.instances.get_mut(&host) {
        notes.last_stop = Some(api.now);
    }
}
