//! Reading hosts that are waited for: many readers, few calls.
//!
//! One of the readers asks for all, as in [`Together`]. A host that this process has named is read by its label together
//! with up to 49 others; one that nobody has named is read alone.

use std::time::Duration;

use cloud_driver::{Account, Known, Recent, Together};
use cloud_types::clock::within;
use cloud_types::{ErrorKind, HostId, Result, ownership};
use futures::future::try_join_all;

use crate::client::{Api, PER_PAGE};
use crate::convert::{self, Seen};
use crate::operations::Operations;

/// The hosts that somebody waits for, and the actions that run on them.
#[derive(Debug)]
pub(crate) struct Reader {
    account: Account,
    api: Api,
    pub(crate) recent: Recent<u64, u64>,
    names: Known<u64, String>,
    together: Together<Host, Seen>,
}

/// The id and the name of a host.
type Host = (u64, String);

impl Reader {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        let together = Together::new(account.shared_clock(), GATHER, PER_PAGE as usize);
        let (recent, names) = (Recent::new(account), Known::default());
        Self { account: account.clone(), api: api.clone(), recent, names, together }
    }

    /// Remembers a host that was made just now, as far as anyone can tell, and the actions that make it.
    pub(crate) fn made(&self, server: &Seen, actions: impl IntoIterator<Item = u64>) {
        self.names.learn(server.number, server.host.name.clone());
        self.recent.made(server.number);
        self.recent.begun(server.number, actions);
    }

    /// Reads a host alone. One that this process has just made is not taken for gone while it may be shown late.
    pub(crate) async fn read_alone(&self, id: &HostId) -> Result<Seen> {
        let number = convert::number(id.as_str())?;
        self.recent.read(&number, || self.get(number)).await
    }

    /// Waits a while for the actions that this process has begun on a host, whose failures are this call's, then reads the
    /// host together with the others that are being read.
    pub(crate) async fn read_when_done(&self, id: &HostId, operations: &Operations) -> Result<Seen> {
        let number = convert::number(id.as_str())?;
        let ending = self.recent.running(&number).into_iter().map(|action| async move {
            let ended = operations.wait(action).await?;
            self.recent.ended(&number, |one| *one == action);
            ended
        });
        let longest = *self.account.capabilities().poll.end();
        if let Some(ended) = within(self.account.clock(), longest, try_join_all(ending)).await {
            ended?;
        }
        if let Some(name) = self.names.get(&number)
            && let Some(seen) = self.together.ask((number, name), |batch| self.ask(batch)).await?
        {
            return Ok(seen);
        }
        // Not in the list: too new or gone. Only the host's own address can say which.
        self.read_alone(id).await
    }

    async fn get(&self, number: u64) -> Result<Seen> {
        convert::seen(self.api.get_server(number).await?)
    }

    async fn ask(&self, batch: Vec<Host>) -> Result<Vec<(Host, Seen)>> {
        let servers = match &batch[..] {
            [(id, _)] => match self.api.get_server(*id).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                other => vec![other?],
            },
            several => {
                let names: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
                let (owner, names) = (self.account.owner(), names.join(","));
                let labels = format!("{}={owner},{} in ({names})", ownership::OWNER, ownership::NAME);
                self.api.list_servers(None, &labels, 1).await?.servers
            }
        };
        let mut answers = Vec::with_capacity(servers.len());
        for server in servers {
            if let Some(host) = batch.iter().find(|(id, _)| *id == server.id) {
                answers.push((host.clone(), convert::seen(server)?));
            }
        }
        Ok(answers)
    }
}

/// How long a host may not be shown yet after its create. Not documented; longer than was ever seen.
pub(crate) const READ_LAG: Duration = Duration::from_secs(5);
/// How long one call waits for others to join it. With the pace of [`operations`](crate::operations) together: at most 8
/// calls a second.
const GATHER: Duration = Duration::from_millis(250);
