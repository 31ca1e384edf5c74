//! Debian's `docker-registry`, where it is installed: images as a real registry serves them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cocoon_images::{Boot, Digest, Login, Pull};

use super::content::{disk, gzip, tar};
use super::published::manifest;
use super::store::Store;

/// The registry's process, and its directory; both end when it is dropped.
struct Registry {
    process: Child,
    directory: PathBuf,
    port: u16,
}

impl Registry {
    /// `None`, with a word, where it is not installed.
    async fn start(users: Option<&str>) -> Option<Self> {
        let program = Path::new("/usr/bin/docker-registry");
        if !program.exists() {
            eprintln!("skipped: docker-registry is not installed");
            return None;
        }
        let directory = std::env::temp_dir().join(format!("cocoon-registry-{:08x}", fastrand::u32(..)));
        std::fs::create_dir(&directory).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            directory.join("data").display()
        );
        let auth = users.map(|users| {
            std::fs::write(directory.join("users"), users).unwrap();
            format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", directory.join("users").display())
        });
        std::fs::write(directory.join("config.yml"), config + &auth.unwrap_or_default()).unwrap();
        let mut command = Command::new(program);
        command.arg("serve").arg(directory.join("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self { process: command.spawn().unwrap(), directory, port };
        for _ in 0..600 {
            if reqwest::get(registry.url("")).await.is_ok_and(|answer| [200, 401].contains(&answer.status().as_u16())) {
                return Some(registry);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("docker-registry does not answer");
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/v2/{path}", self.port)
    }

    async fn push(&self, name: &str, layers: &[(&[u8], Option<&str>)]) {
        let client = reqwest::Client::new();
        for content in layers.iter().map(|layer| layer.0).chain([&b"{}"[..]]) {
            let begin = client.post(self.url(&format!("{name}/blobs/uploads/")));
            let begun = begin.header("authorization", AUTHORIZATION).send().await.unwrap();
            let place = begun.headers()["location"].to_str().unwrap().to_owned();
            let put = client
                .put(format!("{place}&digest={}", Digest::of(content)))
                .body(content.to_vec())
                .header("authorization", AUTHORIZATION);
            assert_eq!(put.send().await.unwrap().status(), 201);
        }
        let put = client.put(self.url(&format!("{name}/manifests/1"))).body(manifest(layers));
        let put = put
            .header("authorization", AUTHORIZATION)
            .header("content-type", "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(put.send().await.unwrap().status(), 201);
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

#[tokio::test]
async fn an_image_comes_from_a_real_registry() {
    let Some(registry) = Registry::start(None).await else { return };
    let layer = gzip(&tar(&[("disk/a.img", b'0', "", &disk(300, 1))]));
    registry.push("acme/vm", &[(b"a kernel", Some("boot/vmlinuz")), (&layer, None)]).await;
    let store = Store::new();
    let name = format!("127.0.0.1:{}/acme/vm:1", registry.port);
    let pulled = store.get(&name).await.unwrap();
    assert!(matches!(pulled.image.boot, Boot::Kernel(_)));
    assert_eq!(pulled.image.disk.blob, Digest::of(&disk(300, 1)));
    assert!(store.get(&name).await.unwrap().already);
    store.delete(&name).await.unwrap();
    store.collect().await.unwrap();
    store.assert_empty();
}

#[tokio::test]
async fn a_real_registry_is_logged_in_to() {
    let Some(registry) = Registry::start(Some(USERS)).await else { return };
    let layer = gzip(&tar(&[("disk/a.img", b'0', "", &disk(300, 1))]));
    registry.push("acme/vm", &[(&layer, None)]).await;
    let store = Store::new();
    let name = format!("127.0.0.1:{}/acme/vm:1", registry.port);
    let error = store.get(&name).await.unwrap_err();
    assert!(error.message().contains("docker login"), "{error}");
    let pull = |secret: &str| Pull::new(&name).login(Login::new("user", secret));
    let error = store.pull(&pull("wrong-secret")).await.unwrap_err();
    assert!(error.message().contains("refuses") && !format!("{error:?}").contains("wrong-secret"), "{error:?}");
    let pulled = store.pull(&pull("s3cret")).await.unwrap();
    assert_eq!(pulled.image.disk.blob, Digest::of(&disk(300, 1)));
}

/// `user:s3cret`, which a registry without users does not look at.
const AUTHORIZATION: &str = "Basic dXNlcjpzM2NyZXQ=";

/// `htpasswd -nbBC 4 user s3cret`
const USERS: &str = "user:$2y$04$s8IJaaj.W3H3xCX1TUJG9uaQjnhhZ7zYVpWwNCp3x/sn9qQo0OlaO\n";
