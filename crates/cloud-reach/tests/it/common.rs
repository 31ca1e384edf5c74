//! What the tests share: this machine as a host.

use std::net::{IpAddr, Ipv4Addr};

use cloud_types::{HostId, HostRuntime, HostState, MachineTypeName, ProviderId, Reach, Region, Rung, Sight};

pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Looks whether this machine stands on a rung.
pub(crate) async fn look(reach: &dyn Reach, rung: Rung) -> Sight {
    let (name, region) = (MachineTypeName::new("small").expect("a name"), Region::new("here").expect("a region"));
    let host = HostRuntime::new(ProviderId::new("acme"), HostId::new("1"), "web", HostState::Running, region, name);
    reach.look(rung, &host, HERE).await
}

/// The evidence of a look that has to be repeated.
#[track_caller]
pub(crate) fn miss(sight: Sight) -> String {
    match sight {
        Sight::NotYet(evidence) => evidence,
        other => panic!("expected a miss, got {other:?}"),
    }
}
