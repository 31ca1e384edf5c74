//! Reading hosts that are waited for: many readers, few calls.
//!
//! One of the readers asks for all, as in [`Together`]. A host that this process has named is read by its
//! label together with up to 49 others; one that nobody has named is read alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_http::Together;
use cloud_types::{Clock, ErrorKind, Owner, Result, ownership};

use crate::client::{Api, PER_PAGE};
use crate::wire::Server;

/// The hosts that somebody waits for, and the actions that run on them.
#[derive(Debug)]
pub(crate) struct Reader {
    api: Api,
    clock: Arc<dyn Clock>,
    owner: Owner,
    /// What this process knows of hosts that it has just changed.
    known: Mutex<HashMap<u64, Known>>,
    together: Together<Host, Box<Server>>,
}

/// The id and the name of a host.
type Host = (u64, String);

#[derive(Debug, Default, Clone)]
struct Known {
    name: Option<String>,
    actions: Vec<u64>,
    /// When this process made it.
    made: Option<Duration>,
}

impl Reader {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>, owner: Owner) -> Self {
        let together = Together::new(clock.clone(), GATHER, PER_PAGE as usize);
        Self { api, clock, owner, known: Mutex::default(), together }
    }

    /// Remembers what a call has begun, for the wait that follows.
    pub(crate) fn begun(&self, server: u64, name: Option<&str>, actions: impl IntoIterator<Item = u64>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry(server).or_default();
        entry.name = name.map(str::to_owned).or(entry.name.take());
        let actions: Vec<u64> = actions.into_iter().collect();
        if !actions.is_empty() {
            entry.actions = actions; // what was begun before matters no more
        }
        if known.len() > MOST_KNOWN {
            known.retain(|_, host| !host.actions.is_empty() || self.is_young(host));
        }
    }

    /// Remembers that a host was made just now, by this process.
    pub(crate) fn made(&self, server: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(server).or_default().made = Some(self.clock.monotonic());
    }

    /// Reads a host alone. One that this process has just made may be shown late: for so long it is not taken for gone.
    pub(crate) async fn read_alone(&self, id: u64) -> Result<Server> {
        loop {
            // Asked first: the answer may be about a moment long ago by the time it is here.
            let fresh = self.is_fresh(id);
            match self.api.get_server(id).await {
                Err(error) if error.kind() == ErrorKind::NotFound && fresh => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }

    fn is_fresh(&self, id: u64) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id).is_some_and(|host| self.is_young(host))
    }

    fn is_young(&self, host: &Known) -> bool {
        host.made.is_some_and(|made| self.clock.monotonic().saturating_sub(made) < READ_LAG)
    }

    /// The actions that run on a host, as far as this process knows.
    pub(crate) fn running(&self, server: u64) -> Vec<u64> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&server).map(|known| known.actions.clone()).unwrap_or_default()
    }

    /// Forgets an action that has ended.
    pub(crate) fn ended(&self, server: u64, action: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get_mut(&server) {
            entry.actions.retain(|id| *id != action);
        }
    }

    /// Forgets a host that is gone.
    pub(crate) fn forget(&self, server: u64) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&server);
    }

    /// Reads a host, together with the others that are being read.
    pub(crate) async fn read(&self, id: u64) -> Result<Server> {
        let name = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.get(&id).and_then(|known| known.name.clone())
        };
        let Some(name) = name else { return self.read_alone(id).await };
        match self.together.ask((id, name), |batch| self.ask(batch)).await? {
            Some(server) => Ok(*server),
            // Not in the list: too new or gone. Only the host's own address can say which.
            None => self.read_alone(id).await,
        }
    }

    async fn ask(&self, batch: Vec<Host>) -> Result<Vec<(Host, Box<Server>)>> {
        let mut servers = match &batch[..] {
            [(id, _)] => match self.api.get_server(*id).await {
                Ok(server) => vec![server],
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            },
            several => {
                let names: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
                let (owner, names) = (&self.owner, names.join(","));
                let labels = format!("{}={owner},{} in ({names})", ownership::OWNER, ownership::NAME);
                self.api.list_servers(None, &labels, 1).await?.servers
            }
        };
        let found = |host: Host| {
            let place = servers.iter().position(|server| server.id == host.0)?;
            Some((host, Box::new(servers.swap_remove(place))))
        };
        Ok(batch.into_iter().filter_map(found).collect())
    }
}

/// How long after a create a host may not be shown yet. Not documented; longer than was ever seen.
pub(crate) const READ_LAG: Duration = Duration::from_secs(5);
/// How many hosts are remembered; past that, those that nothing is known to happen to are forgotten.
const MOST_KNOWN: usize = 10_000;
/// Between two looks at a host that was just made.
const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How long one call waits for others to join it. With the pace of [`actions`](crate::actions) together: at most 8 calls
/// a second.
const GATHER: Duration = Duration::from_millis(250);
