//! The registry: from a provider's name to the provider, chosen at run time. `lib.rs` lists this workspace's providers.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::{BUILT_IN, CloudProvider, Error, Owner, ProviderId, Result};

/// Providers by name, each opened with the settings that the environment holds.
///
/// An open set: a crate outside this workspace registers its provider beside the built-in ones.
///
/// ```
/// use std::sync::Arc;
/// use cloud::Registry;
///
/// # async fn acme_from_environment(_: Option<cloud::Owner>) -> cloud::Result<Arc<dyn cloud::CloudProvider>> { Err(cloud::Error::unsupported("none")) }
/// let mut registry = Registry::with_enabled();
/// registry.register("acme", acme_from_environment);
/// assert!(registry.names().any(|name| name == "acme"));
/// ```
pub struct Registry {
    openers: BTreeMap<String, Opener>,
}

type Opener = Box<dyn Fn(Option<Owner>) -> Opening + Send + Sync>;
type Opening = Pin<Box<dyn Future<Output = Result<Arc<dyn CloudProvider>>> + Send>>;

impl Registry {
    /// A registry without any provider.
    #[must_use]
    pub fn empty() -> Self {
        Self { openers: BTreeMap::new() }
    }

    /// A registry with every provider that is compiled in.
    #[must_use]
    pub fn with_enabled() -> Self {
        let mut registry = Self::empty();
        BUILT_IN.iter().filter_map(|provider| provider.register).for_each(|register| register(&mut registry));
        registry
    }

    /// Adds a provider under a name; one that has the name already is replaced.
    ///
    /// `open` is called at each [`open`](Self::open), never before, and may wait for credentials to load. It is given the
    /// owner to open for; `None` is the one that the environment names.
    pub fn register<F, O>(&mut self, name: impl Into<String>, open: F)
    where
        F: Fn(Option<Owner>) -> O + Send + Sync + 'static,
        O: Future<Output = Result<Arc<dyn CloudProvider>>> + Send + 'static,
    {
        self.openers.insert(name.into(), Box::new(move |owner| Box::pin(open(owner))));
    }

    /// Opens the provider of this name with the settings that the environment holds.
    ///
    /// # Errors
    /// `InvalidRequest` on field `provider` for a name that is not here, listing those that are; `InvalidRequest` or
    /// `Unauthenticated` from the provider where the environment lacks a setting or has a wrong one.
    pub async fn open(&self, name: &str) -> Result<Arc<dyn CloudProvider>> {
        self.open_for(name, None).await
    }

    /// Opens the provider of this name for an owner, with the other settings that the environment holds.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_as(&self, name: &str, owner: Owner) -> Result<Arc<dyn CloudProvider>> {
        self.open_for(name, Some(owner)).await
    }

    async fn open_for(&self, name: &str, owner: Option<Owner>) -> Result<Arc<dyn CloudProvider>> {
        let Some(open) = self.openers.get(name) else { return Err(self.unknown(name)) };
        open(owner).await.map_err(|error| error.with_provider(&ProviderId::from(name.to_owned())))
    }

    /// The names that can be opened, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.openers.keys().map(String::as_str)
    }

    fn unknown(&self, name: &str) -> Error {
        let names: Vec<&str> = self.names().collect();
        let known =
            if names.is_empty() { "there is none".to_owned() } else { format!("there is {}", names.join(", ")) };
        let rule = if BUILT_IN.iter().any(|provider| provider.name == name && provider.register.is_none()) {
            format!("`{name}` is not compiled in: turn on the feature `{name}` of the crate `cloud`; {known}")
        } else {
            format!("must be a provider that is registered, got `{name}`; {known}")
        };
        Error::invalid("provider", rule)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::ErrorKind;
    use crate::providers::BuiltIn;

    #[test]
    fn a_registry_with_the_enabled_has_just_those_that_are_compiled_in() {
        let compiled_in = BUILT_IN.iter().filter(|provider| provider.register.is_some()).map(|provider| provider.name);
        assert!(Registry::with_enabled().names().eq(compiled_in));
    }

    #[test]
    fn every_provider_has_a_row() {
        let manifest = include_str!("../Cargo.toml");
        let (_, features) = manifest.split_once("[features]").unwrap();
        let (features, _) = features.split_once("[dependencies]").unwrap();
        let row = |name: &str| features.lines().any(|line| line.starts_with(&format!("{name} = [\"dep:")));
        assert!(BUILT_IN.is_sorted_by_key(|provider| provider.name) && BUILT_IN.iter().all(|known| row(known.name)));
    }

    #[tokio::test]
    async fn an_unknown_name_is_refused_with_the_names_there_are() {
        let mut registry = Registry::empty();
        registry.register("beta", refuse);
        registry.register("acme", refuse);
        let error = registry.open("hal").await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidRequest, Some("provider")));
        assert_eq!(error.message(), "must be a provider that is registered, got `hal`; there is acme, beta");
    }

    #[tokio::test]
    async fn an_empty_registry_says_that_there_is_none() {
        let error = Registry::empty().open("hal").await.unwrap_err();
        assert!(error.message().ends_with("there is none"), "{error}");
    }

    #[tokio::test]
    async fn a_provider_that_is_not_compiled_in_is_refused_with_its_feature() {
        for BuiltIn { name, .. } in BUILT_IN.iter().filter(|provider| provider.register.is_none()) {
            let error = Registry::with_enabled().open(name).await.unwrap_err();
            assert!(error.message().contains(&format!("turn on the feature `{name}`")), "{error}");
        }
    }

    #[tokio::test]
    async fn an_error_while_opening_names_the_provider() {
        let mut registry = Registry::empty();
        registry.register("acme", refuse);
        let error = registry.open("acme").await.unwrap_err();
        assert_eq!(error.provider().map(ProviderId::as_str), Some("acme"));
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }

    #[tokio::test]
    async fn a_provider_is_opened_anew_each_time_and_not_before() {
        static OPENED: AtomicU32 = AtomicU32::new(0);
        let mut registry = Registry::empty();
        registry.register("acme", async |_| {
            OPENED.fetch_add(1, Ordering::Relaxed);
            refuse(None).await
        });
        assert_eq!(OPENED.load(Ordering::Relaxed), 0);
        for _ in 0..2 {
            registry.open("acme").await.unwrap_err();
        }
        assert_eq!(OPENED.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_later_registration_replaces_an_earlier_one() {
        let mut registry = Registry::empty();
        registry.register("acme", refuse);
        registry.register("acme", async |_| Err(Error::unsupported("the later one")));
        assert_eq!(registry.open("acme").await.unwrap_err().message(), "the later one");
        assert_eq!(registry.names().count(), 1);
    }

    #[cfg(feature = "local")]
    #[tokio::test]
    async fn the_local_provider_opens_without_any_setting() {
        let provider = Registry::with_enabled().open("local").await.unwrap();
        assert_eq!(provider.id().as_str(), "local");
    }

    async fn refuse(_: Option<Owner>) -> Result<Arc<dyn CloudProvider>> {
        Err(Error::new(ErrorKind::Unauthenticated, "no token"))
    }
}
