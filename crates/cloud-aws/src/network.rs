//! Where hosts are attached: the default subnet of their zone, or one that the settings name.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Cached, Known};
use cloud_types::{Error, Region, Result};

use crate::client::{Api, filter};
use crate::convert;
use crate::plan::Subnet;

/// The subnets that were read.
#[derive(Debug)]
pub(crate) struct Network {
    account: Account,
    api: Api,
    /// The subnet instead of the default one of a zone.
    subnet: Option<String>,
    known: Known<Region, Arc<Cached<Vec<Subnet>>>>,
}

impl Network {
    /// The default subnets of their zones, or one subnet.
    pub(crate) fn new(account: &Account, api: &Api, subnet: Option<String>) -> Self {
        Self { account: account.clone(), api: api.clone(), subnet, known: Known::default() }
    }

    /// The subnets of a region that hosts can be in, one a zone.
    pub(crate) async fn subnets(&self, region: &Region) -> Result<Arc<Vec<Subnet>>> {
        let read = async {
            let wanted = match &self.subnet {
                Some(id) => filter("subnet-id", [id]),
                // <https://docs.aws.amazon.com/vpc/latest/userguide/default-subnet.html>
                None => filter("default-for-az", ["true"]),
            };
            let found = self.api.all_subnets(region, &[wanted]).await?;
            let subnets = found.iter().map(convert::subnet).collect::<Result<Vec<_>>>()?;
            match &self.subnet {
                _ if !subnets.is_empty() => Ok(subnets),
                Some(id) => Err(Error::invalid("subnet", format!("there is no {id} in {region}"))),
                None => {
                    let rule = format!("{region} has no default network: name a subnet in the settings");
                    Err(Error::invalid("region", rule))
                }
            }
        };
        let cached = self.known.get_or(region.clone(), Arc::default);
        cached.get(self.account.clock(), FRESH, read).await
    }
}

/// How long subnets are taken for what they were.
const FRESH: Duration = Duration::from_secs(600);
