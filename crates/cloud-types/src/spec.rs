//! What a caller asks for: one host, described whole.

use std::fmt;

use crate::{
    CreateToken, GiB, Inbound, InboundPort, Labels, Machine, Name, PublicNetwork, Region, Result, SnapshotId,
    SshPublicKey, UserData, Zone,
};

/// The wish for a host, handed to [`create_host`](crate::CloudProvider::create_host).
///
/// ```
/// use cloud_types::{HostSpec, Image, InboundPort, Machine, Name, Region};
///
/// let spec = HostSpec::new(Name::new("web-1")?, Region::new("fsn1")?, Machine::named("cx22")?, Image::ubuntu("24.04"))
///     .label("role", "web")?
///     .inbound(InboundPort::tcp(443)?);
/// assert_eq!(spec.name.as_str(), "web-1");
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct HostSpec {
    /// The host's name: with the provider's [`Owner`](crate::Owner) it identifies the host.
    pub name: Name,
    /// Where it lives.
    pub region: Region,
    /// Which zone of the region; the provider chooses where nothing is said.
    #[cfg_attr(feature = "serde", serde(default))]
    pub zone: Option<Zone>,
    /// What it runs on.
    pub machine: Machine,
    /// What it boots.
    pub image: Image,
    /// The disk it boots from.
    #[cfg_attr(feature = "serde", serde(default))]
    pub boot_disk: BootDisk,
    /// A second disk, which can outlive the host.
    #[cfg_attr(feature = "serde", serde(default))]
    pub data_disk: Option<DataDisk>,
    /// How it is paid.
    #[cfg_attr(feature = "serde", serde(default))]
    pub pricing: Pricing,
    /// Who may log in. Without a key some providers make a password, which this library never reads.
    #[cfg_attr(feature = "serde", serde(default))]
    pub ssh_keys: Vec<SshPublicKey>,
    /// What it does at its first boot. It often holds secrets: a spec with user data cannot be serialized. Take it out,
    /// keep it where secrets are kept, and put it back before the create.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none", serialize_with = "refuse", skip_deserializing)
    )]
    pub user_data: Option<UserData>,
    /// The caller's own labels.
    #[cfg_attr(feature = "serde", serde(default))]
    pub labels: Labels,
    /// Which public addresses it gets.
    #[cfg_attr(feature = "serde", serde(default))]
    pub public_network: PublicNetwork,
    /// What is let in from outside.
    #[cfg_attr(feature = "serde", serde(default))]
    pub inbound: Inbound,
    /// The caller's own mark of this wish, stored before the call, by which a create after a crash finds its host.
    #[cfg_attr(feature = "serde", serde(default))]
    pub create_token: Option<CreateToken>,
}

impl HostSpec {
    /// The names of the fields, as [`Error::field`](crate::Error::field) tells them.
    pub const FIELDS: [&str; 14] = [
        "name",
        "region",
        "zone",
        "machine",
        "image",
        "boot_disk",
        "data_disk",
        "pricing",
        "ssh_keys",
        "user_data",
        "labels",
        "public_network",
        "inbound",
        "create_token",
    ];

    /// A host with the provider's default disk, paid on demand, with a public IPv4 address.
    #[must_use]
    pub fn new(name: Name, region: Region, machine: impl Into<Machine>, image: Image) -> Self {
        Self {
            name,
            region,
            zone: None,
            machine: machine.into(),
            image,
            boot_disk: BootDisk::default(),
            data_disk: None,
            pricing: Pricing::OnDemand,
            ssh_keys: Vec::new(),
            user_data: None,
            labels: Labels::new(),
            public_network: PublicNetwork::default(),
            inbound: Inbound::default(),
            create_token: None,
        }
    }

    /// Gives it another name.
    #[must_use]
    pub fn name(mut self, name: Name) -> Self {
        self.name = name;
        self
    }

    /// Places it in this zone of its region.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Gives it a boot disk of this size.
    #[must_use]
    pub fn boot_disk_size(mut self, size: GiB) -> Self {
        self.boot_disk.size = Some(size);
        self
    }

    /// Gives it a boot disk this fast.
    #[must_use]
    pub fn boot_disk_class(mut self, class: DiskClass) -> Self {
        self.boot_disk.class = class;
        self
    }

    /// Gives it a data disk.
    #[must_use]
    pub fn data_disk(mut self, disk: DataDisk) -> Self {
        self.data_disk = Some(disk);
        self
    }

    /// Pays for it so.
    #[must_use]
    pub fn pricing(mut self, pricing: Pricing) -> Self {
        self.pricing = pricing;
        self
    }

    /// Lets this key log in, besides those said before.
    #[must_use]
    pub fn ssh_key(mut self, key: SshPublicKey) -> Self {
        if !self.ssh_keys.contains(&key) {
            self.ssh_keys.push(key);
        }
        self
    }

