//! Machine types, where they are offered, and spot prices
//! (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypes.html> and its neighbours).

use aws_sdk_ec2::types::{InstanceTypeInfo, InstanceTypeOffering, LocationType, SpotPrice};
use aws_smithy_types::DateTime;
use cloud_types::{MachineTypeName, Region, Result};
use jiff::Timestamp;

use super::{Api, PER_PAGE, all_pages, filter};

impl Api {
    /// All machine types of a region, or the one of this name.
    pub(crate) async fn machine_types(
        &self,
        region: &Region,
        name: Option<&MachineTypeName>,
    ) -> Result<Vec<InstanceTypeInfo>> {
        let named = name.map(|name| vec![filter("instance-type", [name.as_str()])]);
        all_pages(|token| {
            let named = named.clone();
            async move {
                let page = self.call("list_machine_types", region, |client| {
                    let request = client.describe_instance_types().set_filters(named.clone());
                    request.max_results(TYPES_PER_PAGE).set_next_token(token.clone()).send()
                });
                let page = page.await?;
                Ok((page.instance_types.unwrap_or_default(), page.next_token))
            }
        })
        .await
    }

    /// In which zones of a region all machine types, or the one of this name, are offered.
    pub(crate) async fn offered(
        &self,
        region: &Region,
        name: Option<&MachineTypeName>,
    ) -> Result<Vec<InstanceTypeOffering>> {
        let named = name.map(|name| vec![filter("instance-type", [name.as_str()])]);
        all_pages(|token| {
            let named = named.clone();
            async move {
                let page = self.call("list_offerings", region, |client| {
                    let request = client.describe_instance_type_offerings().set_filters(named.clone());
                    let request = request.location_type(LocationType::AvailabilityZone);
                    request.max_results(PER_PAGE).set_next_token(token.clone()).send()
                });
                let page = page.await?;
                Ok((page.instance_type_offerings.unwrap_or_default(), page.next_token))
            }
        })
        .await
    }

    /// The spot prices that hold now: a history from this moment on begins with the price of this moment
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html>).
    pub(crate) async fn spot_prices(&self, region: &Region, now: Timestamp) -> Result<Vec<SpotPrice>> {
        let now = DateTime::from_secs(now.as_second());
        all_pages(|token| async move {
            let page = self.call("list_spot_prices", region, |client| {
                let request = client.describe_spot_price_history().product_descriptions("Linux/UNIX");
                request.start_time(now).max_results(PER_PAGE).set_next_token(token.clone()).send()
            });
            let page = page.await?;
            Ok((page.spot_price_history.unwrap_or_default(), page.next_token))
        })
        .await
    }
}

/// The most machine types that a page holds.
const TYPES_PER_PAGE: i32 = 100;
