//! The README's ability table, made from what the providers claim. It is compared by each run, and written by
//! `cargo xtask docs`.
//!
//! This is a test since it needs all providers: the workspace's tests have them compiled.

use std::path::Path;

use cloud_types::{Ability, AfterResize, Capabilities, CloudProvider, GiB, StoppedBilling};

#[test]
fn the_readme_says_what_each_provider_claims() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let old = std::fs::read_to_string(&path).unwrap();
    let new = with_table(&old, &table());
    if std::env::var_os(WRITE).is_some() {
        return std::fs::write(&path, new).unwrap();
    }
    assert_eq!(old, new, "README.md is not what the providers claim: run `cargo xtask docs`");
}

fn with_table(readme: &str, table: &str) -> String {
    let (before, rest) = readme.split_once(MARKS.0).expect("the README has a table's beginning");
    let (_, after) = rest.split_once(MARKS.1).expect("the README has a table's end");
    format!("{before}{}\n{table}{}{after}", MARKS.0, MARKS.1)
}

/// The table in Markdown: a row an ability, a column a provider.
fn table() -> String {
    let local = cloud_local::Local::new();
    let hetzner = cloud_hetzner::Config::new("never-sent").build().unwrap();
    let aws = cloud_aws::Config::new().with_ipv6().build().unwrap();
    let gcp = cloud_gcp::Config::new().project("none").access_token("never-sent").build().unwrap();
    let cocoon = cloud_cocoon::Config::new(cloud_cocoon::cocoon::Config::new().build()).build().unwrap();
    render(&[
        ("local", local.capabilities()),
        ("hetzner", hetzner.capabilities()),
        ("aws", aws.capabilities()),
        ("gcp", gcp.capabilities()),
        ("cocoon", cocoon.capabilities()),
    ])
}

fn render(providers: &[(&str, &Capabilities)]) -> String {
    let names: Vec<String> = providers.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut table = row("", &names);
    table += &row("---", &vec![":-:".to_owned(); names.len()]);
    for (ability, words) in Ability::ALL {
        table += &cells(words, providers, |claims| if claims.can(ability) { "✓" } else { "–" }.to_owned());
    }
    table += &cells("stopped host is billed", providers, |claims| stopped(claims.stopped_billing).to_owned());
    table += &cells("after a resize", providers, |claims| resized(claims.after_resize).to_owned());
    table += &cells("user data up to", providers, |claims| format!("{} KiB", claims.user_data_bytes / 1024));
    table += &cells("boot disk", providers, |claims| match &claims.boot_disk {
        Some(range) => sizes(*range.start(), *range.end()),
        None => "by machine type".to_owned(),
    });
    table + &cells("data disk", providers, |claims| sizes(*claims.data_disk.start(), *claims.data_disk.end()))
}

fn cells(words: &str, providers: &[(&str, &Capabilities)], cell: impl Fn(&Capabilities) -> String) -> String {
    row(words, &providers.iter().map(|(_, claims)| cell(claims)).collect::<Vec<_>>())
}

fn row(first: &str, cells: &[String]) -> String {
    format!("| {first} | {} |\n", cells.join(" | "))
}

fn stopped(billing: StoppedBilling) -> &'static str {
    match billing {
        StoppedBilling::Nothing => "not at all",
        StoppedBilling::DisksOnly => "disks only",
        StoppedBilling::InFull => "in full",
        _ => "see its docs",
    }
}

fn resized(after: AfterResize) -> &'static str {
    match after {
        AfterResize::Stopped => "stopped",
        AfterResize::Running => "running",
        _ => "see its docs",
    }
}

fn sizes(least: GiB, most: GiB) -> String {
    format!("{}–{} GiB", least.0, most.0)
}

/// The environment variable by which the table is written.
const WRITE: &str = "CLOUD_WRITE_README";
/// The lines around the table.
const MARKS: (&str, &str) = ("<!-- abilities:start -->", "<!-- abilities:end -->");
