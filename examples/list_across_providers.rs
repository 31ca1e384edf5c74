//! One list of hosts over several accounts and owners: every provider that the environment has settings for, and two
//! services that share an account in memory.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::sync::Arc;

use cloud::local::Local;
use cloud::{
    CloudProvider, CloudProviderExt, ErrorKind, HostSpec, Image, ListHosts, Machine, Name, Owner, Region, Registry,
    Result,
};
use futures::stream::{StreamExt, select_all};

#[tokio::main]
async fn main() -> Result<()> {
    let mut providers = two_services_in_memory().await?;
    providers.extend(all_with_settings().await?);

    // Each stream reads a page when it is needed; a failure of one does not hide the others.
    let mut hosts = select_all(providers.iter().map(|provider| provider.hosts(ListHosts::mine())));
    let mut count = 0;
    while let Some(host) = hosts.next().await {
        match host {
            Ok(host) => {
                let owner = host.owner.as_ref().map_or("nobody known", Owner::as_str);
                println!("{:8} {owner:8} {:8} {} {}", host.provider.as_str(), host.name, host.state, host.region);
                count += 1;
            }
            Err(error) => println!("{error}"),
        }
    }
    println!("{count} hosts of {} accounts and owners", providers.len());
    Ok(())
}

/// Opens every provider that is compiled in, apart from those for which nothing is set.
async fn all_with_settings() -> Result<Vec<Arc<dyn CloudProvider>>> {
    let registry = Registry::with_enabled();
    let mut providers = Vec::new();
    for name in registry.names().filter(|name| *name != "local") {
        match registry.open(name).await {
            Ok(provider) => providers.push(provider),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => println!("Left out: {error}"),
            Err(error) => return Err(error),
        }
    }
    Ok(providers)
}

/// Two owners in one account: each sees its own hosts only, and both may use the same name.
async fn two_services_in_memory() -> Result<Vec<Arc<dyn CloudProvider>>> {
    let account = Local::new();
    let mut services: Vec<Arc<dyn CloudProvider>> = Vec::new();
    for (owner, names) in [("billing", &["web-1"][..]), ("search", &["web-1", "index-1"][..])] {
        let service = account.with_owner(Owner::new(owner)?);
        for name in names {
            let (name, machine) = (Name::new(*name)?, Machine::named("small")?);
            service.create_host(&HostSpec::new(name, Region::new("local-b")?, machine, Image::debian("12"))).await?;
        }
        services.push(Arc::new(service));
    }
    Ok(services)
}
