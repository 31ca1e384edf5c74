//! Images by the command, also where it is killed at any step.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::content::{SYSTEM, assert_sound, disk, tar};
use crate::published::publish;
use crate::server::Server;

/// A root directory of its own, removed when it is dropped.
struct Root(PathBuf);

impl Root {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("cocoon-pull-{:08x}", fastrand::u32(..)));
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("disk.img"), disk(300, 1)).unwrap();
        Self(root)
    }

    fn image(&self) -> String {
        self.0.join("disk.img").display().to_string()
    }

    fn run(&self, arguments: &[&str], crash_at: Option<u32>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cocoon"));
        command.env_remove("COCOON_CRASH_AT").args(["--root-dir"]).arg(self.0.join("r")).args(arguments);
        if let Some(step) = crash_at {
            command.env("COCOON_CRASH_AT", step.to_string());
        }
        command.output().unwrap()
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments, None);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn images(&self) -> PathBuf {
        self.0.join("r/images")
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn files(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

#[test]
fn images_are_pulled_listed_deleted_and_what_is_left_is_collected() {
    let root = Root::new();
    let output = root.run(&["pull", &root.image()], None);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("WARNING: nothing says"));
    let listed = root.succeed(&["ls"]);
    assert!(listed.contains("disk.img") && listed.contains("UEFI") && listed.contains("NOTHING"), "{listed}");
    let json: serde_json::Value = serde_json::from_str(&root.succeed(&["--json", "list"])).unwrap();
    let id = json[0]["id"].as_str().unwrap().trim_start_matches("sha256:")[..12].to_owned();
    assert!(root.succeed(&["delete", &id]).contains("deleted"));
    assert_eq!(files(&root.images()), 1, "the lock");
    let output = root.run(&["delete", &id], None);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("there is no image"));
}

#[test]
fn a_pull_or_delete_that_is_killed_at_any_step_leaves_what_the_next_command_puts_right() {
    let root = Root::new();
    for (before, killed) in [(None, "pull"), (Some("pull"), "delete")] {
        for step in 1.. {
            if let Some(before) = before {
                root.succeed(&[before, &root.image()]);
            }
            let output = root.run(&[killed, &root.image()], Some(step));
            // Whatever it was: what is listed is whole, and can be had again.
            let json: serde_json::Value = serde_json::from_str(&root.succeed(&["--json", "list"])).unwrap();
            for image in json.as_array().unwrap() {
                let hex = image["disk"]["blob"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
                assert_eq!(std::fs::read(root.images().join("blobs/sha256").join(hex)).unwrap(), disk(300, 1));
            }
            root.succeed(&["pull", &root.image()]);
            root.succeed(&["delete", &root.image()]);
            root.succeed(&["gc"]);
            assert_eq!(files(&root.images()), 1, "{killed} killed at step {step}");
            if output.status.success() {
                assert!(step > 3, "{killed} has but {step} steps");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vm_is_made_of_a_pulled_image_and_keeps_what_it_lies_on() {
    if Command::new("qemu-img").arg("--version").output().is_err() {
        eprintln!("skipped: qemu-img is not installed");
        return;
    }
    let (server, root) = (Server::start().await, Root::new());
    let content = disk(300, 1);
    let layers = [
        (&b"a kernel"[..], Some("boot/vmlinuz")),
        (&b"quiet"[..], Some("boot/cmdline")),
        (&content, Some("disk/a.raw")),
    ];
    let image = publish(&server, "vm", &layers);
    root.succeed(&["pull", &image]);
    root.succeed(&["create", "--name", "web-1", &image]);
    let vm: serde_json::Value = serde_json::from_str(&root.succeed(&["inspect", "web-1"])).unwrap();
    assert!(vm.to_string().contains("quiet"), "{vm}");
    assert!(root.succeed(&["delete", &image]).contains("in use"));
    root.succeed(&["gc"]);
    assert_eq!(files(&root.images().join("blobs")), 1, "the disk; the kernel was copied");
    root.succeed(&["rm", "web-1"]);
    assert!(root.succeed(&["gc", "--dry-run"]).contains("blobs/sha256/"));
    root.succeed(&["gc"]);
    assert_eq!(files(&root.images()), 1, "the lock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vm_of_a_root_file_system_has_one_as_large_as_its_disk() {
    if Command::new("qemu-img").arg("--version").output().is_err() {
        eprintln!("skipped: qemu-img is not installed");
        return;
    }
    let (server, root) = (Server::start().await, Root::new());
    let image = publish(&server, "os", &[(&tar(SYSTEM), None)]);
    let output = root.run(&["--json", "pull", &image], None);
    assert!(String::from_utf8_lossy(&output.stderr).contains(r#""step":"converting""#));
    for (name, storage) in [("small", "1G"), ("large", "40G")] {
        root.succeed(&["create", "--name", name, "--storage", storage, &image]);
        let (disk, raw) = (root.0.join(format!("r/vms/{name}/system.qcow2")), root.0.join(name));
        let mut convert = Command::new("qemu-img");
        convert.args(["convert", "-O", "raw"]).args([&disk, &raw]);
        assert!(convert.output().unwrap().status.success());
        assert_sound(&raw);
        // The number of blocks, in the superblock.
        let superblock = first_block(&raw);
        let wanted: u32 = if name == "small" { 1 << 18 } else { 40 << 18 };
        assert_eq!(u32::from_le_bytes(*superblock[1028..].first_chunk().unwrap()), wanted);
        let left: Vec<_> =
            std::fs::read_dir(disk.parent().unwrap()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains("grow")), "{left:?}");
    }
}

fn first_block(disk: &Path) -> Vec<u8> {
    let mut block = vec![0; 4096];
    std::fs::File::open(disk).unwrap().read_exact(&mut block).unwrap();
    block
}
