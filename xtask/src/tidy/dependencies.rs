//! Rules on who may depend on whom.

use super::{Finding, Workspace, is_provider};
use crate::manifest::Manifest;
use crate::shell::{Result, cargo, output};
use crate::sources::Source;

/// Crates that bring HTTP, TLS or JSON, by how their names begin.
const HTTP_TLS_JSON: &[&str] = &[
    "aws-lc",
    "curl",
    "h2",
    "http",
    "hyper",
    "isahc",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "ring",
    "rustls",
    "serde_json",
    "simd-json",
    "tower-http",
    "ureq",
];

pub(super) fn contract_is_plain(_: &Workspace) -> Result<Vec<Finding>> {
    let tree = tree(&["--package", "cloud-types", "--all-features", "--format", "{p}\t{f}"])?;
    Ok(check_contract_tree(&tree))
}

fn check_contract_tree(tree: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in tree.lines() {
        let (package, features) = line.split_once('\t').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or(package);
        if HTTP_TLS_JSON.iter().any(|begin| name == *begin || name.starts_with(&format!("{begin}-"))) {
            findings.push(Finding::new(CONTRACT, 1, format!("depends on `{package}`")));
        }
        if name == "tokio" && features.trim_end_matches(" (*)") != "time" {
            findings.push(Finding::new(CONTRACT, 1, format!("turns on `{features}` of tokio, not `time` alone")));
        }
    }
    findings
}

pub(super) fn providers_are_apart(manifests: &[Source]) -> Vec<Finding> {
    providers_below(manifests, is_provider)
}

pub(super) fn simulator_knows_no_provider(manifests: &[Source]) -> Vec<Finding> {
    providers_below(manifests, |package| package == "crates/cloud-sim")
}

/// The dependencies on providers' crates in the manifests of these packages.
fn providers_below(manifests: &[Source], package: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in manifests.iter().filter(|source| package(source.package())) {
        // A package names itself to turn on its features for its tests.
        let itself = |dependency: &str| source.package().strip_prefix("crates/") == Some(dependency);
        let provider = |dependency: &str| is_provider(dependency) && !itself(dependency);
        for entry in Manifest::read(source).dependencies().filter(|entry| provider(entry.dependency())) {
            findings.push(Finding::new(&source.path, entry.line, format!("depends on `{}`", entry.dependency())));
        }
    }
    findings
}

pub(super) fn one_feature_one_provider(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let Some(facade) = workspace.manifests.iter().find(|source| source.path == FACADE) else {
        return Err(format!("{FACADE} is missing").into());
    };
    for feature in Manifest::read(facade).features() {
        let Some(provider) = feature.provider() else { continue };
        let tree =
            tree(&["--package", "cloud", "--no-default-features", "--features", feature.key, "--format", "{p}"])?;
        findings.extend(check_feature_tree(feature.key, provider, feature.line, &tree));
    }
    Ok(findings)
}

fn check_feature_tree(feature: &str, provider: &str, line: usize, tree: &str) -> Vec<Finding> {
    let others =
        tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| is_provider(name) && *name != provider);
    others.map(|other| Finding::new(FACADE, line, format!("the feature `{feature}` compiles `{other}`"))).collect()
}

/// A crate that turns on features of its own for its tests (`path = "."`) has no version to say.
pub(super) fn versions_in_one_place(manifests: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in manifests {
        for entry in Manifest::read(source).dependencies() {
            let value = entry.value.replace(' ', "");
            let shared = value.contains("workspace=true") || value.contains("path=\".\"");
            if !shared && !entry.key.ends_with(".workspace") {
                findings.push(Finding::new(
                    &source.path,
                    entry.line,
                    format!("`{}` has a version of its own", entry.key),
                ));
            }
        }
    }
    findings
}

/// What a build compiles, one crate a line, tests left out.
fn tree(arguments: &[&str]) -> Result<String> {
    output(cargo(["tree", "--edges", "normal,build", "--prefix", "none"]).args(arguments))
}

const CONTRACT: &str = "crates/cloud-types/Cargo.toml";
const FACADE: &str = "crates/cloud/Cargo.toml";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_crate_below_the_contract_is_found() {
        let findings = check_contract_tree(
            "cloud-types v0.1.0 (/x)\t\nbytes v1.0.0\tstd\nhttp-body v1.0.0\t\nhttparse v1.0.0\t\n",
        );
        assert_eq!(findings, [Finding::new(CONTRACT, 1, "depends on `http-body v1.0.0`")]);
    }

    #[test]
    fn more_of_tokio_than_time_is_found() {
        assert_eq!(check_contract_tree("tokio v1.54.1\ttime\ntokio v1.54.1\ttime (*)"), []);
        let findings = check_contract_tree("tokio v1.54.1\tnet,time");
        assert_eq!(findings, [Finding::new(CONTRACT, 1, "turns on `net,time` of tokio, not `time` alone")]);
    }

    #[test]
    fn a_provider_below_another_is_found() {
        let manifests = [
            Source::new(
                "crates/cloud-acme/Cargo.toml",
                "[dependencies]\ncloud-types.workspace = true\ncloud-local.workspace = true",
            ),
            Source::new("crates/cloud-trials/Cargo.toml", "[dependencies]\ncloud-local.workspace = true"),
        ];
        assert_eq!(
            providers_are_apart(&manifests),
            [Finding::new("crates/cloud-acme/Cargo.toml", 3, "depends on `cloud-local`")]
        );
    }

    #[test]
    fn a_provider_that_names_itself_for_its_tests_is_none_below_another() {
        let text = "[dev-dependencies]\ncloud-acme = { path = \".\", features = [\"x\"] }";
        assert_eq!(providers_are_apart(&[Source::new("crates/cloud-acme/Cargo.toml", text)]), []);
    }

    #[test]
    fn a_provider_below_the_simulator_is_found_in_its_tests_too() {
        let manifests =
            [Source::new("crates/cloud-sim/Cargo.toml", "[dev-dependencies]\ncloud-acme = { workspace = true }")];
        assert_eq!(simulator_knows_no_provider(&manifests).len(), 1);
    }

    #[test]
    fn a_feature_that_compiles_another_provider_is_found() {
        let tree = "cloud v0.1.0 (/x)\ncloud-acme v0.1.0 (/x)\ncloud-http v0.1.0 (/x)\ncloud-local v0.1.0 (/x)";
        let findings = check_feature_tree("acme", "cloud-acme", 4, tree);
        assert_eq!(findings, [Finding::new(FACADE, 4, "the feature `acme` compiles `cloud-local`")]);
    }

    #[test]
    fn a_version_in_a_member_is_found() {
        let text = "[dependencies]\na.workspace = true\nb = { workspace = true, features = [\"x\"] }\nc = \"1\"\nd = { path = \"../d\" }\nx = { path = \".\" }";
        let findings = versions_in_one_place(&[Source::new("crates/x/Cargo.toml", text)]);
        assert_eq!(findings.iter().map(|finding| finding.line).collect::<Vec<_>>(), [4, 5]);
    }
}
