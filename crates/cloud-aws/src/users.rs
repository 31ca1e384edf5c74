//! Who uses what hosts share. One host that is to stay tells it, among however many: so few are read at a time.

use aws_sdk_ec2::types::Filter;
use cloud_types::{Error, ErrorKind, HostState, Region, Result};

use crate::convert::{self, Place};
use crate::host::{Inner, leaving, staying};

/// Who uses a security group or a key pair.
pub(crate) enum Users {
    None,
    Leaving,
    Staying,
}

impl Inner {
    /// Who uses what this filter is for.
    pub(crate) async fn users(&self, region: &Region, used: Filter) -> Result<Users> {
        let (mut users, mut page) = (Users::None, None);
        let alive = [used.clone(), staying()];
        for _ in 0..MAX_PAGES {
            let (shown, next) = self.api.list_some_instances(region, &alive, A_FEW, page).await?;
            for one in &shown {
                // A list may still show a host that is going, or gone.
                if self.is_staying(&Place::of(region, one)?).await? {
                    return Ok(Users::Staying);
                }
                users = Users::Leaving;
            }
            page = next.filter(|token| !token.is_empty());
            if page.is_none() {
                let (shown, more) = self.api.list_some_instances(region, &[used, leaving()], A_FEW, None).await?;
                return Ok(if shown.is_empty() && more.is_none() { users } else { Users::Leaving });
            }
        }
        Err(Error::new(ErrorKind::Unexpected, "a list of hosts never ends"))
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
