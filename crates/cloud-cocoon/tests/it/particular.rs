//! What is particular to hosts on one's own box, on real guests: names, addresses, hypervisors that die, and what it costs.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use cloud_types::{
    CloudProvider, CloudProviderExt, CostKind, ErrorKind, GiB, HostRuntime, HostState, Image, InboundPort, Name, Rate,
    Region, StopMode, VolumeSpec, Wait,
};
use cloud_usage::{MemoryLog, Meter, Metered, Period, Query};
use cocoon::{Removal, Stop, Vm, VmSpec, VmState};
use serde_json::{Value, json};

use crate::processes::kill;
use crate::provider;

#[tokio::test]
async fn a_host_is_a_vm_that_the_library_knows() {
    let Some(here) = provider::installation() else { return };
    let (mine, yours) = (provider::of(&here, "mine"), provider::of(&here, "yours"));
    let spec = provider::spec(&name("web-1"));
    let hosts =
        [mine.create_and_wait(&spec, soon()).await.unwrap(), yours.create_and_wait(&spec, soon()).await.unwrap()];
    let cocoon = provider::cocoon(&here);
    let vms = cocoon.names().await.unwrap();
    assert_eq!(vms.len(), 2);
    for host in &hosts {
        let vm = vm_of(host);
        assert!(vm.as_str().starts_with("web-1-") && vms.contains(&vm), "{vm} of {vms:?}");
        assert_eq!(cocoon.inspect(&vm).await.unwrap().host.unwrap().name.as_str(), "web-1");
    }
    cocoon.stop(&vm_of(&hosts[0]), Stop::Within(Duration::from_secs(30))).await.unwrap();
    assert_eq!(mine.get_host(&hosts[0].id).await.unwrap().state, HostState::Stopped);
    cocoon.remove(&vm_of(&hosts[0]), Removal::OnlyStopped).await.unwrap();
    assert_eq!(mine.get_host(&hosts[0].id).await.unwrap_err().kind(), ErrorKind::NotFound);
    yours.delete_host(&hosts[1].id).await.unwrap();
    here.assert_empty();
}

#[tokio::test]
async fn a_vm_that_has_the_name_already_is_not_taken_for_the_host() {
    let Some(here) = provider::installation() else { return };
    let provider = provider::of(&here, "mine");
    let spec = provider::spec(&name("web-1"));
    let host = provider.create_and_wait(&spec, soon()).await.unwrap();
    provider.delete_host(&host.id).await.unwrap();
    let cocoon = provider::cocoon(&here);
    cocoon.create(&VmSpec::new(vm_of(&host), here.disk()).kernel(provider::kernel())).await.unwrap();
    assert_eq!(provider.create_host(&spec).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(cocoon.inspect(&vm_of(&host)).await.unwrap().state, VmState::Stopped);
}

#[tokio::test]
async fn a_host_whose_hypervisor_was_killed_is_stopped_and_starts_again() {
    let Some(here) = provider::installation() else { return };
    let provider = provider::of(&here, "mine");
    let host = provider.create_and_wait(&provider::spec(&name("web-1")), soon()).await.unwrap();
    kill(here.hypervisors()[0]);
    // Of a process that ends, the files are closed last.
    let cocoon = provider::cocoon(&here);
    let end = async {
        while cocoon.inspect(&vm_of(&host)).await.unwrap().state != VmState::Stopped {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), end).await.expect("its end is seen");
    assert_eq!(provider.get_host(&host.id).await.unwrap().state, HostState::Stopped);
    provider.start_host(&host.id).await.unwrap();
    assert_eq!(provider.get_host(&host.id).await.unwrap().state, HostState::Running);
}

#[tokio::test]
async fn a_create_that_was_broken_off_is_told_as_that_and_finished_by_its_repeat() {
    let Some(here) = provider::installation() else { return };
    let provider = provider::of(&here, "mine");
    let spec = provider::spec(&name("web-1"));
    let host = provider.create_and_wait(&spec, soon()).await.unwrap();
    // As it is written down of a VM that was made and not started.
    provider.stop_host(&host.id, StopMode::Hard).await.unwrap();
    let path = here.root().join("vms").join(vm_of(&host).as_str()).join("vm.json");
    let record = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, record.replace("\"ended\"", "\"never_started\"")).unwrap();
    assert_eq!(provider.get_host(&host.id).await.unwrap().state, HostState::Provisioning);
    let again = provider.create_and_wait(&spec, soon()).await.unwrap();
    assert_eq!((again.id, again.state), (host.id, HostState::Running));
}

#[tokio::test]
async fn a_host_that_could_not_start_at_first_has_failed_and_is_deleted() {
    let Some(here) = provider::installation() else { return };
    let provider = provider::of(&here, "mine");
    let spec = provider::spec(&name("web-1"));
    let first = provider.create_and_wait(&spec, soon()).await.unwrap();
    let address = first.addresses.private_v4.unwrap();
    provider.delete_host(&first.id).await.unwrap();
    // A host of the same name has the same address: both of its ports for SSH are taken.
    let _taken = [22, 10_022].map(|port| std::net::TcpListener::bind((address, port)));
    let created = provider.create_host(&spec).await.unwrap().into_host();
    let seen = provider.wait_for_state(&created.id, HostState::Running, soon()).await;
    let state = provider.get_host(&created.id).await.unwrap().state;
    assert_eq!((seen.is_err(), state), (true, HostState::Failed));
    provider.delete_host(&created.id).await.unwrap();
    here.assert_empty();
}

