//! What `RunInstances` is asked for, read and checked.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cloud_world::{Labels, Secret};

use super::api::Api;
use super::errors::{self, ApiError};
use super::launch_disks::{WantedDisk, read_disks};
use super::ledger::{Metadata, SpotRequest};
use super::machines::Machine;
use super::params::Params;
use super::{groups, ids, images, key_pairs, places, tags};

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) image: u64,
    pub(super) machine: &'static Machine,
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) zone: Option<String>,
    pub(super) groups: Vec<u64>,
    pub(super) key_name: Option<String>,
    pub(super) public_ip: bool,
    pub(super) ipv6: bool,
    pub(super) user_data: Option<Secret>,
    pub(super) disks: Vec<WantedDisk>,
    pub(super) root_device: &'static str,
    pub(super) tags: Labels,
    pub(super) volume_tags: Labels,
    pub(super) interface_tags: Labels,
    pub(super) spot: Option<SpotRequest>,
    pub(super) metadata: Metadata,
    pub(super) protected: bool,
    pub(super) shutdown_behavior: String,
    pub(super) profile: Option<String>,
    pub(super) monitored: bool,
}

/// Reads the whole call.
pub(super) fn read(api: &mut Api<'_>) -> Result<Wanted, ApiError> {
    let params = api.params.clone();
    let least = params.number("MinCount")?.ok_or_else(|| errors::missing("MinCount"))?;
    let most = params.number("MaxCount")?.ok_or_else(|| errors::missing("MaxCount"))?;
    if least < 1 || most < least || most > MOST_INSTANCES {
        return Err(errors::invalid("MinCount", format!("{least} to {most} instances cannot be launched.")));
    }
    let image = images::usable(api, &params.required("ImageId")?)?;
    let machine = read_machine(&params)?;
    check_architecture(api, image, machine)?;
    let root_device = images::root_device(api, image);
    let Network { zone, groups, public_ip, ipv6 } = read_network(api, &params)?;
    let mut wanted = Wanted {
        image,
        machine,
        least,
        most,
        zone,
        groups,
        public_ip,
        ipv6,
        key_name: read_key(api, &params)?,
        user_data: read_user_data(&params)?,
        disks: read_disks(api, &params, image, root_device)?,
        root_device,
        tags: Labels::new(),
        volume_tags: Labels::new(),
        interface_tags: Labels::new(),
        spot: read_spot(api, &params)?,
        metadata: read_metadata(&params.within("MetadataOptions"))?,
        protected: params.flag("DisableApiTermination")?.unwrap_or(false),
        shutdown_behavior: read_shutdown(&params)?,
        profile: params.text("IamInstanceProfile.Arn").or_else(|| params.text("IamInstanceProfile.Name")),
        monitored: params.flag("Monitoring.Enabled")?.unwrap_or(false),
    };
    for (resource, tags) in tags::specifications(&params)? {
        match resource.as_str() {
            "instance" => wanted.tags = tags,
            "volume" => wanted.volume_tags = tags,
            "network-interface" => wanted.interface_tags = tags,
            "spot-instances-request" => match &mut wanted.spot {
                Some(spot) => spot.tags = tags,
                None => {
                    let rule = "'spot-instances-request' is not a valid taggable resource type for this request.";
                    return Err(errors::invalid("TagSpecification", rule));
                }
            },
            other => {
                let rule = format!("'{other}' is not a valid taggable resource type for this operation.");
                return Err(errors::invalid("TagSpecification", rule));
            }
        }
    }
    Ok(wanted)
}

fn read_machine(params: &Params) -> Result<&'static Machine, ApiError> {
    let name = params.required("InstanceType")?;
    let missing = || ApiError::new("InvalidParameterValue", format!("Invalid value '{name}' for InstanceType."));
    Machine::named(&name).ok_or_else(missing)
}

pub(super) fn check_architecture(api: &Api<'_>, image: u64, machine: &Machine) -> Result<(), ApiError> {
    let of_image = images::architecture(api.world.images.find(image)?.architecture);
    let of_machine = machine.architecture();
    if of_image == of_machine {
        return Ok(());
    }
    Err(ApiError::new(
        "InvalidParameterValue",
        format!(
            "The architecture '{of_machine}' of the specified instance type does not match the architecture \
             '{of_image}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, \
             and try again."
        ),
    ))
}

/// Where the interface is to be, and the addresses that it is to have.
struct Network {
    zone: Option<String>,
    groups: Vec<u64>,
    public_ip: bool,
    ipv6: bool,
}

