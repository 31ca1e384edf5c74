//! Rules on what stands where: the files of each provider's crate, and the facade's features.

use std::collections::BTreeSet;

use super::{Finding, is_provider};
use crate::manifest::Manifest;
use crate::sources::Source;

/// The files that every provider's crate has, so that who knows one knows all.
const FILES: &[&str] = &["lib", "config", "auth", "wire", "client", "convert", "error", "host"];

/// Crates that need fewer of them, and why.
const LACKING: &[(&str, &[&str], &str)] = &[
    ("crates/cloud-local", &["auth", "wire", "client"], "it is in memory: no account, no JSON and no calls"),
    ("crates/cloud-cloudflare", &["host"], "it serves DNS records, not hosts"),
    ("crates/cloud-cocoon", &["auth", "wire", "client"], "it is on this box: no account, no JSON and no calls"),
];

pub(super) fn same_files_everywhere(rust: &[Source]) -> Vec<Finding> {
    let packages: BTreeSet<&str> = rust.iter().map(Source::package).filter(|package| is_provider(package)).collect();
    let mut findings = Vec::new();
    for package in packages {
        let lacking = LACKING.iter().find(|(name, _, _)| *name == package).map_or(&[][..], |(_, files, _)| files);
        for file in FILES.iter().filter(|file| !lacking.contains(file)) {
            let own = format!("{package}/src/{file}.rs");
            let places = [format!("{package}/src/{file}/mod.rs"), own.clone()];
            if !rust.iter().any(|source| places.contains(&source.path)) {
                findings.push(Finding::new(&own, 1, "is missing"));
            }
        }
    }
    findings
}

pub(super) fn features_are_explained(manifests: &[Source], rust: &[Source]) -> Vec<Finding> {
    let docs = rust.iter().find(|source| source.path == "crates/cloud/src/lib.rs").map_or("", |source| &source.text);
    let mut findings = Vec::new();
    for source in manifests.iter().filter(|source| source.path == "crates/cloud/Cargo.toml") {
        for feature in Manifest::read(source).entries.iter().filter(|entry| entry.section == "features") {
            if !feature.commented {
                findings.push(Finding::new(&source.path, feature.line, format!("`{}` has no comment", feature.key)));
            }
            if feature.key != "default" && !docs.contains(&format!("//! | `{}`", feature.key)) {
                let what = format!("`{}` is not in the table of features in src/lib.rs", feature.key);
                findings.push(Finding::new(&source.path, feature.line, what));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_of_a_provider_is_found() {
        let all_but_error = ["lib.rs", "config.rs", "auth.rs", "wire/mod.rs", "client.rs", "convert.rs", "host.rs"];
        let rust = all_but_error.map(|file| Source::new(format!("crates/cloud-acme/src/{file}"), ""));
        assert_eq!(same_files_everywhere(&rust), [Finding::new("crates/cloud-acme/src/error.rs", 1, "is missing")]);
    }

    #[test]
    fn a_file_that_a_provider_has_no_use_for_may_lack() {
        let rust = ["lib", "config", "convert", "error", "host"]
            .map(|file| Source::new(format!("crates/cloud-local/src/{file}.rs"), ""));
        assert_eq!(same_files_everywhere(&rust), []);
        assert_eq!(same_files_everywhere(&rust[..4]).len(), 1);
    }

    #[test]
    fn a_feature_without_a_comment_or_a_row_is_found() {
        let manifest =
            Source::new("crates/cloud/Cargo.toml", "[features]\nacme = [\"dep:cloud-acme\"]\nmock = [] # mocks\n");
        let docs = Source::new("crates/cloud/src/lib.rs", "//! | `acme` | Acme's hosts |\n");
        let findings: Vec<_> =
            features_are_explained(&[manifest], &[docs]).into_iter().map(|finding| finding.what).collect();
        assert_eq!(findings, ["`acme` has no comment", "`mock` is not in the table of features in src/lib.rs"]);
    }
}
