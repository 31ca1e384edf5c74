//! `/servers/{id}/actions/…`.

use cloud_world::{Command, HostState, ImageKind, Kind};
use serde_json::json;

use super::api::{self, Answer, Api};
use super::errors::{self, ApiError};
use super::{protection, render, servers};

/// `POST /servers/{id}/actions/{verb}`.
pub(super) fn start(api: &mut Api<'_>, id: &str, verb: &str) -> Answer {
    let host = servers::seen(api, id)?;
    match verb {
        "poweron" | "poweroff" | "shutdown" | "reboot" | "reset" => power(api, host, verb),
        "rebuild" => rebuild(api, host),
        "change_type" => change_type(api, host),
        "create_image" => create_image(api, host),
        "enable_rescue" => enable_rescue(api, host),
        "disable_rescue" => {
            api.no_fields()?;
            let action = note(api, host, Command::DisableRescue)?;
            api.world.hosts.find_mut(host)?.rescue = false;
            api.started(action)
        }
        "reset_password" => reset_password(api, host),
        "request_console" => request_console(api, host),
        "enable_backup" | "disable_backup" => backup(api, host, verb),
        "change_protection" => protection::server(api, host),
        "change_dns_ptr" => change_dns_ptr(api, host),
        "attach_to_network" | "detach_from_network" | "change_alias_ips" => network(api),
        "add_to_placement_group" => {
            let mut fields = api.fields()?;
            let group = fields.required_number("placement_group");
            fields.done()?;
            Err(errors::not_found("placement_group", &group.to_string()))
        }
        "remove_from_placement_group" => {
            let message = "server is not in a placement group";
            Err(errors::invalid("placement_group", message))
        }
        _ => Err(errors::unknown_path()),
    }
}

fn power(api: &mut Api<'_>, host: u64, verb: &str) -> Answer {
    api.no_fields()?;
    let (world, now) = (&mut *api.world, api.now);
    let is_off = world.host(host)?.state == HostState::Off;
    let action = match verb {
        "poweron" => world.start_host(host, now)?,
        "poweroff" => world.stop_host(host, now)?,
        // The signal to a server that is off reaches nobody, which is no error.
        "shutdown" if is_off => note(api, host, Command::ShutdownHost)?,
        "shutdown" => world.shutdown_host(host, now)?,
        "reboot" => world.restart_host(host, Command::RebootHost, now)?,
        _ => world.restart_host(host, Command::ResetHost, now)?,
    };
    api.started(action)
}

fn rebuild(api: &mut Api<'_>, host: u64) -> Answer {
    let mut fields = api.fields()?;
    let image = fields.required_reference("image");
    let user_data = servers::user_data(&mut fields);
    fields.done()?;
    let record = api.world.host(host)?;
    let (machine, has_keys) = (record.machine.clone(), !record.ssh_keys.is_empty());
    let image = servers::image_for(api, &image, &machine)?;
    let action = api.world.rebuild_host(host, image, api.now)?;
    if user_data.is_some() {
        api.world.hosts.find_mut(host)?.user_data = user_data;
    }
    let password = (!has_keys).then(|| servers::password(action));
    api::created(&json!({"action": api.action(action), "root_password": password}))
}

/// The server must be off; once moved it is started.
fn change_type(api: &mut Api<'_>, host: u64) -> Answer {
    let mut fields = api.fields()?;
    let wanted = fields.required_reference("server_type");
    if !fields.has("upgrade_disk") {
        fields.problem("upgrade_disk", "Missing data for required field.");
    }
    let upgrade_disk = fields.flag("upgrade_disk").unwrap_or_default();
    fields.done()?;
    let wanted = servers::machine_named(api, &wanted)?;
    let catalog = &api.world.catalog;
    let record = api.world.host(host)?;
    let (Some(target), Some(present)) = (catalog.machine(&wanted), catalog.machine(&record.machine)) else {
        return Err(errors::invalid("server_type", "server type not found"));
    };
    let refuse = |message: &str| Err(errors::unprocessable("invalid_server_type", message));
    if target.architecture != present.architecture {
        return refuse("server type has another architecture");
    }
    if target.name == present.name {
        return refuse("server has this server type already");
    }
    if target.disk_gb < record.boot_disk_gb {
        return refuse("server type has a smaller disk");
    }
    let disk_gb = if upgrade_disk { target.disk_gb } else { record.boot_disk_gb };
    let after = HostState::Running;
    let action = api.world.resize_host(host, &wanted, disk_gb, after, api.now)?;
    api.started(action)
}

