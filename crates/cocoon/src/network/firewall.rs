//! Rules for packets in the kernel: put there, looked at, removed.

use std::net::Ipv4Addr;
use std::process::Stdio;

use cloud_types::Result;
use serde_json::Value;

use super::tool::NFT;
use super::{names, rules};

/// Puts rules in force, all at once.
pub(super) async fn apply(guard: Stdio, rules: &str) -> Result<()> {
    NFT.run(guard, &[rules]).await.map(drop)
}

/// Removes the tables of an interface; that there are none is no failure.
pub(super) async fn remove(guard: Stdio, interface: &str) -> Result<()> {
    apply(guard, &rules::without(interface)).await
}

/// The interfaces that tables of cocoon's are for, of all installations, each once.
pub(super) async fn interfaces() -> Result<Vec<String>> {
    let tables = listed(&["--json", "list", "tables"], "table").await?;
    let named = tables.iter().filter_map(|table| names::of_table(table["name"].as_str()?));
    let mut interfaces: Vec<String> = named.map(str::to_owned).collect();
    interfaces.sort();
    interfaces.dedup();
    Ok(interfaces)
}

/// The ports that VMs of all installations publish now, but for those of one interface.
pub(super) async fn published(but_for: &str) -> Result<Vec<(Ipv4Addr, u16)>> {
    let others = interfaces().await?;
    let others = others.iter().filter(|interface| interface.starts_with("ct") && *interface != but_for);
    let questions: String = others.map(|other| format!("list table inet {}\n", names::table(other))).collect();
    if questions.is_empty() {
        return Ok(Vec::new());
    }
    let rules = listed(&["--json", &questions], "rule").await?;
    let port = |rule: &Value| {
        let (address, port) = rule["comment"].as_str()?.split_once(':')?;
        Some((address.parse().ok()?, port.parse().ok()?))
    };
    Ok(rules.iter().filter_map(port).collect())
}

/// The chains that are not cocoon's and drop what they do not know, of what comes to this box or is passed on by it. What is
/// accepted by one chain may be dropped by another, so that no rule of ours can help.
pub(super) async fn others_that_drop() -> Result<Vec<String>> {
    let chains = listed(&["--json", "list", "chains"], "chain").await?;
    let drops = |chain: &&Value| {
        let word = |key: &str| chain[key].as_str().unwrap_or_default();
        let ours = names::of_table(word("table")).is_some();
        !ours && word("policy") == "drop" && matches!(word("hook"), "input" | "forward")
    };
    let name = |chain: &Value| {
        Some(format!("{} {} {}", chain["family"].as_str()?, chain["table"].as_str()?, chain["name"].as_str()?))
    };
    Ok(chains.iter().filter(drops).filter_map(name).collect())
}

/// What `nft` lists of this kind.
async fn listed(arguments: &[&str], kind: &str) -> Result<Vec<Value>> {
    let answers = NFT.ask(arguments).await?;
    let objects = answers.into_iter().flat_map(|mut answer| match answer["nftables"].take() {
        Value::Array(objects) => objects,
        _ => Vec::new(),
    });
    Ok(objects.map(|mut object| object[kind].take()).filter(|object| !object.is_null()).collect())
}
