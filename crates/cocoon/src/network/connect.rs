//! What a VM has of a network: an address from its creation to its removal, and an interface while it runs.

use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::{Error, ErrorKind, Name, Result};

use super::connection::{Connection, NetworkAddress};
use super::store::{LockedNetwork, Networks};
use super::{NetworkChoice, claim, dnsmasq, firewall, forwarding, link, port, rights, routes, rules};
use crate::state::{LockedVm, Record, Stage};
use crate::{Cocoon, Notice, VmSpec, crash, error};

impl Cocoon {
    pub(crate) fn networks(&self) -> Networks {
        Networks::of(&self.store)
    }

    /// The connection of a VM that is about to be made, with an address of its own. It is the VM's for as long as `stage`
    /// protects it, and from then on if the VM is published.
    ///
    /// # Errors
    /// `QuotaExceeded` where the network has no address left.
    pub(crate) async fn new_connection(
        &self,
        _stage: &Stage,
        choice: &NetworkChoice,
        vm: &Record,
    ) -> Result<Connection> {
        let name = match choice {
            NetworkChoice::User => return Ok(Connection::User),
            NetworkChoice::None => return Ok(Connection::None),
            NetworkChoice::Named(name) => name,
        };
        let networks = self.networks();
        loop {
            let network = networks.find_or_make(name).await?;
            match claim::take(&networks.directory(name), &network, vm) {
                Ok(Some(ipv4)) => {
                    crash::point("network: address written");
                    return Ok(Connection::Network(NetworkAddress {
                        network: name.clone(),
                        ipv4,
                        ipv6: network.ipv6_of(&vm.hardware.mac),
                        tap: networks.names().tap(&vm.id),
                    }));
                }
                Ok(None) => {
                    let message = format!(
                        "the network {name} has no address left: take another network, or free what killed \
                                           commands have left by `cocoon gc`"
                    );
                    return Err(Error::new(ErrorKind::QuotaExceeded, message));
                }
                // It is being removed: that is finished first.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => match networks.lock(name, "create").await
                {
                    Ok(network) => drop(networks.retire(network).await?),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error::io(format_args!("claiming an address in {name}"), error)),
            }
        }
    }

    /// A connection as such a VM's would be, without an address that anybody has claimed.
    pub(crate) fn planned_connection(&self, spec: &VmSpec, vm: &Record) -> Result<Connection> {
        Ok(match NetworkChoice::of(spec, vm.hypervisor)? {
            NetworkChoice::User => Connection::User,
            NetworkChoice::None => Connection::None,
            NetworkChoice::Named(network) => Connection::Network(NetworkAddress {
                network,
                ipv4: Ipv4Addr::UNSPECIFIED,
                ipv6: Ipv6Addr::UNSPECIFIED,
                tap: self.networks().names().tap(&vm.id),
            }),
        })
    }

    /// Gives a VM's address back, once the VM is gone for good, and its network with its last one.
    pub(crate) async fn give_address_back(&self, vm: &Record) -> Result<()> {
        let Some(address) = vm.hardware.connection.address() else { return Ok(()) };
        let networks = self.networks();
        let directory = networks.directory(&address.network);
        claim::give_back(&directory, address.ipv4, &vm.id)
            .map_err(|error| error::io(format_args!("giving back {}", address.ipv4), error))?;
        crash::point("network: address given back");
        if claim::all(&directory).is_ok_and(|claims| claims.is_empty()) {
            self.remove_network_without_vms(&address.network).await?;
        }
        Ok(())
    }

    /// Removes a network, unless a VM has an address in it; answers whether it was removed.
    pub(super) async fn remove_network_without_vms(&self, name: &Name) -> Result<bool> {
        let networks = self.networks();
        let network = match networks.lock(name, "rm").await {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            network => network?,
        };
        take_down_if_unused(&network).await?;
        networks.retire(network).await
    }

