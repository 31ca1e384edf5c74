//! The contract and the list of behaviours name the same things.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cloud_conformance::BEHAVIOURS;

#[test]
fn every_check_that_the_contract_names_is_a_behaviour() {
    let contract = text_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../cloud-types/src"));
    let named: BTreeSet<&str> = contract.split("(`").skip(1).filter_map(check_name).collect();
    assert!(named.len() > 20, "the contract names its checks as (`check`), found {named:?}");
    let known: BTreeSet<&str> = BEHAVIOURS.iter().map(|behaviour| behaviour.name).collect();
    let missing: Vec<_> = named.difference(&known).collect();
    assert!(missing.is_empty(), "the contract names checks that are no behaviours: {missing:?}");
}

#[test]
fn no_two_behaviours_have_one_name() {
    let names: BTreeSet<&str> = BEHAVIOURS.iter().map(|behaviour| behaviour.name).collect();
    assert_eq!(names.len(), BEHAVIOURS.len());
}

/// The text up to the closing mark, where it is a name of several words.
fn check_name(text: &str) -> Option<&str> {
    let (name, _) = text.split_once("`)")?;
    let is_name = name.contains('_') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name.then_some(name)
}

fn text_of(folder: &Path) -> String {
    let files = fs::read_dir(folder).expect("the contract's folder is beside this crate's");
    files.map(|file| fs::read_to_string(file.expect("a file can be listed").path()).expect("a file of text")).collect()
}
