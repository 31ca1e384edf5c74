//! The README's ability table, made from what the providers claim.

use cloud_types::{Ability, AfterResize, Capabilities, CloudProvider, GiB, Result, StoppedBilling};

/// The table in Markdown: a row an ability, a column a provider that is compiled in.
///
/// # Errors
/// Where a provider refuses its settings.
pub fn table() -> Result<String> {
    let local = cloud_local::Local::new();
    let hetzner = cloud_hetzner::Config::new("never-sent").build()?;
    #[cfg(feature = "gcp")]
    let gcp = cloud_gcp::Config::new().project("none").access_token("never-sent").build()?;
    Ok(render(&[
        ("local", local.capabilities()),
        ("hetzner", hetzner.capabilities()),
        #[cfg(feature = "gcp")]
        ("gcp", gcp.capabilities()),
    ]))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_each_provider_claims() {
        let table = table().unwrap();
        assert!(table.contains("| zones | ✓ | – |"), "{table}");
        assert!(table.contains("| stopped host is billed | disks only | in full |"), "{table}");
        assert!(table.lines().all(|line| line.matches('|').count() == 4), "{table}");
    }
}
