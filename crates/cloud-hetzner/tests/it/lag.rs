//! Hosts that the API shows late.

use cloud_sim::{Fault, FaultRule};
use cloud_types::{CloudProvider, HostSpec, Image, Machine, Name, Region};

use crate::common;

#[tokio::test]
async fn a_slow_not_found_about_a_fresh_host_is_not_believed() {
    let sim = common::sim().await;
    let provider = common::provider(&sim, "mine");
    for number in 0..8 {
        sim.inject(FaultRule::once(Fault::Lag(5.0), "POST", "/servers"));
        sim.inject(FaultRule::once(Fault::Slow(8.0), "GET", "/servers/{id}"));
        let name = Name::new(format!("web-{number}")).unwrap();
        let machine = Machine::named("cx22").unwrap();
        let spec = HostSpec::new(name, Region::new("fsn1").unwrap(), machine, Image::ubuntu("24.04"));
        let created = provider.create_host(&spec).await.unwrap().into_host();
        assert_eq!(provider.get_host(&created.id).await.unwrap().id, created.id);
    }
}
