//! An instance as `DescribeInstances` and `RunInstances` write it.

use cloud_world::{Host, HostState};

use super::api::{ACCOUNT, Answer, Api};
use super::errors;
use super::filter;
use super::instances::{Seen, state_item};
use super::machines::Machine;
use super::places::Place;
use super::xml::{Xml, fields};
use super::{groups, ids};

/// The answer of a launch: one reservation of these instances.
pub(super) fn reservation_of(api: &Api<'_>, hosts: &[u64]) -> Answer {
    let notes_of = |host: &u64| api.ledger.instances.get(host);
    let mut seen = Vec::new();
    for host in hosts {
        let notes = notes_of(host).ok_or_else(|| errors::not_found("i", &ids::id("i", *host)))?;
        let live = api.world.host(*host).ok();
        seen.push(Seen { host: live.unwrap_or(&notes.last), notes, ended: live.is_none() });
    }
    Ok(reservation(api, &seen))
}

/// A reservation of these instances.
pub(super) fn reservation(api: &Api<'_>, seen: &[Seen<'_>]) -> Xml {
    let number = seen.first().map_or(0, |seen| seen.notes.reservation);
    fields! {
        "reservationId" => ids::id("r", number),
        "ownerId" => ACCOUNT,
        "groupSet" => Vec::<Xml>::new(),
        "instancesSet" => seen.iter().map(|seen| instance(api, *seen)).collect::<Vec<_>>(),
    }
}

/// The state's number and name.
pub(super) fn state(seen: Seen<'_>) -> (i32, &'static str) {
    if seen.ended { (48, "terminated") } else { state_of(seen.host.state) }
}

/// The state's number and name, for an instance that has not ended.
pub(super) fn state_of(state: HostState) -> (i32, &'static str) {
    match state {
        HostState::Initializing | HostState::Starting | HostState::Rebuilding => (0, "pending"),
        HostState::Running => (16, "running"),
        HostState::Deleting | HostState::Preempted | HostState::Failed => (32, "shutting-down"),
        HostState::Stopping => (64, "stopping"),
        HostState::Off | HostState::Suspended | HostState::Migrating => (80, "stopped"),
    }
}

/// The public address, which a stopped instance has only where it is an Elastic IP.
pub(super) fn public_ip(api: &Api<'_>, seen: Seen<'_>) -> Option<String> {
    let address = api.world.addresses.find(seen.host.ipv4?).ok()?;
    let shown = !seen.ended && (!address.auto_delete || ["pending", "running"].contains(&state(seen).1));
    shown.then(|| address.ip.to_string())
}

/// An address of the subnet, the same for the whole life of the instance.
pub(super) fn private_ip(place: Place, host: &Host) -> String {
    let at = place.zones().iter().position(|zone| *zone == host.zone).unwrap_or(0) as u64;
    let within = 4 + host.id % 4000;
    format!("172.31.{}.{}", at * 16 + within / 256, within % 256)
}

/// The IPv6 address of its subnet, where it was asked for: the same for the whole life of the instance.
pub(super) fn ipv6(place: Place, host: &Host) -> Option<String> {
    host.ipv6?;
    Some(place.ipv6(&host.zone, host.id).to_string())
}

