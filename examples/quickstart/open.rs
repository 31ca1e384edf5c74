//! Opening a provider for an owner: the only place that names providers.

use std::sync::Arc;

use cloud::{CloudProvider, Error, Owner, Registry, Result};

/// Opens the provider of this name with the settings that the environment holds, for this owner.
pub(crate) async fn open(name: &str, owner: Owner) -> Result<Arc<dyn CloudProvider>> {
    match name {
        "local" => Ok(Arc::new(cloud::local::Config::from_env()?.owner(owner).build()?)),
        #[cfg(feature = "hetzner")]
        "hetzner" => Ok(Arc::new(cloud::hetzner::Config::from_env()?.owner(owner).build()?)),
        // Whether it is unknown or only not compiled in, the registry says best.
        other => match Registry::with_enabled().open(other).await {
            Ok(_) => Err(Error::unsupported(format!("the quickstart does not know {other}"))),
            Err(error) => Err(error),
        },
    }
}
