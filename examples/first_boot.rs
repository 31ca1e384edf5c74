//! First boot: user data made once for every provider, and the signal by which a wait knows that the host is done.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::sync::Arc;
use std::time::Duration;

use cloud::bootstrap::{Bootstrap, Bundle, DataDisk, Format, HostKey, TooLarge, Unit, User};
use cloud::local::Config;
use cloud::{
    CloudProvider, CloudProviderExt, ConsoleSignal, GiB, HostSpec, Image, Machine, Name, NotReady, Region, Result,
    ScaledClock, Wait,
};

#[tokio::main]
async fn main() -> Result<()> {
    // A clock that runs fifty times as fast, since the wait below ends at its deadline.
    let provider = Config::default().clock(Arc::new(ScaledClock::new(50.0))).build()?;

    // Generated once and stored: with it the first connection is verified, and a repeated create is the same wish.
    let host_key = HostKey::generate()?;
    let mine = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@laptop".parse()?;
    let sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".parse()?;
    let bootstrap = Bootstrap::new()
        .host_key(host_key)
        .user(User::new("deploy")?.sudo().key(mine))
        .podman()
        .data_disk(DataDisk::new("/srv/data")?)
        .bundle(Bundle::new("app", "https://example.com/app.tar.gz", sum)?)
        .unit(Unit::new("app", ["/opt/app/serve", "--data", "/srv/data"])?);

    // Three forms of the same; each is compressed only where it would not fit.
    let limit = provider.capabilities().user_data_bytes;
    for format in [Format::CloudConfig, Format::Mime, Format::Script] {
        for limit in [limit, 12 * 1024] {
            println!("{format:?} within {limit} bytes: {} bytes", bootstrap.render(format, limit)?.len());
        }
    }
    // What cannot fit says so before anything is made.
    let error = bootstrap.render(Format::CloudConfig, 1024).expect_err("it is larger");
    let TooLarge { size, limit: at_most, .. } = TooLarge::of(&error).expect("that is why");
    println!("{size} bytes do not fit into {at_most}: {error}");

    let machine = Machine::named("small")?;
    let spec = HostSpec::new(Name::new("app-1")?, Region::new("local-a")?, machine, Image::debian("12"))
        .data_disk(cloud::DataDisk::new(GiB(10)))
        .user_data(bootstrap.render(Format::CloudConfig, limit)?);

    // Ready is when the first boot says so, here on the console; `cloud::reach::Ssh` asks the host itself.
    let console = provider.console().expect("local reads consoles");
    let signal = ConsoleSignal::new(console, bootstrap.boot_id());
    let wait = Wait::within(Duration::from_secs(20)).through(&signal);
    match provider.create_and_wait(&spec, wait).await {
        Ok(host) => println!("{} is ready", host.name),
        // The hosts of `local` boot nothing, so that this one never gets there.
        Err(error) => {
            let why = NotReady::of(&error).map_or_else(|| error.to_string(), |why| format!("it stuck at: {why}"));
            println!("app-1 did not become ready, {why}");
        }
    }

    let host = provider.find_host(&spec.name).await?.expect("it was made");
    provider.delete_and_wait(&host.id, Wait::within(Duration::from_secs(300))).await
}
