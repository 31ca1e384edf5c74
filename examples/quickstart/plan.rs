//! What to order: read from the provider's own catalog, so that the rest names no machine type and no region.

use cloud::{Catalog, Error, ErrorKind, Offering, OfferingFilter, Pricing, Requirements, Result};

/// The cheapest machine on sale anywhere, and a larger one beside it to resize to.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) small: Offering,
    pub(crate) larger: Offering,
}

/// Reads the catalog and chooses.
pub(crate) async fn choose(catalog: &dyn Catalog) -> Result<Plan> {
    let filter = OfferingFilter::all().pricing(Pricing::OnDemand).requirements(Requirements::new().vcpus(1));
    let mut offerings = catalog.offerings(&filter).await?;
    offerings.retain(|offering| offering.orderable && !offering.machine_type.deprecated);
    offerings.sort_by_key(|offering| offering.hourly.amount);
    offerings
        .iter()
        .find_map(|small| {
            let larger = offerings.iter().find(|larger| can_grow(small, larger))?;
            Some(Plan { small: small.clone(), larger: larger.clone() })
        })
        .ok_or_else(|| Error::new(ErrorKind::NoCapacity, "no region sells a machine and a larger one now"))
}

/// Whether a host can be resized from one to the other: in the same place, to more, with room for its disk.
fn can_grow(small: &Offering, larger: &Offering) -> bool {
    let (from, to) = (&small.machine_type, &larger.machine_type);
    small.region == larger.region
        && small.zone == larger.zone
        && from.architecture == to.architecture
        && from.disk <= to.disk
        && (from.vcpus, from.memory) < (to.vcpus, to.memory)
}
