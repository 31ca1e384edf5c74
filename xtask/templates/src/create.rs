//! What {{Type}} can do of a create, of which [`create_once`](cloud_driver::create_once) makes exactly one host.

use cloud_driver::{Account, Candidate, Creates, Request, Sends, Surplus, Unique, delete_whole};
use cloud_types::{HostRuntime, HostSpec, Region, Result};

use crate::convert::Seen;
use crate::delete::Delete;
use crate::host::{Parts, not_built_yet};

/// One create.
pub(crate) struct Create<'a>(pub(crate) &'a Parts);

/// What the catalog made of a spec.
pub(crate) struct Plan {
    regions: [Region; 1],
}

impl Creates for Create<'_> {
    type Plan = Plan;
    type Place = Region;
    type Host = Seen;
    type Made = ();

    // Where does the API refuse a name that is taken? From the provider's page.
    const UNIQUE: Unique = Unique::Nowhere;

    fn account(&self) -> &Account {
        &self.0.account
    }

    fn sends(&self) -> &dyn Sends {
        &self.0.reader.recent
    }

    fn check(&self, spec: &HostSpec) -> Result<()> {
        self.0.account.capabilities().check(spec)
    }

    async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        Ok(Plan { regions: [spec.region.clone()] })
    }

    fn places<'a>(&self, plan: &'a Plan) -> &'a [Region] {
        &plan.regions
    }

    async fn candidates(&self, _spec: &HostSpec) -> Result<Vec<Candidate<Seen>>> {
        not_built_yet()
    }

    async fn launch(
        &self,
        _request: &Request<'_, Plan>,
        _place: &Region,
        (): &mut (),
    ) -> Result<Candidate<Seen>> {
        not_built_yet()
    }

    async fn host(&self, machine: Seen) -> Result<HostRuntime> {
        self.0.reader.recent.made(machine.host.id.clone());
        Ok(machine.host)
    }

    async fn remove(&self, host: &Candidate<Seen>, _: Surplus) -> Result<()> {
        delete_whole(&Delete(self.0), &host.id).await
    }

    async fn undo(&self, _: &Request<'_, Plan>, (): ()) {}
}
