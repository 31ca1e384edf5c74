//! What is on sale, and what it costs.

use cloud_types::{
    CloudProviderExt, CostItem, CostKind, ErrorKind, Estimate, HostSpec, Machine, MachineTypeName, OfferingFilter,
    Pricing, Region, Requirements, StoppedBilling,
};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome, Stop};

/// What the catalog lists can be ordered: the region and machine type of a host that boots are among it.
pub async fn the_catalog_lists_what_can_be_ordered(case: &Case) -> Outcome {
    let (catalog, spec) = (case.catalog()?, case.spec("ordered"));
    let machine = named(&spec)?;
    let regions = catalog.regions().await.or_fail("the regions can be listed")?;
    ensure!(regions.iter().any(|region| region.name == spec.region), "region {} is listed", spec.region);
    let types = catalog.machine_types().await.or_fail("the machine types can be listed")?;
    ensure!(types.iter().any(|known| known.name == machine), "machine type {machine} is listed");
    let images = catalog.images().await.or_fail("the images can be listed")?;
    ensure!(!images.is_empty(), "there are images; none is listed");
    let filter = OfferingFilter::all().region(spec.region.clone()).pricing(Pricing::OnDemand);
    let offerings = catalog.offerings(&filter).await.or_fail("the offerings of a region can be listed")?;
    ensure!(offerings.iter().all(|offering| filter.passes(offering)), "only the offerings asked for are told");
    let orderable = offerings.iter().any(|offering| offering.machine_type.name == machine && offering.orderable);
    ensure!(orderable, "machine type {machine} can be ordered in {}; the offerings do not say so", spec.region);
    Ok(())
}

/// The machine's price is the same in the offering, in the estimate, and at the running host where it tells one.
pub async fn a_machine_has_one_price(case: &Case) -> Outcome {
    let (catalog, spec) = (case.catalog()?, case.spec("price"));
    let machine = named(&spec)?;
    let filter = OfferingFilter::all().region(spec.region.clone()).pricing(spec.pricing);
    let offerings = catalog.offerings(&filter).await.or_fail("the offerings of a region can be listed")?;
    let offering = offerings.iter().find(|offering| offering.machine_type.name == machine);
    let Some(offering) = offering else {
        return Err(Stop::Failed(format!("machine type {machine} is offered in {}; it is not", spec.region)));
    };
    let estimate = catalog.estimate(&spec).await.or_fail("a plain host can be estimated")?;
    let items: Vec<_> = estimate.items().iter().filter(|item| item.kind == CostKind::Machine).collect();
    ensure!(items.len() == 1, "an estimate has one machine in it; it has {items:?}");
    let (offered, estimated) = (offering.hourly, items[0].rate.hourly());
    ensure!(estimated == offered, "the machine costs {offered} an hour as offered; the estimate says {estimated}");
    let host = case.running_as(&spec).await?;
    let told = host.hourly_price.is_none_or(|price| price == offered);
    ensure!(told, "the host's hourly price is {offered}; it says {:?}", host.hourly_price);
    Ok(())
}

/// An estimate has the items that the host is then billed for, with all that a create may make, and says of each how its
/// use is counted.
pub async fn an_estimate_is_what_the_host_costs(case: &Case) -> Outcome {
    let catalog = case.catalog()?;
    for spec in [case.spec("plain"), case.rich_spec("rich")] {
        let estimate = catalog.estimate(&spec).await.or_fail("a host can be estimated")?;
        let untold: Vec<_> = estimate.items().iter().filter(|item| item.terms.is_none()).collect();
        ensure!(untold.is_empty(), "an estimate says how each item is counted; it does not of {untold:?}");
        let host = case.running_as(&spec).await?;
        let cost = catalog.host_cost(&host).await.or_fail("a host's cost can be read")?;
        let (estimated, billed) = (lines(&estimate), lines(&cost));
        ensure!(estimated == billed, "the host costs what was estimated, {estimated:?}; it costs {billed:?}");
    }
    Ok(())
}

/// What a stopped host costs is what the provider claims of stopping.
pub async fn what_stopping_costs_is_as_claimed(case: &Case) -> Outcome {
    let estimate = case.catalog()?.estimate(&case.spec("stopped")).await.or_fail("a host can be estimated")?;
    let billed = |item: &&CostItem| item.billed_when_stopped;
    let stopped: Vec<_> = estimate.items().iter().filter(billed).map(|item| item.kind).collect();
    match case.provider().capabilities().stopped_billing {
        StoppedBilling::Nothing => ensure!(stopped.is_empty(), "a stopped host costs nothing; it costs {stopped:?}"),
        StoppedBilling::DisksOnly => {
            ensure!(!stopped.contains(&CostKind::Machine), "a stopped host costs disks only; it costs {stopped:?}");
        }
        StoppedBilling::InFull => {
            let (running, stopped) = (estimate.hourly_running(), estimate.hourly_stopped());
            ensure!(running == stopped, "a stopped host costs in full, {running} an hour; it costs {stopped}");
        }
        _ => {}
    }
    Ok(())
}

/// A wish for at least something gets the cheapest machine type that has it.
pub async fn at_least_is_met_by_the_cheapest(case: &Case) -> Outcome {
    let mut spec = case.spec("least");
    let required = Requirements::new().vcpus(2);
    let cheapest = case.provider().cheapest_offering(&spec.region, &required).await;
    let cheapest = cheapest.or_fail("something with two processors can be ordered")?;
    ensure!(cheapest.fits(&required) && cheapest.orderable, "the cheapest offering fits and can be had: {cheapest:?}");
    spec.machine = Machine::AtLeast(required);
    let host = case.running_as(&spec).await?;
    let wished = &cheapest.machine_type.name;
    ensure!(host.machine_type == *wished, "the host is the cheapest that fits, {wished}; it is {}", host.machine_type);
    Ok(())
}

/// What nothing on sale has is refused, as is a region that the provider does not have.
pub async fn what_is_not_on_sale_is_refused(case: &Case) -> Outcome {
    let mut spec = case.spec("giant");
    spec.machine = Machine::AtLeast(Requirements::new().vcpus(1_000_000));
    let created = case.provider().create_host(&spec).await;
    created.refused_as(&[ErrorKind::InvalidRequest], "a machine with a million processors is refused")?;
    let estimated = case.catalog()?.estimate(&spec).await;
    estimated.refused_as(&[ErrorKind::InvalidRequest], "a machine with a million processors has no estimate")?;
    let nowhere = Region::new("no-such-region").expect("a well-formed name");
    let offered = case.catalog()?.offerings(&OfferingFilter::all().region(nowhere)).await;
    offered.refused_as(&[ErrorKind::InvalidRequest], "an unknown region has no offerings")?;
    Ok(())
}

fn named(spec: &HostSpec) -> Outcome<MachineTypeName> {
    match &spec.machine {
        Machine::Named(name) => Ok(name.clone()),
        other => Err(Stop::Failed(format!("the backend's spec names its machine; it says {other:?}"))),
    }
}

/// An estimate's items without the words for people, in an order of their own.
fn lines(estimate: &Estimate) -> Vec<String> {
    let line = |item: &CostItem| {
        let stopped = if item.billed_when_stopped { "always" } else { "running" };
        let (hourly, monthly, terms) = (item.rate.hourly(), item.rate.monthly(), item.terms);
        format!("{}: {hourly} an hour, {monthly} a month, {stopped}, counted by {terms:?}", item.kind)
    };
    let mut lines: Vec<_> = estimate.items().iter().map(line).collect();
    lines.sort_unstable();
    lines
}
