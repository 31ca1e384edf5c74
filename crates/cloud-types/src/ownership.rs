//! The labels that every provider puts on what it makes, in the create call itself, and how they are read back.
//!
//! They are the memory of exactly-once: whoever looks at a host can tell whose it is and which wish made it.

use std::collections::BTreeMap;

use crate::label::RESERVED_PREFIX;
use crate::{CreateToken, HostSpec, Owner};

/// Label: who it belongs to.
pub const OWNER: &str = "cloud-owner";
/// Label: the host's, volume's or snapshot's name.
pub const NAME: &str = "cloud-name";
/// Label: the fingerprint of the spec that made it.
pub const SPEC: &str = "cloud-spec";
/// Label: the create token, the caller's or one made for this call.
pub const TOKEN: &str = "cloud-token";
/// Label: the mark of the one call that launched the host, which no other call knows.
pub const CALL: &str = "cloud-call";

/// The labels of a host: the caller's own and the workspace's.
#[must_use]
pub fn host_labels(owner: &Owner, spec: &HostSpec, token: &CreateToken) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = spec.labels.clone().into();
    labels.insert(OWNER.to_owned(), owner.to_string());
    labels.insert(NAME.to_owned(), spec.name.to_string());
    labels.insert(SPEC.to_owned(), spec.fingerprint().to_string());
    labels.insert(TOKEN.to_owned(), token.to_string());
    labels
}

/// The labels of a thing besides hosts: the caller's own, owner and name.
#[must_use]
pub fn resource_labels(owner: &Owner, name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(OWNER.to_owned(), owner.to_string()), (NAME.to_owned(), name.to_owned())])
}

/// The owner that the labels name, where they name one.
#[must_use]
pub fn owner_of(labels: &BTreeMap<String, String>) -> Option<Owner> {
    labels.get(OWNER).and_then(|owner| Owner::new(owner.as_str()).ok())
}

/// The labels without the workspace's own.
#[must_use]
pub fn user_labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels.iter().filter(|(key, _)| !key.starts_with(RESERVED_PREFIX)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// What a host that bears the wished name is to the wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// This very wish made it: same owner, spec and token.
    SameWish,
    /// An equal wish made it: same owner and spec.
    SameSpec,
    /// The same owner made it with another spec.
    OtherSpec,
    /// It belongs to someone else, or to nobody known.
    OtherOwner,
}

/// Compares the labels of a host with the labels that a wish would give it.
#[must_use]
pub fn compare(found: &BTreeMap<String, String>, wished: &BTreeMap<String, String>) -> Match {
    let same = |key| found.get(key).is_some() && found.get(key) == wished.get(key);
    match (same(OWNER), same(SPEC), same(TOKEN)) {
        (false, _, _) => Match::OtherOwner,
        (true, false, _) => Match::OtherSpec,
        (true, true, false) => Match::SameSpec,
        (true, true, true) => Match::SameWish,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Image, Machine, Name, Region};

    #[test]
    fn a_host_is_told_apart_by_owner_spec_and_token() {
        let machine = Machine::named("cx22").unwrap();
        let spec = HostSpec::new(Name::new("web").unwrap(), Region::new("fsn1").unwrap(), machine, Image::debian("12"));
        let other = spec.clone().label("role", "db").unwrap();
        let (me, you) = (Owner::new("me").unwrap(), Owner::new("you").unwrap());
        let (token, later) = (CreateToken::random(), CreateToken::random());
        let wished = host_labels(&me, &spec, &token);
        assert_eq!(compare(&wished, &wished), Match::SameWish);
        assert_eq!(compare(&host_labels(&me, &spec, &later), &wished), Match::SameSpec);
        assert_eq!(compare(&host_labels(&me, &other, &token), &wished), Match::OtherSpec);
        assert_eq!(compare(&host_labels(&you, &spec, &token), &wished), Match::OtherOwner);
        assert_eq!(compare(&BTreeMap::new(), &wished), Match::OtherOwner);
        assert_eq!(user_labels(&host_labels(&me, &other, &token)), BTreeMap::from([("role".into(), "db".into())]));
    }
}
