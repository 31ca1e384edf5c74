//! Creating a host exactly once.
//!
//! Server names are unique in a project, so Hetzner itself refuses a second server; what is left to do is to find the
//! first one again: when the name is taken, and when no answer came. The labels that travel in the create call tell
//! whose it is and which wish made it.

use std::collections::BTreeMap;

use cloud_types::ownership::{self, Match};
use cloud_types::{
    CreateToken, Created, DiskClass, Error, ErrorKind, HostSpec, Image, Machine, PublicNetwork, Result, UserData,
};

use crate::companions::{LAG_PAUSE, Ready, TRIES};
use crate::host::Inner;
use crate::wire::{CreateServer, CreateServerResponse, FirewallRef, PublicNetRequest, Server};
use crate::{convert, delete, labels};

type Labels = BTreeMap<String, String>;

/// Whether this call has sent a create that may have been carried out.
#[derive(Clone, Copy)]
enum Asked {
    Never,
    Maybe,
}

/// What the catalog made of a spec.
pub(crate) struct Plan {
    pub(crate) machine_type: String,
    pub(crate) image: String,
}

impl Inner {
    pub(crate) async fn create(&self, spec: &HostSpec) -> Result<Created> {
        self.check(spec)?;
        let token = spec.create_token.clone().unwrap_or_else(CreateToken::random);
        let labels = labels::of_host(&self.owner, spec, &token);
        // Nothing is made for a host that is there already or cannot be: one look before the first companion.
        if !self.has_companions(spec)
            && let Some(server) = self.api.find_server(spec.name.as_str()).await?
            && server.status != "deleting"
        {
            return self.judge(server, &labels, Asked::Never);
        }
        let plan = self.plan(spec).await?;
        let outcome = self.create_planned(spec, &plan, &labels).await;
        if outcome.is_err() {
            // Best effort: what this call made for a host that is not there. A repeat of the call, any delete of a host
            // that is gone, and a sweep find it too.
            self.companions.forget();
            let _ = delete::remove_unused(self, spec).await;
        }
        outcome
    }

    async fn create_planned(&self, spec: &HostSpec, plan: &Plan, labels: &Labels) -> Result<Created> {
        let (mut tries, mut asked) = (0, Asked::Never);
        loop {
            let attempt = match self.ensure_companions(spec).await {
                Ok(ready) => self.api.create_server(&self.body(spec, plan, labels, ready)).await,
                Err(error) => Err(error),
            };
            let error = match attempt {
                Ok(made) => return self.made(made),
                Err(error) => error,
            };
            tries += 1;
            if error.kind() == ErrorKind::OutcomeUnknown {
                asked = Asked::Maybe;
            }
            match error.kind() {
                // Look before it is sent again: the name tells. In a conflict the data disk hangs on a server: on ours,
                // if the answer to an earlier attempt was lost, or if another process was faster.
                ErrorKind::AlreadyExists | ErrorKind::OutcomeUnknown | ErrorKind::Conflict => {
                    match self.api.find_server(spec.name.as_str()).await? {
                        Some(server) if server.status != "deleting" => return self.judge(server, labels, asked),
                        _ if tries < TRIES => self.clock.sleep(LAG_PAUSE).await,
                        _ => return Err(error),
                    }
                }
                // A key, firewall or volume has gone with another host's delete: make it anew.
                ErrorKind::NotFound if tries < TRIES => self.companions.forget(),
                ErrorKind::NotFound => return Err(error.with_kind(ErrorKind::InvalidRequest)),
                _ => return Err(error),
            }
        }
    }

    fn made(&self, made: CreateServerResponse) -> Result<Created> {
        let actions = std::iter::once(&made.action).chain(&made.next_actions).map(|action| action.id);
        self.reader.made(made.server.id);
        self.reader.begun(made.server.id, Some(&made.server.name), actions);
        Ok(Created::New(self.catalog.priced(convert::host(made.server)?)))
    }

    /// What a server that bears the name is to the wish.
    fn judge(&self, server: Server, wished: &Labels, asked: Asked) -> Result<Created> {
        let verdict = ownership::compare(&server.labels, wished);
        self.reader.begun(server.id, Some(&server.name), []);
        let host = self.catalog.priced(convert::host(server)?);
        let taken = |by: &str| {
            let message = format!("the name {} is taken by {by}", host.name);
            Err(Error::new(ErrorKind::AlreadyExists, message))
        };
        match (verdict, asked) {
            (Match::SameWish, Asked::Maybe) => Ok(Created::New(host)),
            (Match::SameWish | Match::SameSpec, _) => Ok(Created::Existing(host)),
            (Match::OtherSpec, _) => taken("a host of yours with another spec"),
            (Match::OtherOwner, _) => taken("a host that is not yours: names are unique in a project"),
        }
    }

    fn body<'a>(&self, spec: &'a HostSpec, plan: &'a Plan, labels: &'a Labels, ready: Ready) -> CreateServer<'a> {
        CreateServer {
            name: spec.name.as_str(),
            location: spec.region.as_str(),
            server_type: &plan.machine_type,
            image: plan.image.clone(),
            ssh_keys: ready.ssh_keys,
            volumes: ready.volume.into_iter().collect(),
            firewalls: ready.firewall.map(|firewall| FirewallRef { firewall }).into_iter().collect(),
            user_data: spec.user_data.as_ref().map(UserData::expose),
            labels,
            public_net: PublicNetRequest {
                enable_ipv4: spec.public_network.ipv4,
                enable_ipv6: spec.public_network.ipv6,
            },
            automount: false,
            start_after_create: true,
        }
    }

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
            Image::Id(id) if id.bytes().all(|byte| byte.is_ascii_digit()) => id.clone(),
            Image::Id(name) => catalog.system_image(name, machine_type)?,
            _ => return Err(Error::unsupported("this provider does not know that kind of image")),
        };
        Ok(Plan { machine_type: machine_type.name.to_string(), image })
    }
}
