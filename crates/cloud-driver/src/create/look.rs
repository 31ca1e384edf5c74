//! Which hosts bear a name, seen when no older one can be hidden any more.

use std::time::Duration;

use cloud_types::{HostSpec, Result};

use super::{Candidate, Creates, Request, Unique};
use crate::sabotage::{Promise, is_broken};

/// The hosts of a name, oldest first, once a host that counts cannot be hidden by the read lag: neither one that this
/// process has just launched, nor one that is older than the oldest that is shown.
pub(super) async fn candidates<B: Creates>(backend: &B, spec: &HostSpec) -> Result<Vec<Candidate<B::Host>>> {
    if B::UNIQUE == Unique::Account {
        return now(backend, spec).await;
    }
    let account = backend.account();
    let clock = account.clock();
    // Where a place refuses a name that is taken, the launch itself tells of a host of this process that is not shown yet.
    let hides = || match B::UNIQUE {
        Unique::Nowhere => backend.sends().hides_for(spec.name.as_str()),
        Unique::Account | Unique::Place => Duration::ZERO,
    };
    let begun = clock.monotonic();
    loop {
        let asked = clock.now();
        // Asked before the list, since what was noted may be forgotten while the answer travels, and after it, since another
        // call may have ended meanwhile.
        let before = hides();
        let found = now(backend, spec).await?;
        let launched_here = before.max(hides());
        let hidden_for = found.first().map_or(Duration::ZERO, |oldest| {
            let age =
                oldest.created.map(|created| Duration::try_from(asked.duration_since(created)).unwrap_or_default());
            // The provider's clock may be ahead of ours or behind: what was looked at for a whole lag is old enough.
            let looked = clock.monotonic().saturating_sub(begun);
            let young = (account.lag() * 2).saturating_sub(age.unwrap_or_default());
            young.min(account.lag().saturating_sub(looked))
        });
        let wait = launched_here.max(hidden_for);
        if wait.is_zero() || is_broken(Promise::HiddenIsAwaited) {
            return Ok(found);
        }
        clock.sleep(wait + Duration::from_millis(1)).await;
    }
}

/// The hosts of a name that are shown now, oldest first.
pub(super) async fn now<B: Creates>(backend: &B, spec: &HostSpec) -> Result<Vec<Candidate<B::Host>>> {
    let mut found = backend.candidates(spec).await?;
    found.sort_by(Candidate::by_age);
    Ok(found)
}

/// The hosts of a name after a launch was refused or not answered, oldest first; where a list shows none, the one that
/// stands in the way, whoever owns it.
pub(super) async fn in_the_way<B: Creates>(
    backend: &B,
    request: &Request<'_, B::Plan>,
    place: &B::Place,
) -> Result<Vec<Candidate<B::Host>>> {
    let holder = backend.holder(request, place).await?;
    let mut found = candidates(backend, request.spec).await?;
    if found.is_empty() {
        found.extend(holder);
    }
    Ok(found)
}
