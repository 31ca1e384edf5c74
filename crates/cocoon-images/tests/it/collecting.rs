//! Deleting images, and removing what nobody uses.

use std::sync::{Arc, Mutex};

use cloud_types::ErrorKind;
use cocoon_images::{Digest, Pull};

use super::content::disk;
use super::server::{Served, Server};
use super::store::{Store, quick};

#[tokio::test]
async fn a_deleted_image_is_gone_with_its_last_name() {
    let (server, store) = (Server::start().await, Store::new());
    for path in ["/a.img", "/b.img"] {
        server.serve(path, Served::File(disk(300, 1)));
        store.get(&server.url(path)).await.unwrap();
    }
    let first = store.delete(&server.url("/a.img")).await.unwrap();
    assert!(first.removed.is_empty());
    let second = store.delete(&server.url("/b.img")).await.unwrap();
    assert!(second.removed.iter().map(|unused| unused.bytes).sum::<u64>() >= 300 * 512);
    store.assert_empty();
    assert_eq!(store.delete(&server.url("/b.img")).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_id_deletes_an_image_with_all_its_names() {
    let (server, store) = (Server::start().await, Store::new());
    for path in ["/a.img", "/b.img"] {
        server.serve(path, Served::File(disk(300, 1)));
        store.get(&server.url(path)).await.unwrap();
    }
    let deleted = store.delete(&Digest::of(&disk(300, 1)).hex()[..12]).await.unwrap();
    assert_eq!(deleted.names.len(), 2);
    store.assert_empty();
}

#[tokio::test]
async fn what_a_vm_lies_on_stays_until_the_vm_is_gone() {
    let (server, mut store) = (Server::start().await, Store::new());
    server.serve("/a.img", Served::File(disk(300, 1)));
    let used = Arc::new(Mutex::new(Vec::new()));
    let users = used.clone();
    store.images = store.images.clone().used_by(move || Ok(users.lock().unwrap().clone()));
    let image = store.get(&server.url("/a.img")).await.unwrap().image;
    used.lock().unwrap().push(store.blob(&image.disk.blob));
    let deleted = store.delete(&image.name).await.unwrap();
    assert_eq!((deleted.kept, deleted.removed), (vec![image.disk.blob], Vec::new()));
    assert!(store.collect().await.unwrap().is_empty());
    assert!(store.blob(&image.disk.blob).exists());
    used.lock().unwrap().clear();
    let unused = store.unused().await.unwrap();
    assert_eq!(unused.len(), 1);
    assert!(store.blob(&image.disk.blob).exists(), "a dry run removes nothing");
    assert_eq!(store.collect().await.unwrap(), unused);
    store.assert_empty();
}

#[tokio::test]
async fn an_image_whose_name_has_moved_is_collected() {
    let (server, store) = (Server::start().await, Store::new());
    for mark in [1, 2] {
        server.serve("/a.img", Served::File(disk(300, mark)));
        store.get(&server.url("/a.img")).await.unwrap();
    }
    store.collect().await.unwrap();
    assert!(!store.blob(&Digest::of(&disk(300, 1))).exists());
    assert!(store.blob(&Digest::of(&disk(300, 2))).exists());
}

#[tokio::test]
async fn a_download_that_broke_off_is_collected_but_not_one_that_goes_on() {
    let mut limits = quick();
    limits.attempts = 1;
    let (server, store) = (Server::start().await, Store::with(limits));
    server.serve("/a.img", Served::Cut(disk(1000, 1), 200_000));
    store.get(&server.url("/a.img")).await.unwrap_err();
    let parts = || store.files().into_iter().filter(|path| path.starts_with(store.root.join("parts"))).count();
    assert_eq!(parts(), 2, "the part and its note");
    let held = std::fs::File::open(store.files().into_iter().find(|path| path.extension().is_none()).unwrap()).unwrap();
    held.lock().unwrap();
    assert!(store.collect().await.unwrap().is_empty());
    drop(held);
    assert_eq!(store.collect().await.unwrap().len(), 2);
    store.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn collecting_beside_pulls_takes_nothing_from_them() {
    let (server, store) = (Server::start().await, Store::new());
    for number in 0..8 {
        server.serve(format!("/{number}.img"), Served::File(disk(300, number)));
    }
    let pulls = async {
        for round in 0..4 {
            let pulls = (0..8_u8).map(|number| {
                let (store, url) = (&store, server.url(&format!("/{number}.img")));
                let pull = Pull::new(url).digest(Digest::of(&disk(300, number)));
                async move {
                    let image = store.pull(&pull).await.unwrap().image;
                    assert!(store.blob(&image.disk.blob).exists(), "of round {round}");
                    image.name
                }
            });
            for name in futures::future::join_all(pulls).await {
                store.delete(&name).await.unwrap();
            }
        }
    };
    let collects = async {
        loop {
            store.collect().await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = pulls => {}
        () = collects => {}
    }
    store.collect().await.unwrap();
    store.assert_empty();
}
