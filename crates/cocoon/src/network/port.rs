//! Whether ports of this box may be published: nobody else has them.

use std::net::{Ipv4Addr, TcpListener};

use cloud_types::{Error, ErrorKind, Result};

use super::firewall;
use crate::state::PublishedPort;

/// That no other VM and no program of this box has these ports. `tap` is the interface of the VM that they are for.
///
/// # Errors
/// `Conflict` where one is taken; `InvalidRequest` where an address is none of this box.
pub(super) async fn check(ports: &[PublishedPort], tap: &str) -> Result<()> {
    if ports.is_empty() {
        return Ok(());
    }
    let taken = firewall::published(tap).await?;
    for PublishedPort { address, host, .. } in ports {
        if taken.iter().any(|other| overlap((*address, *host), *other)) {
            let message = format!("port {address}:{host} is published by another VM: stop that one first");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        // A rule would take the port away from a program that listens there, which would not know.
        match TcpListener::bind((*address, *host)) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AddrNotAvailable => {
                return Err(Error::invalid("publish", format!("{address} is no address of this box")));
            }
            Err(error) => {
                let message = format!("port {address}:{host} of this box cannot be published: {error}");
                return Err(Error::new(ErrorKind::Conflict, message).with_source(error));
            }
        }
    }
    Ok(())
}

fn overlap(one: (Ipv4Addr, u16), other: (Ipv4Addr, u16)) -> bool {
    one.1 == other.1 && (one.0 == other.0 || one.0.is_unspecified() || other.0.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_on_all_addresses_is_a_port_on_each() {
        let (all, loopback, other) = ([0, 0, 0, 0].into(), [127, 0, 0, 1].into(), [10, 0, 0, 1].into());
        assert!(overlap((all, 80), (loopback, 80)) && overlap((loopback, 80), (all, 80)));
        assert!(overlap((loopback, 80), (loopback, 80)));
        assert!(!overlap((loopback, 80), (other, 80)) && !overlap((all, 80), (all, 81)));
    }
}
