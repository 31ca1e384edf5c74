//! The bodies of requests.

use cloud_driver::Request;
use cloud_types::{Inbound, InboundPort, MachineTypeName, Region, ResizeDisk, UserData};

use super::Labels;
use crate::wire;

/// What the catalog made of a spec.
pub(crate) struct Plan {
    pub(crate) machine_type: String,
    pub(crate) image: String,
    pub(crate) regions: [Region; 1],
}

/// What one create refers to.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// Names of keys at Hetzner.
    pub(crate) ssh_keys: Vec<String>,
    pub(crate) firewall: Option<u64>,
    pub(crate) volume: Option<u64>,
}

pub(crate) fn create_server<'a>(request: &'a Request<'_, Plan>, ready: Ready) -> wire::CreateServer<'a> {
    let Request { spec, plan, labels } = request;
    wire::CreateServer {
        name: spec.name.as_str(),
        location: spec.region.as_str(),
        server_type: &plan.machine_type,
        image: plan.image.clone(),
        ssh_keys: ready.ssh_keys,
        volumes: ready.volume.into_iter().collect(),
        firewalls: ready.firewall.map(|firewall| wire::FirewallRef { firewall }).into_iter().collect(),
        user_data: spec.user_data.as_ref().map(UserData::expose),
        labels,
        public_net: wire::PublicNetRequest {
            enable_ipv4: spec.public_network.ipv4,
            enable_ipv6: spec.public_network.ipv6,
        },
        automount: false,
        start_after_create: true,
    }
}

pub(crate) fn create_ssh_key<'a>(name: &'a str, public_key: &'a str, labels: &'a Labels) -> wire::CreateSshKey<'a> {
    wire::CreateSshKey { name, public_key, labels }
}

pub(crate) fn update_ssh_key<'a>(name: &'a str, labels: &'a Labels) -> wire::UpdateSshKey<'a> {
    wire::UpdateSshKey { name, labels }
}

pub(crate) fn create_volume<'a>(
    name: &'a str,
    size: u32,
    region: &'a Region,
    labels: &'a Labels,
) -> wire::CreateVolume<'a> {
    wire::CreateVolume { name, size, location: region.as_str(), labels }
}

pub(crate) fn create_image<'a>(description: &'a str, labels: &'a Labels) -> wire::CreateImage<'a> {
    wire::CreateImage { r#type: "snapshot", description, labels }
}

pub(crate) fn change_type(to: &MachineTypeName, disk: ResizeDisk) -> wire::ChangeType<'_> {
    wire::ChangeType { server_type: to.as_str(), upgrade_disk: disk == ResizeDisk::GrowForever }
}

/// A firewall with the asked rules; no rule at all lets nothing in
/// (<https://docs.hetzner.cloud/reference/cloud#firewalls>).
pub(crate) fn create_firewall<'a>(name: &'a str, labels: &'a Labels, inbound: &Inbound) -> wire::CreateFirewall<'a> {
    let mut ports = match inbound {
        Inbound::Only(ports) => ports.clone(),
        _ => Vec::new(),
    };
    ports.sort_unstable();
    wire::CreateFirewall { name, labels, rules: ports.iter().map(rule).collect() }
}

fn rule(port: &InboundPort) -> wire::Rule {
    wire::Rule {
        direction: "in",
        protocol: port.protocol().to_string(),
        port: match port.first() == port.last() {
            true => port.first().to_string(),
            false => format!("{}-{}", port.first(), port.last()),
        },
        source_ips: match port.sources() {
            [] => vec!["0.0.0.0/0".to_owned(), "::/0".to_owned()],
            sources => sources.iter().map(ToString::to_string).collect(),
        },
    }
}
