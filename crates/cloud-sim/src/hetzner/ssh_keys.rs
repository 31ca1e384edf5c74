//! `/ssh_keys`.

use cloud_world::SshKey;
use serde_json::json;
use ssh_key::PublicKey;

use super::api::{self, Answer, Api};
use super::labels::Selector;
use super::{paging, render};

/// `GET /ssh_keys`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let request = api.request;
    let selector = Selector::of(request)?;
    let (name, fingerprint) = (request.param("name"), request.param("fingerprint"));
    let mut keys: Vec<&SshKey> = api
        .world
        .ssh_keys
        .search(name, api.now)
        .filter(|key| fingerprint.is_none_or(|fingerprint| fingerprint == key.fingerprint))
        .filter(|key| selector.matches(&key.labels))
        .collect();
    paging::sort(request, &mut keys, &["id", "name"])?;
    paging::page(request, "ssh_keys", keys, render::ssh_key)
}

/// `GET /ssh_keys/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let key = api.seen(&api.world.ssh_keys)?;
    answer(api, key)
}

/// `POST /ssh_keys`.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let mut fields = api.fields()?;
    let name = fields.required_text("name");
    let public_key = fields.required_text("public_key");
    let labels = api::labels(&mut fields).unwrap_or_default();
    let fingerprint = fingerprint(&public_key);
    if fingerprint.is_none() && !public_key.is_empty() {
        fields.problem("public_key", "must be a valid public key");
    }
    fields.done()?;
    let fingerprint = fingerprint.unwrap_or_default();
    let key = api.world.create_ssh_key(&name, &public_key, &fingerprint, labels, api.now)?;
    let key = render::ssh_key(api.world.ssh_keys.find(key)?);
    api::created(&json!({"ssh_key": key}))
}

/// `PUT /ssh_keys/{id}`.
pub(super) fn update(api: &mut Api<'_>) -> Answer {
    let key = api.seen(&api.world.ssh_keys)?;
    let mut fields = api.fields()?;
    let name = fields.text("name");
    let labels = api::labels(&mut fields);
    fields.done()?;
    if let Some(name) = name {
        api.world.rename_ssh_key(key, &name)?;
    }
    if let Some(labels) = labels {
        api.world.ssh_keys.find_mut(key)?.labels = labels;
    }
    answer(api, key)
}

/// `DELETE /ssh_keys/{id}`.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let key = api.seen(&api.world.ssh_keys)?;
    api.world.delete_ssh_key(key, api.now)?;
    api::no_content()
}

fn answer(api: &Api<'_>, key: u64) -> Answer {
    let key = render::ssh_key(api.world.ssh_keys.find(key)?);
    api::ok(&json!({"ssh_key": key}))
}

/// The MD5 of the key's blob, in pairs of hexadecimal digits.
fn fingerprint(public_key: &str) -> Option<String> {
    let blob = PublicKey::from_openssh(public_key.trim()).ok()?;
    let digest = md5::compute(blob.to_bytes().ok()?);
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_what_ssh_keygen_prints_with_md5() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE7mTL1JVsXQ6LhGSe5SlHZDxZGZ5LLgBeJfKaUvqHFG x";
        assert_eq!(fingerprint("no key"), None);
        assert_eq!(fingerprint(key).unwrap().len(), 47);
    }
}
