//! Images from a registry, which is the server with files at a registry's paths.

use cloud_types::ErrorKind;
use cocoon_images::{Boot, Digest, Pull, Verified};
use serde_json::{Value, json};

use super::content::{Entry, disk, gzip, tar};
use super::published::{Layer, blob, container_disk, manifest, publish};
use super::server::{Served, Server};
use super::store::{Store, quick};

#[tokio::test]
async fn a_container_disk_is_a_layer_with_one_disk() {
    let (server, store) = (Server::start().await, Store::new());
    let image = publish(&server, "vm", &[(&container_disk(&disk(300, 1)), None)]);
    let pulled = store.get(&image).await.unwrap();
    assert_eq!((&pulled.image.boot, pulled.image.disk.blob), (&Boot::Uefi, Digest::of(&disk(300, 1))));
    assert!(matches!(pulled.image.verified, Verified::Manifest { digest } if digest == pulled.image.id));
    assert!(store.get(&image).await.unwrap().already);
}

#[tokio::test]
async fn a_kernel_and_a_disk_come_in_layers_of_their_own() {
    let (server, store) = (Server::start().await, Store::new());
    let root = vec![9; 4096];
    let boot = tar(&[("boot/cmdline", b'0', "", b"console=ttyS0 quiet\n"), ("etc/x", b'2', "/etc/y", b"")]);
    let layers: &[Layer<'_>] = &[
        (b"a kernel", Some("boot/vmlinuz")),
        (&gzip(b"an initial file system"), Some("boot/initrd.img")),
        (&root, Some("disk/root.raw")),
        (&gzip(&boot), None),
    ];
    let pulled = store.get(&publish(&server, "vm", layers)).await.unwrap();
    let Boot::Kernel(kernel) = &pulled.image.boot else { panic!("{:?}", pulled.image.boot) };
    assert_eq!(std::fs::read(store.blob(&kernel.kernel)).unwrap(), b"a kernel");
    assert_eq!(std::fs::read(store.blob(&kernel.initrd.unwrap())).unwrap(), b"an initial file system");
    assert_eq!(kernel.command_line, "console=ttyS0 quiet");
    assert_eq!(pulled.image.disk.blob, Digest::of(&root));
}

#[tokio::test]
async fn layers_that_images_share_are_pulled_once() {
    let (server, store) = (Server::start().await, Store::new());
    let (kernel, one, other) = (b"a kernel", container_disk(&disk(300, 1)), container_disk(&disk(300, 2)));
    let kernel: Layer<'_> = (kernel, Some("boot/vmlinuz"));
    store.get(&publish(&server, "vm", &[kernel, (&one, None)])).await.unwrap();
    store.get(&publish(&server, "vm", &[kernel, (&other, None)])).await.unwrap();
    assert_eq!(server.asked(&blob("vm", kernel.0)).len(), 1);
    assert_eq!(store.list().await.unwrap().len(), 1, "the name has moved");
}

