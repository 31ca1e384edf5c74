//! Finding and removing what is left of networks: by killed commands, and by VMs that ended by themselves.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use cloud_types::{ErrorKind, Name, Result};
use cocoon_images::system::blocking;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::connect::take_down_if_unused;
use super::store::Networks;
use super::{claim, dnsmasq, firewall, link, rights};
use crate::state::{FileLock, Proof};
use crate::{Cocoon, error};

/// Something of a network that nobody uses any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NetworkLeftover {
    /// An interface of this box, with the rules that are named after it.
    Interface(String),
    /// A `dnsmasq`, by its process.
    Process(u32),
    /// An address that a create which was killed has claimed.
    Address(PathBuf),
    /// A network without VMs.
    Network(Name),
}

impl fmt::Display for NetworkLeftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(name) => write!(f, "interface {name} and its rules"),
            Self::Process(process) => write!(f, "dnsmasq, process {process}"),
            Self::Address(path) => path.display().fmt(f),
            Self::Network(name) => write!(f, "network {name}"),
        }
    }
}

/// Whether anything is done about what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Do {
    Tell,
    Remove,
}

impl Cocoon {
    /// What [`collect_networks`](Self::collect_networks) would remove now.
    ///
    /// # Errors
    /// As that.
    pub async fn stale_networks(&self) -> Result<Vec<NetworkLeftover>> {
        self.leftovers(Do::Tell).await
    }

    /// Removes what is left of networks: interfaces, rules and processes of VMs that do not run or are no more, addresses that
    /// nobody has, and networks without VMs. Safe beside commands that run. Answers what was removed.
    ///
    /// # Errors
    /// `PermissionDenied` where there are networks, and this user may not change them; what the file system says.
    pub async fn collect_networks(&self) -> Result<Vec<NetworkLeftover>> {
        self.leftovers(Do::Remove).await
    }

    async fn leftovers(&self, what: Do) -> Result<Vec<NetworkLeftover>> {
        let networks = self.networks();
        // What is in the kernel is listed before VMs and networks are: names are never used again, so that whose VM or network
        // is missing then is gone for ever.
        let mut there = match in_kernel().await {
            // There cannot be any, as far as this user is concerned.
            Err(_) if networks.list()?.is_empty() => return Ok(Vec::new()),
            there => there?,
        };
        let processes = blocking(dnsmasqs).await;
        // Its bridge stands for a process too, so that a network is seen that has lost all else.
        there.extend(processes.iter().map(|(_, bridge)| bridge.clone()));

        let mut found = self.of_stopped_vms(&mut there, what).await?;
        found.extend(self.claims_without_vms(what).await?);
        let unused = self.without_vms(&mut there, &found, what).await?;
        found.extend(unused);
        found.extend(orphans(&networks, &there, processes, what).await?);
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// What VMs that do not run have in the kernel. Takes the interfaces of all VMs out of `there`.
    async fn of_stopped_vms(&self, there: &mut HashSet<String>, what: Do) -> Result<Vec<NetworkLeftover>> {
        // A VM that another command is changing is that one's to clean.
        let impatient = self.store.impatient();
        let mut found = Vec::new();
        for name in self.store.names()? {
            let record = match self.store.read(&name) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                record => record?,
            };
            let Some(address) = record.hardware.connection.address() else { continue };
            let tap = address.tap.clone();
            if !there.remove(&tap) {
                continue;
            }
            let vm = match impatient.lock(&name, "gc").await {
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict) => continue,
                vm => vm?,
            };
            if vm.record().id != record.id {
                there.insert(tap);
            } else if let Proof::Dead(_alive) = vm.alive().prove(vm.last_process()).await? {
                if what == Do::Remove {
                    self.detach(&vm, address).await?;
                }
                found.push(NetworkLeftover::Interface(tap));
            }
        }
        Ok(found)
    }

    /// The claims of creates that were killed, unless one is under way.
    async fn claims_without_vms(&self, what: Do) -> Result<Vec<NetworkLeftover>> {
        let (store, networks) = (self.store.clone(), self.networks());
        blocking(move || {
            let failed = |error| error::io("looking at networks' addresses", error);
            // Where nothing was ever created, to look makes nothing.
            if !store.layout().staging_lock().exists() {
                return Ok(Vec::new());
            }
            let staging = FileLock::try_exclusive(&store.layout().staging_lock()).map_err(failed)?;
            let Some(_nobody_creates) = staging else { return Ok(Vec::new()) };
            let is_there = |claim: &claim::Claim| match store.read(&claim.vm) {
                Ok(record) => record.id == claim.id,
                Err(error) => error.kind() != ErrorKind::NotFound,
            };
            let mut found = Vec::new();
            for network in networks.list()? {
                for path in claim::stale(&networks.directory(&network), is_there).map_err(failed)? {
                    if what == Do::Remove {
                        claim::forget(&path).map_err(failed)?;
                    }
                    found.push(NetworkLeftover::Address(path));
                }
            }
            Ok(found)
        })
        .await
    }

    /// Networks without VMs, and those in the kernel without one that runs. Takes the bridges of all networks out of `there`.
    /// Interfaces among the `others` do not count.
    async fn without_vms(
        &self,
        there: &mut HashSet<String>,
        others: &[NetworkLeftover],
        what: Do,
    ) -> Result<Vec<NetworkLeftover>> {
        let networks = self.networks();
        let mut found = Vec::new();
        for name in networks.list()? {
            let record = match networks.read(&name) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                record => record?,
            };
            let is_up = there.remove(&record.bridge);
            let is_empty = claim::all(&networks.directory(&name)).is_ok_and(|claims| claims.is_empty());
            let is_stale = |tap: &String| others.contains(&NetworkLeftover::Interface(tap.clone()));
            if is_up && link::on_bridge(&record.bridge).await?.iter().all(is_stale) {
                let down = what == Do::Tell || {
                    let network = networks.lock(&name, "gc").await?;
                    take_down_if_unused(&network).await?
                };
                found.extend(down.then_some(NetworkLeftover::Interface(record.bridge)));
            }
            if is_empty && (what == Do::Tell || self.remove_network_without_vms(&name).await?) {
                found.push(NetworkLeftover::Network(name));
            }
        }
        Ok(found)
    }
}

