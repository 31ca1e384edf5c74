//! The list of providers as one macro: re-exports and the registry's rows are made of it.

use crate::Registry;

/// A provider of this workspace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BuiltIn {
    /// Its name, which is also its feature.
    pub(crate) name: &'static str,
    /// Puts it into a registry; `None` where its feature is off.
    pub(crate) register: Option<fn(&mut Registry)>,
}

/// Takes a row for each provider, in alphabetical order: its feature, its crate and the name of its module here, and the
/// path of its settings within the crate. The settings have `from_env()`, `owner(Owner)` and `build()`.
macro_rules! providers {
    ($($feature:literal: $crate_name:ident as $module:ident, $($config:ident)::+;)+) => {
        $(
            #[cfg(feature = $feature)]
            #[doc(inline)]
            pub use $crate_name as $module;
        )+

        /// Every provider of this workspace, compiled in or not.
        pub(crate) const BUILT_IN: &[$crate::providers::BuiltIn] = &[$({
            #[cfg(feature = $feature)]
            let register: Option<fn(&mut Registry)> = Some(|registry| {
                registry.register($feature, async |owner: Option<Owner>| {
                    let config = $crate_name::$($config)::+::from_env()?;
                    let config = match owner {
                        Some(owner) => config.owner(owner),
                        None => config,
                    };
                    Ok(std::sync::Arc::new(config.build()?) as std::sync::Arc<dyn CloudProvider>)
                });
            });
            #[cfg(not(feature = $feature))]
            let register = None;
            $crate::providers::BuiltIn { name: $feature, register }
        }),+];
    };
}
