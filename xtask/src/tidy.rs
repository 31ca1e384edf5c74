//! The project's rules that no compiler checks: the invariants of ARCHITECTURE.md, each as a small function.
//!
//! A check looks at text: sources, manifests, or what `cargo tree` prints. So each can be shown to fail on made-up
//! input, and its tests do.

mod circles;
mod contract;
mod dependencies;
mod imports;
mod layout;
mod text;
mod wire;

use std::fmt;

use crate::shell::{self, Result};
use crate::sources::{self, Source};

/// What the checks look at, read once.
struct Workspace {
    rust: Vec<Source>,
    manifests: Vec<Source>,
}

/// One rule.
struct Check {
    name: &'static str,
    forbids: &'static str,
    find: fn(&Workspace) -> Result<Vec<Finding>>,
}

/// A place where a rule is broken.
#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

const CHECKS: &[Check] = &[
    Check {
        name: "contract-is-plain",
        forbids: "an HTTP, TLS or JSON crate below cloud-types, or more of tokio than `time`",
        find: dependencies::contract_is_plain,
    },
    Check {
        name: "providers-are-apart",
        forbids: "a provider's crate that depends on another's",
        find: |workspace| Ok(dependencies::providers_are_apart(&workspace.manifests)),
    },
    Check {
        name: "one-feature-one-provider",
        forbids: "a build with one provider's feature that compiles another's crate",
        find: dependencies::one_feature_one_provider,
    },
    Check {
        name: "simulator-knows-no-provider",
        forbids: "a provider's crate below cloud-sim, which writes its own JSON",
        find: |workspace| Ok(dependencies::simulator_knows_no_provider(&workspace.manifests)),
    },
    Check {
        name: "versions-in-one-place",
        forbids: "a dependency of a member that is not `workspace = true`",
        find: |workspace| Ok(dependencies::versions_in_one_place(&workspace.manifests)),
    },
    Check {
        name: "features-are-explained",
        forbids: "a feature of the facade without a comment, or missing in the table of its docs",
        find: |workspace| Ok(layout::features_are_explained(&workspace.manifests, &workspace.rust)),
    },
    Check {
        name: "same-files-everywhere",
        forbids: "a provider's crate that lacks one of the files that all of them have",
        find: |workspace| Ok(layout::same_files_everywhere(&workspace.rust)),
    },
    Check {
        name: "wire-in-its-place",
        forbids: "a wire type in a file of a provider's crate that is not client, convert, error or wire",
        find: |workspace| Ok(wire::wire_in_its_place(&workspace.rust)),
    },
    Check {
        name: "no-import-circles",
        forbids: "files of a provider's crate that import each other in a circle",
        find: |workspace| Ok(circles::no_circles(&workspace.rust)),
    },
    Check {
        name: "no-provider-named",
        forbids: "a provider's name in cloud-types, cloud-driver, cloud-http or cloud-conformance",
        find: |workspace| Ok(text::no_provider_named(&workspace.rust, &workspace.manifests)),
    },
    Check {
        name: "environment-in-config",
        forbids: "a library that reads the environment outside its `config` and `auth`",
        find: |workspace| Ok(text::environment_in_config(&workspace.rust)),
    },
    Check {
        name: "files-have-heads",
        forbids: "a source file that does not open with `//!`",
        find: |workspace| Ok(text::files_have_heads(&workspace.rust)),
    },
    Check {
        name: "files-are-short",
        forbids: "a source file of over 500 lines without its tests",
        find: |workspace| Ok(text::files_are_short(&workspace.rust)),
    },
    Check {
        name: "nothing-unfinished",
        forbids: "a mark of unfinished work, or a test that is switched off",
        find: |workspace| Ok(text::nothing_unfinished(&workspace.rust)),
    },
    Check {
        name: "contract-is-tested",
        forbids: "a rule of the contract that names a behaviour which the conformance suite lacks",
        find: |workspace| Ok(contract::contract_is_tested(&workspace.rust)),
    },
];

/// Checks every rule and prints each place that breaks one.
pub(crate) fn run(arguments: &[String]) -> Result {
    if arguments == ["--list"] {
        CHECKS.iter().for_each(|check| println!("{}\n    forbids {}", check.name, check.forbids));
        return Ok(());
    }
    shell::no_arguments(arguments)?;
    let root = shell::root();
    let workspace = Workspace { rust: sources::read(&root, &["rs"])?, manifests: manifests(&root)? };
    let mut broken = Vec::new();
    for check in CHECKS {
        let findings = (check.find)(&workspace)?;
        if findings.is_empty() {
            continue;
        }
        println!("{} forbids {}:", check.name, check.forbids);
        findings.iter().for_each(|finding| println!("  {finding}"));
        broken.push(check.name);
    }
    if broken.is_empty() {
        println!("{} rules hold", CHECKS.len());
        return Ok(());
    }
    Err(format!("broken: {}", broken.join(", ")).into())
}

fn manifests(root: &std::path::Path) -> Result<Vec<Source>> {
    let mut found = sources::read(root, &["toml"])?;
    found.retain(|source| source.within_package() == "Cargo.toml");
    Ok(found)
}

/// The packages under `crates/` that stand behind no provider; every other one does.
const NOT_PROVIDERS: &[&str] = &[
    "cloud",
    "cloud-boot-trial",
    "cloud-bootstrap",
    "cloud-conformance",
    "cloud-driver",
    "cloud-http",
    "cloud-reach",
    "cloud-sim",
    "cloud-trials",
    "cloud-types",
    "cloud-usage",
    "cloud-world",
    "container-cloud",
];

/// Whether a package, by its name or folder, stands behind a provider.
pub(crate) fn is_provider(package: &str) -> bool {
    let name = package.strip_prefix("crates/").unwrap_or(package);
    name.starts_with("cloud-") && !NOT_PROVIDERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_prints_its_place() {
        assert_eq!(Finding::new("a.rs", 3, "wrong").to_string(), "a.rs:3: wrong");
    }

    #[test]
    fn providers_are_told_from_the_rest() {
        assert!(is_provider("crates/cloud-local") && is_provider("cloud-acme"));
        assert!(!is_provider("crates/cloud-types") && !is_provider("crates/cloud") && !is_provider("crates/cocoon"));
    }
}
