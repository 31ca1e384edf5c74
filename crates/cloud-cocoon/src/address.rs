//! Where a host is reached on QEMU's own network: an address on this box's loopback interface that is its own.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use cloud_types::{Error, Inbound, InboundPort, Protocol, Result};
use cocoon::{Digest, PublishedPort};

/// The address of the host with this VM's name, in the installation with this root: always the same for the same owner and
/// name, and another in another installation.
///
/// All of 127.0.0.0/8 is this box's own (<https://datatracker.ietf.org/doc/html/rfc1122#section-3.2.1.3>); what others use of
/// it is in its first part.
pub(crate) fn of(root: &Path, vm: &str) -> Ipv4Addr {
    let whose = format!("{}\0{vm}", root.display());
    let digest = u64::from_str_radix(&Digest::of(whose.as_bytes()).hex()[..12], 16).unwrap_or_default();
    let [.., second, third, fourth] = digest.to_be_bytes();
    Ipv4Addr::new(127, second.max(1), third, fourth.clamp(1, 254))
}

/// The ports of this box that lead to those that are let in.
///
/// # Errors
/// `Unsupported` for UDP; `InvalidRequest` on field `inbound` for more than [`MOST`].
pub(crate) fn published(address: Ipv4Addr, inbound: &Inbound) -> Result<Vec<PublishedPort>> {
    let ssh = [InboundPort::tcp(22)?];
    let ports = match inbound {
        Inbound::Only(ports) => ports.as_slice(),
        _ => ssh.as_slice(),
    };
    if let Some(port) = ports.iter().find(|port| port.protocol() != Protocol::Tcp) {
        return Err(Error::unsupported(format!("only TCP is let in here, and not {port}")));
    }
    let mut guests: Vec<u16> = ports.iter().flat_map(|port| port.first()..=port.last()).take(MOST + 1).collect();
    if guests.len() > MOST {
        return Err(Error::invalid(
            "inbound",
            format!("must be at most {MOST} ports here, each of which is forwarded"),
        ));
    }
    guests.sort_unstable();
    guests.dedup();
    Ok(guests.into_iter().map(|guest| PublishedPort { address, host: host_port(address, guest), guest }).collect())
}

/// Each is an option of the hypervisor's command line.
const MOST: usize = 100;

/// The guest's port itself, where it can be had.
fn host_port(address: Ipv4Addr, guest: u16) -> u16 {
    match TcpListener::bind((address, guest)) {
        Ok(_) => guest,
        // This box's own server has it on all addresses, or this user may not open it.
        Err(_) => guest.checked_add(HIGHER).unwrap_or(guest),
    }
}

/// How much higher a port is found that cannot be had.
const HIGHER: u16 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn here(vm: &str) -> Ipv4Addr {
        of(Path::new("/srv/vms"), vm)
    }

    #[test]
    fn an_address_is_on_the_loopback_interface_and_stays_the_same() {
        let address = here("web-1-3fa9c2d1e0");
        assert!(address.is_loopback() && address.octets()[1] > 0);
        assert_eq!(address, here("web-1-3fa9c2d1e0"));
        assert_ne!(address, here("web-2-3fa9c2d1e0"));
        assert_ne!(address, of(Path::new("/srv/others"), "web-1-3fa9c2d1e0"));
    }

    #[test]
    fn a_port_that_is_taken_on_all_addresses_is_found_higher() {
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert_eq!(host_port(here("web"), port), port.checked_add(HIGHER).unwrap_or(port));
    }

    #[test]
    fn what_cannot_be_forwarded_is_refused() {
        let only = |port: &str| Inbound::Only(vec![port.parse().unwrap()]);
        assert_eq!(published(here("web"), &only("1-65535")).unwrap_err().field(), Some("inbound"));
        published(here("web"), &only("53/udp")).unwrap_err();
        let one = published(here("web"), &only("40000-40002")).unwrap();
        assert_eq!(one.iter().map(|port| port.guest).collect::<Vec<_>>(), [40_000, 40_001, 40_002]);
    }
}
