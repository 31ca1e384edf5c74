//! Images by their addresses.

use cloud_types::ErrorKind;
use cocoon_images::{Boot, Digest, Pull, Verified};

use super::content::{disk, gzip};
use super::server::{Served, Server};
use super::store::{Store, quick};

#[tokio::test]
async fn an_image_is_held_against_the_checksums_beside_it() {
    let (server, store) = (Server::start().await, Store::new());
    let content = disk(300, 1);
    server.serve("/debian/a.img", Served::File(content.clone()));
    let line = format!("{}  b.img\n{}  a.img\n", Digest::of(b"b").hex(), Digest::of(&content).hex());
    server.serve("/debian/SHA256SUMS", Served::File(line.into_bytes()));
    let url = server.url("/debian/a.img");
    let pulled = store.get(&url).await.unwrap();
    assert!(!pulled.already);
    assert_eq!((pulled.image.id, &pulled.image.boot), (Digest::of(&content), &Boot::Uefi));
    assert!(matches!(&pulled.image.verified, Verified::ChecksumFile { url, .. } if url.ends_with("/SHA256SUMS")));
    assert_eq!(std::fs::read(store.blob(&pulled.image.disk.blob)).unwrap(), content);
    assert_eq!(store.list().await.unwrap(), [pulled.image]);

    assert!(store.get(&url).await.unwrap().already);
    assert_eq!(server.asked("/debian/a.img").len(), 1);
}

#[tokio::test]
async fn that_nothing_was_verified_is_recorded() {
    let (server, store) = (Server::start().await, Store::new());
    server.serve("/a.img", Served::File(disk(300, 1)));
    let pulled = store.get(&server.url("/a.img")).await.unwrap();
    assert_eq!(pulled.image.verified, Verified::Nothing);
    assert_eq!(store.find(&pulled.image.id.hex()[..8]).await.unwrap().verified, Verified::Nothing);
}

#[tokio::test]
async fn an_image_that_is_not_what_was_published_is_refused_and_leaves_nothing() {
    let (server, store) = (Server::start().await, Store::new());
    server.serve("/a.img", Served::File(disk(300, 1)));
    let pull = Pull::new(server.url("/a.img")).digest(Digest::of(b"another"));
    let error = store.pull(&pull).await.unwrap_err();
    assert_eq!(error.field(), Some("image"));
    assert!(error.message().contains("expected sha256:"), "{error}");
    server.serve("/SHA512SUMS", Served::File(format!("{}  a.img", "ab".repeat(64)).into_bytes()));
    let error = store.get(&server.url("/a.img")).await.unwrap_err();
    assert!(error.message().contains("expected sha512:abab"), "{error}");
    store.assert_empty();
}