fn create_image(api: &mut Api<'_>, host: u64) -> Answer {
    let mut fields = api.fields()?;
    let description = fields.text("description");
    let kind = fields.text("type");
    let labels = fields.labels("labels").unwrap_or_default();
    let kind = match kind.as_deref() {
        None | Some("snapshot") => ImageKind::Snapshot,
        Some("backup") => ImageKind::Backup,
        Some(_) => {
            fields.problem("type", "must be one of snapshot, backup");
            ImageKind::Snapshot
        }
    };
    fields.done()?;
    let record = api.world.host(host)?;
    if kind == ImageKind::Backup && record.backup_window.is_none() {
        return Err(errors::invalid("type", "backups are not enabled"));
    }
    let description = description.unwrap_or_else(|| format!("snapshot of {}", record.name));
    let (image, action) = api.world.create_image(host, kind, None, description, labels, api.now)?;
    let image = render::image(api.world.images.find(image)?);
    api::created(&json!({"image": image, "action": api.action(action)}))
}

fn enable_rescue(api: &mut Api<'_>, host: u64) -> Answer {
    let mut fields = api.fields()?;
    let kind = fields.text("type");
    if kind.is_some_and(|kind| kind != "linux64") {
        fields.problem("type", "must be linux64");
    }
    let keys = fields.numbers("ssh_keys");
    fields.done()?;
    for key in keys {
        api.world.ssh_keys.find(key)?;
    }
    let action = note(api, host, Command::EnableRescue)?;
    api.world.hosts.find_mut(host)?.rescue = true;
    let password = servers::password(action);
    api::created(&json!({"action": api.action(action), "root_password": password}))
}

/// Needs the guest agent, hence a running server.
fn reset_password(api: &mut Api<'_>, host: u64) -> Answer {
    api.no_fields()?;
    if api.world.host(host)?.state != HostState::Running {
        return Err(errors::unprocessable("unsupported_error", "server is not running"));
    }
    let action = note(api, host, Command::ResetPassword)?;
    let password = servers::password(action);
    api::created(&json!({"action": api.action(action), "root_password": password}))
}

fn request_console(api: &mut Api<'_>, host: u64) -> Answer {
    api.no_fields()?;
    let action = note(api, host, Command::RequestConsole)?;
    let token = servers::password(action ^ host);
    let url = format!("wss://console.hetzner.cloud/?server_id={host}&token={token}");
    let password = servers::password(action);
    let action = api.action(action);
    api::created(&json!({"wss_url": url, "password": password, "action": action}))
}

fn backup(api: &mut Api<'_>, host: u64, verb: &str) -> Answer {
    api.no_fields()?;
    let enable = verb == "enable_backup";
    let command = if enable { Command::EnableBackup } else { Command::DisableBackup };
    let action = note(api, host, command)?;
    api.world.hosts.find_mut(host)?.backup_window = enable.then(|| "22-02".to_owned());
    api.started(action)
}

fn change_dns_ptr(api: &mut Api<'_>, host: u64) -> Answer {
    let record = api.world.host(host)?;
    let addresses = [record.ipv4, record.ipv6];
    super::primary_ips::set_dns_ptr(api, &addresses, &[(Kind::Host, host)])
}

/// Networks are not simulated: none exists, so none can be found.
fn network(api: &mut Api<'_>) -> Answer {
    let mut fields = api.fields()?;
    let network = fields.required_number("network");
    for text in ["ip", "ip_range"] {
        fields.text(text);
    }
    fields.texts("alias_ips");
    fields.done()?;
    Err(errors::not_found("network", &network.to_string()))
}

fn note(api: &mut Api<'_>, host: u64, command: Command) -> Result<u64, ApiError> {
    let on_host = [(Kind::Host, host)];
    Ok(api.world.note(command, &on_host, api.now)?)
}
