//! `/servers/{id}/actions/…`.

use cloud_world::{Command, HostState, ImageKind, Kind};
use serde_json::json;

use super::api::{self, Answer, Api, Reference};
use super::errors::{self, ApiError};
use super::{protection, render, servers};

/// `poweron`, `poweroff`, `shutdown`, `reboot`, `reset`.
pub(super) fn power(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    api.no_fields()?;
    let (verb, now) = (api.verb(), api.now);
    let world = &mut *api.world;
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

/// `rebuild`.
pub(super) fn rebuild(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    let mut fields = api.fields()?;
    let image: Reference = fields.required("image");
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

/// `change_type`: the server must be off; once moved it is started.
pub(super) fn change_type(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    let mut fields = api.fields()?;
    let wanted: Reference = fields.required("server_type");
    if !fields.has("upgrade_disk") {
        fields.miss("upgrade_disk");
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

/// `create_image`.
pub(super) fn create_image(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    let mut fields = api.fields()?;
    let description = fields.text("description");
    let kind = fields.text("type");
    let labels = api::labels(&mut fields).unwrap_or_default();
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

/// `enable_rescue`.
pub(super) fn enable_rescue(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    let mut fields = api.fields()?;
    let kind = fields.text("type");
    if kind.is_some_and(|kind| kind != "linux64") {
        fields.problem("type", "must be linux64");
    }
    let keys = fields.list::<u64>("ssh_keys");
    fields.done()?;
    for key in keys {
        api.world.ssh_keys.find(key)?;
    }
    let action = note(api, host, Command::EnableRescue)?;
    api.world.hosts.find_mut(host)?.rescue = true;
    let password = servers::password(action);
    api::created(&json!({"action": api.action(action), "root_password": password}))
}

/// `disable_rescue`.
pub(super) fn disable_rescue(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    api.no_fields()?;
    let action = note(api, host, Command::DisableRescue)?;
    api.world.hosts.find_mut(host)?.rescue = false;
    api.started(action)
}

/// `reset_password`, which needs the guest agent, hence a running server.
pub(super) fn reset_password(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    api.no_fields()?;
    if api.world.host(host)?.state != HostState::Running {
        return Err(errors::unprocessable("unsupported_error", "server is not running"));
    }
    let action = note(api, host, Command::ResetPassword)?;
    let password = servers::password(action);
    api::created(&json!({"action": api.action(action), "root_password": password}))
}

/// `request_console`.
pub(super) fn request_console(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    api.no_fields()?;
    let action = note(api, host, Command::RequestConsole)?;
    let token = servers::password(action ^ host);
    let url = format!("wss://console.hetzner.cloud/?server_id={host}&token={token}");
    let password = servers::password(action);
    let action = api.action(action);
    api::created(&json!({"wss_url": url, "password": password, "action": action}))
}

/// `enable_backup`, `disable_backup`.
pub(super) fn backup(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    api.no_fields()?;
    let enable = api.verb() == "enable_backup";
    let command = if enable { Command::EnableBackup } else { Command::DisableBackup };
    let action = note(api, host, command)?;
    api.world.hosts.find_mut(host)?.backup_window = enable.then(|| "22-02".to_owned());
    api.started(action)
}

/// `change_protection`.
pub(super) fn change_protection(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    protection::server(api, host)
}

/// `change_dns_ptr`.
pub(super) fn change_dns_ptr(api: &mut Api<'_>) -> Answer {
    let host = api.seen(&api.world.hosts)?;
    let record = api.world.host(host)?;
    let addresses = [record.ipv4, record.ipv6];
    super::primary_ips::set_dns_ptr(api, &addresses, &[(Kind::Host, host)])
}

/// `add_to_placement_group`: placement groups are not simulated, so that none can be found.
pub(super) fn add_to_placement_group(api: &mut Api<'_>) -> Answer {
    api.seen(&api.world.hosts)?;
    let mut fields = api.fields()?;
    let group = fields.required_number("placement_group");
    fields.done()?;
    Err(errors::not_found("placement_group", &group.to_string()))
}

/// `remove_from_placement_group`.
pub(super) fn remove_from_placement_group(api: &mut Api<'_>) -> Answer {
    api.seen(&api.world.hosts)?;
    Err(errors::invalid("placement_group", "server is not in a placement group"))
}

/// `attach_to_network` and its kin: networks are not simulated, so that none can be found.
pub(super) fn network(api: &mut Api<'_>) -> Answer {
    api.seen(&api.world.hosts)?;
    let mut fields = api.fields()?;
    let network = fields.required_number("network");
    for text in ["ip", "ip_range"] {
        fields.text(text);
    }
    fields.list::<String>("alias_ips");
    fields.done()?;
    Err(errors::not_found("network", &network.to_string()))
}

fn note(api: &mut Api<'_>, host: u64, command: Command) -> Result<u64, ApiError> {
    let on_host = [(Kind::Host, host)];
    Ok(api.world.note(command, &on_host, api.now)?)
}
