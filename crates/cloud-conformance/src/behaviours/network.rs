//! The addresses of a host.

use std::net::IpAddr;

use cloud_types::{Addresses, CloudProviderExt, HostRuntime, PublicNetwork};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// An address that a host does not have is none, from its create on; the one asked for is there when it is ready.
pub async fn an_address_that_is_not_there_is_none(case: &Case) -> Outcome {
    let created = case.create("plain").await?;
    are_real(&created.addresses)?;
    let ready = case.provider().wait_ready(&created.id, case.wait()).await.or_fail("a new host becomes ready")?;
    are_real(&ready.addresses)?;
    let asked_for = match case.backend.has_public_addresses() {
        true => ready.addresses.public_v4.is_some(),
        false => !ready.addresses.to_reach().is_empty(),
    };
    ensure!(asked_for, "a host has the IPv4 address asked for; it has {:?}", ready.addresses);
    ensure!(
        ready.addresses.public_v6.is_none(),
        "a host has no IPv6 address unless asked; it has {:?}",
        ready.addresses
    );
    Ok(())
}

/// A host has both public addresses where both are asked for.
pub async fn a_host_can_have_ipv6(case: &Case) -> Outcome {
    let host = ready_with(case, "both", PublicNetwork::BOTH).await?;
    let at = &host.addresses;
    ensure!(at.public_v4.is_some() && at.public_v6.is_some(), "a host has both addresses asked for; it has {at:?}");
    Ok(())
}

/// A host without a public IPv4 address has none, and an IPv6 address instead.
pub async fn a_host_can_do_without_ipv4(case: &Case) -> Outcome {
    let host = ready_with(case, "six", PublicNetwork { ipv4: false, ipv6: true }).await?;
    let at = &host.addresses;
    ensure!(at.public_v4.is_none() && at.public_v6.is_some(), "a host has IPv6 alone; it has {at:?}");
    Ok(())
}

async fn ready_with(case: &Case, role: &str, network: PublicNetwork) -> Outcome<HostRuntime> {
    let host = case.running_as(&case.spec(role).public_network(network)).await?;
    let ready = case.provider().wait_ready(&host.id, case.wait()).await.or_fail("a new host becomes ready")?;
    are_real(&ready.addresses)?;
    Ok(ready)
}

fn are_real(at: &Addresses) -> Outcome {
    let v4 = [at.public_v4, at.private_v4].into_iter().flatten().map(IpAddr::from);
    let v6 = [at.public_v6, at.private_v6].into_iter().flatten().map(IpAddr::from);
    let real = v4.chain(v6).all(|address| !address.is_unspecified());
    ensure!(real, "an address that is not there is none, not all zeros: {at:?}");
    Ok(())
}
