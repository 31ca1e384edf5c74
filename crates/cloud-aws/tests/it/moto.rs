//! The provider on moto, an EC2 that others wrote in Python: what we send and read, against what they understand.
//!
//! It runs where `CLOUD_MOTO_ENDPOINT` says that a moto server listens, as `cargo xtask interop aws` does, and is skipped
//! elsewhere. Moto takes no client tokens and knows no time: exactly-once is for the simulator's tests.

use std::sync::Arc;
use std::time::Duration;

use cloud_aws::{Aws, Config};
use cloud_types::{
    CloudProvider, CloudProviderExt, Created, GiB, HostSpec, HostState, Image, ListHosts, Machine, MachineTypeName,
    Name, Owner, Region, ResizeDisk, ScaledClock, StopMode, VolumeSpec, Wait, Zone,
};

#[tokio::test]
async fn a_host_lives_its_whole_life_on_moto() {
    let Some(endpoint) = std::env::var_os(ENDPOINT) else {
        return eprintln!("skipped: {ENDPOINT} names no moto server");
    };
    let aws = provider(endpoint.to_str().unwrap());
    let spec = spec("moto-1");

    let host = step("create", aws.create_and_wait(&spec, wait()).await);
    assert_eq!((host.state.clone(), host.name.as_str()), (HostState::Running, "moto-1"));
    assert!(host.addresses.public_v4.is_some() && host.addresses.private_v4.is_some(), "{host:?}");
    let again = step("create the same again", aws.create_host(&spec).await);
    assert!(matches!(&again, Created::Existing(found) if found.id == host.id), "{again:?}");
    let listed = step("list", aws.list_hosts(&ListHosts::mine()).await);
    assert_eq!(listed.hosts.iter().map(|host| &host.id).collect::<Vec<_>>(), [&host.id]);

    step("stop", aws.stop_host(&host.id, StopMode::Graceful).await);
    step("wait for it", aws.wait_for_state(&host.id, HostState::Stopped, wait()).await);
    let larger = MachineTypeName::new("t3.medium").unwrap();
    step("resize", aws.resize().unwrap().resize_host(&host.id, &larger, ResizeDisk::Keep).await);
    step("start", aws.start_host(&host.id).await);
    let resized = step("wait for it", aws.wait_for_state(&host.id, HostState::Running, wait()).await);
    assert_eq!(resized.machine_type, larger);
    step("restart", aws.restart_host(&host.id).await);
    step("read the console", aws.console().unwrap().console_output(&host.id).await);

    let volumes = aws.volumes().unwrap();
    let mut wished = VolumeSpec::new(Name::new("moto-data").unwrap(), spec.region.clone(), GiB(10));
    wished.zone = host.zone.clone();
    let volume = step("create a volume", volumes.create_volume(&wished).await);
    step("attach it", volumes.attach_volume(&volume.id, &host.id).await);
    let attached = step("read it", volumes.get_volume(&volume.id).await);
    assert_eq!(attached.host.as_ref(), Some(&host.id));
    step("grow it", volumes.grow_volume(&volume.id, GiB(20)).await);
    step("detach it", volumes.detach_volume(&volume.id).await);
    step("delete it", volumes.delete_volume(&volume.id).await);

    step("delete", aws.delete_and_wait(&host.id, wait()).await);
    step("delete once more", aws.delete_host(&host.id).await);
    let left = step("list what is left", aws.sweep().unwrap().list_resources().await);
    assert!(left.is_empty(), "{left:?}");
}

fn provider(endpoint: &str) -> Aws {
    Config::new()
        .access_key("AKIAMOTO", "any-secret".to_owned())
        .endpoint(endpoint)
        .regions([Region::new(REGION).unwrap()])
        .owner(Owner::new("moto").unwrap())
        .clock(Arc::new(ScaledClock::new(20.0)))
        .deadline(Duration::from_secs(600))
        .build()
        .unwrap()
}

/// Of the images that we know by name moto has none; of Amazon's own it has the parameter.
fn spec(name: &str) -> HostSpec {
    let image = Image::Id("ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64".to_owned());
    let machine = Machine::named("t3.small").unwrap();
    HostSpec::new(Name::new(name).unwrap(), Region::new(REGION).unwrap(), machine, image)
        .zone(Zone::new("us-east-1a").unwrap())
        .ssh_key(KEY.parse().unwrap())
        .inbound("22".parse().unwrap())
}

/// What a step brought; the name tells which one failed.
fn step<T>(name: &str, outcome: cloud_types::Result<T>) -> T {
    let done = outcome.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    eprintln!("ok  {name}");
    done
}

const ENDPOINT: &str = "CLOUD_MOTO_ENDPOINT";
const REGION: &str = "us-east-1";
fn wait() -> Wait<'static> {
    Wait::within(Duration::from_secs(600))
}
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILagOJFgwaMNhBWQINinKOXmqS4Gh5NgxgriXwdOoINJ";
