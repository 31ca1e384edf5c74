//! Machine types, where they are offered, and spot prices
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html> and its neighbours).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{InstanceTypeInfo, InstanceTypeOffering, LocationType, SpotPrice};
use aws_smithy_types::DateTime;
use cloud_types::{MachineTypeName, Region, Result};
use jiff::Timestamp;

use super::{Api, Filter, PER_PAGE, filter};

impl Api {
    /// All machine types of a region, or the one of this name.
    pub(crate) async fn machine_types(
        &self,
        region: &Region,
        name: Option<&MachineTypeName>,
    ) -> Result<Vec<InstanceTypeInfo>> {
        let describe = |ec2: Client, page| {
            let request = ec2.describe_instance_types().set_filters(named(name));
            request.max_results(TYPES_PER_PAGE).set_next_token(page).send()
        };
        self.pages("list_machine_types", region, describe, |page| (page.instance_types, page.next_token)).await
    }

    /// In which zones of a region all machine types, or the one of this name, are offered.
    pub(crate) async fn offered(
        &self,
        region: &Region,
        name: Option<&MachineTypeName>,
    ) -> Result<Vec<InstanceTypeOffering>> {
        let describe = |ec2: Client, page| {
            let request = ec2.describe_instance_type_offerings().set_filters(named(name));
            let request = request.location_type(LocationType::AvailabilityZone);
            request.max_results(PER_PAGE).set_next_token(page).send()
        };
        self.pages("list_offerings", region, describe, |page| (page.instance_type_offerings, page.next_token)).await
    }

    /// The spot prices that hold now: a history from this moment on begins with the price of this moment
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html>).
    pub(crate) async fn spot_prices(&self, region: &Region, now: Timestamp) -> Result<Vec<SpotPrice>> {
        let now = DateTime::from_secs(now.as_second());
        let describe = |ec2: Client, page| {
            let request = ec2.describe_spot_price_history().product_descriptions("Linux/UNIX");
            request.start_time(now).max_results(PER_PAGE).set_next_token(page).send()
        };
        self.pages("list_spot_prices", region, describe, |page| (page.spot_price_history, page.next_token)).await
    }
}

fn named(name: Option<&MachineTypeName>) -> Option<Vec<Filter>> {
    name.map(|name| vec![filter("instance-type", [name.as_str()])])
}

/// The most machine types that a page holds.
const TYPES_PER_PAGE: i32 = 100;
