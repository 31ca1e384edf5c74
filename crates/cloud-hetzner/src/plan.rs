//! What is checked and looked up before a create: the known rules, the machine type and the image.

use cloud_types::{DiskClass, Error, HostSpec, Image, Inbound, Machine, PublicNetwork, Result};

use crate::convert;
use crate::host::Inner;

/// What the catalog made of a spec.
pub(crate) struct Plan {
    pub(crate) machine_type: String,
    pub(crate) image: String,
}

impl Inner {
    /// What is known to be wrong before any call.
    pub(crate) fn check(&self, spec: &HostSpec) -> Result<()> {
        self.capabilities().check(spec)?;
        if spec.public_network == PublicNetwork::NONE {
            let rule = "must hold an IPv4 or an IPv6 address: without either it needs a private network";
            return Err(Error::invalid("public_network", rule));
        }
        if spec.boot_disk.class != DiskClass::Standard {
            return Err(Error::invalid("boot_disk", "must be of the standard class: there is one kind of disk here"));
        }
        if spec.data_disk.is_some_and(|disk| disk.class != DiskClass::Standard) {
            return Err(Error::invalid("data_disk", "must be of the standard class: there is one kind of volume here"));
        }
        if let Inbound::Only(ports) = &spec.inbound
            && ports.len() > MAX_RULES
        {
            return Err(Error::invalid("inbound", format!("must be at most {MAX_RULES} ports or ranges")));
        }
        if let Image::Snapshot(id) = &spec.image {
            convert::number(id.as_str())
                .map_err(|_| Error::invalid("image", format!("there is no snapshot {id}: an id here is a number")))?;
        }
        Ok(())
    }

    /// Resolves machine and image by the catalog.
    pub(crate) async fn plan(&self, spec: &HostSpec) -> Result<Plan> {
        let catalog = self.catalog.get(self).await?;
        catalog.check_region(&spec.region)?;
        let machine_type = match &spec.machine {
            Machine::Named(name) => catalog.machine_type(name, &spec.region)?,
            Machine::AtLeast(required) => catalog.cheapest(&spec.region, required)?,
            _ => return Err(Error::unsupported("this provider does not know that way to choose a machine")),
        };
        let image = match &spec.image {
            Image::Ubuntu(version) => catalog.system_image(&format!("ubuntu-{version}"), machine_type)?,
            Image::Debian(version) => catalog.system_image(&format!("debian-{version}"), machine_type)?,
            Image::Snapshot(id) => id.to_string(),
            Image::Id(id) if convert::number(id).is_ok() => id.clone(),
            Image::Id(name) => catalog.system_image(name, machine_type)?,
            _ => return Err(Error::unsupported("this provider does not know that kind of image")),
        };
        Ok(Plan { machine_type: machine_type.name.to_string(), image })
    }
}

/// The most rules of one firewall (<https://docs.hetzner.com/cloud/firewalls/faq>).
const MAX_RULES: usize = 50;
