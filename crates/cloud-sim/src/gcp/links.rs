//! Addresses of resources: full ones in answers, full or partial ones in requests.

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The project, where it is said.
    pub(super) project: Option<String>,
    /// The zone or region; `None` for global resources.
    pub(super) place: Option<String>,
    /// Such as `machineTypes`, or `images/family`.
    pub(super) collection: String,
    /// The name inside the collection.
    pub(super) name: String,
}

impl Link {
    /// Reads `https://…/projects/P/zones/Z/disks/D`, `projects/P/…`, `zones/Z/disks/D`,
    /// `regions/R/…` or `global/…`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let path = match text.split_once("://") {
            Some((_, rest)) => rest.split_once("/compute/v1/")?.1,
            None => text.trim_start_matches('/').trim_start_matches("compute/v1/"),
        };
        let mut parts: Vec<&str> = path.split('/').collect();
        let mut project = None;
        if parts.first() == Some(&"projects") && parts.len() > 2 {
            project = Some(parts[1].to_owned());
            parts.drain(..2);
        }
        let (place, rest) = match parts.as_slice() {
            [kind @ ("zones" | "regions"), name] => (None, vec![*kind, *name]),
            ["zones" | "regions", place, rest @ ..] => (Some((*place).to_owned()), rest.to_vec()),
            ["global", rest @ ..] => (None, rest.to_vec()),
            _ => return None,
        };
        let (name, collection) = rest.split_last()?;
        let whole = !collection.is_empty() && rest.iter().all(|part| !part.is_empty());
        whole.then(|| Self { project, place, collection: collection.join("/"), name: (*name).to_owned() })
    }

    /// The name, where the address is one of `collection` in `place`.
    pub(super) fn name_in(text: &str, collection: &str, place: Option<&str>) -> Option<String> {
        let link = Self::parse(text)?;
        (link.collection == collection && link.place.as_deref() == place).then_some(link.name)
    }
}

/// `projects/P/zones/Z/disks/D`, as errors write it.
pub(super) fn zonal(project: &str, zone: &str, collection: &str, name: &str) -> String {
    format!("projects/{project}/zones/{zone}/{collection}/{name}")
}

pub(super) fn regional(project: &str, region: &str, collection: &str, name: &str) -> String {
    format!("projects/{project}/regions/{region}/{collection}/{name}")
}

pub(super) fn global(project: &str, collection: &str, name: &str) -> String {
    format!("projects/{project}/global/{collection}/{name}")
}

/// The full address of such a path.
pub(super) fn full(path: &str) -> String {
    format!("https://www.googleapis.com/compute/v1/{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_and_partial_addresses_name_the_same() {
        let forms = [
            "https://www.googleapis.com/compute/v1/projects/p/zones/z/machineTypes/t",
            "http://127.0.0.1:80/compute/v1/projects/p/zones/z/machineTypes/t",
            "projects/p/zones/z/machineTypes/t",
            "zones/z/machineTypes/t",
        ];
        for form in forms {
            assert_eq!(Link::name_in(form, "machineTypes", Some("z")).as_deref(), Some("t"), "{form}");
        }
        let family = Link::parse("projects/debian-cloud/global/images/family/debian-12").unwrap();
        assert_eq!((family.collection.as_str(), family.name.as_str()), ("images/family", "debian-12"));
        assert_eq!(family.project.as_deref(), Some("debian-cloud"));
        assert_eq!(Link::parse("t2a-standard-1"), None);
        assert_eq!(Link::parse("zones/z/machineTypes/"), None);
        assert_eq!(Link::parse("projects/p/zones/z").unwrap().collection, "zones");
    }
}
