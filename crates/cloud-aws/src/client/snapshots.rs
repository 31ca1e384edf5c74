//! Snapshots of disks, of which images are made.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::Snapshot;
use cloud_types::{Region, Result};

use super::{Api, Filter, PER_PAGE};

impl Api {
    /// The account's snapshots that pass the filters
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSnapshots.html>).
    pub(crate) async fn disk_snapshots(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Snapshot>> {
        let describe = |ec2: Client, page| {
            let request = ec2.describe_snapshots().owner_ids("self").set_filters(Some(filters.to_vec()));
            request.max_results(PER_PAGE).set_next_token(page).send()
        };
        self.pages("list_snapshots", region, describe, |page| (page.snapshots, page.next_token)).await
    }

    pub(crate) async fn delete_disk_snapshot(&self, region: &Region, id: &str) -> Result<()> {
        self.call("delete_snapshot", region, |client| client.delete_snapshot().snapshot_id(id).send()).await.map(drop)
    }
}
