//! Hosts on any cloud: features, re-exports and the registry of providers.
