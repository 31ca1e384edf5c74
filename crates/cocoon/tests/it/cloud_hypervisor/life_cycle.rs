//! VMs on Cloud Hypervisor, from their creation to their removal, on every program there is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cloud_types::{ErrorKind, MiB, Name};
use cocoon::{
    Acceleration, Cocoon, Config, DirectKernel, Ending, HypervisorKind, NetworkChoice, PublishedPort, Removal, Stop,
    Stopped, VmSpec, VmState,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::program::{self, Folder, STAND_IN};

/// VMs of its own on one program; they end with the test.
struct Installation {
    folder: Folder,
    cocoon: Cocoon,
    kernel: PathBuf,
}

impl Installation {
    /// `None`, with a word, where disks cannot be made, or no guest for the real program.
    fn on(program: &Path) -> Option<Self> {
        if !runs("qemu-img", &["--version"]) {
            println!("skipped: qemu-img is not installed");
            return None;
        }
        let folder = Folder::new();
        let kernel = folder.file("kernel", b"the stand-in boots anything");
        if !is_stand_in(program) {
            assemble(&folder.0, &kernel)?;
        }
        folder.file("disk.raw", &[0; 4096]);
        let config = Config::new().root_dir(folder.0.join("r")).hypervisor(program).acceleration(Acceleration::Kvm);
        Some(Self { cocoon: config.start_within(Duration::from_secs(10)).build(), folder, kernel })
    }

    /// On the stand-in, which pretends something.
    fn pretending(pretence: &str) -> Option<(Self, Folder)> {
        let programs = Folder::new();
        let program = programs.0.join(format!("cloud-hypervisor-{pretence}"));
        symlink(STAND_IN, &program).unwrap();
        Some((Self::on(&program)?, programs))
    }

    fn spec(&self, name: &Name) -> VmSpec {
        let kernel = DirectKernel { kernel: self.kernel.clone(), ..DirectKernel::default() };
        let spec = VmSpec::new(name.clone(), self.folder.0.join("disk.raw")).cpus(1).memory(MiB(64)).kernel(kernel);
        spec.network(NetworkChoice::None)
    }

    async fn create(&self, name: &str) -> Name {
        let name = Name::new(name).unwrap();
        self.cocoon.create(&self.spec(&name)).await.unwrap();
        name
    }

    /// Says something on the console and waits for its echo.
    async fn assert_echo(&self, name: &Name, words: &str) {
        let mut console = self.cocoon.console(name).await.unwrap();
        console.write_all(words.as_bytes()).await.unwrap();
        let mut heard = String::new();
        let listened = timeout(Duration::from_secs(10), async {
            while !heard.contains(words) {
                heard.push(char::from(console.read_u8().await.unwrap()));
            }
        });
        listened.await.unwrap_or_else(|_| panic!("no echo of {words:?}, but {heard:?}"));
    }
}

impl Drop for Installation {
    /// Whatever the test did, no hypervisor outlives it.
    fn drop(&mut self) {
        let cocoon = self.cocoon.clone();
        let end = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                for vm in cocoon.list().await.unwrap_or_default() {
                    cocoon.remove(&vm.name, Removal::EvenRunning).await.ok();
                }
            });
        });
        end.join().ok();
    }
}

