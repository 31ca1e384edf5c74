//! The rule that a provider's own types are used where they are made and read, and nowhere else.

use super::imports::{imports, is_test_module, module};
use super::{Finding, is_provider};
use crate::sources::Source;

/// The modules of a provider's crate that know its wire types.
const KNOW: &[&str] = &["client", "convert", "error", "wire"];

/// Wire types that come from others' crates.
const FOREIGN: &[(&str, &str)] = &[("aws_sdk_ec2", "types")];

pub(super) fn wire_in_its_place(rust: &[Source]) -> Vec<Finding> {
    let sources = rust.iter().filter(|source| is_provider(source.package()));
    let misplaced = sources.filter(|source| source.within_package().starts_with("src/")).filter_map(|source| {
        let knows = module(source).first().is_some_and(|subject| KNOW.contains(&subject.as_str()));
        let (what, line) = first_use(source).filter(|_| !knows && !is_test_module(source, rust))?;
        Some(Finding::new(&source.path, line, format!("uses `{what}`")))
    });
    misplaced.collect()
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

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let rust: Vec<_> = files.iter().map(|(path, text)| Source::new(*path, *text)).collect();
        wire_in_its_place(&rust).iter().map(ToString::to_string).collect()
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
        assert_eq!(found(&[CREATE, sdk, inline]), expected);
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
        assert_eq!(wire_in_its_place(&rust), []);
    }
}
