//! What things cost, checked against sums worked out by hand.

use cloud_local::{Config, Local};
use cloud_types::{
    CloudProvider, CloudProviderExt, CostKind, Currency, DataDisk, ErrorKind, GiB, HostSpec, Machine, Money,
    OfferingFilter, Pricing, PublicNetwork, Region, Requirements,
};

use crate::common::spec;

fn instant() -> Local {
    Config::instant().build().expect("valid settings")
}

fn eur(text: &str) -> Money {
    Money::parse(text, Currency::EUR).expect("an amount")
}

fn on(machine: &str) -> HostSpec {
    let mut wish = spec("web");
    wish.machine = Machine::named(machine).expect("a name");
    wish
}

fn beside(mut wish: HostSpec) -> HostSpec {
    wish.region = Region::new("local-b").expect("a region");
    wish
}

#[tokio::test]
async fn a_month_costs_what_it_sums_up_to() {
    let local = instant();
    let catalog = local.catalog().unwrap();
    // (the wish, the month running, the month stopped); disks are 0.044 a GiB, an address is 0.50 at most.
    let table = [
        // 4.0 cap + 20 GiB × 0.044 + 0.50
        (on("small"), "5.38", "1.38"),
        // 8.0 cap + 100 GiB × 0.044, no address
        (on("medium").boot_disk_size(GiB(100)).public_network(PublicNetwork::NONE), "12.4", "4.4"),
        // 4.0 cap + (20 + 50) GiB × 0.044 + 0.50
        (on("small").data_disk(DataDisk::new(GiB(50))), "7.58", "3.58"),
        // spot has no cap: 0.006 × 0.3 × 730 = 1.314, + 0.88 + 0.50
        (on("small").pricing(Pricing::Spot), "2.694", "1.38"),
        // a tenth dearer beside: 4.4 + 0.88 + 0.50
        (beside(on("small")), "5.78", "1.38"),
    ];
    for (number, (wish, running, stopped)) in table.into_iter().enumerate() {
        let estimate = catalog.estimate(&wish).await.unwrap();
        assert_eq!(estimate.monthly_running(), eur(running), "row {number}: {estimate:?}");
        assert_eq!(estimate.monthly_stopped(), eur(stopped), "row {number}: {estimate:?}");
        let host = local.create_host(&wish.name(format!("web-{number}").parse().unwrap())).await.unwrap().into_host();
        assert_eq!(catalog.host_cost(&host).await.unwrap(), estimate, "row {number}");
    }
}

#[tokio::test]
async fn a_snapshot_costs_by_its_size() {
    let local = instant();
    let host = local.create_host(&spec("web")).await.unwrap().into_host();
    let snapshots = local.snapshots().unwrap();
    let id = snapshots.create_snapshot(&host.id, &"golden".parse().unwrap()).await.unwrap().id;
    let snapshot = snapshots.get_snapshot(&id).await.unwrap();
    assert_eq!(snapshot.size, Some(GiB(2)));
    let cost = local.catalog().unwrap().snapshot_cost(&snapshot).await.unwrap();
    assert_eq!((cost.items()[0].kind, cost.monthly_running()), (CostKind::Snapshot, eur("0.022")));
}

#[tokio::test]
async fn the_cheapest_machine_that_fits_and_is_not_sold_out_is_taken() {
    let local = Config::instant().sold_out("local-a", "medium").build().unwrap();
    let two = Requirements::new().vcpus(2);
    let region = Region::new("local-a").unwrap();
    assert_eq!(local.cheapest_offering(&region, &two).await.unwrap().machine_type.name.as_str(), "large");
    let mut wish = spec("web");
    wish.machine = two.into();
    assert_eq!(local.create_host(&wish).await.unwrap().host().machine_type.as_str(), "large");
    let gpu = Requirements::new().gpu("H100", 1);
    assert_eq!(local.cheapest_offering(&region, &gpu).await.unwrap().machine_type.name.as_str(), "gpu-h100");
    let too_much = Requirements::new().vcpus(1000);
    assert_eq!(local.cheapest_offering(&region, &too_much).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn offerings_are_told_for_every_zone_with_what_is_sold_out() {
    let local = Config::instant().sold_out("local-a-2", "small").build().unwrap();
    let catalog = local.catalog().unwrap();
    let all = catalog.offerings(&OfferingFilter::all()).await.unwrap();
    assert_eq!(all.len(), 6 * 5 * 2);
    let sold_out: Vec<_> = all.iter().filter(|offering| !offering.orderable).collect();
    assert!(sold_out.iter().all(|offering| offering.zone.as_ref().unwrap().as_str() == "local-a-2"));
    assert_eq!(sold_out.len(), 2);
    let nowhere = OfferingFilter::all().region(Region::new("nowhere").unwrap());
    assert_eq!(catalog.offerings(&nowhere).await.unwrap_err().field(), Some("region"));
}
