//! Who uses what hosts share. One host that is to stay tells it, among however many: so few are read at a time.

use aws_sdk_ec2::types::Filter;
use cloud_types::{Error, ErrorKind, HostState, Region, Result};

use crate::convert::{self, Place};
use crate::host::{Inner, leaving, staying};

impl Inner {
    /// Whether a host that is to stay uses what this filter is for.
    pub(crate) async fn has_staying_user(&self, region: &Region, used: Filter) -> Result<bool> {
        let (filters, mut page) = ([used, staying()], None);
        for _ in 0..MAX_PAGES {
            let (shown, next) = self.api.list_some_instances(region, &filters, A_FEW, page).await?;
            for one in &shown {
                // A list may still show a host that is going, or gone.
                if self.is_staying(&Place::of(region, one)?).await? {
                    return Ok(true);
                }
            }
            page = next.filter(|token| !token.is_empty());
            if page.is_none() {
                return Ok(false);
            }
        }
        Err(Error::new(ErrorKind::Unexpected, "a list of hosts never ends"))
    }

    /// Whether a host that is just going uses what this filter is for.
    pub(crate) async fn has_leaving_user(&self, region: &Region, used: Filter) -> Result<bool> {
        let (shown, more) = self.api.list_some_instances(region, &[used, leaving()], A_FEW, None).await?;
        Ok(!shown.is_empty() || more.is_some_and(|token| !token.is_empty()))
    }

    /// Whether an instance is there, and not on its way out.
    pub(crate) async fn is_staying(&self, place: &Place) -> Result<bool> {
        match self.api.get_instance(place).await {
            Ok(now) => Ok(convert::state(&now) != HostState::Deleting),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The smallest page that there is
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>).
const A_FEW: i32 = 5;
const MAX_PAGES: usize = 20_000;
