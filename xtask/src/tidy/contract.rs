//! The rule that what the contract promises is what the conformance suite tests.

use std::collections::BTreeMap;

use super::Finding;
use crate::sources::Source;

/// The package whose docs promise, and the one that tests.
const CONTRACT: &str = "crates/cloud-types";
const SUITE: &str = "crates/cloud-conformance";

pub(super) fn contract_is_tested(rust: &[Source]) -> Vec<Finding> {
    let of = |package: &'static str| rust.iter().filter(move |source| source.package() == package);
    let promised: BTreeMap<String, (&str, usize)> = of(CONTRACT).flat_map(promises).collect();
    let tested: BTreeMap<String, (&str, usize)> = of(SUITE).flat_map(checks).collect();
    let mut findings = Vec::new();
    for (name, (path, line)) in promised.iter().filter(|(name, _)| !tested.contains_key(*name)) {
        findings.push(Finding::new(path, *line, format!("no check of the suite is called `{name}`")));
    }
    for (name, (path, line)) in tested.iter().filter(|(name, _)| !promised.contains_key(*name)) {
        findings.push(Finding::new(path, *line, format!("no rule of the contract names `{name}`")));
    }
    findings
}

/// The checks that the lists under `# Contract` name in brackets, such as ``(`lists_are_whole`)``.
fn promises(source: &Source) -> Vec<(String, (&str, usize))> {
    let mut found = Vec::new();
    let mut in_contract = false;
    for (number, line) in source.lines() {
        let Some(doc) = line.trim_start().strip_prefix("///") else {
            in_contract = false;
            continue;
        };
        if let Some(title) = doc.trim().strip_prefix("# ") {
            in_contract = title == "Contract";
        } else if in_contract {
            let brackets = doc.split("(`").skip(1).filter_map(|rest| rest.split_once("`)")).map(|(inside, _)| inside);
            let names = brackets.flat_map(|inside| inside.split("`, `"));
            found.extend(names.map(|name| (name.to_owned(), (source.path.as_str(), number))));
        }
    }
    found
}

/// The rows of the suite's table of behaviours.
fn checks(source: &Source) -> Vec<(String, (&str, usize))> {
    let rows = source.lines_without_tests().filter_map(|(number, line)| Some((row_name(line)?, number)));
    rows.map(|(name, number)| (name.to_owned(), (source.path.as_str(), number))).collect()
}

/// The name in a row of the table: `lists_are_whole []` or `a_host_is_resized [Resize]`.
fn row_name(line: &str) -> Option<&str> {
    let (name, needs) = line.trim().split_once(' ')?;
    let is_name =
        name.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_');
    let needs = needs.strip_prefix('[')?.strip_suffix(']')?;
    let are_needs = needs.chars().all(|character| character.is_ascii_alphanumeric() || character == ' ');
    (is_name && are_needs && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = "
    /// Lists.
    ///
    /// # Contract
    /// - Whole (`lists_are_whole`), and [found](crate::X) by name
    ///   (`found_by_name`, `found_once`).
    ///
    /// # Errors
    /// None (`not_a_check`).
    fn list();
";

    #[test]
    fn promises_are_read_from_contracts_alone() {
        let source = Source::new("crates/cloud-types/src/a.rs", DOCS);
        let names: Vec<_> = promises(&source).into_iter().map(|(name, (_, line))| (name, line)).collect();
        let expected = [("lists_are_whole", 5), ("found_by_name", 6), ("found_once", 6)];
        assert_eq!(names, expected.map(|(name, line)| (name.to_owned(), line)));
    }

    #[test]
    fn a_promise_without_a_check_and_a_check_without_a_promise_are_found() {
        let suite = "list {\n    lists_are_whole []\n    unasked [Resize Spot]\n}\nfound_once []\nlet x = [y];\n";
        let rust =
            [Source::new("crates/cloud-types/src/a.rs", DOCS), Source::new("crates/cloud-conformance/src/b.rs", suite)];
        let findings: Vec<_> = contract_is_tested(&rust).into_iter().map(|finding| finding.to_string()).collect();
        assert_eq!(
            findings,
            [
                "crates/cloud-types/src/a.rs:6: no check of the suite is called `found_by_name`",
                "crates/cloud-conformance/src/b.rs:3: no rule of the contract names `unasked`",
            ]
        );
    }
}
