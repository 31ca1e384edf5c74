//! What {{Type}} can do of a delete, of which [`delete_whole`](cloud_driver::delete_whole) makes one that leaves nothing.

use cloud_driver::{Account, Deletes};
use cloud_types::{HostId, Result};

use crate::convert::Seen;
use crate::host::{Parts, not_built_yet};

/// One delete.
pub(crate) struct Delete<'a>(pub(crate) &'a Parts);

/// Something that a create made besides the host. There is nothing of the kind yet.
pub(crate) enum Part {}

impl Deletes for Delete<'_> {
    type Host = Seen;
    type Part = Part;

    fn account(&self) -> &Account {
        &self.0.account
    }

    async fn find(&self, id: &HostId) -> Result<Seen> {
        self.0.reader.read(id).await
    }

    async fn delete(&self, _id: &HostId, _: Option<&Seen>) -> Result<()> {
        not_built_yet()
    }

    async fn parts(&self, _: &HostId, _: &Seen) -> Result<Vec<Part>> {
        Ok(Vec::new())
    }

    async fn leftovers(&self, _: &HostId) -> Result<Vec<Part>> {
        Ok(Vec::new())
    }

    async fn in_use(&self, part: &Part, _: Option<&HostId>) -> Result<bool> {
        match *part {}
    }

    async fn remove(&self, part: &Part) -> Result<()> {
        match *part {}
    }

    async fn again(&self, part: Part) -> Result<Part> {
        Ok(part)
    }

    fn describe(&self, part: &Part) -> String {
        match *part {}
    }
}
