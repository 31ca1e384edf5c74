//! Where a host lives, and how it is paid.

use cloud_types::{Ability, ErrorKind, HostState, Offering, OfferingFilter, Pricing};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome, Stop};

/// A host says in which zone it is, and another one can be placed in the same.
pub async fn a_host_lives_in_the_zone_asked_for(case: &Case) -> Outcome {
    let anywhere = case.create("anywhere").await?;
    let Some(zone) = anywhere.zone else {
        return Err(Stop::Failed("where there are zones, a host says in which it is; it says none".to_owned()));
    };
    let beside = case.running_as(&case.spec("beside").zone(zone.clone())).await?;
    ensure!(beside.zone.as_ref() == Some(&zone), "the host lives in zone {zone}; it lives in {:?}", beside.zone);
    ensure!(beside.region == anywhere.region, "the zone is in {}; it is in {}", anywhere.region, beside.region);
    Ok(())
}

/// A spot host runs, and costs no more than one on demand.
pub async fn a_spot_host_runs_and_is_no_dearer(case: &Case) -> Outcome {
    let spec = case.spec("spot").pricing(Pricing::Spot);
    if case.provider().capabilities().can(Ability::Catalog) {
        let offered = OfferingFilter::all().region(spec.region.clone());
        let offerings = case.catalog()?.offerings(&offered).await.or_fail("the offerings can be listed")?;
        let paid = |pricing| offerings.iter().filter(move |offering| offering.pricing == pricing);
        for spot in paid(Pricing::Spot) {
            let same = |other: &&Offering| other.machine_type.name == spot.machine_type.name && other.zone == spot.zone;
            let cheaper = paid(Pricing::OnDemand).filter(same).all(|usual| spot.hourly.amount <= usual.hourly.amount);
            ensure!(cheaper, "{} costs no more as spot; it costs {}", spot.machine_type.name, spot.hourly);
        }
    }
    match case.provider().create_host(&spec).await {
        Err(error) if error.kind() == ErrorKind::NoCapacity => Err(Stop::Skipped("spot is sold out now".to_owned())),
        created => {
            let created = created.or_fail("a spot host can be created")?;
            case.reaches(&created.host().id, HostState::Running).await.map(|_| ())
        }
    }
}

/// Machine types with GPUs say which and how many.
pub async fn gpus_are_in_the_catalog(case: &Case) -> Outcome {
    let types = case.catalog()?.machine_types().await.or_fail("the machine types can be listed")?;
    let gpus: Vec<_> = types.iter().filter_map(|machine| machine.gpu.as_ref()).collect();
    ensure!(!gpus.is_empty(), "where GPUs are claimed, some machine type has one; none has");
    ensure!(gpus.iter().all(|gpu| gpu.count > 0 && !gpu.model.is_empty()), "a GPU has a model and a count: {gpus:?}");
    Ok(())
}
