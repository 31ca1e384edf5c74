//! Choosing by requirement instead of by name: the cheapest offering that fits, and the next place when it is sold out.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::time::Duration;

use cloud::local::Config;
use cloud::{
    Architecture, Catalog, CloudProvider, CloudProviderExt, Currency, ErrorKind, HostSpec, Image, MiB, Money, Name,
    Offering, Requirements, Result, Wait,
};

#[tokio::main]
async fn main() -> Result<()> {
    // In `local-a`, what the first requirement would choose is sold out.
    let provider = Config::default().sold_out("local-a", "medium").build()?;
    let two_cores = Requirements::new().vcpus(2).memory(MiB::from_gib(4));
    let cheap = two_cores.clone().max_hourly(Money::parse("0.02", Currency::EUR)?);
    let arm = two_cores.clone().architecture(Architecture::Arm64);
    let gpu = Requirements::new().gpu("H100", 1);
    let too_much = Requirements::new().vcpus(1_000);

    for required in [&two_cores, &cheap, &arm, &gpu, &too_much] {
        println!("At least {required}:");
        for region in provider.regions().await? {
            match provider.cheapest_offering(&region.name, required).await {
                Ok(offering) => println!("  {}: {}, {} an hour", region.name, machine(&offering), offering.hourly),
                Err(error) => println!("  {}: {error}", region.name),
            }
        }
    }

    // A spec can carry the requirement itself. Where there is no room, try the next region.
    for region in provider.regions().await? {
        let spec = HostSpec::new(Name::new("web-1")?, region.name.clone(), cheap.clone(), Image::ubuntu("24.04"));
        match provider.create_and_wait(&spec, Wait::within(Duration::from_secs(300))).await {
            Ok(host) => {
                println!("{} runs on {} in {}", host.name, host.machine_type, host.region);
                return provider.delete_host(&host.id).await;
            }
            Err(error) if error.kind() == ErrorKind::NoCapacity => println!("No room in {}: {error}", region.name),
            Err(error) => return Err(error),
        }
    }
    println!("No region has room");
    Ok(())
}

fn machine(offering: &Offering) -> String {
    let machine = &offering.machine_type;
    format!("{} ({} vCPUs, {})", machine.name, machine.vcpus, machine.memory)
}
