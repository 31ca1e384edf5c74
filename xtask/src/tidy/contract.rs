//! The rule that what the contract promises is what the conformance suite tests.
//!
//! One way only: the suite has finer behaviours too, each explained where it is written.

use std::collections::BTreeSet;

use super::Finding;
use crate::sources::Source;

/// The package whose docs promise, and the one that tests.
const CONTRACT: &str = "crates/cloud-types";
const SUITE: &str = "crates/cloud-conformance";

pub(super) fn contract_is_tested(rust: &[Source]) -> Vec<Finding> {
    let of = |package: &'static str| rust.iter().filter(move |source| source.package() == package);
    let tested: BTreeSet<&str> =
        of(SUITE).flat_map(Source::lines_without_tests).filter_map(|(_, line)| row_name(line)).collect();
    let mut findings = Vec::new();
    for source in of(CONTRACT) {
        for (name, line) in promises(source).into_iter().filter(|(name, _)| !tested.contains(name)) {
            findings.push(Finding::new(&source.path, line, format!("no behaviour of the suite is called `{name}`")));
        }
    }
    findings
}

/// The behaviours that `# Contract` and `# Errors` name in brackets, such as ``(`lists_are_whole`)``, and their lines.
fn promises(source: &Source) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut promising = false;
    for (number, line) in source.lines() {
        let Some(doc) = line.trim_start().strip_prefix("///") else {
            promising = false;
            continue;
        };
        if let Some(title) = doc.trim().strip_prefix("# ") {
            promising = matches!(title, "Contract" | "Errors");
        } else if promising {
            let brackets = doc.split("(`").skip(1).filter_map(|rest| rest.split_once("`)")).map(|(inside, _)| inside);
            let names = brackets.flat_map(|inside| inside.split("`, `")).filter(|name| is_sentence(name));
            found.extend(names.map(|name| (name, number)));
        }
    }
    found
}

/// Behaviours are called by sentences, of three words or more; what else stands in code is not.
fn is_sentence(name: &str) -> bool {
    let lower_case = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_';
    name.chars().all(lower_case) && name.matches('_').count() >= 2
}

/// The name in a row of the suite's table: `lists_are_whole []` or `a_host_is_resized [Resize]`.
fn row_name(line: &str) -> Option<&str> {
    let (name, needs) = line.trim().split_once(' ')?;
    let needs = needs.strip_prefix('[')?.strip_suffix(']')?;
    let are_needs = needs.chars().all(|character| character.is_ascii_alphanumeric() || character == ' ');
    (is_sentence(name) && are_needs).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = "
    /// Lists (`as_it_says_here`).
    ///
    /// # Contract
    /// - Whole (`lists_are_whole`), and [found](crate::X) by name (`find_host`)
    ///   (`found_by_its_name`, `found_only_once`).
    ///
    /// # Errors
    /// None (`Missing`) but one (`a_missing_one_is_not_found`).
    fn list();
";

    #[test]
    fn promises_are_read_from_contracts_and_errors() {
        let source = Source::new("crates/cloud-types/src/a.rs", DOCS);
        let expected = [
            ("lists_are_whole", 5),
            ("found_by_its_name", 6),
            ("found_only_once", 6),
            ("a_missing_one_is_not_found", 9),
        ];
        assert_eq!(promises(&source), expected);
    }

    #[test]
    fn a_promise_without_a_behaviour_is_found() {
        let suite = "list {\n    lists_are_whole []\n    found_only_once [Resize Spot]\n    let a_b_c = [y];\n}\na_missing_one_is_not_found []";
        let rust =
            [Source::new("crates/cloud-types/src/a.rs", DOCS), Source::new("crates/cloud-conformance/src/b.rs", suite)];
        let what = "no behaviour of the suite is called `found_by_its_name`";
        assert_eq!(contract_is_tested(&rust), [Finding::new("crates/cloud-types/src/a.rs", 6, what)]);
    }
}
