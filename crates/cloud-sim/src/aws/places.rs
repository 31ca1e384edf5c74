//! Regions and zones, and the default network that each region has.

use std::net::Ipv6Addr;

use super::api::{Answer, Api};
use super::errors::ApiError;
use super::filter::{self, Row};
use super::xml::{Xml, fields};
use super::{errors, ids};

/// A region of the catalog by its place in the table below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(usize);

impl Place {
    /// The region of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        REGIONS.iter().position(|(known, ..)| *known == name).map(Self)
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..REGIONS.len()).map(Self)
    }

    pub(super) fn index(self) -> u64 {
        self.0 as u64
    }

    pub(super) fn name(self) -> &'static str {
        REGIONS[self.0].0
    }

    /// The zones' names, in their order.
    pub(super) fn zones(self) -> Vec<String> {
        REGIONS[self.0].3.chars().map(|letter| format!("{}{letter}", self.name())).collect()
    }

    /// The id of a zone, which means the same place in every account.
    pub(super) fn zone_id(self, zone: &str) -> String {
        let at = self.zones().iter().position(|known| known == zone).unwrap_or(0);
        format!("{}-az{}", REGIONS[self.0].4, at + 1)
    }

    pub(super) fn vpc(self) -> u64 {
        20_000 + self.index()
    }

    /// The IPv6 network of the default network: a /56.
    pub(super) fn ipv6_block(self) -> String {
        format!("2001:db8:{:x}::/56", self.index())
    }

    /// An address of the IPv6 network of a zone's default subnet, which is a /64.
    pub(super) fn ipv6(self, zone: &str, at: u64) -> Ipv6Addr {
        let subnet = self.zones().iter().position(|known| known == zone).unwrap_or(0);
        let network = u128::from(self.index()) << 80 | (subnet as u128) << 64;
        Ipv6Addr::from(IPV6 | network | u128::from(at))
    }

    pub(super) fn default_group(self) -> u64 {
        30_000 + self.index()
    }

    pub(super) fn gateway(self) -> u64 {
        40_000 + self.index()
    }

    pub(super) fn route_table(self) -> u64 {
        50_000 + self.index()
    }

    /// The default subnet of a zone.
    pub(super) fn subnet(self, zone: &str) -> u64 {
        let at = self.zones().iter().position(|known| known == zone).unwrap_or(0);
        10_000 + self.index() * 100 + at as u64
    }

    /// The zone of a default subnet.
    pub(super) fn zone_of_subnet(self, subnet: u64) -> Option<String> {
        self.zones().into_iter().find(|zone| self.subnet(zone) == subnet)
    }
}

/// The zone that the id of a default subnet of any region is in.
pub(super) fn zone_of_subnet(id: &str) -> Option<String> {
    let number = ids::number("subnet", id).ok()?;
    Place::all().find_map(|place| place.zone_of_subnet(number))
}

/// 2001:db8::, the documentation's.
const IPV6: u128 = 0x2001_0db8 << 96;

/// `DescribeRegions`.
pub(super) fn describe_regions(api: &mut Api<'_>) -> Answer {
    let named = api.params.texts("RegionName");
    let mut rows = Vec::new();
    for place in Place::all() {
        if !named.is_empty() && !named.iter().any(|name| name == place.name()) {
            continue;
        }
        let endpoint = format!("ec2.{}.amazonaws.com", place.name());
        rows.push(
            Row::new(place.index(), move |filter| {
                Some(match filter {
                    "region-name" => vec![place.name().to_owned()],
                    "endpoint" => vec![format!("ec2.{}.amazonaws.com", place.name())],
                    "opt-in-status" => vec!["opt-in-not-required".to_owned()],
                    _ => return None,
                })
            })
            .showing(move |_| {
                fields! {
                    "regionName" => place.name(),
                    "regionEndpoint" => endpoint.clone(),
                    "optInStatus" => "opt-in-not-required",
                }
            }),
        );
    }
    if let Some(name) = named.iter().find(|name| Place::named(name).is_none()) {
        return Err(ApiError::new("InvalidParameterValue", format!("Invalid region name: {name}")));
    }
    Ok(fields! { "regionInfo" => filter::shown(api, rows)? })
}

/// `DescribeAvailabilityZones`.
pub(super) fn describe_zones(api: &mut Api<'_>) -> Answer {
    let place = api.place;
    let named = api.params.texts("ZoneName");
    let zones = place.zones();
    if let Some(name) = named.iter().find(|name| !zones.contains(name)) {
        return Err(errors::invalid("ZoneName", format!("Invalid availability zone: [{name}]")));
    }
    let zones = zones.into_iter().filter(|zone| named.is_empty() || named.contains(zone));
    let rows = zones.enumerate().map(|(at, zone)| {
        let shown = zone.clone();
        Row::new(at as u64, move |filter| {
            Some(match filter {
                "zone-name" => vec![zone.clone()],
                "zone-id" => vec![place.zone_id(&zone)],
                "region-name" => vec![place.name().to_owned()],
                "state" => vec!["available".to_owned()],
                "zone-type" => vec!["availability-zone".to_owned()],
                "opt-in-status" => vec!["opt-in-not-required".to_owned()],
                _ => return None,
            })
        })
        .showing(move |_| render_zone(place, &shown))
    });
    let rows = rows.collect();
    Ok(fields! { "availabilityZoneInfo" => filter::shown(api, rows)? })
}

fn render_zone(place: Place, zone: &str) -> Xml {
    fields! {
        "optInStatus" => "opt-in-not-required",
        "messageSet" => Vec::<Xml>::new(),
        "regionName" => place.name(),
        "zoneName" => zone,
        "zoneId" => place.zone_id(zone),
        "groupName" => format!("{}-zg-1", place.name()),
        "networkBorderGroup" => place.name(),
        "zoneType" => "availability-zone",
        "zoneState" => "available",
    }
}

/// Name, country, city, last letters of the zones, the short name that zone ids begin with.
pub(super) const REGIONS: [(&str, &str, &str, &str, &str); 6] = [
    ("us-east-1", "US", "Ashburn", "abcdef", "use1"),
    ("us-east-2", "US", "Columbus", "abc", "use2"),
    ("us-west-2", "US", "Boardman", "abcd", "usw2"),
    ("eu-central-1", "DE", "Frankfurt", "abc", "euc1"),
    ("eu-west-1", "IE", "Dublin", "abc", "euw1"),
    ("ap-southeast-1", "SG", "Singapore", "abc", "apse1"),
];
