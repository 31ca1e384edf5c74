//! The fingerprint of a spec: equal specs have equal fingerprints, and a host carries its spec's fingerprint as a label.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{
    Architecture, BootDisk, DataDisk, DiskClass, GiB, GpuRequirement, HostSpec, Image, Inbound, InboundPort, Machine,
    MiB, Money, OnDelete, Pricing, PublicNetwork, Requirements, SshPublicKey,
};

/// 128 bits of SHA-256 over all of a [`HostSpec`] that shapes the host, as 32 hexadecimal digits.
///
/// The [`CreateToken`](crate::CreateToken) is not in it: it marks a request and shapes nothing. The order of SSH keys and
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
    /// The fingerprint of this spec.
    #[must_use]
    pub fn fingerprint(&self) -> SpecFingerprint {
        // Every struct of the spec is taken apart without `..`: a field that is added compiles only once it has its place
        // below, or a stated reason to have none. A field that is absent must add nothing, or all older hosts lose theirs.
        let Self {
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
            create_token: _, // marks a request and shapes nothing
        } = self;
        let mut fields = Fields(Sha256::new());
        fields.add("name", name.as_str());
        fields.add("region", region.as_str());
        fields.add("zone", zone.as_ref().map_or("", |zone| zone.as_str()));
        fields.add_machine(machine);
        fields.add_image(image);
        fields.add_boot_disk(*boot_disk);
        if let Some(disk) = data_disk {
            fields.add_data_disk(*disk);
        }
        fields.add("pricing", pricing_text(*pricing));
        let mut keys: Vec<_> = ssh_keys.iter().map(SshPublicKey::fingerprint).collect();
        keys.sort_unstable();
        fields.add("keys", &keys.join(","));
        fields.add("user-data", user_data.as_ref().map_or("", |data| data.expose()));
        for (key, value) in labels.iter() {
            fields.add("label", &format!("{key}={value}"));
        }
        fields.add_public_network(*public_network);
        fields.add_inbound(inbound);
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

    fn add_machine(&mut self, machine: &Machine) {
        match machine {
            Machine::Named(name) => self.add("machine", name.as_str()),
            Machine::AtLeast(least) => self.add_requirements(least),
        }
    }

    fn add_requirements(&mut self, least: &Requirements) {
        let Requirements { vcpus, memory, gpu, architecture, max_hourly } = least;
        self.add("vcpus", &vcpus.to_string());
        if let Some(MiB(mebibytes)) = memory {
            self.add("memory", &mebibytes.to_string());
        }
        if let Some(GpuRequirement { model, count }) = gpu {
            self.add("gpu", &format!("{count} {model}"));
        }
        let architecture = match architecture.unwrap_or(Architecture::X86_64) {
            Architecture::X86_64 => "x86-64",
            Architecture::Arm64 => "arm64",
        };
        self.add("architecture", architecture);
        if let Some(Money { amount, currency }) = max_hourly {
            self.add("max-hourly", &format!("{amount} {currency}"));
        }
    }

    fn add_image(&mut self, image: &Image) {
        match image {
            Image::Ubuntu(version) => self.add("ubuntu", version),
            Image::Debian(version) => self.add("debian", version),
            Image::Snapshot(id) => self.add("snapshot", id.as_str()),
            Image::Id(id) => self.add("image", id),
        }
    }

    fn add_boot_disk(&mut self, disk: BootDisk) {
        let BootDisk { size, class } = disk;
        if let Some(GiB(gibibytes)) = size {
            self.add("boot-disk", &gibibytes.to_string());
        }
        self.add("boot-disk-class", class_text(class));
    }

    fn add_data_disk(&mut self, disk: DataDisk) {
        let DataDisk { size: GiB(gibibytes), class, on_delete } = disk;
        self.add("data-disk", &gibibytes.to_string());
        self.add("data-disk-class", class_text(class));
        let kept = match on_delete {
            OnDelete::Keep => "yes",
            OnDelete::Delete => "no",
        };
        self.add("data-disk-kept", kept);
    }

    fn add_public_network(&mut self, network: PublicNetwork) {
        let PublicNetwork { ipv4, ipv6 } = network;
        self.add("ipv4", &ipv4.to_string());
        self.add("ipv6", &ipv6.to_string());
    }

    fn add_inbound(&mut self, inbound: &Inbound) {
        match inbound {
            Inbound::ProviderDefault => self.add("inbound", "default"),
            Inbound::Only(ports) => {
                let mut ports: Vec<_> = ports.iter().map(InboundPort::identity).collect();
                ports.sort_unstable();
                self.add("inbound-only", &ports.join(","));
            }
        }
    }

    fn finish(self) -> String {
        self.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn class_text(class: DiskClass) -> &'static str {
    match class {
        DiskClass::Standard => "standard",
        DiskClass::Capacity => "capacity",
        DiskClass::Performance => "performance",
    }
}

fn pricing_text(pricing: Pricing) -> &'static str {
    match pricing {
        Pricing::OnDemand => "on demand",
        Pricing::Spot => "spot",
    }
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
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
        let disk = DataDisk::new(GiB(100));
        let ports: InboundPort = "8000-8010/udp".parse().unwrap();
        let others = [
            HostSpec { region: Region::new("nbg1").unwrap(), ..base.clone() },
            HostSpec { machine: Requirements::new().into(), ..base.clone() },
            HostSpec { machine: Requirements::new().vcpus(2).into(), ..base.clone() },
            HostSpec { image: Image::debian("12"), ..base.clone() },
            base.clone().zone(Zone::new("fsn1-dc14").unwrap()),
            base.clone().boot_disk_size(GiB(40)),
            base.clone().boot_disk_class(DiskClass::Performance),
            base.clone().data_disk(disk),
            base.clone().data_disk(disk.keep()),
            base.clone().data_disk(disk.class(DiskClass::Capacity)),
            base.clone().pricing(Pricing::Spot),
            base.clone().ssh_key(key.parse().unwrap()),
            base.clone().public_network(PublicNetwork::BOTH),
            base.clone().public_network(PublicNetwork::NONE),
            base.clone().inbound(ports.clone()),
            base.clone().inbound(ports.from_source("192.0.2.0/24".parse().unwrap())),
            base.clone().user_data(UserData::new("x")),
            base.clone().label("a", "b").unwrap(),
            base.clone().inbound(InboundPort::tcp(22).unwrap()),
            base.clone().name(Name::new("web2").unwrap()),
        ];
        let mut seen = vec![base.fingerprint()];
        for other in others {
            assert!(!seen.contains(&other.fingerprint()), "{other:?}");
            seen.push(other.fingerprint());
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
