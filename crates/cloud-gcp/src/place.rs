//! Where things are at Google: zones and names, and the addresses that hold them.

use cloud_types::{Error, ErrorKind, HostId, Result, VolumeId};

/// Where a host or a volume is: its zone and its name, and of a host the number of this very instance.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) zone: String,
    pub(crate) name: String,
    pub(crate) number: Option<String>,
}

impl Place {
    pub(crate) fn new(zone: impl Into<String>, name: impl Into<String>) -> Self {
        Self { zone: zone.into(), name: name.into(), number: None }
    }

    /// Reads `zone/name` or `zone/name/number`. Another provider's id names nothing here.
    pub(crate) fn read(id: &str) -> Result<Self> {
        let word = |text: &str| {
            let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            let good = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(inside);
            (good && text.len() <= 63).then(|| text.to_owned())
        };
        let number = |text: &str| {
            (text.len() <= 20 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.to_owned())
        };
        let mut parts = id.split('/');
        let place = match (parts.next().and_then(word), parts.next().and_then(word), parts.next(), parts.next()) {
            (Some(zone), Some(name), None, _) => Some(Self::new(zone, name)),
            (Some(zone), Some(name), Some(text), None) => {
                number(text).map(|number| Self { zone, name, number: Some(number) })
            }
            _ => None,
        };
        place.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no such thing: an id of this provider begins with zone/name")
        })
    }

    /// The place of an instance or a disk that an address names.
    pub(crate) fn of(address: &str) -> Option<Self> {
        Some(Self::new(zone_in(address)?, last(address)))
    }

    /// What a path calls the host: its number where it is known, so that no later one of the same name is meant
    /// (<https://cloud.google.com/compute/docs/reference/rest/v1/instances/get> takes both).
    pub(crate) fn key(&self) -> &str {
        self.number.as_deref().unwrap_or(&self.name)
    }

    pub(crate) fn host_id(&self) -> HostId {
        match &self.number {
            Some(number) => HostId::new(format!("{}/{}/{number}", self.zone, self.name)),
            None => HostId::new(format!("{}/{}", self.zone, self.name)),
        }
    }

    pub(crate) fn volume_id(&self) -> VolumeId {
        VolumeId::new(format!("{}/{}", self.zone, self.name))
    }

    /// Whether both mean one thing: of the same number, where both know theirs.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let differs = self.number.is_some() && other.number.is_some() && self.number != other.number;
        self.zone == other.zone && self.name == other.name && !differs
    }
}

/// Where an operation is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Zone(String),
    Region(String),
    Global,
}

/// The last part of an address or a path: addresses are compared by it, since their hosts differ.
pub(crate) fn last(address: &str) -> &str {
    address.rsplit('/').next().unwrap_or(address)
}

/// The path of an address behind `/v1/` (or the version it bears), as requests take it: `projects/…`.
pub(crate) fn path_of(address: &str) -> &str {
    address.find("projects/").map_or(address, |at| &address[at..])
}

/// The zone in an address, `…/zones/europe-west1-b/…`.
pub(crate) fn zone_in(address: &str) -> Option<&str> {
    let behind = &address[address.find("zones/")? + "zones/".len()..];
    behind.split('/').next()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_names_its_place_and_comes_back_as_it_was() {
        for id in ["europe-west1-b/web-1", "europe-west1-b/web-1/4242"] {
            assert_eq!(Place::read(id).unwrap().host_id().as_str(), id);
        }
        for id in ["", "web-1", "a/b/c", "a/b/1/2", "A/b", "a//1", "a/b/", "../x", "a/..", "a/b/123456789012345678901"]
        {
            assert_eq!(Place::read(id).unwrap_err().kind(), ErrorKind::NotFound, "{id}");
        }
    }

    #[test]
    fn an_id_without_a_number_means_whichever_host_has_the_name() {
        let place = |id: &str| Place::read(id).unwrap();
        assert!(place("z/web").is(&place("z/web/1")) && place("z/web/1").is(&place("z/web")));
        assert!(!place("z/web/1").is(&place("z/web/2")) && !place("y/web").is(&place("z/web/1")));
    }

    #[test]
    fn an_address_is_read_by_its_path() {
        let address = "https://www.googleapis.com/compute/v1/projects/p/zones/z-a/instances/web";
        assert_eq!((last(address), zone_in(address)), ("web", Some("z-a")));
        assert_eq!(path_of(address), "projects/p/zones/z-a/instances/web");
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_an_id_panic(text in ".{0,80}") {
            if let Ok(place) = Place::read(&text) {
                let again = place.host_id();
                prop_assert_eq!(again.as_str(), text.as_str());
            }
            let _ = (last(&text), zone_in(&text), path_of(&text));
        }
    }
}