/// The names of all interfaces, and of those that there are rules for.
async fn in_kernel() -> Result<HashSet<String>> {
    rights::check()?;
    let mut there: HashSet<String> = link::all().await?.into_iter().collect();
    there.extend(firewall::interfaces().await?);
    Ok(there)
}

/// What has a name of this installation, and no VM or network.
async fn orphans(
    networks: &Networks,
    there: &HashSet<String>,
    processes: Vec<(u32, String)>,
    what: Do,
) -> Result<Vec<NetworkLeftover>> {
    let names = networks.names();
    let mut found = Vec::new();
    for interface in there.iter().filter(|name| names.is_bridge(name) || names.is_tap(name)) {
        if what == Do::Remove {
            link::remove(Stdio::null(), interface).await?;
            firewall::remove(Stdio::null(), interface).await?;
        }
        found.push(NetworkLeftover::Interface(interface.clone()));
    }
    let bridges: HashSet<String> =
        networks.list()?.iter().filter_map(|name| networks.read(name).ok()).map(|record| record.bridge).collect();
    for (process, bridge) in processes {
        if names.is_bridge(&bridge) && !bridges.contains(&bridge) {
            let gone = what == Do::Remove && !end(process, &bridge);
            found.extend((!gone).then_some(NetworkLeftover::Process(process)));
        }
    }
    Ok(found)
}

/// The processes that serve a network of any installation, with its bridge.
fn dnsmasqs() -> Vec<(u32, String)> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    processes.filter_map(|process| Some((process, served_by(process)?))).collect()
}

/// The bridge that a process serves, if it is a `dnsmasq` that does.
fn served_by(process: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{process}/cmdline")).ok()?;
    let mut words = line.split(|byte| *byte == 0).filter_map(|word| std::str::from_utf8(word).ok());
    if !words.next()?.ends_with("dnsmasq") {
        return None;
    }
    let prefix = dnsmasq::interface_argument("");
    words.next()?.strip_prefix(&prefix).map(str::to_owned)
}

/// Ends a process that serves this bridge; answers whether it was there. It is held fast before it is looked at.
fn end(process: u32, bridge: &str) -> bool {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    let Some(Ok(descriptor)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::NONBLOCK)) else { return false };
    served_by(process).is_some_and(|served| served == bridge) && pidfd_send_signal(&descriptor, Signal::KILL).is_ok()
}
