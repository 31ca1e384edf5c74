//! Passing packets on between this box's interfaces: a setting of the whole box, without which no VM reaches beyond it.

use std::fs;

use cloud_types::Result;

use super::link;
use super::tool::IP;
use crate::Notice;
use crate::notice::Listener;

/// Turns it on where it is off, and says so. It is not turned off again: who else relies on it by then, nobody knows.
pub(super) async fn turn_on(listener: &Listener) -> Result<()> {
    turn(IPV4, listener)?;
    if link::has_ipv6() && is_off(IPV6) {
        keep_advertised_routes().await?;
        turn(IPV6, listener)?;
    }
    Ok(())
}

const IPV4: &str = "net.ipv4.ip_forward";
const IPV6: &str = "net.ipv6.conf.all.forwarding";

fn turn(setting: &str, listener: &Listener) -> Result<()> {
    if is_off(setting) {
        link::set(&path(setting), "1")?;
        listener.tell(&Notice::ForwardingTurnedOn { setting: setting.to_owned() });
    }
    Ok(())
}

fn is_off(setting: &str) -> bool {
    fs::read_to_string(path(setting)).is_ok_and(|value| value.trim() == "0")
}

fn path(setting: &str) -> String {
    format!("/proc/sys/{}", setting.replace('.', "/"))
}

/// A box that passes packets on takes no routes from routers' advertisements, and would lose those that it has, unless it is
/// told to (`accept_ra` 2): <https://docs.kernel.org/networking/ip-sysctl.html>.
async fn keep_advertised_routes() -> Result<()> {
    for route in IP.ask(&["-json", "-6", "route", "show", "proto", "ra"]).await? {
        let Some(interface) = route["dev"].as_str() else { continue };
        let path = format!("/proc/sys/net/ipv6/conf/{interface}/accept_ra");
        if fs::read_to_string(&path).is_ok_and(|value| value.trim() == "1") {
            link::set(&path, "2")?;
        }
    }
    Ok(())
}
