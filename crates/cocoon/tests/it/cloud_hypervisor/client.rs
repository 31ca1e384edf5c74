//! The client: what it says and what it makes of the answers, on every program there is.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use cloud_types::ErrorKind;
use cocoon::cloud_hypervisor::{Client, Cpus, DiskDevice, ImageType, Memory, Payload, Resize, VmConfig, VmState};

use super::program::{self, Folder, Running, STAND_IN};

fn vm(program: &Running) -> VmConfig {
    VmConfig {
        cpus: Some(Cpus { boot_vcpus: 1, max_vcpus: 2 }),
        memory: Some(Memory { size: 128 << 20, hotplug_size: Some(128 << 20) }),
        payload: Payload { kernel: Some(program.folder.file("kernel", b"")), ..Payload::default() },
        ..VmConfig::default()
    }
}

#[tokio::test]
async fn a_call_that_does_not_fit_the_state_is_a_conflict() {
    for program in program::all() {
        let program = Running::start(&program, &[]);
        let client = program.client();
        assert_eq!(client.ping().await.unwrap().version.split('.').count(), 3);
        for refused in
            [client.info().await.map(drop), client.boot().await, client.pause().await, client.shutdown().await]
        {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict);
        }
        client.delete().await.unwrap();
        client.create(&vm(&program)).await.unwrap();
        assert_eq!(client.info().await.unwrap().state, VmState::Created);
        assert_eq!(client.create(&vm(&program)).await.unwrap_err().kind(), ErrorKind::Conflict);
    }
}

#[tokio::test]
async fn a_vm_goes_through_its_states() {
    let program = Running::start(STAND_IN.as_ref(), &[]);
    let client = program.client();
    let state = async || client.info().await.unwrap().state;
    client.create(&vm(&program)).await.unwrap();
    client.boot().await.unwrap();
    assert_eq!(state().await, VmState::Running);
    client.pause().await.unwrap();
    assert_eq!(state().await, VmState::Paused);
    client.resume().await.unwrap();
    client.reboot().await.unwrap();
    assert_eq!(state().await, VmState::Running);
    // Shut down is as never booted.
    client.shutdown().await.unwrap();
    assert_eq!(state().await, VmState::Created);
    client.delete().await.unwrap();
    assert_eq!(client.info().await.unwrap_err().kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn devices_and_sizes_change_while_it_runs() {
    let program = Running::start(STAND_IN.as_ref(), &[]);
    let client = program.client();
    client.create(&vm(&program)).await.unwrap();
    client.boot().await.unwrap();

    let path = program.folder.file("data.raw", b"");
    let disk =
        DiskDevice { path, image_type: Some(ImageType::Raw), id: Some("data".to_owned()), ..DiskDevice::default() };
    let added = client.add_disk(&disk).await.unwrap().expect("it runs");
    assert_eq!(added.id, "data");
    assert_eq!(client.add_disk(&disk).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    let nowhere = DiskDevice { path: "/nonexistent".into(), ..DiskDevice::default() };
    assert_eq!(client.add_disk(&nowhere).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(client.counters().await.unwrap().contains_key("data"));
    client.remove_device("data").await.unwrap();
    assert_eq!(client.remove_device("data").await.unwrap_err().kind(), ErrorKind::NotFound);

    let memory = |bytes| Resize { desired_ram: Some(bytes), ..Resize::default() };
    assert_eq!(client.resize(&memory(192 << 20)).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
    client.resize(&memory(256 << 20)).await.unwrap();
    assert_eq!(client.info().await.unwrap().memory_actual_size, Some(256 << 20));
    let cpus = Resize { desired_vcpus: Some(9), ..Resize::default() };
    assert_eq!(client.resize(&cpus).await.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_snapshot_needs_a_vm_that_is_held_and_a_kvm_that_tells_its_state() {
    let program = Running::start(STAND_IN.as_ref(), &["--pretend", "no-snapshots"]);
    let (client, folder) = (program.client(), program.folder.0.clone());
    client.create(&vm(&program)).await.unwrap();
    client.boot().await.unwrap();
    assert_eq!(client.snapshot(&folder).await.unwrap_err().kind(), ErrorKind::Conflict);
    client.pause().await.unwrap();
    let refused = client.snapshot(&folder).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported);
    assert!(!refused.message().contains("Stack backtrace"), "{refused}");
}

#[tokio::test]
async fn nobody_who_listens_is_unavailable_and_nothing_was_sent() {
    let folder = Folder::new();
    let error = Client::new(folder.0.join("nobody.sock")).boot().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn an_answer_that_does_not_come_ends_at_the_deadline() {
    let folder = Folder::new();
    let socket = folder.0.join("deaf.sock");
    let _deaf = UnixListener::bind(&socket).unwrap();
    let client = Client::new(&socket).with_deadline(Duration::from_millis(20));
    assert_eq!(client.info().await.unwrap_err().kind(), ErrorKind::Timeout);
    // It may have been done: who repeats it has to look first.
    assert_eq!(client.boot().await.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn a_connection_that_breaks_off_leaves_the_outcome_unknown() {
    let folder = Folder::new();
    let socket = folder.0.join("rude.sock");
    let rude = UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || rude.incoming().for_each(drop));
    let client = Client::new(&socket);
    assert_eq!(client.boot().await.unwrap_err().kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(client.info().await.unwrap_err().kind(), ErrorKind::Unavailable);
}
