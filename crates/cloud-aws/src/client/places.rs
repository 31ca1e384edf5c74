//! Regions, zones and subnets: where instances can be
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html> and its neighbours).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{AvailabilityZone, Subnet};
use cloud_types::{Region, Result};

use super::{Api, Filter, PER_PAGE};

impl Api {
    /// The regions that the account has enabled.
    pub(super) async fn enabled_regions(&self) -> Result<Vec<Region>> {
        let home = self.home().await?;
        let answer = self.call("list_regions", &home, |ec2| ec2.describe_regions().send()).await?;
        let names = answer.regions.unwrap_or_default().into_iter().filter_map(|region| region.region_name);
        let mut regions: Vec<Region> = names.map(Region::new).collect::<Result<_>>()?;
        regions.sort_unstable();
        Ok(regions)
    }

    /// The zones of a region that the account has enabled.
    pub(crate) async fn all_zones(&self, region: &Region) -> Result<Vec<AvailabilityZone>> {
        let answer = self.call("list_regions", region, |ec2| ec2.describe_availability_zones().send()).await?;
        Ok(answer.availability_zones.unwrap_or_default())
    }

    pub(crate) async fn all_subnets(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Subnet>> {
        let describe = |ec2: Client, page| {
            let request = ec2.describe_subnets().set_filters(Some(filters.to_vec()));
            request.max_results(PER_PAGE).set_next_token(page).send()
        };
        self.pages("create_host", region, describe, |page| (page.subnets, page.next_token)).await
    }
}
