//! Leaving nothing behind, and proving it: the provider is asked what this run's owner still has.

use std::time::Duration;

use cloud::{CloudProvider, CloudProviderExt, Error, ErrorKind, Resource, Result};
use jiff::Timestamp;

/// Deletes all that the provider's owner has, and looks until nothing is left.
pub(crate) async fn delete_all(provider: &dyn CloudProvider) -> Result<()> {
    let sweep = provider.sweep().ok_or_else(|| Error::unsupported("this provider cannot list what an owner has"))?;
    // A change may be seen late, and a create that was interrupted may still be on its way.
    let patience = provider.capabilities().read_lag + Duration::from_secs(60);
    let started = provider.clock().monotonic();
    let mut told = false;
    loop {
        let left = sweep.list_resources().await?;
        if left.is_empty() {
            println!("Nothing is left: {} lists 0 resources of {}", provider.id(), provider.owner());
            return Ok(());
        }
        if provider.clock().monotonic() - started > patience {
            return Err(Error::new(ErrorKind::Timeout, format!("still there: {}", names(&left))));
        }
        if !std::mem::replace(&mut told, true) {
            println!("Sweep {}", names(&left));
        }
        // What it cannot delete yet is in the next list again.
        provider.sweep_before(Timestamp::MAX).await?;
        provider.clock().sleep(*provider.capabilities().poll.start()).await;
    }
}

fn names(resources: &[Resource]) -> String {
    let names: Vec<_> = resources.iter().map(|resource| format!("{} {}", resource.kind, resource.name)).collect();
    names.join(", ")
}