    /// Makes sure that all is there that the VM needs of its network, before it runs or while it does.
    ///
    /// # Errors
    /// `PermissionDenied` without the right; `Unsupported` where a program is missing; `Conflict` where a published port or
    /// the network's range of addresses is taken meanwhile.
    pub(crate) async fn connect(&self, vm: &LockedVm) -> Result<()> {
        let record = vm.record();
        let Some(address) = record.hardware.connection.address() else { return Ok(()) };
        rights::check()?;
        let ports = port::check(&record.hardware.published, &address.tap).await;
        if ports.is_err_and(|error| error.kind() == ErrorKind::Conflict) {
            // A VM that ended by itself may have left them. If that cannot be, the next look says so.
            self.collect_networks().await.ok();
        }
        let network = self.networks().lock(&address.network, "start").await?;
        let in_network = |error: Error| error.with_context(format_args!("network {}", address.network));
        if !network.claims()?.iter().any(|claim| claim.id == record.id && claim.ipv4 == address.ipv4) {
            let message = format!("{} is not this VM's any more: make it anew", address.ipv4);
            return Err(in_network(Error::new(ErrorKind::Unexpected, message)));
        }
        port::check(&record.hardware.published, &address.tap).await?;
        self.raise(&network).await.map_err(in_network)?;
        // Nobody is to be on the bridge without the rules that keep him honest.
        let rules = rules::vm(&network.record, address, &record.hardware);
        firewall::apply(network.guard()?, &rules).await.map_err(in_network)?;
        crash::point("network: rules of the VM made");
        link::raise_tap(&network, &address.tap, &format!("cocoon VM {}", record.name)).await.map_err(in_network)
    }

    /// Makes sure that a network is in the kernel.
    async fn raise(&self, network: &LockedNetwork) -> Result<()> {
        routes::check(network.record.range(), &network.record.bridge).await?;
        forwarding::turn_on(&self.listener).await?;
        firewall::apply(network.guard()?, &rules::network(&network.record)).await?;
        crash::point("network: rules made");
        if link::raise_bridge(network).await? {
            dnsmasq::end(network).await?;
            for chain in firewall::others_that_drop().await? {
                let bridge = network.record.bridge.clone();
                self.listener.tell(&Notice::FirewallMayDrop { chain, bridge });
            }
        }
        dnsmasq::serve(network).await
    }

    /// Removes what of the network is this VM's alone, and the rest with the last VM that runs. The caller has proven that the
    /// VM does not run.
    pub(crate) async fn disconnect(&self, vm: &LockedVm) -> Result<()> {
        let Some(address) = vm.record().hardware.connection.address() else { return Ok(()) };
        let Some(bridge) = self.detach(vm, address).await? else { return Ok(()) };
        // VMs that ended by themselves do not keep the network. That this VM is off it does not depend on them.
        if link::has_idle(&bridge).await? {
            self.collect_networks().await.ok();
        }
        Ok(())
    }

    /// Removes what is this VM's alone, and the network if nobody's interface is left; answers its bridge where it stays.
    pub(super) async fn detach(&self, _vm: &LockedVm, address: &NetworkAddress) -> Result<Option<String>> {
        let network = match self.networks().lock(&address.network, "stop").await {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            network => Some(network?),
        };
        let guard = || network.as_ref().map_or(Ok(std::process::Stdio::null()), LockedNetwork::guard);
        link::remove(guard()?, &address.tap).await?;
        crash::point("network: tap removed");
        firewall::remove(guard()?, &address.tap).await?;
        crash::point("network: rules of the VM removed");
        match network {
            Some(network) if !take_down_if_unused(&network).await? => Ok(Some(network.record.bridge)),
            _ => Ok(None),
        }
    }
}

/// Removes a network from the kernel, unless a VM's interface is on it; answers whether it is not there any more.
pub(super) async fn take_down_if_unused(network: &LockedNetwork) -> Result<bool> {
    let bridge = &network.record.bridge;
    if !link::on_bridge(bridge).await?.is_empty() {
        return Ok(false);
    }
    dnsmasq::end(network).await?;
    crash::point("network: dnsmasq ended");
    link::remove(network.guard()?, bridge).await?;
    crash::point("network: bridge removed");
    firewall::remove(network.guard()?, bridge).await?;
    crash::point("network: rules removed");
    Ok(true)
}
