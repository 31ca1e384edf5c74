//! Which providers are tried, and how: read from where a provider is added, so that no command lists them again.

use std::fs;

use crate::manifest::{Entry, Manifest};
use crate::shell::{Result, root};
use crate::sources::Source;

/// The manifest whose dependencies on providers are those that are tried.
const TRIALS: &str = "crates/cloud-trials/Cargo.toml";

/// The providers of the trials, in the order of the manifest.
#[derive(Debug, PartialEq)]
pub(crate) struct Tried {
    /// Those of which a run of all checks makes every trial.
    pub(crate) always: Vec<String>,
    /// Those that are tried by hand alone, as the manifest says: `by-hand` of `[package.metadata.trials]`.
    pub(crate) by_hand: Vec<String>,
    /// The features of the trials that providers have.
    features: Vec<String>,
}

/// Reads the providers of the trials.
pub(crate) fn tried() -> Result<Tried> {
    Ok(read(&Source::new(TRIALS, fs::read_to_string(root().join(TRIALS))?)))
}

fn read(manifest: &Source) -> Tried {
    let manifest = Manifest::read(manifest);
    let by_hand = manifest.entries.iter().find(|entry| entry.section == "package.metadata.trials");
    let by_hand = by_hand.filter(|entry| entry.key == "by-hand").map_or("", |entry| entry.value.as_str());
    let by_hand: Vec<String> = by_hand.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let dependencies = manifest.entries.iter().filter(|entry| entry.section == "dependencies");
    let providers = dependencies.map(Entry::dependency).filter(|name| crate::tidy::is_provider(name));
    let always = providers.filter_map(|name| name.strip_prefix("cloud-")).map(str::to_owned);
    let features = manifest.features().map(|feature| feature.key.to_owned()).collect();
    Tried { always: always.filter(|name| !by_hand.contains(name)).collect(), by_hand, features }
}

impl Tried {
    /// The features to build the trials with: all but those by hand, and of these the ones that are asked for.
    pub(crate) fn features(&self, asked: &[String]) -> String {
        let on = |feature: &&String| !self.by_hand.contains(feature) || asked.contains(feature);
        self.features.iter().filter(on).cloned().collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"
[package.metadata.trials]
by-hand = ["slow"] # it builds long

[features]
acme = ["dep:cloud-acme"] # Acme
slow = ["dep:cloud-slow"] # Slow

[dependencies]
cloud-acme = { workspace = true, optional = true }
cloud-local.workspace = true
cloud-slow = { workspace = true, optional = true }
cloud-types.workspace = true

[dev-dependencies]
cloud-other.workspace = true
"#;

    #[test]
    fn providers_are_read_from_the_manifest_of_the_trials() {
        let tried = read(&Source::new(TRIALS, MANIFEST));
        assert_eq!((tried.always.join(" "), tried.by_hand.join(" ")), ("acme local".to_owned(), "slow".to_owned()));
        assert_eq!(tried.features(&[]), "acme");
        assert_eq!(tried.features(&["--provider".to_owned(), "slow".to_owned()]), "acme,slow");
    }
}
