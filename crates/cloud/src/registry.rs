//! The registry: from a provider's name to the provider, chosen at run time.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::{CloudProvider, Error, Owner, ProviderId, Result};

/// Opens a provider of this workspace with the settings of the environment, for the owner that is given.
#[cfg(any(feature = "local", feature = "hetzner", feature = "gcp", feature = "aws", feature = "cocoon"))]
macro_rules! from_env {
    ($config:ty) => {
        async |owner: Option<Owner>| {
            let config = <$config>::from_env()?;
            let config = match owner {
                Some(owner) => config.owner(owner),
                None => config,
            };
            Ok(Arc::new(config.build()?) as _)
        }
    };
}

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
        #[cfg_attr(
            not(any(feature = "local", feature = "hetzner", feature = "gcp", feature = "aws", feature = "cocoon")),
            expect(unused_mut, reason = "none is compiled in")
        )]
        let mut registry = Self::empty();
        #[cfg(feature = "aws")]
        registry.register("aws", from_env!(cloud_aws::Config));
        #[cfg(feature = "cocoon")]
        registry.register("cocoon", from_env!(cloud_cocoon::Config));
        #[cfg(feature = "gcp")]
        registry.register("gcp", from_env!(cloud_gcp::Config));
        #[cfg(feature = "hetzner")]
        registry.register("hetzner", from_env!(cloud_hetzner::Config));
        #[cfg(feature = "local")]
        registry.register("local", from_env!(cloud_local::Config));
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
        let rule = if BUILT_IN.contains(&(name, false)) {
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

/// Every provider of this workspace by the name that is also its feature, and whether it is compiled in.
const BUILT_IN: [(&str, bool); 5] = [
    ("aws", cfg!(feature = "aws")),
    ("cocoon", cfg!(feature = "cocoon")),
    ("gcp", cfg!(feature = "gcp")),
    ("hetzner", cfg!(feature = "hetzner")),
    ("local", cfg!(feature = "local")),
];

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_registry_with_the_enabled_has_just_those_that_are_compiled_in() {
        let compiled_in = BUILT_IN.into_iter().filter(|(_, enabled)| *enabled).map(|(name, _)| name);
        assert!(Registry::with_enabled().names().eq(compiled_in));
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

    #[cfg(not(feature = "hetzner"))]
    #[tokio::test]
    async fn a_provider_that_is_not_compiled_in_is_refused_with_its_feature() {
        let error = Registry::with_enabled().open("hetzner").await.unwrap_err();
        assert!(error.message().contains("turn on the feature `hetzner`"), "{error}");
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
