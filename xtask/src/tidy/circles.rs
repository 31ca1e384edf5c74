//! The rule that the files of a provider's crate import each other in one direction.
//!
//! A file and the folder of its name are one subject: what goes on within it is its own affair. The crate's root is no
//! subject: what is imported from it counts as imported from where it stands.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{imports, is_test_module, module, reexports};
use super::{Finding, is_provider};
use crate::sources::Source;

pub(super) fn no_circles(rust: &[Source]) -> Vec<Finding> {
    let packages: BTreeSet<&str> = rust.iter().map(Source::package).filter(|package| is_provider(package)).collect();
    let mut findings = Vec::new();
    for package in packages {
        let graph = graph(rust, package);
        let circles: BTreeSet<BTreeSet<&str>> = graph.keys().filter_map(|subject| circle(&graph, subject)).collect();
        for circle in &circles {
            let first = circle.first().copied().unwrap_or_default();
            let what = format!("stands in a circle: {}", Vec::from_iter(circle.iter().copied()).join(", "));
            findings.push(Finding::new(&format!("{package}/src/{first}.rs"), 1, what));
        }
    }
    findings
}

/// What each subject of a crate imports.
type Graph = BTreeMap<String, BTreeSet<String>>;

fn graph(rust: &[Source], package: &str) -> Graph {
    let files = || {
        let sources = rust.iter().filter(|source| source.package() == package);
        sources.filter(|source| source.within_package().starts_with("src/") && !is_test_module(source, rust))
    };
    let subject = |source: &Source| module(source).into_iter().next();
    let subjects: BTreeSet<String> = files().filter_map(subject).collect();
    let root = files().find(|source| source.within_package() == "src/lib.rs");
    let roots: BTreeMap<String, String> = root.map(reexports).unwrap_or_default().into_iter().collect();
    let mut graph: Graph = subjects.iter().map(|subject| (subject.clone(), BTreeSet::new())).collect();
    for file in files() {
        let Some(from) = subject(file) else { continue };
        for import in imports(file, &["crate", "super"]) {
            let Some(first) = import.path.first() else { continue };
            let to = if subjects.contains(first) { Some(first) } else { roots.get(first) };
            if let Some(to) = to.filter(|to| subjects.contains(*to) && **to != from) {
                graph.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    graph
}

/// The subjects that import this one and are imported by it, directly or through others; `None` where it does not reach
/// itself.
fn circle<'a>(graph: &'a Graph, subject: &'a str) -> Option<BTreeSet<&'a str>> {
    let reached = reach(graph, subject);
    let round = reached.iter().copied().filter(|other| reach(graph, other).contains(subject));
    reached.contains(subject).then(|| round.collect())
}

/// All that a subject imports, directly or through others.
fn reach<'a>(graph: &'a Graph, from: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(subject) = next.pop() {
        for to in graph.get(subject).into_iter().flatten() {
            if found.insert(to.as_str()) {
                next.push(to);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme(files: &[(&str, &str)]) -> Vec<Source> {
        files.iter().map(|(file, text)| Source::new(format!("crates/cloud-acme/src/{file}"), *text)).collect()
    }

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        no_circles(&acme(files)).iter().map(ToString::to_string).collect()
    }

    const CIRCLE: &[(&str, &str)] = &[
        ("lib.rs", "mod host;\npub use host::Acme;\n"),
        ("host.rs", "use crate::create;"),
        ("create.rs", "use crate::plan::Plan;\nuse crate::wire;"),
        ("create/body.rs", "use crate::Acme;"),
        ("plan.rs", ""),
        ("wire/mod.rs", ""),
    ];

    #[test]
    fn a_circle_through_a_folder_and_the_root_is_found() {
        assert_eq!(found(CIRCLE), ["crates/cloud-acme/src/create.rs:1: stands in a circle: create, host"]);
    }

    #[test]
    fn files_that_import_in_one_direction_pass() {
        let within = ("create/body.rs", "use super::Create;\nuse crate::plan::Plan;");
        let files =
            [CIRCLE[0], ("host.rs", "use crate::create;"), ("create.rs", "mod body;\nuse body::b;"), within, CIRCLE[4]];
        assert_eq!(found(&files), [""; 0]);
    }
}
