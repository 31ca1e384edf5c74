//! The rules of a call: `IpPermissions.n`, read and checked.

use cloud_world::Labels;

use super::api::Api;
use super::errors::{self, ApiError};
use super::group_rules::{Peer, Rule};
use super::params::Params;
use super::{groups, ids};

/// The rules of `IpPermissions.n`, or of the parameters that say one rule.
pub(super) fn read(api: &Api<'_>, egress: bool) -> Result<Vec<Rule>, ApiError> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut add = |rule: Rule| {
        if rules.iter().any(|known| known.is_same(&rule)) {
            return Err(duplicate(&rule));
        }
        rules.push(rule);
        Ok(())
    };
    let mut sent = api.params.each("IpPermissions");
    if api.params.text("IpProtocol").is_some() {
        sent.push(api.params.clone());
    }
    for permission in sent {
        let protocol = read_protocol(&permission)?;
        let ports = read_ports(&permission, &protocol)?;
        for (peer, description) in read_peers(api, &permission)? {
            let protocol = protocol.clone();
            add(Rule { number: 0, egress, protocol, ports, peer, description, tags: Labels::new() })?;
        }
    }
    Ok(rules)
}

fn read_protocol(permission: &Params) -> Result<String, ApiError> {
    let text = permission.required("IpProtocol")?.to_ascii_lowercase();
    Ok(match text.as_str() {
        "6" => "tcp".to_owned(),
        "17" => "udp".to_owned(),
        "1" => "icmp".to_owned(),
        "58" => "icmpv6".to_owned(),
        "-1" | "all" => "-1".to_owned(),
        "tcp" | "udp" | "icmp" | "icmpv6" => text,
        number if number.parse::<u8>().is_ok() => text,
        _ => return Err(errors::invalid("IpProtocol", format!("Unsupported IP protocol \"{text}\""))),
    })
}

fn read_ports(permission: &Params, protocol: &str) -> Result<Option<(i32, i32)>, ApiError> {
    let number = |name: &str| -> Result<Option<i32>, ApiError> {
        let parsed = permission.text(name).map(|text| text.parse().map_err(|_| text));
        parsed.transpose().map_err(|text| errors::invalid(name, format!("'{text}' is no number")))
    };
    let (from, to) = (number("FromPort")?, number("ToPort")?);
    match protocol {
        "tcp" | "udp" => match (from, to) {
            (Some(from), Some(to)) if (0..=65535).contains(&from) && (from..=65535).contains(&to) => {
                Ok(Some((from, to)))
            }
            (Some(-1), _) | (None, None) | (Some(_), None) | (None, Some(_)) => {
                let message = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
                Err(ApiError::new("InvalidParameterValue", message))
            }
            (Some(from), Some(to)) => {
                let message = format!("Invalid value '{from}-{to}' for portRange.");
                Err(ApiError::new("InvalidParameterValue", message))
            }
        },
        "icmp" | "icmpv6" => Ok(Some((from.unwrap_or(-1), to.unwrap_or(-1)))),
        _ => Ok(None),
    }
}

fn read_peers(api: &Api<'_>, permission: &Params) -> Result<Vec<(Peer, Option<String>)>, ApiError> {
    let mut peers = Vec::new();
    let check = |network: &str| {
        let (ip, bits) = network.split_once('/').unwrap_or((network, ""));
        let ip = ip.parse::<std::net::IpAddr>().ok();
        let most = if ip.is_some_and(|ip| ip.is_ipv6()) { 128 } else { 32 };
        let fits = ip.is_some() && bits.parse::<u8>().is_ok_and(|bits| bits <= most);
        let message = format!("CIDR block {network} is malformed");
        if fits { Ok(()) } else { Err(ApiError::new("InvalidParameterValue", message)) }
    };
    let mut v4: Vec<(String, Option<String>)> = Vec::new();
    for range in permission.each("IpRanges") {
        v4.push((range.required("CidrIp")?, range.text("Description")));
    }
    v4.extend(permission.text("CidrIp").map(|network| (network, None)));
    for (network, description) in v4 {
        check(&network)?;
        peers.push((Peer::V4(network), description));
    }
    for range in permission.each("Ipv6Ranges") {
        let network = range.required("CidrIpv6")?;
        check(&network)?;
        peers.push((Peer::V6(network), range.text("Description")));
    }
    for pair in permission.each("Groups") {
        let number = match pair.text("GroupId") {
            Some(id) => groups::find(api, &id)?,
            None => groups::named(api, &pair.required("GroupName")?)?,
        };
        peers.push((Peer::Group(number), pair.text("Description")));
    }
    if peers.is_empty() {
        return Err(errors::missing("CidrIp"));
    }
    Ok(peers)
}

/// The rule is there already.
pub(super) fn duplicate(rule: &Rule) -> ApiError {
    let peer = match &rule.peer {
        Peer::V4(network) | Peer::V6(network) => network.clone(),
        Peer::Group(group) => ids::id("sg", *group),
    };
    let ports = rule.ports.map_or_else(|| "ALL".to_owned(), |(from, to)| format!("from port: {from}, to port: {to}"));
    let message = format!(
        "the specified rule \"peer: {peer}, {}, {ports}, ALLOW\" already exists",
        rule.protocol.to_ascii_uppercase()
    );
    ApiError::new("InvalidPermission.Duplicate", message)
}
