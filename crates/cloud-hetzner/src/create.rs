//! Creating a host exactly once.
//!
//! Server names are unique in a project, so Hetzner itself refuses a second server; what is left to do is to find the
//! first one again: when the name is taken, and when no answer came. The labels that travel in the create call tell
//! whose it is and which wish made it.

use std::collections::BTreeMap;

use cloud_types::ownership::{self, Match};
use cloud_types::{CreateToken, Created, Error, ErrorKind, HostSpec, Result, UserData};

use crate::companions::{Made, Ready, TRIES, needs_companions};
use crate::host::Inner;
use crate::plan::Plan;
use crate::wire::{CreateServer, CreateServerResponse, FirewallRef, PublicNetRequest, Server};
use crate::{convert, delete, labels};

type Labels = BTreeMap<String, String>;

/// Whether this call has sent a create that may have been carried out.
#[derive(Clone, Copy)]
enum Asked {
    Never,
    Maybe,
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
        let mut made = Made::default();
        let outcome = self.create_planned(spec, &plan, &labels, &mut made).await;
        if let Err(error) = &outcome
            && is_certain(error.kind())
        {
            // Best effort: what this call made for a host that is not there. A repeat of the call, a delete of a host
            // that is gone, and a sweep find it too.
            let _ = delete::remove_made(self, made).await;
        }
        outcome
    }

    async fn create_planned(&self, spec: &HostSpec, plan: &Plan, labels: &Labels, made: &mut Made) -> Result<Created> {
        let (mut tries, mut asked) = (0, Asked::Never);
        loop {
            let attempt = match self.ensure_companions(spec, made).await {
                Ok(ready) => self.api.create_server(&self.body(spec, plan, labels, ready)).await,
                // The data disk hangs on a server: on ours, where an attempt was carried out unheard. Or it was found, and
                // is gone with the failure of the create that made it.
                Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::NotFound) => Err(error),
                Err(error) => return Err(error),
            };
            let error = match attempt {
                Ok(made) => return self.made(made),
                Err(error) => error,
            };
            tries += 1;
            match error.kind() {
                // Look before it is sent again: the name tells.
                ErrorKind::AlreadyExists | ErrorKind::OutcomeUnknown | ErrorKind::Conflict => {
                    if error.kind() == ErrorKind::OutcomeUnknown {
                        asked = Asked::Maybe;
                    }
                    match self.api.find_server(spec.name.as_str()).await? {
                        Some(server) if server.status != "deleting" => return self.judge(server, labels, asked),
                        _ if tries < TRIES => {}
                        _ if error.kind() == ErrorKind::AlreadyExists => {
                            return Err(error.with_kind(ErrorKind::Conflict).with_context("the name is not free yet"));
                        }
                        _ => return Err(error),
                    }
                }
                // A key, firewall or volume has gone with another host's delete: make it anew.
                ErrorKind::NotFound if tries < TRIES && needs_companions(spec) => self.companions.forget(),
                ErrorKind::NotFound => return Err(error.with_kind(ErrorKind::InvalidRequest)),
                _ => return Err(error),
            }
            self.pause().await;
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
        if let (Match::SameWish, Asked::Maybe) = (verdict, asked) {
            self.reader.made(server.id);
        }
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
}

/// Whether an error leaves no doubt that the host was not made, and the API is there to clean up by.
fn is_certain(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::OutcomeUnknown
            | ErrorKind::RateLimited
            | ErrorKind::Timeout
            | ErrorKind::Unauthenticated
            | ErrorKind::Unavailable
            | ErrorKind::Unexpected
    )
}
