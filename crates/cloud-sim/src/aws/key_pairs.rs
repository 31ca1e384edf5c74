//! Key pairs: RSA and ED25519 keys by name.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use cloud_world::{Labels, SshKey};
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::ledger;
use super::xml::{Xml, fields};
use super::{ids, tags};

/// `ImportKeyPair`.
pub(super) fn import(api: &mut Api<'_>) -> Answer {
    let name = api.params.required("KeyName")?;
    let material = api.params.required("PublicKeyMaterial")?;
    let wrong = || ApiError::new("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
    let line = BASE64_STANDARD.decode(material.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let line = line.ok_or_else(wrong)?;
    let key = PublicKey::from_openssh(line.trim()).map_err(|_| wrong())?;
    let kind = match key.key_data() {
        KeyData::Rsa(_) => "rsa",
        KeyData::Ed25519(_) => "ed25519",
        _ => return Err(wrong()),
    };
    let labels = tags::of_one(&api.params, "key-pair")?;
    let key = add(api, &name, line.trim(), &fingerprint(&key), kind, labels)?;
    Ok(render(api, &key, false))
}

/// `CreateKeyPair`: the private key is made up, and opens nothing.
pub(super) fn create(api: &mut Api<'_>) -> Answer {
    let name = api.params.required("KeyName")?;
    let kind = match api.params.text("KeyType").as_deref() {
        None | Some("rsa") => "rsa",
        Some("ed25519") => "ed25519",
        Some(other) => return Err(errors::invalid("KeyType", format!("'{other}'"))),
    };
    let labels = tags::of_one(&api.params, "key-pair")?;
    let mark = format!("{:x}", md5::compute(format!("{name} {}", api.now)));
    let public = format!("ssh-ed25519 {} {name}", BASE64_STANDARD.encode(&mark));
    let key = add(api, &name, &public, &colons(&mark), kind, labels)?;
    let mut shown = render(api, &key, false);
    let material =
        format!("-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----", BASE64_STANDARD.encode(mark));
    shown.push("keyMaterial", material);
    Ok(shown)
}

/// `DescribeKeyPairs`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let names = api.params.texts("KeyName");
    let wanted = api.params.texts("KeyPairId");
    let with_key = api.params.flag("IncludePublicKey")?.unwrap_or(false);
    let keys: Vec<SshKey> = api.world.ssh_keys.listed(api.now).filter(|key| is_here(api, key.id)).cloned().collect();
    if let Some(name) = names.iter().find(|name| !keys.iter().any(|key| key.name == **name)) {
        return Err(errors::not_found("key", name));
    }
    if let Some(id) = wanted.iter().find(|id| !keys.iter().any(|key| ids::id("key", key.id) == **id)) {
        return Err(errors::not_found("key", id));
    }
    let named = |key: &&SshKey| {
        (names.is_empty() || names.contains(&key.name))
            && (wanted.is_empty() || wanted.contains(&ids::id("key", key.id)))
    };
    let rows = keys.iter().filter(named).map(|key| {
        Row::new(key.id, |filter| {
            Some(match filter {
                "key-name" => vec![key.name.clone()],
                "key-pair-id" => vec![ids::id("key", key.id)],
                "fingerprint" => vec![key.fingerprint.clone()],
                _ => return filter::tag_values(&key.labels, filter),
            })
        })
        .showing(move |api| {
            let mut shown = render(api, key, with_key);
            shown.push("keyType", api.ledger.keys.get(&key.id).map(|notes| notes.kind));
            shown.push("createTime", key.created);
            shown
        })
    });
    Ok(fields! { "keySet" => filter::shown(api, rows.collect())? })
}

/// `DeleteKeyPair`: of one that is not there nothing happens.
pub(super) fn delete(api: &mut Api<'_>) -> Answer {
    let number = match (api.params.text("KeyPairId"), api.params.text("KeyName")) {
        (Some(id), _) => Some(ids::number("key", &id)?).filter(|number| is_here(api, *number)),
        (None, Some(name)) => named(api, &name).ok(),
        (None, None) => return Err(errors::missing("KeyName")),
    };
    let Some(number) = number.filter(|number| api.world.ssh_keys.find(*number).is_ok()) else {
        return Ok(fields! { "return" => true });
    };
    api.world.delete_ssh_key(number, api.now)?;
    Ok(fields! { "return" => true, "keyPairId" => ids::id("key", number) })
}

/// The key pair of that name.
pub(super) fn named(api: &Api<'_>, name: &str) -> Result<u64, ApiError> {
    let mut named = api.world.ssh_keys.named(name);
    let found = named.find(|key| is_here(api, key.id));
    found
        .map(|key| key.id)
        .ok_or_else(|| ApiError::new("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist")))
}

fn is_here(api: &Api<'_>, number: u64) -> bool {
    api.ledger.keys.get(&number).is_some_and(|notes| notes.place == api.place)
}

fn add(
    api: &mut Api<'_>,
    name: &str,
    line: &str,
    fingerprint: &str,
    kind: &'static str,
    labels: Labels,
) -> Result<SshKey, ApiError> {
    if named(api, name).is_ok() {
        let message = format!("The keypair '{name}' already exists.");
        return Err(ApiError::new("InvalidKeyPair.Duplicate", message));
    }
    let number = api.world.create_ssh_key(name, line, fingerprint, labels, api.now)?;
    api.ledger.keys.insert(number, ledger::Key { place: api.place, kind });
    Ok(api.world.ssh_keys.find(number)?.clone())
}

/// EC2 shows the SHA-256 of ED25519 keys in base64, and the MD5 of imported RSA keys in digits.
fn fingerprint(key: &PublicKey) -> String {
    match key.key_data() {
        KeyData::Ed25519(_) => {
            let hash = key.fingerprint(ssh_key::HashAlg::Sha256);
            let text = BASE64_STANDARD_NO_PAD.encode(hash.as_bytes());
            format!("{text}=")
        }
        _ => {
            let bytes = key.to_bytes().unwrap_or_default();
            colons(&format!("{:x}", md5::compute(bytes)))
        }
    }
}

fn colons(digits: &str) -> String {
    let pairs: Vec<String> =
        digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    pairs.join(":")
}

fn render(_: &Api<'_>, key: &SshKey, with_key: bool) -> Xml {
    let mut shown = fields! {
        "keyPairId" => ids::id("key", key.id),
        "keyName" => key.name.as_str(),
        "keyFingerprint" => key.fingerprint.as_str(),
        "tagSet" => filter::tag_set(&key.labels),
    };
    if with_key {
        shown.push("publicKey", key.public_key.as_str());
    }
    shown
}
