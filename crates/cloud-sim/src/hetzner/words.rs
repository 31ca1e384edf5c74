//! The provider's words for the world's.

use cloud_world::{Command, HostState, Kind};

pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Host => "server",
        Kind::Volume => "volume",
        Kind::Address => "primary_ip",
        Kind::SshKey => "ssh_key",
        Kind::Image => "image",
        Kind::Firewall => "firewall",
        Kind::Action => "action",
        Kind::Region => "location",
        Kind::MachineType => "server_type",
    }
}

/// The kind of a path's first part.
pub(super) fn kind_of_path(segment: &str) -> Option<Kind> {
    Some(match segment {
        "servers" => Kind::Host,
        "volumes" => Kind::Volume,
        "primary_ips" => Kind::Address,
        "ssh_keys" => Kind::SshKey,
        "images" => Kind::Image,
        "firewalls" => Kind::Firewall,
        _ => return None,
    })
}

pub(super) fn status(state: HostState) -> &'static str {
    match state {
        HostState::Initializing => "initializing",
        HostState::Starting => "starting",
        HostState::Running => "running",
        HostState::Stopping => "stopping",
        HostState::Off | HostState::Suspended | HostState::Preempted => "off",
        HostState::Deleting => "deleting",
        HostState::Rebuilding => "rebuilding",
        HostState::Migrating => "migrating",
        HostState::Failed => "unknown",
    }
}

pub(super) fn command(command: Command) -> &'static str {
    match command {
        Command::CreateHost => "create_server",
        Command::StartHost => "start_server",
        Command::StopHost => "stop_server",
        Command::SuspendHost => "suspend_server",
        Command::ShutdownHost => "shutdown_server",
        Command::RebootHost => "reboot_server",
        Command::ResetHost => "reset_server",
        Command::RebuildHost => "rebuild_server",
        Command::ResizeHost => "change_server_type",
        Command::DeleteHost => "delete_server",
        Command::CreateImage => "create_image",
        Command::DeleteImage => "delete_image",
        Command::EnableRescue => "enable_rescue",
        Command::DisableRescue => "disable_rescue",
        Command::ResetPassword => "reset_password",
        Command::RequestConsole => "request_console",
        Command::EnableBackup => "enable_backup",
        Command::DisableBackup => "disable_backup",
        Command::ChangeProtection => "change_protection",
        Command::ChangeReverseName => "change_dns_ptr",
        Command::CreateVolume => "create_volume",
        Command::AttachVolume => "attach_volume",
        Command::DetachVolume => "detach_volume",
        Command::ResizeVolume => "resize_volume",
        Command::DeleteVolume => "delete_volume",
        Command::CreateAddress => "create_primary_ip",
        Command::DeleteAddress => "delete_primary_ip",
        Command::AssignAddress => "assign_primary_ip",
        Command::UnassignAddress => "unassign_primary_ip",
        Command::SetFirewallRules => "set_firewall_rules",
        Command::ApplyFirewall => "apply_firewall",
        Command::DeleteFirewall => "delete_firewall",
        Command::RemoveFirewall => "remove_firewall",
    }
}