fn instance(api: &Api<'_>, seen: Seen<'_>) -> Xml {
    let (host, notes) = (seen.host, seen.notes);
    let machine = Machine::named(&host.machine);
    let public_ip = public_ip(api, seen);
    let private_ip = private_ip(notes.place, host);
    let private_name = format!("ip-{}.{}.compute.internal", private_ip.replace('.', "-"), notes.place.name());
    let public_name = public_ip.as_deref().map(|ip| public_name(notes.place, ip));
    let reason = (!["pending", "running"].contains(&state(seen).1)).then_some(()).and(notes.state_reason.as_ref());
    let mut shown = fields! {
        "instanceId" => ids::id("i", host.id),
        "imageId" => ids::id("ami", host.image),
        "instanceState" => state_item(state(seen)),
        "privateDnsName" => if seen.ended { String::new() } else { private_name },
        "dnsName" => public_name.unwrap_or_default(),
        "reason" => notes.transition.as_str(),
        "keyName" => notes.key_name.as_deref(),
        "amiLaunchIndex" => 0,
        "productCodes" => Vec::<Xml>::new(),
        "instanceType" => host.machine.as_str(),
        "launchTime" => notes.last_start,
        "placement" => fields! {
            "availabilityZone" => host.zone.as_str(),
            "availabilityZoneId" => notes.place.zone_id(&host.zone),
            "groupName" => "",
            "tenancy" => "default",
        },
        "monitoring" => fields! { "state" => if notes.monitored { "enabled" } else { "disabled" } },
        "stateReason" => reason.map(|(code, message)| fields! {
            "code" => code.as_str(), "message" => message.as_str(),
        }),
        "architecture" => machine.map_or("x86_64", Machine::architecture),
        "rootDeviceType" => "ebs",
        "rootDeviceName" => notes.root_device,
        "virtualizationType" => "hvm",
        "clientToken" => notes.client_token.as_deref().unwrap_or_default(),
        "tagSet" => filter::tag_set(&host.labels),
        "hypervisor" => "xen",
        "ebsOptimized" => false,
        "enaSupport" => true,
        "platformDetails" => "Linux/UNIX",
        "usageOperation" => "RunInstances",
        "cpuOptions" => machine.map(|machine| fields! {
            "coreCount" => machine.cores / machine.threads(),
            "threadsPerCore" => machine.threads(),
        }),
        "metadataOptions" => fields! {
            "state" => "applied",
            "httpTokens" => notes.metadata.tokens.as_str(),
            "httpPutResponseHopLimit" => notes.metadata.hop_limit,
            "httpEndpoint" => notes.metadata.endpoint.as_str(),
            "httpProtocolIpv6" => "disabled",
            "instanceMetadataTags" => notes.metadata.tags.as_str(),
        },
        "enclaveOptions" => fields! { "enabled" => false },
        "hibernationOptions" => fields! { "configured" => false },
        "bootMode" => "uefi-preferred",
    };
    if let Some(spot) = &notes.spot {
        shown.push("instanceLifecycle", "spot");
        shown.push("spotInstanceRequestId", ids::request_id(spot.number));
    }
    if seen.ended {
        shown.push("blockDeviceMapping", Vec::<Xml>::new());
        shown.push("networkInterfaceSet", Vec::<Xml>::new());
        return shown;
    }
    shown.push("ipAddress", public_ip);
    shown.push("privateIpAddress", private_ip);
    shown.push("ipv6Address", ipv6(notes.place, host));
    shown.push("vpcId", ids::id("vpc", notes.place.vpc()));
    shown.push("subnetId", ids::id("subnet", notes.place.subnet(&host.zone)));
    shown.push("sourceDestCheck", true);
    shown.push("groupSet", group_set(api, seen));
    shown.push("blockDeviceMapping", disks(api, host));
    shown.push("networkInterfaceSet", vec![super::network::interface_of(api, seen)]);
    if let Some(profile) = &notes.profile {
        let arn = if profile.starts_with("arn:") {
            profile.clone()
        } else {
            format!("arn:aws:iam::{ACCOUNT}:instance-profile/{profile}")
        };
        shown.push("iamInstanceProfile", fields! { "arn" => arn, "id" => "AIPASIMULATED00000001" });
    }
    shown
}

/// The groups of an instance with their names.
pub(super) fn group_set(api: &Api<'_>, seen: Seen<'_>) -> Vec<Xml> {
    let groups = seen.notes.groups.iter();
    groups
        .map(|group| fields! { "groupId" => ids::id("sg", *group), "groupName" => groups::name_of(api, *group) })
        .collect()
}

/// The name that the public address resolves to.
pub(super) fn public_name(place: Place, ip: &str) -> String {
    let dashed = ip.replace('.', "-");
    match place.name() {
        "us-east-1" => format!("ec2-{dashed}.compute-1.amazonaws.com"),
        region => format!("ec2-{dashed}.{region}.compute.amazonaws.com"),
    }
}

/// The disks of an instance and the names it knows them by.
pub(super) fn disks(api: &Api<'_>, host: &Host) -> Vec<Xml> {
    let disks = host.volumes.iter().filter_map(|id| {
        let volume = api.world.volumes.find(*id).ok()?;
        let (device, since) = api.ledger.volumes.get(id)?.device.clone()?;
        Some(fields! {
            "deviceName" => device,
            "ebs" => fields! {
                "volumeId" => ids::id("vol", *id),
                "status" => "attached",
                "attachTime" => since,
                "deleteOnTermination" => volume.auto_delete,
            },
        })
    });
    disks.collect()
}