#[tokio::test]
async fn a_token_is_fetched_where_the_registry_wants_one() {
    let (server, store) = (Server::start().await, Store::new());
    let image = publish(&server, "vm", &[(&container_disk(&disk(300, 1)), None)]);
    server.guard("/v2/", "t0ken");
    assert_eq!(store.get(&image).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    server.serve("/token", Served::File(br#"{"token": "t0ken"}"#.to_vec()));
    store.get(&image).await.unwrap();
}

#[tokio::test]
async fn an_index_is_followed_to_this_processors_image() {
    let (server, store) = (Server::start().await, Store::new());
    let layer = container_disk(&disk(300, 1));
    let image = publish(&server, "vm", &[(&layer, None)]);
    let one = manifest(&[(&layer, None)]);
    server.serve(format!("/v2/vm/manifests/{}", Digest::of(&one)), Served::File(one.clone()));
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let entry = |processor: &str, digest: Digest| json!({ "digest": digest, "size": 1, "platform": { "os": "linux", "architecture": processor } });
    let index = |entries: Vec<Value>| {
        Served::File(serde_json::to_vec(&json!({ "schemaVersion": 2, "manifests": entries })).unwrap())
    };
    server
        .serve("/v2/vm/manifests/1", index(vec![entry("s390x", Digest::of(b"x")), entry(processor, Digest::of(&one))]));
    assert_eq!(store.get(&image).await.unwrap().image.id, Digest::of(&one));
    server.serve("/v2/vm/manifests/1", index(vec![entry("s390x", Digest::of(b"x"))]));
    assert_eq!(store.get(&image).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_layer_that_breaks_off_goes_on_where_it_was() {
    let (server, store) = (Server::start().await, Store::new());
    let content = disk(1000, 1);
    let image = publish(&server, "vm", &[(&content, Some("disk/a.raw"))]);
    server.serve(blob("vm", &content), Served::Cut(content.clone(), 150_000));
    assert_eq!(store.get(&image).await.unwrap().image.disk.blob, Digest::of(&content));
    assert!(server.asked(&blob("vm", &content))[1..].iter().all(|asked| asked.range.is_some()));
}

#[tokio::test]
async fn what_is_not_of_its_digest_is_refused_and_leaves_nothing() {
    let (server, store) = (Server::start().await, Store::new());
    let content = container_disk(&disk(300, 1));
    let image = publish(&server, "vm", &[(&content, None)]);
    let mut other = content.clone();
    other[20] ^= 1;
    server.serve(blob("vm", &content), Served::File(other));
    assert!(store.get(&image).await.unwrap_err().message().contains("not what was published"));
    store.assert_empty();
    server.serve(blob("vm", &content), Served::Endless(content));
    assert_eq!(store.get(&image).await.unwrap_err().field(), Some("image"));
    store.assert_empty();
    let pinned = format!("{}/vm@{}", server.address(), Digest::of(b"x"));
    server.serve(format!("/v2/vm/manifests/{}", Digest::of(b"x")), Served::File(manifest(&[])));
    assert!(store.get(&pinned).await.unwrap_err().message().contains("another digest"));
    let error = store.pull(&Pull::new(&image).digest(Digest::of(b"x"))).await.unwrap_err();
    assert!(error.message().contains("not what was asked for"), "{error}");
    store.assert_empty();
}

#[tokio::test]
async fn a_hostile_layer_is_refused_with_the_reason_and_leaves_nothing() {
    let mut limits = quick();
    limits.unpacked = 4 << 20;
    let (server, store) = (Server::start().await, Store::with(limits));
    let good = disk(300, 1);
    let mut backed = vec![0; 4096];
    backed[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
    backed[8..16].copy_from_slice(&512_u64.to_be_bytes());
    let endless = vec![0; 16 << 20];
    let cases: &[(Vec<Entry<'_>>, &str)] = &[
        (vec![("../../etc/cron.d/x", b'0', "", b"x")], "leads out of it"),
        (vec![("disk", b'2', "../../../etc", b"")], "leads out of it"),
        (vec![("disk/a.img", b'2', "/etc/shadow", b"")], "a link or a device"),
        (vec![("disk", b'2', "/etc", b""), ("disk/a.img", b'0', "", &good)], "a link or a device"),
        (vec![("disk/a.img", b'1', "etc/shadow", b"")], "a link or a device"),
        (vec![("disk/a.img", b'3', "", b"")], "a link or a device"),
        (vec![("disk/a.img", b'0', "", &backed)], "backing file"),
        (vec![("disk/a.img", b'0', "", &good), ("disk/b.img", b'0', "", &good)], "several disks"),
        (vec![("disk/.wh.a.img", b'0', "", b"")], "deletes"),
        (vec![("etc/passwd", b'0', "", b"x")], "no image of a VM"),
        (vec![("boot/cmdline", b'0', "", &[b'x'; 4096])], "more than are taken"),
        (vec![("etc/endless", b'0', "", &endless)], "more than is taken"),
        (vec![("disk/a.img", b'0', "", &endless)], "more than are taken"),
    ];
    for (entries, word) in cases {
        let layer = gzip(&tar(entries));
        // After a sound one, of which nothing may be left either.
        let image = publish(&server, "vm", &[(b"a kernel", Some("boot/vmlinuz")), (&layer, None)]);
        let error = store.get(&image).await.unwrap_err();
        assert!(error.field() == Some("image") && error.message().contains(word), "{word}: {error}");
        let left: Vec<_> = store.files();
        assert!(left.iter().all(|path| !path.starts_with(store.root.join("blobs"))), "{word}: {left:?}");
        assert!(store.list().await.unwrap().is_empty());
        store.collect().await.unwrap();
        store.assert_empty();
    }
}

#[tokio::test]
async fn an_endless_manifest_is_refused() {
    let (server, store) = (Server::start().await, Store::new());
    server.serve("/v2/vm/manifests/1", Served::Endless(vec![b' '; 100_000]));
    let error = store.get(&format!("{}/vm:1", server.address())).await.unwrap_err();
    assert!(error.message().contains("more than 4194304 bytes"), "{error}");
}
