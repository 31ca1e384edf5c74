//! VMs in the contract's words, and its names and ids in ours. Pure.

use cloud_types::{
    Error, HostId, HostRuntime, HostState, MachineTypeName, Name, Owner, PageToken, Region, Result, ownership,
};
use cocoon::{Connection, Digest, Ending, Vm, VmId, VmState};

use crate::error::no_such_host;
use crate::{ID, Prices};

/// What the VM of a host is called: the host's name, as far as there is room, and digits of owner and name.
pub(crate) fn vm_name(owner: &Owner, name: &Name) -> Result<Name> {
    let digits = Digest::of(format!("{owner}\0{name}").as_bytes()).hex();
    let readable: String = name.as_str().chars().take(LONGEST - DIGITS - 1).collect();
    Name::new(format!("{}-{}", readable.trim_end_matches('-'), &digits[..DIGITS]))
}

const LONGEST: usize = 63;
const DIGITS: usize = 10;

/// One incarnation of a host: the VM's name, and the id by which it differs from a later VM of that name.
pub(crate) fn host_id(name: &Name, id: &VmId) -> HostId {
    HostId::new(format!("{name}/{id}"))
}

/// The VM that an id names.
///
/// # Errors
/// `NotFound` for what is no id of ours.
pub(crate) fn vm_of(id: &HostId) -> Result<(Name, VmId)> {
    let parts = id.as_str().split_once('/');
    let parsed = parts.and_then(|(name, id)| Some((Name::new(name).ok()?, VmId::try_from(id.to_owned()).ok()?)));
    parsed.ok_or_else(|| no_such_host(id))
}

/// What a host is doing.
pub(crate) fn state(vm: &Vm) -> HostState {
    let Some(host) = &vm.host else { return power(vm) };
    match (vm.state, vm.ending) {
        // Its create is not over; a repeat of it goes on.
        (VmState::Stopped, Some(Ending::NeverStarted)) => HostState::Provisioning,
        (VmState::Stopped, Some(Ending::FailedToStart)) if !host.ran => HostState::Failed,
        // Its process is there, and has not answered so far.
        (VmState::Running, _) if vm.process.is_none() => HostState::Starting,
        _ => power(vm),
    }
}

fn power(vm: &Vm) -> HostState {
    match vm.state {
        VmState::Stopped => HostState::Stopped,
        VmState::Starting => HostState::Starting,
        VmState::Running => HostState::Running,
        VmState::Stopping => HostState::Stopping,
        other => HostState::Unknown(other.to_string()),
    }
}

/// Whose host it is; nobody's where this provider did not make it.
pub(crate) fn owner(vm: &Vm) -> Option<Owner> {
    ownership::owner_of(&vm.host.as_ref()?.labels)
}

/// A VM as a host.
pub(crate) fn host(vm: &Vm, region: &Region, prices: &Prices) -> Result<HostRuntime> {
    let name = vm.host.as_ref().map_or(&vm.name, |host| &host.name).to_string();
    let machine = match &vm.host {
        Some(host) => host.machine_type.clone(),
        None => MachineTypeName::new(format!("custom-{}-{}", vm.hardware.cpus, vm.hardware.memory.0))?,
    };
    let mut seen = HostRuntime::new(ID, host_id(&vm.name, &vm.id), name, state(vm), region.clone(), machine);
    seen.created_at = Some(vm.created_at);
    seen.hourly_price = Some(prices.hour(vm.hardware.cpus, vm.hardware.memory));
    if let Some(host) = &vm.host {
        seen.owner = owner(vm);
        match &vm.hardware.connection {
            Connection::User => seen.addresses.private_v4 = Some(host.address),
            Connection::Network(at) => {
                (seen.addresses.private_v4, seen.addresses.private_v6) = (Some(at.ipv4), Some(at.ipv6));
            }
            _ => {}
        }
        seen.ssh_user = host.ssh_user.clone();
        seen.image = Some(host.image.clone());
        seen.labels = ownership::user_labels(&host.labels);
    }
    Ok(seen)
}

/// The page that begins after this VM.
pub(crate) fn page(after: &Name) -> PageToken {
    PageToken::new(format!("{PAGE}{after}"))
}

/// The VM after which a page begins.
///
/// # Errors
/// `InvalidRequest` on field `page` for what is no token of ours.
pub(crate) fn after(page: &PageToken) -> Result<Name> {
    let name = page.as_str().strip_prefix(PAGE).and_then(|name| Name::new(name).ok());
    name.ok_or_else(|| Error::invalid("page", "must be a token that this provider wrote"))
}

const PAGE: &str = "cocoon:after:";

#[cfg(test)]
mod tests {
    use cloud_types::ErrorKind;

    use super::*;

    #[test]
    fn a_vm_is_called_by_its_hosts_name_and_owner() {
        let (me, you) = (Owner::new("me").unwrap(), Owner::new("you").unwrap());
        let long = Name::new(format!("a{}b", "-".repeat(61))).unwrap();
        for name in [Name::new("web-1").unwrap(), long] {
            let vm = vm_name(&me, &name).unwrap();
            assert!(vm.as_str().starts_with(&name.as_str()[..1]), "{vm}");
            assert_ne!(vm, vm_name(&you, &name).unwrap());
        }
        assert!(vm_name(&me, &Name::new("web-1").unwrap()).unwrap().as_str().starts_with("web-1-"));
    }

    #[test]
    fn an_id_that_is_none_of_ours_is_not_found() {
        for id in ["", "web", "web/", "../x/0123456789ab", "web/0123", "7"] {
            assert_eq!(vm_of(&HostId::new(id)).expect_err(id).kind(), ErrorKind::NotFound);
        }
        let (name, id) = vm_of(&HostId::new("web/0123456789ab")).unwrap();
        assert_eq!(host_id(&name, &id).as_str(), "web/0123456789ab");
    }
}
