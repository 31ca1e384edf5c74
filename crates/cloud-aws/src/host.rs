//! The provider: our trait over EC2's calls.

use std::fmt;
use std::sync::Arc;

use cloud_types::{Clock, Owner, Result};

use crate::client::Api;
use crate::image::Images;

/// AWS EC2, for one owner in one account. Clones are cheap and share connections and credentials.
#[derive(Clone)]
pub struct Aws(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) api: Api,
    pub(crate) owner: Owner,
    pub(crate) network: Network,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) images: Images,
}

/// Where hosts are attached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    /// The subnet instead of the default one of a zone.
    pub(crate) subnet: Option<String>,
}

impl Aws {
    pub(crate) fn new(api: Api, owner: Owner, network: Network, clock: Arc<dyn Clock>) -> Self {
        let images = Images::default();
        Self(Arc::new(Inner { api, owner, network, clock, images }))
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("api", &self.0.api).field("owner", &self.0.owner).finish_non_exhaustive()
    }
}

/// Names provider and operation in an error.
pub(crate) fn named<T>(operation: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.with_provider(&crate::ID).with_operation(operation))
}