fn is_stand_in(program: &Path) -> bool {
    fs::canonicalize(program).ok() == fs::canonicalize(STAND_IN).ok()
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// The guest of the other tests, which the real program boots.
fn assemble(folder: &Path, kernel: &Path) -> Option<()> {
    let support = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support");
    let word = |path: &Path| path.to_str().unwrap().to_owned();
    let object = word(&folder.join("guest.o"));
    let assembled = runs("as", &["--64", "-o", &object, &word(&support.join("guest.s"))])
        && runs("ld", &["-n", "-T", &word(&support.join("guest.ld")), "-o", &word(kernel), &object]);
    if !assembled {
        println!("skipped on the real program: the guest needs `as` and `ld`");
    }
    assembled.then_some(())
}

#[tokio::test]
async fn a_vm_lives_from_its_creation_to_its_removal() {
    for program in program::all() {
        let Some(installation) = Installation::on(&program) else { return };
        let (cocoon, name) = (&installation.cocoon, installation.create("web-1").await);
        for _ in 0..2 {
            cocoon.start(&name).await.unwrap();
            assert_eq!(cocoon.inspect(&name).await.unwrap().state, VmState::Running);
            installation.assert_echo(&name, "abc").await;
            let stopped = cocoon.stop(&name, Stop::Within(Duration::from_secs(10))).await.unwrap();
            assert_eq!(stopped, Stopped::Now(Ending::PoweredOff));
            assert_eq!(cocoon.inspect(&name).await.unwrap().state, VmState::Stopped);
        }
        cocoon.remove(&name, Removal::OnlyStopped).await.unwrap();
        assert_eq!(cocoon.list().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_guest_that_ignores_its_power_button_is_ended_after_its_grace() {
    for program in program::all() {
        let Some(installation) = Installation::on(&program) else { return };
        let (cocoon, name) = (&installation.cocoon, installation.create("deaf-1").await);
        cocoon.start(&name).await.unwrap();
        installation.assert_echo(&name, "s").await;
        let stopped = cocoon.stop(&name, Stop::Within(Duration::from_millis(50))).await.unwrap();
        assert_eq!(stopped, Stopped::Now(Ending::Ended));
    }
}

#[tokio::test]
async fn a_program_that_was_killed_is_seen_and_starts_again() {
    for program in program::all() {
        let Some(installation) = Installation::on(&program) else { return };
        let (cocoon, name) = (&installation.cocoon, installation.create("web-1").await);
        cocoon.start(&name).await.unwrap();
        let process = cocoon.inspect(&name).await.unwrap().process.expect("it runs");
        assert!(runs("kill", &["-9", &process.to_string()]));
        // Whether it is still about to end or gone: nothing runs in the end.
        cocoon.stop(&name, Stop::Now).await.unwrap();
        assert_eq!(cocoon.inspect(&name).await.unwrap().state, VmState::Stopped);
        cocoon.start(&name).await.unwrap();
        installation.assert_echo(&name, "x").await;
    }
}

#[tokio::test]
async fn a_vm_is_spoken_to_in_its_own_hypervisors_words_whatever_is_chosen_since() {
    let Some(installation) = Installation::on(Path::new(STAND_IN)) else { return };
    let name = installation.create("web-1").await;
    installation.cocoon.start(&name).await.unwrap();
    let other = Config::new().root_dir(installation.folder.0.join("r")).hypervisor("qemu-system-x86_64").build();
    assert_eq!(other.inspect(&name).await.unwrap().hypervisor, HypervisorKind::CloudHypervisor);
    let stopped = other.stop(&name, Stop::Within(Duration::from_secs(10))).await.unwrap();
    assert_eq!(stopped, Stopped::Now(Ending::PoweredOff));
}

#[tokio::test]
async fn a_program_that_ends_before_its_socket_is_there_is_told_with_its_last_words() {
    let Some((installation, _programs)) = Installation::pretending("no-kvm") else { return };
    let name = installation.create("web-1").await;
    let error = installation.cocoon.start(&name).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("Failed to open hypervisor interface"), "{error}");
    assert_eq!(installation.cocoon.inspect(&name).await.unwrap().state, VmState::Stopped);
}

#[tokio::test]
async fn a_guest_without_life_ends_its_start_where_the_kvm_is_in_doubt() {
    let module = |name: &str| Path::new("/sys/module").join(name).exists();
    if !Path::new("/dev/kvm").exists() || module("kvm_intel") || module("kvm_amd") {
        println!("skipped: this box's KVM is its processor's, or there is none");
        return;
    }
    let Some((mut installation, programs)) = Installation::pretending("mute-guest") else { return };
    let config = Config::new().root_dir(installation.folder.0.join("r")).acceleration(Acceleration::Kvm);
    let config = config.hypervisor(programs.0.join("cloud-hypervisor-mute-guest"));
    installation.cocoon = config.start_within(Duration::from_millis(300)).build();
    let name = installation.create("web-1").await;
    let error = installation.cocoon.start(&name).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("run the VM under QEMU"), "{error}");
    assert_eq!(installation.cocoon.inspect(&name).await.unwrap().state, VmState::Stopped);
}

#[tokio::test]
async fn a_published_port_is_refused_before_anything_starts() {
    let Some(installation) = Installation::on(Path::new(STAND_IN)) else { return };
    let port = PublishedPort { address: [127, 0, 0, 1].into(), host: 8080, guest: 80 };
    let spec = installation.spec(&Name::new("web-1").unwrap()).publish(port);
    assert_eq!(installation.cocoon.plan(&spec).await.unwrap_err().field(), Some("publish"));
    let error = installation.cocoon.plan(&spec.network(NetworkChoice::User)).await.unwrap_err();
    assert_eq!(error.field(), Some("network"));
}
