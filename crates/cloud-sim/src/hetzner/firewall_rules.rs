//! The rules of firewalls: reading them strictly, writing them.

use std::net::IpAddr;

use cloud_world::{Direction, FirewallRule};
use serde_json::{Value, json};

use crate::face::Gathering;

/// Reads a list of rules; what is wrong with them is noted in `fields`.
pub(super) fn read(fields: &mut Gathering, name: &str) -> Vec<FirewallRule> {
    let rules = fields.objects(name).unwrap_or_default();
    if rules.len() > MOST_RULES {
        fields.problem(name, "must have at most 50 rules");
    }
    rules
        .into_iter()
        .map(|mut rule| {
            let read = rule_of(&mut rule);
            fields.adopt(rule);
            read
        })
        .collect()
}

pub(super) fn render(rule: &FirewallRule) -> Value {
    let direction = match rule.direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    json!({
        "direction": direction,
        "protocol": rule.protocol,
        "port": rule.port,
        "source_ips": rule.sources,
        "destination_ips": rule.destinations,
        "description": rule.description,
    })
}

fn rule_of(fields: &mut Gathering) -> FirewallRule {
    let direction = match fields.required_text("direction").as_str() {
        "out" => Direction::Out,
        "in" | "" => Direction::In,
        _ => {
            fields.problem("direction", "must be one of in, out");
            Direction::In
        }
    };
    let protocol = fields.required_text("protocol");
    if !protocol.is_empty() && !["tcp", "udp", "icmp", "esp", "gre"].contains(&protocol.as_str()) {
        fields.problem("protocol", "must be one of tcp, udp, icmp, esp, gre");
    }
    let port = fields.text("port");
    let has_ports = ["tcp", "udp"].contains(&protocol.as_str());
    if has_ports != port.is_some() {
        fields.problem("port", "is required for tcp and udp, and for no other protocol");
    }
    if port.as_deref().is_some_and(|port| !is_port(port)) {
        fields.problem("port", "must be a port or a range of ports");
    }
    let sources = networks(fields, "source_ips", direction == Direction::In);
    let destinations = networks(fields, "destination_ips", direction == Direction::Out);
    let description = fields.text("description");
    if description.as_ref().is_some_and(|text| text.len() > 255) {
        fields.problem("description", "must be at most 255 characters");
    }
    FirewallRule { direction, protocol, port, sources, destinations, description }
}

fn networks(fields: &mut Gathering, name: &str, required: bool) -> Vec<String> {
    let networks = fields.list::<String>(name);
    if required && networks.is_empty() {
        fields.problem(name, "must not be empty");
    }
    if let Some(wrong) = networks.iter().find(|network| !is_network(network)) {
        fields.problem(name, format!("'{wrong}' is not a network in CIDR notation"));
    }
    networks
}

fn is_network(text: &str) -> bool {
    let Some((ip, bits)) = text.split_once('/') else {
        return false;
    };
    match (ip.parse::<IpAddr>(), bits.parse::<u32>()) {
        (Ok(IpAddr::V4(ip)), Ok(bits)) if bits <= 32 => u32::from(ip).checked_shl(bits).unwrap_or(0) == 0,
        (Ok(IpAddr::V6(ip)), Ok(bits)) if bits <= 128 => u128::from(ip).checked_shl(bits).unwrap_or(0) == 0,
        _ => false,
    }
}

fn is_port(text: &str) -> bool {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse::<u16>(), last.parse::<u16>()) {
        (Ok(first), Ok(last)) => first > 0 && first <= last,
        _ => false,
    }
}

const MOST_RULES: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_need_a_mask_and_no_host_bits() {
        for good in ["0.0.0.0/0", "::/0", "10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"] {
            assert!(is_network(good), "{good}");
        }
        for bad in ["10.0.0.1", "10.0.0.1/8", "x/8", "10.0.0.0/33"] {
            assert!(!is_network(bad), "{bad}");
        }
    }

    #[test]
    fn ports_are_one_or_a_range() {
        assert!(is_port("80") && is_port("80-85"));
        assert!(!is_port("0") && !is_port("85-80") && !is_port("any") && !is_port("65536"));
    }
}
