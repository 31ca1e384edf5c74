//! The rule that a provider's own types are used where they are made and read, and nowhere else.

use std::collections::BTreeSet;

use super::imports::{imports, is_test_module, module};
use super::{Finding, is_provider};
use crate::sources::Source;

/// The modules of a provider's crate that know its wire types.
const KNOW: &[&str] = &["client", "convert", "error", "wire"];

/// Wire types that come from others' crates.
const FOREIGN: &[(&str, &str)] = &[("aws_sdk_ec2", "types")];

/// Files that still use wire types besides, by crate, from its `src`. The list may only become shorter.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "crates/cloud-gcp",
        &[
            "address.rs",
            "catalog.rs",
            "catalog/sold.rs",
            "create.rs",
            "create/body.rs",
            "create/plan.rs",
            "delete.rs",
            "firewall.rs",
            "host.rs",
            "image.rs",
            "operations.rs",
            "preempted.rs",
            "price.rs",
            "reader.rs",
            "snapshot.rs",
            "sweep.rs",
            "volume.rs",
        ],
    ),
];

pub(super) fn wire_in_its_place(rust: &[Source]) -> Vec<Finding> {
    misplaced(rust, KNOWN)
}

fn misplaced(rust: &[Source], known: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut using = BTreeSet::new();
    let sources = rust.iter().filter(|source| is_provider(source.package()));
    for source in sources.filter(|source| source.within_package().starts_with("src/")) {
        let knows = module(source).first().is_some_and(|subject| KNOW.contains(&subject.as_str()));
        if knows || is_test_module(source, rust) {
            continue;
        }
        let Some((what, line)) = first_use(source) else { continue };
        using.insert(source.path.as_str());
        let file = source.within_package().trim_start_matches("src/");
        if !known.iter().any(|(package, files)| *package == source.package() && files.contains(&file)) {
            findings.push(Finding::new(&source.path, line, format!("uses `{what}`")));
        }
    }
    for (package, files) in known {
        for path in files.iter().map(|file| format!("{package}/src/{file}")) {
            if !using.contains(path.as_str()) {
                let what = "uses no wire type any more: take it off the list in xtask/src/tidy/wire.rs";
                findings.push(Finding::new(&path, 1, what));
            }
        }
    }
    findings
}

/// The first path to a wire type in a file, and its line.
fn first_use(source: &Source) -> Option<(String, usize)> {
    let roots: Vec<&str> = ["crate", "super"].into_iter().chain(FOREIGN.iter().map(|(root, _)| *root)).collect();
    let is_wire = |path: &[String]| {
        path.first().is_some_and(|first| first == "wire")
            || FOREIGN.iter().any(|(root, module)| path.len() > 1 && path[0] == *root && path[1] == *module)
    };
    let found = imports(source, &roots).into_iter().find(|import| is_wire(&import.path))?;
    Some((found.path.join("::"), found.line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], known: &[(&str, &[&str])]) -> Vec<String> {
        let rust: Vec<_> = files.iter().map(|(path, text)| Source::new(*path, *text)).collect();
        misplaced(&rust, known).iter().map(ToString::to_string).collect()
    }

    const CREATE: (&str, &str) = ("crates/cloud-acme/src/create.rs", "//! A.\nuse crate::{convert, wire};");

    #[test]
    fn a_wire_type_in_another_file_is_found() {
        let sdk = ("crates/cloud-acme/src/tags.rs", "use aws_sdk_ec2::types::{Filter, Tag};");
        let inline = ("crates/cloud-acme/src/create/body.rs", "fn f(_: crate::wire::Server) {}");
        let expected = [
            "crates/cloud-acme/src/create.rs:2: uses `wire`",
            "crates/cloud-acme/src/tags.rs:1: uses `aws_sdk_ec2::types::Filter`",
            "crates/cloud-acme/src/create/body.rs:1: uses `wire::Server`",
        ];
        assert_eq!(found(&[CREATE, sdk, inline], &[]), expected);
    }

    #[test]
    fn the_files_that_know_wire_types_tests_and_other_crates_pass() {
        let text = "use crate::wire::Server;";
        let paths = [
            "cloud-acme/src/client/servers.rs",
            "cloud-acme/src/convert.rs",
            "cloud-acme/tests/wire.rs",
            "cloud-http/src/chain.rs",
        ]
        .map(|path| format!("crates/{path}"));
        let rust = paths.map(|path| Source::new(path, text));
        assert_eq!(misplaced(&rust, &[]), []);
    }

    #[test]
    fn a_known_file_passes_and_one_that_is_clean_is_taken_off() {
        assert_eq!(found(&[CREATE], &[("crates/cloud-acme", &["create.rs"])]), [""; 0]);
        let clean = found(&[CREATE], &[("crates/cloud-acme", &["create.rs", "delete.rs"])]);
        assert!(clean.len() == 1 && clean[0].contains("delete.rs:1: uses no wire type any more"), "{clean:?}");
    }
}
