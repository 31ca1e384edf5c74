//! The client tokens of launches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cloud_types::{HostSpec, Region, Result};

use super::Found;
use crate::client::filter;
use crate::host::Inner;
use crate::tags;

/// Client tokens that launch nothing any more, as far as this process knows, with their hours.
#[derive(Debug, Default)]
pub(crate) struct SpentTokens(Mutex<HashMap<String, i64>>);

impl SpentTokens {
    pub(super) fn add(&self, token: String, hour: i64) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.retain(|_, old| *old >= hour);
        spent.insert(token, hour);
    }

    fn has(&self, token: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(token)
    }
}

impl Inner {
    /// The first token of this hour that may still launch something.
    pub(super) fn unspent_token(&self, spec: &HostSpec, zone: &str) -> (String, i64) {
        let hour = self.clock.now().as_second().div_euclid(HOUR);
        let mut incarnation = 0_u64;
        loop {
            let token = tags::client_token(&self.owner, spec, zone, &format!("{hour}.{incarnation}"));
            if !self.spent.has(&token) {
                return (token, hour);
            }
            incarnation += 1;
        }
    }

    /// The instance that was launched with a client token, where it is shown; it may have ended.
    pub(super) async fn by_token(&self, region: &Region, token: &str) -> Result<Option<Found>> {
        let found = self.api.all_instances(region, &[filter("client-token", [token])]).await?;
        Ok(found.into_iter().next().map(|one| (region.clone(), one)))
    }
}

/// How long a token serves: an hour holds all that race, and EC2 forgets none so soon.
const HOUR: i64 = 3600;
