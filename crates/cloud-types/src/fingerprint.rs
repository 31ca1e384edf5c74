//! The fingerprint of a spec: equal wishes have equal fingerprints, and it travels as a label on what they made.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{
    Architecture, DiskClass, HostSpec, Image, Inbound, InboundPort, Machine, OnDelete, Pricing, Requirements,
    SshPublicKey,
};

/// 128 bits of SHA-256 over all of a [`HostSpec`] that shapes the host, as 32 hexadecimal digits.
///
/// The [`CreateToken`](crate::CreateToken) is not in it: it marks a wish and shapes nothing. The order of SSH keys and
/// ports does not matter. Stable over releases: a host made by an older one is recognised by a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct SpecFingerprint(String);

impl SpecFingerprint {
    /// The 32 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpecFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HostSpec {
    /// The fingerprint of this wish.
    #[must_use]
    pub fn fingerprint(&self) -> SpecFingerprint {
        let mut fields = Fields(Sha256::new());
        fields.add("name", self.name.as_str());
        fields.add("region", self.region.as_str());
        fields.add("zone", self.zone.as_ref().map_or("", |zone| zone.as_str()));
        match &self.machine {
            Machine::Named(name) => fields.add("machine", name.as_str()),
            Machine::AtLeast(least) => fields.add_requirements(least),
        }
        match &self.image {
            Image::Ubuntu(version) => fields.add("ubuntu", version),
            Image::Debian(version) => fields.add("debian", version),
            Image::Snapshot(id) => fields.add("snapshot", id.as_str()),
            Image::Id(id) => fields.add("image", id),
        }
        if let Some(size) = self.boot_disk.size {
            fields.add("boot-disk", &size.0.to_string());
        }
        fields.add("boot-disk-class", class(self.boot_disk.class));
        if let Some(disk) = &self.data_disk {
            fields.add("data-disk", &disk.size.0.to_string());
            fields.add("data-disk-class", class(disk.class));
            fields.add("data-disk-kept", if disk.on_delete == OnDelete::Keep { "yes" } else { "no" });
        }
        let pricing = match self.pricing {
            Pricing::OnDemand => "on demand",
            Pricing::Spot => "spot",
        };
        fields.add("pricing", pricing);
        let mut keys: Vec<_> = self.ssh_keys.iter().map(SshPublicKey::fingerprint).collect();
        keys.sort_unstable();
        fields.add("keys", &keys.join(","));
        fields.add("user-data", self.user_data.as_ref().map_or("", |data| data.expose()));
        for (key, value) in self.labels.iter() {
            fields.add("label", &format!("{key}={value}"));
        }
        fields.add("ipv4", &self.public_network.ipv4.to_string());
        fields.add("ipv6", &self.public_network.ipv6.to_string());
        match &self.inbound {
            Inbound::ProviderDefault => fields.add("inbound", "default"),
            Inbound::Only(ports) => {
                let mut ports: Vec<_> = ports.iter().map(port_text).collect();
                ports.sort_unstable();
                fields.add("inbound-only", &ports.join(","));
            }
        }
        SpecFingerprint(fields.finish())
    }
}

/// Length-prefixed fields, so that no two lists of fields hash alike.
struct Fields(Sha256);

impl Fields {
    fn add(&mut self, name: &str, value: &str) {
        for text in [name, value] {
            self.0.update((text.len() as u64).to_be_bytes());
            self.0.update(text.as_bytes());
        }
    }

    fn add_requirements(&mut self, least: &Requirements) {
        self.add("vcpus", &least.vcpus.to_string());
        if let Some(memory) = least.memory {
            self.add("memory", &memory.0.to_string());
        }
        if let Some(gpu) = &least.gpu {
            self.add("gpu", &format!("{} {}", gpu.count, gpu.model));
        }
        let architecture = match least.architecture.unwrap_or(Architecture::X86_64) {
            Architecture::X86_64 => "x86-64",
            Architecture::Arm64 => "arm64",
        };
        self.add("architecture", architecture);
        if let Some(price) = least.max_hourly {
            self.add("max-hourly", &price.to_string());
        }
    }

    fn finish(self) -> String {
        self.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn class(class: DiskClass) -> &'static str {
    match class {
        DiskClass::Standard => "standard",
        DiskClass::Capacity => "capacity",
        DiskClass::Performance => "performance",
    }
}

fn port_text(port: &InboundPort) -> String {
    let sources: Vec<String> = port.sources().iter().map(ToString::to_string).collect();
    format!("{port} from {}", sources.join(" "))
}

#[cfg(test)]
mod tests {
    use crate::{
        CreateToken, DataDisk, DiskClass, GiB, HostSpec, Image, InboundPort, Machine, MiB, Name, Pricing,
        PublicNetwork, Region, Requirements, UserData, Zone,
    };

    fn spec() -> HostSpec {
        let machine = Machine::named("cx22").unwrap();
        HostSpec::new(Name::new("web").unwrap(), Region::new("fsn1").unwrap(), machine, Image::ubuntu("24.04"))
    }

    #[test]
    fn a_fingerprint_is_stable_over_releases() {
        assert_eq!(spec().fingerprint().as_str(), "6b17ccc01d1f550d51547ed21404f3df");
    }

    #[test]
    fn a_fingerprint_of_a_spec_with_everything_is_stable_too() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
        let least = Requirements::new().vcpus(2).memory(MiB::from_gib(4)).gpu("H100", 1);
        let mut full = spec()
            .zone(Zone::new("fsn1-dc14").unwrap())
            .boot_disk_size(GiB(40))
            .boot_disk_class(DiskClass::Performance)
            .data_disk(DataDisk::new(GiB(100)).class(DiskClass::Capacity).keep())
            .pricing(Pricing::Spot)
            .ssh_key(key.parse().unwrap())
            .user_data(UserData::new("#cloud-config"))
            .label("role", "db")
            .unwrap()
            .public_network(PublicNetwork::BOTH)
            .inbound("5432/tcp".parse::<InboundPort>().unwrap().from_source("192.0.2.0/24".parse().unwrap()));
        full.machine = least.into();
        assert_eq!(full.fingerprint().as_str(), "96334f1399bd52ffdb2bdc9b08ae134e");
    }

    #[test]
    fn what_shapes_the_host_changes_the_fingerprint() {
        let base = spec();
        let others = [
            base.clone().boot_disk_size(GiB(40)),
            base.clone().user_data(UserData::new("x")),
            base.clone().label("a", "b").unwrap(),
            base.clone().inbound(InboundPort::tcp(22).unwrap()),
            base.clone().name(Name::new("web2").unwrap()),
        ];
        for other in others {
            assert_ne!(other.fingerprint(), base.fingerprint(), "{other:?}");
        }
    }

    #[test]
    fn a_token_and_the_order_of_ports_do_not() {
        let (ssh, web) = (InboundPort::tcp(22).unwrap(), InboundPort::tcp(80).unwrap());
        let one = spec().inbound(ssh.clone()).inbound(web.clone());
        let other = spec().inbound(web).inbound(ssh).create_token(CreateToken::random());
        assert_eq!(one.fingerprint(), other.fingerprint());
    }
}
