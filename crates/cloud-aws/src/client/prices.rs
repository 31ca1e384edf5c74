//! The price list (<https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html>).
//! Few regions serve it, and each of them tells the prices of all.

use aws_sdk_pricing::Client;
use aws_sdk_pricing::types::{Filter, FilterType};
use cloud_types::{Error, ErrorKind, MachineTypeName, Region, Result};
use futures::future::try_join_all;

use super::{Api, all_pages};

impl Api {
    /// The products that are plain Linux machines of a region, or of one machine type, each a text of JSON.
    pub(crate) async fn machine_products(
        &self,
        region: &Region,
        name: Option<&MachineTypeName>,
    ) -> Result<Vec<String>> {
        let mut filters = vec![
            ("regionCode", region.as_str()),
            ("operatingSystem", "Linux"),
            ("tenancy", "Shared"),
            ("preInstalledSw", "NA"),
            ("capacitystatus", "Used"),
            ("operation", "RunInstances"),
            ("marketoption", "OnDemand"),
        ];
        filters.extend(name.map(|name| ("instanceType", name.as_str())));
        self.products(region, "AmazonEC2", &filters).await
    }

    /// The products that are disks, their speed, snapshots and public addresses of a region, each a text of JSON.
    pub(crate) async fn storage_products(&self, region: &Region) -> Result<Vec<String>> {
        let lists = [
            ("AmazonEC2", ("productFamily", "Storage")),
            ("AmazonEC2", ("productFamily", "Storage Snapshot")),
            ("AmazonEC2", ("productFamily", "System Operation")),
            ("AmazonEC2", ("productFamily", "Provisioned Throughput")),
            ("AmazonVPC", ("group", "VPCPublicIPv4Address")),
        ];
        let lists = lists.map(|(service, what)| async move {
            let filters = [("regionCode", region.as_str()), what];
            self.products(region, service, &filters).await
        });
        Ok(try_join_all(lists).await?.into_iter().flatten().collect())
    }

    async fn products(&self, of: &Region, service: &str, filters: &[(&str, &str)]) -> Result<Vec<String>> {
        let region = Region::new(price_region(of)?)?;
        let client = Client::new(&self.sdk(&region).await?);
        let filter = |(field, value): &(&str, &str)| {
            Filter::builder().r#type(FilterType::TermMatch).field(*field).value(*value).build()
        };
        let filters: std::result::Result<Vec<Filter>, _> = filters.iter().map(filter).collect();
        let filters =
            filters.map_err(|_| Error::new(ErrorKind::Unexpected, "a filter of the price list lacks a field"))?;
        let (client, filters, region) = (&client, &filters, &region);
        all_pages(|token| async move {
            let page = self.run("list_prices", region, || {
                let request = client.get_products().service_code(service).set_filters(Some(filters.clone()));
                request.max_results(PRODUCTS_PER_PAGE).set_next_token(token.clone()).send()
            });
            let page = page.await?;
            Ok((page.price_list.unwrap_or_default(), page.next_token))
        })
        .await
    }
}

/// Which region tells the prices of a region: each partition has its own, if any
/// (<https://docs.aws.amazon.com/general/latest/gr/billing.html>).
fn price_region(of: &Region) -> Result<&'static str> {
    let is = |prefix: &str| of.as_str().starts_with(prefix);
    if is("us-gov-") || is("us-iso") || is("eu-iso") || is("eusc-") {
        return Err(Error::unsupported(format!("there is no price list of {of}")));
    }
    Ok(if is("cn-") { "cn-northwest-1" } else { "us-east-1" })
}

/// The most products that a page holds.
const PRODUCTS_PER_PAGE: i32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_is_asked_for_its_own_prices() {
        let of = |region: &str| price_region(&Region::new(region).unwrap());
        assert_eq!(of("eu-west-1").unwrap(), "us-east-1");
        assert_eq!(of("cn-north-1").unwrap(), "cn-northwest-1");
        assert_eq!(of("us-gov-west-1").unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
