//! Debian's `docker-registry`, and an image that is pushed to it:
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cloud_bootstrap::Sha256;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::http::free_port;
use crate::Result;

/// The process with its directory; both end with this value.
#[derive(Debug)]
pub(crate) struct Registry {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Registry {
    pub(crate) async fn start() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("cocoon-boot-registry-{}", std::process::id()));
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let port = free_port()?;
        let config = json!({
            "version": 0.1,
            "log": { "level": "error" },
            "storage": { "filesystem": { "rootdirectory": folder.join("data") } },
            "http": { "addr": format!("127.0.0.1:{port}") },
        });
        fs::write(folder.join("config.yml"), config.to_string())?;
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(folder.join("config.yml")).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().map_err(|error| format!("docker-registry: {error}"))?;
        let registry = Self { process, folder, port };
        for _ in 0..600 {
            if reqwest::get(registry.url("")).await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(registry);
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err("docker-registry does not answer".into())
    }

    /// Pushes an image of these layers, and answers how it is called.
    pub(crate) async fn push(&self, name: &str, layers: &[&Path]) -> Result<String> {
        let config = self.blob(name, b"{}".to_vec(), "application/vnd.oci.image.config.v1+json").await?;
        let mut descriptors = Vec::new();
        for layer in layers {
            let content = fs::read(layer).map_err(|error| format!("{}: {error}", layer.display()))?;
            descriptors.push(self.blob(name, content, "application/vnd.oci.image.layer.v1.tar+gzip").await?);
        }
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": kind, "config": config, "layers": descriptors }).to_string();
        let put = reqwest::Client::new().put(self.url(&format!("{name}/manifests/1"))).header("content-type", kind);
        put.body(manifest).send().await?.error_for_status()?;
        Ok(format!("127.0.0.1:{}/{name}:1", self.port))
    }

    /// Pushes a blob, and answers its descriptor.
    async fn blob(&self, name: &str, content: Vec<u8>, kind: &str) -> Result<Value> {
        let digest = format!("sha256:{}", Sha256::of(&content).as_str());
        let descriptor = json!({ "mediaType": kind, "digest": digest, "size": content.len() });
        let client = reqwest::Client::new();
        let begun = client.post(self.url(&format!("{name}/blobs/uploads/"))).send().await?.error_for_status()?;
        let place = begun.headers().get("location").ok_or("an upload has a location")?.to_str()?.to_owned();
        client.put(format!("{place}&digest={digest}")).body(content).send().await?.error_for_status()?;
        Ok(descriptor)
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/v2/{path}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Both fail only where it has ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("boot: {} stays: {error}", self.folder.display());
        }
    }
}
