//! The default network of each region, and the interfaces of instances.

use cloud_world::Labels;

use super::api::{ACCOUNT, Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::instances::{self, Seen};
use super::render_instance::{self, group_set};
use super::xml::{Xml, fields};
use super::{addresses, ids};

/// `DescribeVpcs`.
pub(super) fn describe_vpcs(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let number = api.place.vpc();
    let id = ids::id("vpc", number);
    check_only(api, "VpcId", "vpc", &[number])?;
    let row = Row::new(number, |filter| {
        Some(match filter {
            "vpc-id" => vec![id.clone()],
            "is-default" | "isDefault" => vec!["true".to_owned()],
            "state" => vec!["available".to_owned()],
            "cidr" => vec!["172.31.0.0/16".to_owned()],
            "owner-id" => vec![ACCOUNT.to_owned()],
            _ => return filter::tag_values(&Labels::new(), filter),
        })
    })
    .showing(|api| {
        fields! {
            "vpcId" => id.as_str(),
            "ownerId" => ACCOUNT,
            "state" => "available",
            "cidrBlock" => "172.31.0.0/16",
            "cidrBlockAssociationSet" => vec![fields! {
                "associationId" => ids::id("vpc-cidr-assoc", number),
                "cidrBlock" => "172.31.0.0/16",
                "cidrBlockState" => fields! { "state" => "associated" },
            }],
            "ipv6CidrBlockAssociationSet" => vec![fields! {
                "associationId" => ids::id("vpc-cidr-assoc", number + 1_000),
                "ipv6CidrBlock" => api.place.ipv6_block(),
                "ipv6CidrBlockState" => fields! { "state" => "associated" },
                "networkBorderGroup" => api.place.name(),
                "ipv6Pool" => "Amazon",
            }],
            "dhcpOptionsId" => ids::id("dopt", number),
            "instanceTenancy" => "default",
            "isDefault" => true,
        }
    });
    let (shown, next) = filter::page(api, vec![row], "VpcId")?;
    Ok(fields! { "vpcSet" => shown, "nextToken" => next })
}

/// `DescribeSubnets`.
pub(super) fn describe_subnets(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let place = api.place;
    let zones = place.zones();
    let numbers: Vec<u64> = zones.iter().map(|zone| place.subnet(zone)).collect();
    check_only(api, "SubnetId", "subnet", &numbers)?;
    let named = api.params.texts("SubnetId");
    let zones =
        zones.into_iter().filter(|zone| named.is_empty() || named.contains(&ids::id("subnet", place.subnet(zone))));
    let rows = zones.map(|zone| {
        let shown = zone.clone();
        Row::new(place.subnet(&zone), move |filter| {
            Some(match filter {
                "subnet-id" => vec![ids::id("subnet", place.subnet(&zone))],
                "vpc-id" => vec![ids::id("vpc", place.vpc())],
                "availability-zone" | "availabilityZone" => vec![zone.clone()],
                "availability-zone-id" => vec![place.zone_id(&zone)],
                "default-for-az" | "defaultForAz" => vec!["true".to_owned()],
                "map-public-ip-on-launch" => vec!["true".to_owned()],
                "state" => vec!["available".to_owned()],
                "owner-id" => vec![ACCOUNT.to_owned()],
                _ => return filter::tag_values(&Labels::new(), filter),
            })
        })
        .showing(move |api| render_subnet(api, &shown))
    });
    let (shown, next) = filter::page(api, rows.collect(), "SubnetId")?;
    Ok(fields! { "subnetSet" => shown, "nextToken" => next })
}

fn render_subnet(api: &Api<'_>, zone: &str) -> Xml {
    let place = api.place;
    let id = ids::id("subnet", place.subnet(zone));
    let at = place.zones().iter().position(|known| known == zone).unwrap_or(0);
    fields! {
        "subnetId" => id.as_str(),
        "subnetArn" => format!("arn:aws:ec2:{}:{ACCOUNT}:subnet/{id}", place.name()),
        "state" => "available",
        "ownerId" => ACCOUNT,
        "vpcId" => ids::id("vpc", place.vpc()),
        "cidrBlock" => format!("172.31.{}.0/20", at * 16),
        "availableIpAddressCount" => 4091,
        "availabilityZone" => zone,
        "availabilityZoneId" => place.zone_id(zone),
        "defaultForAz" => true,
        "mapPublicIpOnLaunch" => true,
        "assignIpv6AddressOnCreation" => false,
        "ipv6CidrBlockAssociationSet" => vec![fields! {
            "associationId" => ids::id("subnet-cidr-assoc", place.subnet(zone)),
            "ipv6CidrBlock" => format!("{}/64", place.ipv6(zone, 0)),
            "ipv6CidrBlockState" => fields! { "state" => "associated" },
        }],
    }
}

/// `DescribeInternetGateways`.
pub(super) fn describe_gateways(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let place = api.place;
    check_only(api, "InternetGatewayId", "igw", &[place.gateway()])?;
    let row = Row::new(place.gateway(), |filter| {
        Some(match filter {
            "attachment.vpc-id" => vec![ids::id("vpc", place.vpc())],
            "attachment.state" => vec!["available".to_owned()],
            "internet-gateway-id" => vec![ids::id("igw", place.gateway())],
            _ => return filter::tag_values(&Labels::new(), filter),
        })
    })
    .showing(|_| {
        fields! {
            "internetGatewayId" => ids::id("igw", place.gateway()),
            "ownerId" => ACCOUNT,
            "attachmentSet" => vec![fields! { "vpcId" => ids::id("vpc", place.vpc()), "state" => "available" }],
        }
    });
    let (shown, next) = filter::page(api, vec![row], "InternetGatewayId")?;
    Ok(fields! { "internetGatewaySet" => shown, "nextToken" => next })
}

/// `DescribeRouteTables`.
pub(super) fn describe_route_tables(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let place = api.place;
    let id = ids::id("rtb", place.route_table());
    check_only(api, "RouteTableId", "rtb", &[place.route_table()])?;
    let row = Row::new(place.route_table(), |filter| {
        Some(match filter {
            "vpc-id" => vec![ids::id("vpc", place.vpc())],
            "route-table-id" => vec![id.clone()],
            "association.main" => vec!["true".to_owned()],
            _ => return filter::tag_values(&Labels::new(), filter),
        })
    })
    .showing(|_| {
        let route = |to: &str, by: String, origin: &str| {
            let mut shown = fields! { "gatewayId" => by, "state" => "active", "origin" => origin };
            shown.push(if to.contains(':') { "destinationIpv6CidrBlock" } else { "destinationCidrBlock" }, to);
            shown
        };
        fields! {
            "routeTableId" => id.as_str(),
            "vpcId" => ids::id("vpc", place.vpc()),
            "ownerId" => ACCOUNT,
            "routeSet" => vec![
                route("172.31.0.0/16", "local".to_owned(), "CreateRouteTable"),
                route("0.0.0.0/0", ids::id("igw", place.gateway()), "CreateRoute"),
                route(&place.ipv6_block(), "local".to_owned(), "CreateRouteTable"),
                route("::/0", ids::id("igw", place.gateway()), "CreateRoute"),
            ],
            "associationSet" => vec![fields! {
                "routeTableAssociationId" => ids::id("rtbassoc", place.route_table()),
                "routeTableId" => id.as_str(),
                "main" => true,
                "associationState" => fields! { "state" => "associated" },
            }],
        }
    });
    let (shown, next) = filter::page(api, vec![row], "RouteTableId")?;
    Ok(fields! { "routeTableSet" => shown, "nextToken" => next })
}

/// `DescribeNetworkInterfaces`: those of instances.
pub(super) fn describe_interfaces(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let named = api.params.texts("NetworkInterfaceId");
    let mut seen: Vec<Seen<'_>> = instances::all(api).into_iter().filter(|seen| !seen.ended).collect();
    for id in &named {
        let number = ids::number("eni", id)?;
        if !seen.iter().any(|seen| seen.host.id == number) {
            return Err(errors::not_found("eni", id));
        }
    }
    seen.retain(|seen| named.is_empty() || named.contains(&ids::id("eni", seen.host.id)));
    let rows = seen.into_iter().map(|seen| {
        Row::new(seen.host.id, move |filter| {
            Some(match filter {
                "network-interface-id" => vec![ids::id("eni", seen.host.id)],
                "attachment.instance-id" => vec![ids::id("i", seen.host.id)],
                "group-id" => seen.notes.groups.iter().map(|group| ids::id("sg", *group)).collect(),
                "subnet-id" => vec![ids::id("subnet", seen.notes.place.subnet(&seen.host.zone))],
                "vpc-id" => vec![ids::id("vpc", seen.notes.place.vpc())],
                "availability-zone" => vec![seen.host.zone.clone()],
                "status" => vec!["in-use".to_owned()],
                _ => return filter::tag_values(&seen.notes.interface_tags, filter),
            })
        })
        .showing(move |api| {
            let mut shown = interface(api, seen, true);
            shown.push("availabilityZone", seen.host.zone.as_str());
            shown.push("requesterManaged", false);
            shown.push("tagSet", filter::tag_set(&seen.notes.interface_tags));
            shown
        })
    });
    let (shown, next) = filter::page(api, rows.collect(), "NetworkInterfaceId")?;
    Ok(fields! { "networkInterfaceSet" => shown, "nextToken" => next })
}

/// The interface of an instance, as the instance writes it.
pub(super) fn interface_of(api: &Api<'_>, seen: Seen<'_>) -> Xml {
    interface(api, seen, false)
}

fn interface(api: &Api<'_>, seen: Seen<'_>, alone: bool) -> Xml {
    let place = seen.notes.place;
    let private_ip = render_instance::private_ip(place, seen.host);
    let private_name = format!("ip-{}.{}.compute.internal", private_ip.replace('.', "-"), place.name());
    let association = render_instance::public_ip(api, seen).map(|ip| {
        let address = seen.host.ipv4.filter(|address| api.ledger.addresses.contains_key(address));
        let mut shown = fields! {
            "publicIp" => ip.as_str(),
            "publicDnsName" => render_instance::public_name(place, &ip),
            "ipOwnerId" => if address.is_some() { ACCOUNT } else { "amazon" },
        };
        if let Some(address) = address.filter(|_| alone) {
            shown.push("allocationId", ids::id("eipalloc", address));
            shown.push("associationId", addresses::association_id(api, address));
        }
        shown
    });
    let mut attachment = fields! {
        "attachmentId" => ids::id("eni-attach", seen.host.id),
        "deviceIndex" => 0,
        "status" => "attached",
        "attachTime" => seen.host.created,
        "deleteOnTermination" => true,
        "networkCardIndex" => 0,
    };
    if alone {
        attachment.push("instanceId", ids::id("i", seen.host.id));
        attachment.push("instanceOwnerId", ACCOUNT);
    }
    fields! {
        "networkInterfaceId" => ids::id("eni", seen.host.id),
        "subnetId" => ids::id("subnet", place.subnet(&seen.host.zone)),
        "vpcId" => ids::id("vpc", place.vpc()),
        "description" => "",
        "ownerId" => ACCOUNT,
        "status" => "in-use",
        "macAddress" => mac(seen.host.id),
        "privateIpAddress" => private_ip.as_str(),
        "privateDnsName" => private_name.as_str(),
        "sourceDestCheck" => true,
        "groupSet" => group_set(api, seen),
        "attachment" => attachment,
        "association" => association.clone(),
        "privateIpAddressesSet" => vec![fields! {
            "privateIpAddress" => private_ip.as_str(),
            "privateDnsName" => private_name.as_str(),
            "primary" => true,
            "association" => association,
        }],
        "ipv6AddressesSet" => render_instance::ipv6(place, seen.host)
            .map(|ip| fields! { "ipv6Address" => ip, "isPrimaryIpv6" => false })
            .into_iter()
            .collect::<Vec<_>>(),
        "interfaceType" => "interface",
    }
}

fn mac(number: u64) -> String {
    let bytes = number.to_be_bytes();
    format!("06:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", bytes[3], bytes[4], bytes[5], bytes[6], bytes[7])
}

/// Refuses ids of a list that are none of these.
fn check_only(api: &Api<'_>, list: &str, prefix: &str, known: &[u64]) -> Result<(), ApiError> {
    for id in api.params.texts(list) {
        if !known.contains(&ids::number(prefix, &id)?) {
            return Err(errors::not_found(prefix, &id));
        }
    }
    Ok(())
}