#[tokio::test]
async fn each_host_has_an_address_of_its_own_with_the_ports_that_were_asked_for() {
    let Some(here) = provider::installation() else { return };
    let provider = provider::of(&here, "mine");
    let web = |role: &str| provider::spec(&name(role)).inbound(InboundPort::tcp(48_080).unwrap());
    let one = provider.create_and_wait(&web("one"), soon()).await.unwrap();
    let two = provider.create_and_wait(&web("two"), soon()).await.unwrap();
    assert_ne!(one.addresses, two.addresses);
    for host in [&one, &two] {
        let address = host.addresses.private_v4.unwrap();
        assert!(address.is_loopback());
        std::net::TcpStream::connect((address, 48_080)).unwrap();
        std::net::TcpStream::connect((address, 48_081)).unwrap_err();
    }
}

#[tokio::test]
async fn a_host_that_runs_on_is_snapshotted_and_restored() {
    let Some(here) = provider::installation() else { return };
    let provider = provider::of(&here, "mine");
    let host = provider.create_and_wait(&provider::spec(&name("web-1")), soon()).await.unwrap();
    let snapshot = provider.snapshots().unwrap().create_snapshot(&host.id, &name("copy")).await.unwrap();
    assert_eq!(provider.get_host(&host.id).await.unwrap().state, HostState::Running);
    let mut spec = provider::spec(&name("web-2"));
    spec.image = Image::Snapshot(snapshot.id.clone());
    let restored = provider.create_and_wait(&spec, soon()).await.unwrap();
    // Its disk lies on the snapshot's, which stays for as long.
    provider.snapshots().unwrap().delete_snapshot(&snapshot.id).await.unwrap();
    provider.stop_host(&restored.id, StopMode::Hard).await.unwrap();
    provider.start_host(&restored.id).await.unwrap();
    assert_eq!(provider.get_host(&restored.id).await.unwrap().state, HostState::Running);
    for id in [&host.id, &restored.id] {
        provider.delete_host(id).await.unwrap();
    }
    provider::cocoon(&here).images().collect().await.unwrap();
    let blobs = std::fs::read_dir(here.root().join("images/blobs/sha256")).unwrap();
    assert_eq!(blobs.count(), 0);
}

#[tokio::test]
async fn an_attach_that_was_broken_off_is_finished_by_its_repeat() {
    let Some(here) = provider::installation() else { return };
    let provider = provider::of(&here, "mine");
    let host = provider.create_and_wait(&provider::spec(&name("web-1")), soon()).await.unwrap();
    let volumes = provider.volumes().unwrap();
    let spec = VolumeSpec::new(name("data"), Region::new("local").unwrap(), GiB(1));
    let volume = volumes.create_volume(&spec).await.unwrap();
    let vm = provider::cocoon(&here).inspect(&vm_of(&host)).await.unwrap();
    // As an attach that is killed leaves it: noted, and not plugged in.
    let path = vm.directory.join("vm.json");
    let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let disk = here.root().join("volumes").join(format!("{}.qcow2", volume.id));
    record["hardware"]["volumes"] = json!([{ "id": volume.id.as_str(), "file": disk, "slot": 0 }]);
    std::fs::write(&path, record.to_string()).unwrap();
    assert_eq!(volumes.get_volume(&volume.id).await.unwrap().host.as_ref(), Some(&host.id));
    assert!(!drives(&vm).contains(volume.id.as_str()));
    volumes.attach_volume(&volume.id, &host.id).await.unwrap();
    assert!(drives(&vm).contains(volume.id.as_str()));
}

#[tokio::test]
async fn a_meter_tells_what_hosts_cost_by_the_configured_prices() {
    let Some(here) = provider::installation() else { return };
    let provider = Metered::new(Arc::new(provider::of(&here, "mine")), Meter::new(MemoryLog::new()));
    let spec = provider::spec(&name("web-1"));
    let estimate = provider.catalog().unwrap().estimate(&spec).await.unwrap();
    assert_eq!(estimate.hourly_running().currency.as_str(), "EUR");
    let host = provider.create_and_wait(&spec, soon()).await.unwrap();
    provider.stop_host(&host.id, StopMode::Hard).await.unwrap();
    provider.wait_for_state(&host.id, HostState::Stopped, soon()).await.unwrap();
    provider.delete_host(&host.id).await.unwrap();
    provider.meter().reconcile(&provider).await.unwrap();

    let bill = provider.meter().bill(&Query::new(Period::ALL)).await.unwrap();
    assert_eq!(bill.doubts.len(), 0, "{:?}", bill.doubts);
    let kinds: BTreeSet<CostKind> = bill.lines.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, BTreeSet::from([CostKind::Machine, CostKind::BootDisk]));
    // 1 processor and 32 MiB; 1 GiB of disk.
    let rates: Vec<Rate> = estimate.items().iter().map(|item| item.rate).collect();
    assert_eq!(rates[0].hourly().to_string(), "0.0040625 EUR");
    assert_eq!(rates[1].monthly().to_string(), "0.05 EUR");
}

/// The disks that a VM has, in its hypervisor's own words.
fn drives(vm: &Vm) -> String {
    let socket = UnixStream::connect(vm.console_socket.with_file_name("control.sock")).unwrap();
    let (mut answers, mut socket) = (BufReader::new(socket.try_clone().unwrap()).lines(), socket);
    socket.write_all(b"{\"execute\":\"qmp_capabilities\"}{\"execute\":\"query-named-block-nodes\"}").unwrap();
    // The greeting, that it is taken note of, and the answer; events may come in between.
    let answer = answers.by_ref().map(Result::unwrap).find(|line| line.contains("\"return\": ["));
    answer.unwrap()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn soon() -> Wait<'static> {
    Wait::within(Duration::from_secs(30))
}

/// What the host's VM is called.
fn vm_of(host: &HostRuntime) -> Name {
    name(host.id.as_str().split('/').next().unwrap())
}
