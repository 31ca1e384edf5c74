//! An installation with a server of images beside it, and what must be true of it whatever was killed.

use std::fs;
use std::path::{Path, PathBuf};

use cocoon::Digest;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::server::{Served, Server};
use crate::support::{Installation, wait_until};

/// An installation, and images that it can pull.
pub(crate) struct World {
    pub(crate) here: Installation,
    /// What is pulled from a file, an address and a registry.
    pub(crate) images: [String; 3],
    _serving: Runtime,
}

impl World {
    /// `None`, with a word, where this box has not got what guests need.
    pub(crate) fn new() -> Option<Self> {
        let here = Installation::new()?;
        let serving = Runtime::new().unwrap();
        let server = serving.block_on(Server::start());
        let file = here.disk().with_file_name("pulled.img");
        fs::write(&file, disk(1)).unwrap();
        let address = serve_file(&server, "/a.img.gz", &gzip(&disk(2)));
        let registry = serve_image(&server, &[(b"a kernel", "boot/vmlinuz"), (&disk(3), "disk/a.raw")]);
        Some(Self { here, images: [file.to_str().unwrap().to_owned(), address, registry], _serving: serving })
    }

    /// Waits until what a killed command had started has ended, and checks what must be true at any time.
    #[track_caller]
    pub(crate) fn assert_true(&self) {
        let here = &self.here;
        wait_until("the helpers' end", || here.unfinished().is_empty());
        let names = here.names();
        for name in &names {
            // A hypervisor that was told to end before the kill may do so between the two looks.
            let runs = || here.hypervisors_of(name).len() == 1;
            wait_until("the truth", || (here.state(name) == "running") == runs());
            if here.state(name) == "stopped" {
                self.assert_disks_whole(name);
            }
        }
        let running = names.iter().filter(|name| here.state(name) == "running").count();
        assert_eq!(here.hypervisors().len(), running, "a hypervisor without a VM");
        self.assert_images_whole();
    }

    /// That each blob is what its name says, and that each image that is listed has its own.
    #[track_caller]
    fn assert_images_whole(&self) {
        let blobs = self.here.root().join("images/blobs/sha256");
        for entry in fs::read_dir(&blobs).into_iter().flatten() {
            let path = entry.unwrap().path();
            let digest = Digest::of(&fs::read(&path).unwrap());
            assert_eq!(path.file_name().unwrap().to_str().unwrap(), digest.hex(), "a blob that is not whole");
        }
        let listed: Value = serde_json::from_str(&self.here.succeed(&["--json", "list"])).unwrap();
        for image in listed.as_array().unwrap() {
            let hex = image["disk"]["blob"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
            assert!(blobs.join(hex).exists(), "{image}");
        }
    }

    /// That QEMU finds no fault in the disks, once a command has taken them up. What is allocated and not used is none: it comes of
    /// any kill.
    #[track_caller]
    fn assert_disks_whole(&self, name: &str) {
        self.here.fail(&["snapshot", "rm", name, "never-taken"]);
        for entry in fs::read_dir(self.here.root().join("vms").join(name)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "qcow2") {
                let checked = std::process::Command::new("qemu-img").args(["check", "-q"]).arg(&path).output().unwrap();
                assert!(matches!(checked.status.code(), Some(0 | 3)), "{}: {checked:?}", path.display());
            }
        }
    }

    /// Removes all there is, and checks that nothing is left.
    #[track_caller]
    pub(crate) fn clear(&self) {
        let names = self.here.names();
        if !names.is_empty() {
            let words = ["rm", "--force"].into_iter().chain(names.iter().map(String::as_str));
            self.here.succeed(&words.collect::<Vec<_>>());
        }
        let listed: Value = serde_json::from_str(&self.here.succeed(&["--json", "list"])).unwrap();
        for image in listed.as_array().unwrap() {
            self.here.succeed(&["delete", image["name"].as_str().unwrap()]);
        }
        self.here.succeed(&["gc"]);
        self.assert_empty();
    }

    /// That there is nothing but the directories that every installation has, and the two locks.
    #[track_caller]
    fn assert_empty(&self) {
        let inner = |path: &Path| path.starts_with("images") || path.components().count() == 1;
        let left: Vec<PathBuf> = self.here.tree().into_iter().filter(|path| !inner(path)).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
        let files = self.here.tree().into_iter().filter(|path| self.here.root().join(path).is_file());
        let files: Vec<PathBuf> = files.filter(|path| !LOCKS.contains(&path.to_str().unwrap())).collect();
        assert_eq!(files, Vec::<PathBuf>::new());
        assert_eq!((self.here.hypervisors(), self.here.unfinished()), (Vec::new(), Vec::new()));
    }
}

const LOCKS: [&str; 2] = ["staging.lock", "images/lock"];

/// A raw disk with a partition for UEFI, unlike those with another mark.
fn disk(mark: u8) -> Vec<u8> {
    let mut disk: Vec<u8> = (0..SECTORS * 512).map(|at| (at / 512 % 251) as u8).collect();
    disk[440..512].fill(0);
    disk[450] = 0xef;
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    *disk.last_mut().unwrap() = mark;
    disk
}

const SECTORS: usize = 300;

fn gzip(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Serves a file with its checksum beside it; answers its address.
fn serve_file(server: &Server, path: &str, content: &[u8]) -> String {
    let checksum = format!("{}  {}\n", Digest::of(content).hex(), path.trim_start_matches('/'));
    server.serve("/SHA256SUMS", Served::File(checksum.into_bytes()));
    server.serve(path, Served::File(content.to_vec()));
    server.url(path)
}

/// Serves files as an image in a registry; answers how it is called.
fn serve_image(server: &Server, files: &[(&[u8], &str)]) -> String {
    let descriptor = |content: &[u8], kind: &str| {
        let kind = format!("application/vnd.oci.image.{kind}");
        json!({ "mediaType": kind, "digest": Digest::of(content).to_string(), "size": content.len() })
    };
    let layers = files.iter().map(|(content, title)| {
        server.serve(format!("/v2/vm/blobs/{}", Digest::of(content)), Served::File(content.to_vec()));
        let mut layer = descriptor(content, "layer.v1.tar");
        layer["annotations"] = json!({ "org.opencontainers.image.title": title });
        layer
    });
    let layers: Vec<Value> = layers.collect();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor(b"{}", "config.v1+json"),
        "layers": layers,
    });
    server.serve("/v2/vm/manifests/1", Served::File(manifest.to_string().into_bytes()));
    format!("{}/vm:1", server.address())
}