fn read_network(api: &Api<'_>, params: &Params) -> Result<Network, ApiError> {
    let interfaces = params.each("NetworkInterface");
    let above = ["SubnetId", "SecurityGroupId.1", "SecurityGroup.1", "PrivateIpAddress"];
    if !interfaces.is_empty() && above.iter().any(|name| params.text(name).is_some()) {
        return Err(errors::combination(
            "Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request",
        ));
    }
    let scope = match interfaces.as_slice() {
        [] => params.clone(),
        [only] => {
            if only.number("DeviceIndex")?.is_some_and(|index| index != 0) {
                return Err(errors::invalid("DeviceIndex", "The primary network interface must have device index 0."));
            }
            only.clone()
        }
        _ => return Err(errors::invalid("NetworkInterface", "The simulator gives an instance one interface.")),
    };
    let subnet = scope.text("SubnetId");
    let of_subnet = match &subnet {
        None => None,
        Some(id) => {
            let number = ids::number("subnet", id)?;
            let zone = api.place.zone_of_subnet(number);
            Some(zone.ok_or_else(|| errors::not_found("subnet", id))?)
        }
    };
    let asked = params.text("Placement.AvailabilityZone").filter(|zone| !zone.is_empty());
    if let Some(zone) = asked.as_ref().filter(|zone| !api.place.zones().contains(zone)) {
        return Err(ApiError::new("InvalidParameterValue", format!("Invalid availability zone: [{zone}]")));
    }
    if let (Some(of_subnet), Some(asked)) = (&of_subnet, &asked)
        && of_subnet != asked
    {
        return Err(errors::combination("The subnet is not in the availability zone of the placement."));
    }
    let mut found = Vec::new();
    for id in scope.texts("SecurityGroupId") {
        found.push(groups::find(api, &id)?);
    }
    for name in params.texts("SecurityGroup") {
        found.push(groups::named(api, &name)?);
    }
    if found.is_empty() {
        found.push(api.place.default_group());
    }
    // Default subnets give an address to whoever does not say.
    let public_ip = scope.flag("AssociatePublicIpAddress")?.unwrap_or(true);
    let ipv6 = match scope.number("Ipv6AddressCount")? {
        None | Some(0) => false,
        Some(1) => true,
        Some(_) => {
            return Err(errors::invalid("Ipv6AddressCount", "The simulator gives an interface one IPv6 address."));
        }
    };
    Ok(Network { zone: of_subnet.or(asked), groups: found, public_ip, ipv6 })
}

fn read_key(api: &Api<'_>, params: &Params) -> Result<Option<String>, ApiError> {
    let Some(name) = params.text("KeyName").filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    key_pairs::named(api, &name)?;
    Ok(Some(name))
}

fn read_user_data(params: &Params) -> Result<Option<Secret>, ApiError> {
    let text = params.text("UserData").filter(|text| !text.is_empty());
    text.map(|text| decode_user_data(&text)).transpose()
}

/// Base64 of at most 16 KiB.
pub(super) fn decode_user_data(text: &str) -> Result<Secret, ApiError> {
    let Ok(raw) = BASE64_STANDARD.decode(text.as_bytes()) else {
        return Err(ApiError::new("InvalidParameterValue", "Invalid BASE64 encoding of user data."));
    };
    if raw.len() > LONGEST_USER_DATA {
        return Err(ApiError::new("InvalidParameterValue", "User data is limited to 16384 bytes"));
    }
    Ok(Secret::new(String::from_utf8_lossy(&raw).into_owned()))
}

fn read_spot(api: &mut Api<'_>, params: &Params) -> Result<Option<SpotRequest>, ApiError> {
    let market = params.within("InstanceMarketOptions");
    match market.text("MarketType").as_deref() {
        None if market.is_empty() => return Ok(None),
        Some("spot") => {}
        other => {
            let rule = format!("'{}' is not a market type.", other.unwrap_or_default());
            return Err(errors::invalid("InstanceMarketOptions.MarketType", rule));
        }
    }
    let options = market.within("SpotOptions");
    let max_price = options.text("MaxPrice");
    if let Some(price) = &max_price {
        let parsed = price.parse::<rust_decimal::Decimal>().ok();
        if parsed.is_none_or(|price| price <= rust_decimal::Decimal::ZERO) {
            return Err(errors::invalid("MaxPrice", format!("{price} is not a valid price.")));
        }
    }
    Ok(Some(SpotRequest {
        number: api.ledger.fresh_number(),
        max_price,
        kind: options.text("SpotInstanceType").unwrap_or_else(|| "one-time".to_owned()),
        interruption: options.text("InstanceInterruptionBehavior").unwrap_or_else(|| "terminate".to_owned()),
        tags: Labels::new(),
        cancelled: false,
    }))
}

fn read_metadata(options: &Params) -> Result<Metadata, ApiError> {
    let word = |name: &str, known: &[&str], usual: &str| {
        let text = options.text(name).unwrap_or_else(|| usual.to_owned());
        if known.contains(&text.as_str()) { Ok(text) } else { Err(errors::invalid(name, format!("'{text}'"))) }
    };
    let hop_limit = options.number("HttpPutResponseHopLimit")?.unwrap_or(2);
    if !(1..=64).contains(&hop_limit) {
        return Err(errors::invalid("HttpPutResponseHopLimit", "must be between 1 and 64"));
    }
    Ok(Metadata {
        tokens: word("HttpTokens", &["optional", "required"], "required")?,
        hop_limit,
        endpoint: word("HttpEndpoint", &["enabled", "disabled"], "enabled")?,
        tags: word("InstanceMetadataTags", &["enabled", "disabled"], "disabled")?,
    })
}

fn read_shutdown(params: &Params) -> Result<String, ApiError> {
    let text = params.text("InstanceInitiatedShutdownBehavior").unwrap_or_else(|| "stop".to_owned());
    if ["stop", "terminate"].contains(&text.as_str()) {
        return Ok(text);
    }
    Err(errors::invalid("InstanceInitiatedShutdownBehavior", format!("'{text}'")))
}

/// The zones that a call names, by itself or by a subnet.
pub(super) fn named_zones(params: &Params) -> Vec<String> {
    let zones = ["Placement.AvailabilityZone", "AvailabilityZone"].into_iter().filter_map(|name| params.text(name));
    let subnets = ["SubnetId", "NetworkInterface.1.SubnetId"].into_iter().filter_map(|name| params.text(name));
    zones.chain(subnets.filter_map(|id| places::zone_of_subnet(&id))).collect()
}

const MOST_INSTANCES: u64 = 100;
const LONGEST_USER_DATA: usize = 16 * 1024;
