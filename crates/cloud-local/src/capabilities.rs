//! What the in-memory provider claims: everything but an interactive console.

use std::time::Duration;

use cloud_types::{Ability, AfterResize, Capabilities, GiB, StoppedBilling};
use cloud_world::Lag;

/// The claims, where changes are seen as late as `lag` says.
pub(crate) fn capabilities(lag: Lag) -> Capabilities {
    let mut claims = Capabilities::none();
    claims.abilities =
        Ability::ALL.into_iter().map(|(ability, _)| ability).filter(|ability| *ability != Ability::Console).collect();
    claims.stopped_billing = StoppedBilling::DisksOnly;
    claims.after_resize = AfterResize::Stopped;
    claims.user_data_bytes = 64 * 1024;
    claims.boot_disk = Some(GiB(10)..=GiB(2_000));
    claims.data_disk = GiB(1)..=GiB(10_000);
    claims.poll = Duration::from_millis(50)..=Duration::from_millis(500);
    claims.read_lag = lag.create.max(lag.delete);
    claims
}
