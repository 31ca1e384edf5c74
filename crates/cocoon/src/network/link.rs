//! The interfaces of networks: a bridge for each, and one for each VM that runs.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use cloud_types::{Error, ErrorKind, Result};
use serde_json::Value;

use super::store::LockedNetwork;
use super::tool::IP;
use crate::{crash, error};

/// Makes sure that the bridge is there with its addresses; answers whether it had to be made.
pub(super) async fn raise_bridge(network: &LockedNetwork) -> Result<bool> {
    let record = &network.record;
    let bridge = record.bridge.as_str();
    let is_new = !exists(bridge).await?;
    if is_new {
        // Its own hardware address, or it would change with the VMs that come and go. Snooping would need a querier.
        let [_, _, a, b, c, d] = [0; 2].iter().chain(&record.ipv4.octets()).copied().collect::<Vec<u8>>()[..] else {
            return Err(Error::new(ErrorKind::Unexpected, "an address has four bytes"));
        };
        let address = format!("52:55:{a:02x}:{b:02x}:{c:02x}:{d:02x}");
        let make = ["link", "add", bridge, "address", &address, "type", "bridge", "mcast_snooping", "0"];
        IP.run(network.guard()?, &make).await?;
        crash::point("network: bridge made");
    }
    let alias = format!("cocoon network {}", record.name);
    IP.run(network.guard()?, &["link", "set", bridge, "alias", &alias]).await?;
    // Published ports are reached from this box's loopback too. Its rules keep VMs from going that way.
    set(&format!("/proc/sys/net/ipv4/conf/{bridge}/route_localnet"), "1")?;
    let gateway = format!("{}/24", record.gateway());
    let broadcast = ["address", "replace", &gateway, "broadcast", "+", "dev", bridge];
    IP.run(network.guard()?, &broadcast).await?;
    if has_ipv6() {
        set(&format!("/proc/sys/net/ipv6/conf/{bridge}/disable_ipv6"), "0")?;
        set(&format!("/proc/sys/net/ipv6/conf/{bridge}/accept_ra"), "0")?;
        let gateway = format!("{}/64", record.gateway_ipv6());
        IP.run(network.guard()?, &["-6", "address", "replace", &gateway, "dev", bridge, "nodad"]).await?;
    }
    IP.run(network.guard()?, &["link", "set", bridge, "up"]).await?;
    crash::point("network: bridge up");
    Ok(is_new)
}

/// Makes sure that a VM's interface is there and on the bridge.
pub(super) async fn raise_tap(network: &LockedNetwork, tap: &str, alias: &str) -> Result<()> {
    if !exists(tap).await? {
        IP.run(network.guard()?, &["tuntap", "add", "dev", tap, "mode", "tap"]).await?;
        crash::point("network: tap made");
    }
    // This box itself has no address there.
    let set = ["link", "set", tap, "alias", alias, "addrgenmode", "none", "master", &network.record.bridge, "up"];
    IP.run(network.guard()?, &set).await?;
    crash::point("network: tap up");
    Ok(())
}

/// Removes an interface; that it is not there is no failure.
pub(super) async fn remove(guard: Stdio, interface: &str) -> Result<()> {
    match IP.run(guard, &["link", "delete", interface]).await {
        Err(error) if is_missing(&error) => Ok(()),
        removed => removed.map(drop),
    }
}

/// The names of all interfaces of this box.
pub(super) async fn all() -> Result<Vec<String>> {
    Ok(names(&IP.ask(&["-json", "link", "show"]).await?))
}

/// The interfaces of VMs that are on a bridge; none where there is no such bridge.
pub(super) async fn on_bridge(bridge: &str) -> Result<Vec<String>> {
    match IP.ask(&["-json", "link", "show", "master", bridge]).await {
        Err(error) if is_missing(&error) => Ok(Vec::new()),
        links => Ok(names(&links?)),
    }
}

/// Whether an interface on a bridge has nobody who uses it: its VM has ended, or is about to run.
pub(super) async fn has_idle(bridge: &str) -> Result<bool> {
    match IP.ask(&["-json", "link", "show", "master", bridge]).await {
        Err(error) if is_missing(&error) => Ok(false),
        // Not by its state, which the kernel brings up to date once a second.
        links => {
            Ok(links?.iter().any(|link| !link["flags"].as_array().is_some_and(|flags| flags.contains(&USED.into()))))
        }
    }
}

/// The flag of an interface that a process has open.
const USED: &str = "LOWER_UP";

/// Whether there is such an interface.
pub(super) async fn exists(interface: &str) -> Result<bool> {
    match IP.run(Stdio::null(), &["link", "show", "dev", interface]).await {
        Err(error) if is_missing(&error) => Ok(false),
        found => found.map(|_| true),
    }
}

/// Whether the kernel speaks IPv6 at all.
pub(super) fn has_ipv6() -> bool {
    Path::new("/proc/sys/net/ipv6").exists()
}

/// Writes a setting of the kernel.
pub(super) fn set(path: &str, value: &str) -> Result<()> {
    fs::write(path, value).map_err(|error| error::io(format_args!("writing {value} to {path}"), error))
}

fn names(links: &[Value]) -> Vec<String> {
    links.iter().filter_map(|link| link["ifname"].as_str()).map(str::to_owned).collect()
}

fn is_missing(error: &Error) -> bool {
    let message = error.message();
    message.contains("does not exist") || message.contains("Cannot find device")
}
