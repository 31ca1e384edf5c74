//! Images as a registry has them: files at the paths of its API. The tests of the crate `cocoon` use it too.
#![allow(dead_code, reason = "each test program uses a part")]

use cocoon_images::Digest;
use serde_json::{Value, json};

use super::content::{gzip, tar};
use super::server::{Served, Server};

/// A layer: its bytes, and its title where it is one file.
pub(crate) type Layer<'a> = (&'a [u8], Option<&'a str>);

pub(crate) fn manifest(layers: &[Layer<'_>]) -> Vec<u8> {
    let layers = layers.iter().map(|(content, title)| {
        let mut layer = json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
            "digest": Digest::of(content).to_string(),
            "size": content.len(),
        });
        if let Some(title) = title {
            layer["annotations"] = json!({ "org.opencontainers.image.title": title });
        }
        layer
    });
    let layers: Vec<Value> = layers.collect();
    let config = json!({
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "digest": Digest::of(b"{}").to_string(),
        "size": 2,
    });
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": layers,
    });
    serde_json::to_vec(&manifest).unwrap()
}

/// Publishes an image with these layers; answers how it is called.
pub(crate) fn publish(server: &Server, name: &str, layers: &[Layer<'_>]) -> String {
    for (content, _) in layers {
        server.serve(blob(name, content), Served::File(content.to_vec()));
    }
    server.serve(format!("/v2/{name}/manifests/1"), Served::File(manifest(layers)));
    format!("{}/{name}:1", server.address())
}

pub(crate) fn blob(name: &str, content: &[u8]) -> String {
    format!("/v2/{name}/blobs/{}", Digest::of(content))
}

pub(crate) fn container_disk(content: &[u8]) -> Vec<u8> {
    gzip(&tar(&[("disk/", b'5', "", b""), ("disk/a.img", b'0', "", content)]))
}
