//! From a bootstrap to its plan: which steps there are, and in which order.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_types::{Error, Result};
use secrecy::ExposeSecret;

use crate::bootstrap::Bootstrap;
use crate::command::Command;
use crate::file::{Content, File};
use crate::plan::Plan;
use crate::secret::Value;

/// What a plan is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All.
    Whole,
    /// What a cloud-config beside it does not say: users, the host key and most files are said there.
    BesideCloudConfig,
}

/// Refuses two parts of one name.
pub(crate) fn check(bootstrap: &Bootstrap) -> Result<()> {
    distinct("user", bootstrap.users.iter().map(|user| &user.name))?;
    distinct("file.path", bootstrap.files.iter().map(|file| &file.path))?;
    distinct("bundle.name", bootstrap.bundles.iter().map(|bundle| &bundle.name))?;
    distinct("unit.name", bootstrap.units.iter().map(|unit| &unit.name))
}

fn distinct<'a>(field: &'static str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Error::invalid(field, format!("is there twice: {name}")));
        }
    }
    Ok(())
}

pub(crate) fn plan(bootstrap: &Bootstrap, scope: Scope) -> Plan {
    let mut plan = Plan::default();
    if let Some(signal) = &bootstrap.ready_signal {
        plan.prepare("report_to", [signal.url.to_text().into(), (&signal.token).into()]);
    }
    if scope == Scope::Whole {
        // First of all, so that the host soon shows the key that was announced.
        host_key(&mut plan, bootstrap);
        users(&mut plan, bootstrap);
    }
    packages(&mut plan, bootstrap);
    disks(&mut plan, bootstrap);
    for file in bootstrap.files.iter().filter(|file| scope == Scope::Whole || !in_cloud_config(bootstrap, file)) {
        add_file(&mut plan, file);
    }
    for bundle in &bootstrap.bundles {
        let token = bundle.token.as_ref().map_or(Value::from(""), Value::from);
        let (name, url, sum) = (bundle.name.as_str(), bundle.url.to_text(), bundle.sha256.as_str());
        plan.step("bundle", "install_bundle", [name.into(), url.into(), sum.into(), token]);
    }
    for command in &bootstrap.commands {
        add_command(&mut plan, command);
    }
    let mount = bootstrap.data_disk.as_ref().map(|disk| disk.mount_point.as_str());
    for unit in &bootstrap.units {
        unit.secrets().for_each(|secret| plan.hide(secret));
        plan.step("unit", "start_unit", [unit.name.as_str().into(), unit.text(mount).into(), unit.secret_text()]);
    }
    plan
}

/// Whether cloud-init writes this file: one of root's that is not fetched. It does so early: before there are users, and
/// before the data disk is mounted, which would hide the file.
pub(crate) fn in_cloud_config(bootstrap: &Bootstrap, file: &File) -> bool {
    let mounted = bootstrap.data_disk.as_ref().is_some_and(|disk| {
        file.path.strip_prefix(&disk.mount_point).is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
    });
    file.owner == "root" && !mounted && !matches!(file.content, Content::Fetched { .. })
}

fn host_key(plan: &mut Plan, bootstrap: &Bootstrap) {
    if let Some(key) = &bootstrap.host_key {
        let private = Value::secret(key.to_openssh().expose_secret());
        plan.step("host-key", "install_host_key", [private, key.public().to_openssh().into()]);
    }
}

fn users(plan: &mut Plan, bootstrap: &Bootstrap) {
    for user in &bootstrap.users {
        let sudo = if user.sudo { "yes" } else { "no" };
        let mut words: Vec<Value> = vec![user.name.as_str().into(), user.shell.as_str().into(), sudo.into()];
        words.extend(user.groups.iter().map(|group| group.as_str().into()));
        plan.step("users", "add_user", words);
        if !user.keys.is_empty() {
            let keys = user.keys.iter().map(|key| key.to_openssh().into());
            plan.step("users", "authorize_keys", std::iter::once(user.name.as_str().into()).chain(keys));
        }
    }
}

/// The packages that were asked for, and those of programs that the steps use. cloud-init installs the former too, and
/// goes on where it cannot; here each is looked for, and a missing one is tried again.
fn packages(plan: &mut Plan, bootstrap: &Bootstrap) {
    if !bootstrap.packages.is_empty() {
        let names = bootstrap.packages.iter().map(|package| package.as_str().into());
        plan.step("packages", "install_packages", names);
    }
    let fetches = bootstrap.files.iter().any(|file| matches!(file.content, Content::Fetched { .. }));
    let curl = fetches || !bootstrap.bundles.is_empty() || bootstrap.ready_signal.is_some();
    let tools = [
        (bootstrap.podman, "podman=podman"),
        (bootstrap.data_disk.is_some(), "mkfs.btrfs=btrfs-progs"),
        (curl, "curl=curl"),
    ];
    let tools: Vec<Value> = tools.into_iter().filter(|(used, _)| *used).map(|(_, tool)| tool.into()).collect();
    if !tools.is_empty() {
        plan.step("packages", "install_tools", tools);
    }
}

fn disks(plan: &mut Plan, bootstrap: &Bootstrap) {
    if let Some(disk) = &bootstrap.data_disk {
        let words = [&disk.mount_point, &disk.label, &disk.pattern];
        plan.step("data-disk", "mount_data_disk", words.map(|word| word.as_str().into()));
    }
    if let Some(swap) = &bootstrap.swap {
        plan.step("swap", "make_swap", [swap.path.as_str().into(), swap.size.0.to_string().into()]);
    }
}

fn add_file(plan: &mut Plan, file: &File) {
    let start = [file.path.as_str().into(), file.mode.to_string().into(), file.owner.as_str().into()];
    match &file.content {
        Content::Text(text) => plan.step("files", "write_file", start.into_iter().chain(["text".into(), text.clone()])),
        Content::Bytes(bytes) => {
            let content = ["base64".into(), STANDARD.encode(bytes).into()];
            plan.step("files", "write_file", start.into_iter().chain(content));
        }
        Content::Fetched { url, token } => {
            plan.step("files", "fetch_file", start.into_iter().chain([url.to_text().into(), token.into()]));
        }
    }
}

fn add_command(plan: &mut Plan, command: &Command) {
    let mut words: Vec<Value> = vec![command.within.as_secs().max(1).to_string().into()];
    for (name, value) in &command.environment {
        words.extend([name.as_str().into(), value.clone()]);
    }
    words.push("--".into());
    words.extend(command.words.iter().map(|word| word.as_str().into()));
    plan.step("command", "run_command", words);
}
