//! Registries that want to know who asks, and to whom that is told.

use std::path::PathBuf;

use cloud_types::ErrorKind;
use cocoon_images::{Digest, Login, Pull};

use super::content::disk;
use super::published::{blob, container_disk, publish};
use super::server::{Served, Server};
use super::store::Store;

/// `user:s3cret`
const BASIC: &str = "Basic dXNlcjpzM2NyZXQ=";

fn login() -> Login {
    Login::new("user", "s3cret")
}

#[tokio::test]
async fn a_token_is_made_for_a_login() {
    let (server, store) = (Server::start().await, Store::new());
    let image = publish(&server, "vm", &[(&container_disk(&disk(300, 1)), None)]);
    server.guard("/v2/", "t0ken");
    server.guard_by("/token", BASIC);
    server.serve("/token", Served::File(br#"{"token": "t0ken"}"#.to_vec()));
    let error = store.get(&image).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.message().contains("docker login") && error.message().contains("--password-stdin"), "{error}");
    let error = store.pull(&Pull::new(&image).login(Login::new("user", "hidden"))).await.unwrap_err();
    assert!(error.message().contains("refuses \"user\"") && !format!("{error:?}").contains("hidden"), "{error:?}");
    store.pull(&Pull::new(&image).login(login())).await.unwrap();
    // The registry itself was never told more than the token.
    let asked = server.asked("/v2/vm/manifests/1");
    assert!(asked.iter().all(|asked| asked.authorization.as_ref().is_none_or(|told| told.starts_with("Bearer"))));
}

#[tokio::test]
async fn dockers_configuration_is_read_and_a_login_that_is_given_comes_first() {
    let (server, store) = (Server::start().await, Store::new());
    let image = publish(&server, "vm", &[(&container_disk(&disk(300, 1)), None)]);
    server.guard_by("/v2/", BASIC);
    let config = Config::new(&format!(r#"{{"auths": {{"{}": {{"auth": "dXNlcjpzM2NyZXQ="}}}}}}"#, server.address()));
    let images = store.images.clone().docker_config(&config.0);
    images.pull(&Pull::new(&image)).await.unwrap();
    let wrong = Pull::new(&image).login(Login::new("other", "x"));
    assert_eq!(images.pull(&wrong).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn nobody_is_told_but_the_registry_also_where_it_leads_elsewhere() {
    let (server, store, elsewhere) = (Server::start().await, Store::new(), Server::start().await);
    let layer = container_disk(&disk(300, 1));
    let image = publish(&server, "vm", &[(&layer, None)]);
    server.guard_by("/v2/", BASIC);
    server.serve(blob("vm", &layer), Served::Elsewhere(elsewhere.url("/stored")));
    elsewhere.serve("/stored", Served::File(layer));
    let pulled = store.pull(&Pull::new(&image).login(login())).await.unwrap();
    assert_eq!(pulled.image.disk.blob, Digest::of(&disk(300, 1)));
    let asked = elsewhere.asked("/stored");
    assert!(!asked.is_empty() && asked.iter().all(|asked| asked.authorization.is_none()), "{asked:?}");
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_renewed() {
    let (server, store) = (Server::start().await, Store::new());
    let image = publish(&server, "vm", &[(&container_disk(&disk(300, 1)), None)]);
    server.guard("/v2/vm/manifests/", "first");
    server.guard("/v2/vm/blobs/", "second");
    let token = |token: &str| format!(r#"{{"token": "{token}"}}"#).into_bytes();
    server.serve("/token", Served::Turns(vec![token("first"), token("second")]));
    store.get(&image).await.unwrap();
}

/// A file that is removed when it is dropped.
struct Config(PathBuf);

impl Config {
    fn new(text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cocoon-config-{:016x}.json", fastrand::u64(..)));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