    /// Hands it this at its first boot.
    #[must_use]
    pub fn user_data(mut self, data: UserData) -> Self {
        self.user_data = Some(data);
        self
    }

    /// Labels it.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `labels`, by the rules of [`Labels`].
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Result<Self> {
        self.labels = self.labels.with(key, value)?;
        Ok(self)
    }

    /// Gives it these public addresses.
    #[must_use]
    pub fn public_network(mut self, network: PublicNetwork) -> Self {
        self.public_network = network;
        self
    }

    /// Lets this port in, and of all others only those said besides.
    #[must_use]
    pub fn inbound(mut self, port: InboundPort) -> Self {
        match &mut self.inbound {
            Inbound::ProviderDefault => self.inbound = Inbound::Only(vec![port]),
            Inbound::Only(ports) if ports.contains(&port) => {}
            Inbound::Only(ports) => ports.push(port),
        }
        self
    }

    /// Marks this wish, so that a create after a crash finds its host.
    #[must_use]
    pub fn create_token(mut self, token: CreateToken) -> Self {
        self.create_token = Some(token);
        self
    }
}

/// User data in a spec that is being serialized.
#[cfg(feature = "serde")]
fn refuse<S: serde::Serializer>(_: &Option<UserData>, _: S) -> std::result::Result<S::Ok, S::Error> {
    Err(serde::ser::Error::custom("user_data is secret and is not serialized: take it out of the spec first"))
}

/// What a host boots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Image {
    /// Ubuntu of a version such as `24.04`, for the machine's architecture.
    Ubuntu(String),
    /// Debian of a version such as `12`, for the machine's architecture.
    Debian(String),
    /// A snapshot made before.
    Snapshot(SnapshotId),
    /// The provider's own id or name of an image.
    Id(String),
}

impl Image {
    /// Ubuntu of a version such as `24.04`.
    pub fn ubuntu(version: impl Into<String>) -> Self {
        Self::Ubuntu(version.into())
    }

    /// Debian of a version such as `12`.
    pub fn debian(version: impl Into<String>) -> Self {
        Self::Debian(version.into())
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ubuntu(version) => write!(f, "Ubuntu {version}"),
            Self::Debian(version) => write!(f, "Debian {version}"),
            Self::Snapshot(id) => write!(f, "snapshot {id}"),
            Self::Id(id) => f.write_str(id),
        }
    }
}

/// The disk that a host boots from; what is not said is the provider's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct BootDisk {
    /// How large.
    pub size: Option<GiB>,
    /// How fast.
    pub class: DiskClass,
}

/// A disk besides the boot disk. It is attached, not formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DataDisk {
    /// How large.
    pub size: GiB,
    /// How fast.
    pub class: DiskClass,
    /// What becomes of it when the host is deleted.
    pub on_delete: OnDelete,
}

impl DataDisk {
    /// A disk of the provider's default class that goes with its host.
    #[must_use]
    pub fn new(size: GiB) -> Self {
        Self { size, class: DiskClass::default(), on_delete: OnDelete::Delete }
    }

    /// Makes it this fast.
    #[must_use]
    pub fn class(mut self, class: DiskClass) -> Self {
        self.class = class;
        self
    }

    /// Lets the disk outlive its host; a host created later under the same name gets it back.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.on_delete = OnDelete::Keep;
        self
    }
}

/// What becomes of a data disk when its host is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OnDelete {
    /// It goes with the host.
    Delete,
    /// It stays, billed, until it is deleted as a volume.
    Keep,
}

/// How fast a disk is, in words that every provider has something for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum DiskClass {
    /// What the provider gives by default.
    #[default]
    Standard,
    /// The cheapest a gibibyte.
    Capacity,
    /// The fastest.
    Performance,
}

/// How a host is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Pricing {
    /// By use, until deleted.
    #[default]
    OnDemand,
    /// Cheaper, and taken away when the provider needs the machine.
    Spot,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the fields that are listed here; the list compiles only where it is whole.
    macro_rules! names {
        ($($field:ident),+) => {{
            fn all(HostSpec { $($field: _),+ }: HostSpec) -> Vec<&'static str> {
                vec![$(stringify!($field)),+]
            }
            all
        }};
    }

    #[test]
    fn every_field_is_among_the_names() {
        let machine = Machine::named("small").unwrap();
        let (name, region) = (Name::new("web").unwrap(), Region::new("here").unwrap());
        let names = names!(
            name,
            region,
            zone,
            machine,
            image,
            boot_disk,
            data_disk,
            pricing,
            ssh_keys,
            user_data,
            labels,
            public_network,
            inbound,
            create_token
        );
        assert_eq!(names(HostSpec::new(name, region, machine, Image::debian("12"))), HostSpec::FIELDS);
    }
}