#[tokio::test]
async fn a_failure_to_look_for_checksums_is_not_taken_for_their_absence() {
    let (server, store) = (Server::start().await, Store::new());
    server.serve("/a.img", Served::File(disk(300, 1)));
    server.serve("/SHA256SUMS", Served::Status(503));
    assert_eq!(store.get(&server.url("/a.img")).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(server.asked("/a.img").len(), 0);
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_was() {
    let (server, store) = (Server::start().await, Store::new());
    let content = disk(1000, 1);
    server.serve("/a.img", Served::Cut(content.clone(), 100_000));
    let pulled = store.get(&server.url("/a.img")).await.unwrap();
    assert_eq!(pulled.image.id, Digest::of(&content));
    let asked = server.asked("/a.img");
    assert!(asked.len() >= 6 && asked[1..].iter().all(|asked| asked.range.is_some()), "{asked:?}");
}

#[tokio::test]
async fn a_later_pull_goes_on_with_what_an_earlier_one_left_unless_the_file_has_changed() {
    let mut limits = quick();
    limits.attempts = 1;
    for changed in [false, true] {
        let (server, store) = (Server::start().await, Store::with(limits.clone()));
        let url = server.url("/a.img");
        server.serve("/a.img", Served::Cut(disk(1000, 1), 200_000));
        assert_eq!(store.get(&url).await.unwrap_err().kind(), ErrorKind::Unavailable);
        let content = disk(1000, if changed { 2 } else { 1 });
        server.serve("/a.img", Served::File(content.clone()));
        assert_eq!(store.get(&url).await.unwrap().image.id, Digest::of(&content), "changed: {changed}");
        let asked = server.asked("/a.img");
        assert!(asked[1].range.is_some(), "{asked:?}");
        assert_eq!(asked.len(), 2);
    }
}

#[tokio::test]
async fn two_pulls_of_the_same_download_it_once() {
    let (server, store) = (Server::start().await, Store::new());
    let content = disk(4000, 1);
    server.serve("/a.img", Served::File(content.clone()));
    let pull = Pull::new(server.url("/a.img")).digest(Digest::of(&content));
    let pulls = (0..8).map(|_| store.pull(&pull));
    let pulled = futures::future::join_all(pulls).await;
    let first = pulled.iter().filter(|pulled| !pulled.as_ref().unwrap().already).count();
    assert_eq!((first, server.asked("/a.img").len()), (1, 1));
}

#[tokio::test]
async fn what_has_no_end_is_refused_and_leaves_nothing() {
    let mut limits = quick();
    (limits.download, limits.unpacked) = (1 << 20, 4 << 20);
    let (server, store) = (Server::start().await, Store::with(limits));
    server.serve("/endless.img", Served::Endless(vec![7; 10_000]));
    server.serve("/gzip.img", Served::File(gzip(&vec![0; 64 << 20])));
    server.serve("/sums.img", Served::File(disk(10, 1)));
    server.serve("/sums.img.sha256", Served::Endless(vec![b'a'; 10_000]));
    for path in ["/endless.img", "/gzip.img", "/sums.img"] {
        let error = store.get(&server.url(path)).await.unwrap_err();
        assert_eq!(error.field(), Some("image"), "{path}: {error}");
        store.assert_empty();
    }
}

#[tokio::test]
async fn a_compressed_image_is_unpacked_and_known_by_what_it_holds() {
    let (server, store) = (Server::start().await, Store::new());
    let content = disk(3000, 1);
    let packed = gzip(&content);
    server.serve("/a.img.gz", Served::File(packed.clone()));
    let pull = Pull::new(server.url("/a.img.gz")).digest(Digest::of(&packed));
    let pulled = store.pull(&pull).await.unwrap();
    assert_eq!((pulled.image.id, pulled.image.disk.size), (Digest::of(&content), 3000 * 512));
    assert!(store.pull(&pull).await.unwrap().already);
}

#[tokio::test]
async fn what_is_no_image_or_leads_to_other_files_is_refused_with_the_reason_and_leaves_nothing() {
    let (server, store) = (Server::start().await, Store::new());
    let mut qcow2 = vec![0; 1 << 16];
    qcow2[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
    let mut backed = qcow2.clone();
    backed[8..16].copy_from_slice(&512_u64.to_be_bytes());
    backed[16..20].copy_from_slice(&11_u32.to_be_bytes());
    backed[512..523].copy_from_slice(b"/etc/passwd");
    for (content, word) in [
        (b"<!DOCTYPE html><p>Log in".to_vec(), "web page"),
        (backed, "backing file"),
        (qcow2, "clusters"),
        (b"KDMV".to_vec(), "VMDK"),
        (Vec::new(), "empty"),
        (vec![1; 777], "sectors"),
    ] {
        server.serve("/a.img", Served::File(content.clone()));
        server.serve("/b.img.gz", Served::File(gzip(&content)));
        for path in ["/a.img", "/b.img.gz"] {
            let error = store.get(&server.url(path)).await.unwrap_err();
            assert!(error.field() == Some("image") && error.message().contains(word), "{word}: {error}");
            store.assert_empty();
        }
    }
}

#[tokio::test]
async fn a_servers_refusal_is_told_by_its_kind() {
    let (server, store) = (Server::start().await, Store::new());
    for (status, kind) in
        [(403, ErrorKind::PermissionDenied), (404, ErrorKind::NotFound), (500, ErrorKind::Unavailable)]
    {
        server.serve("/a.img", Served::Status(status));
        assert_eq!(store.get(&server.url("/a.img")).await.unwrap_err().kind(), kind);
    }
}

#[tokio::test]
async fn a_file_is_taken_in_as_it_is() {
    let store = Store::new();
    let path = std::env::temp_dir().join(format!("cocoon-file-{:016x}.img", fastrand::u64(..)));
    std::fs::write(&path, disk(300, 1)).unwrap();
    let pulled = store.get(path.to_str().unwrap()).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(pulled.image.id, Digest::of(&disk(300, 1)));
    assert_eq!(store.get(path.to_str().unwrap()).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(store.get("/dev/null").await.unwrap_err().field(), Some("image"));
}

#[tokio::test]
async fn what_qemu_makes_is_judged_as_qemu_means_it() {
    let directory = std::env::temp_dir().join(format!("cocoon-qcow2-{:016x}", fastrand::u64(..)));
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("raw.img"), disk(4000, 1)).unwrap();
    let make = |arguments: &[&str]| {
        let status = std::process::Command::new("qemu-img").args(arguments).current_dir(&directory).status();
        status.is_ok_and(|status| status.success())
    };
    if !make(&["convert", "-O", "qcow2", "raw.img", "plain.qcow2"]) {
        eprintln!("skipped: qemu-img is not installed");
        return std::fs::remove_dir_all(directory).unwrap();
    }
    assert!(make(&["convert", "-c", "-O", "qcow2", "raw.img", "packed.qcow2"]));
    assert!(make(&["convert", "-O", "qcow2", "-o", "compat=0.10,cluster_size=4096", "raw.img", "old.qcow2"]));
    assert!(make(&["create", "-q", "-f", "qcow2", "-F", "raw", "-b", "raw.img", "backed.qcow2"]));
    assert!(make(&["create", "-q", "-f", "qcow2", "-o", "data_file=data.raw", "apart.qcow2", "1M"]));
    let store = Store::new();
    let pull = async |name: &str| store.get(directory.join(name).to_str().unwrap()).await;
    for sound in ["plain.qcow2", "packed.qcow2", "old.qcow2"] {
        let image = pull(sound).await.unwrap().image;
        assert_eq!((image.boot, image.disk.size), (Boot::Uefi, 4000 * 512), "{sound}");
    }
    for (hostile, word) in [("backed.qcow2", "backing file"), ("apart.qcow2", "another file")] {
        assert!(pull(hostile).await.unwrap_err().message().contains(word), "{hostile}");
    }
    std::fs::remove_dir_all(directory).unwrap();
}
