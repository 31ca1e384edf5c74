//! Where hosts are attached: the default subnet of their zone, or one that the settings name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_ec2::types;
use cloud_types::{Error, Region, Result};

use crate::client::filter;
use crate::convert::nonsense;
use crate::host::Inner;

/// What the settings say, and the subnets that were read.
#[derive(Debug, Default)]
pub(crate) struct Network {
    /// The subnet instead of the default one of a zone.
    subnet: Option<String>,
    /// Whether hosts may ask for IPv6 addresses.
    pub(crate) ipv6: bool,
    known: Mutex<HashMap<Region, Known>>,
}

/// The subnets of a region, and when they were read.
type Known = (Duration, Arc<[Subnet]>);

/// A subnet, which lies in one zone.
#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub(crate) id: String,
    pub(crate) zone: String,
    /// The network that it is a part of.
    pub(crate) network: String,
    /// Whether hosts in it can have IPv6 addresses.
    pub(crate) ipv6: bool,
}

impl Network {
    /// The default subnets of their zones, or one subnet, without IPv6 addresses.
    pub(crate) fn new(subnet: Option<String>) -> Self {
        Self { subnet, ..Self::default() }
    }

    /// Subnets in which hosts may ask for IPv6 addresses.
    pub(crate) fn with_ipv6(self) -> Self {
        Self { ipv6: true, ..self }
    }
}

impl Inner {
    /// The subnets of a region that hosts can be in, one a zone.
    pub(crate) async fn subnets(&self, region: &Region) -> Result<Arc<[Subnet]>> {
        let now = self.clock.monotonic();
        let known = self.network.known.lock().unwrap_or_else(PoisonError::into_inner).get(region).cloned();
        if let Some((read, subnets)) = known
            && now.saturating_sub(read) < FRESH
        {
            return Ok(subnets);
        }
        let wanted = match &self.network.subnet {
            Some(id) => filter("subnet-id", [id]),
            // <https://docs.aws.amazon.com/vpc/latest/userguide/default-subnet.html>
            None => filter("default-for-az", ["true"]),
        };
        let found = self.api.all_subnets(region, &[wanted]).await?;
        let subnets: Arc<[Subnet]> = found.iter().map(subnet).collect::<Result<Vec<_>>>()?.into();
        if subnets.is_empty() {
            return Err(match &self.network.subnet {
                Some(id) => Error::invalid("subnet", format!("there is no {id} in {region}")),
                None => {
                    Error::invalid("region", format!("{region} has no default network: name a subnet in the settings"))
                }
            });
        }
        let mut known = self.network.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(region.clone(), (now, subnets.clone()));
        Ok(subnets)
    }
}

fn subnet(from: &types::Subnet) -> Result<Subnet> {
    let of = |text: &Option<String>| text.clone().ok_or_else(|| nonsense("a subnet"));
    let blocks = from.ipv6_cidr_block_association_set.iter().flatten();
    let ipv6 = blocks.filter_map(|block| block.ipv6_cidr_block_state.as_ref()?.state.as_ref());
    Ok(Subnet {
        id: of(&from.subnet_id)?,
        zone: of(&from.availability_zone)?,
        network: of(&from.vpc_id)?,
        ipv6: ipv6.into_iter().any(|state| state.as_str() == "associated"),
    })
}

/// How long subnets are taken for what they were.
const FRESH: Duration = Duration::from_secs(600);
