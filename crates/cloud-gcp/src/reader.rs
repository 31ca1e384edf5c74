//! Reading hosts that are waited for, by the names that their ids hold: many readers, few calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud_http::Together;
use cloud_types::{Clock, Error, ErrorKind, Result};

use crate::client::{Api, any_of};
use crate::convert::Place;
use crate::wire::{Instance, Operation};

/// The hosts that somebody waits for, and the operations that run on them.
#[derive(Debug)]
pub(crate) struct Reader {
    api: Api,
    clock: Arc<dyn Clock>,
    /// What this process knows of hosts that it has just changed.
    known: Mutex<HashMap<Place, Known>>,
    together: Together<Place, Arc<Instance>>,
}

#[derive(Debug, Default)]
struct Known {
    operations: Vec<Operation>,
    /// When this process made it.
    made: Option<Duration>,
}

impl Reader {
    pub(crate) fn new(api: Api, clock: Arc<dyn Clock>) -> Self {
        let together = Together::new(clock.clone(), GATHER, HOSTS_A_CALL);
        Self { api, clock, known: Mutex::default(), together }
    }

    /// Remembers what a call has begun, for the wait that follows.
    pub(crate) fn begun(&self, host: &Place, operation: Operation) {
        self.known().entry(host.clone()).or_default().operations.push(operation);
    }

    /// Remembers that a host was made just now, by this process.
    pub(crate) fn made(&self, host: &Place, operation: Operation) {
        let made = self.clock.monotonic();
        let mut known = self.known();
        known.insert(host.clone(), Known { operations: vec![operation], made: Some(made) });
        if known.len() > MOST_KNOWN {
            known.retain(|_, host| host.made.is_some_and(|then| made.saturating_sub(then) < READ_LAG));
        }
    }

    /// The operations that run on a host, as far as this process knows.
    pub(crate) fn running(&self, host: &Place) -> Vec<Operation> {
        self.known().get(host).map(|known| known.operations.clone()).unwrap_or_default()
    }

    /// Forgets operations that have ended.
    pub(crate) fn ended(&self, host: &Place, ended: &[Operation]) {
        let mut known = self.known();
        if let Some(entry) = known.get_mut(host) {
            entry.operations.retain(|one| !ended.iter().any(|other| other.name == one.name));
        }
    }

    /// Forgets a host that is gone.
    pub(crate) fn forget(&self, host: &Place) {
        self.known().remove(host);
    }

    /// Reads a host alone. One that this process has just made may be shown late: for so long it is not taken for gone.
    pub(crate) async fn read_alone(&self, host: &Place) -> Result<Instance> {
        loop {
            // Asked first: the answer may be about a moment long ago by the time it is here.
            let fresh = self.is_fresh(host);
            let read = match self.api.get_instance(host).await {
                Ok(other) if !host.is(&other) => Err(replaced(host)),
                other => other,
            };
            match read {
                Err(error) if error.kind() == ErrorKind::NotFound && fresh => {
                    self.clock.sleep(LAG_PAUSE).await;
                }
                other => return other,
            }
        }
    }

    fn is_fresh(&self, host: &Place) -> bool {
        let made = self.known().get(host).and_then(|known| known.made);
        made.is_some_and(|made| self.clock.monotonic().saturating_sub(made) < READ_LAG)
    }

    /// Reads a host, together with the others that are being read.
    pub(crate) async fn read(&self, host: &Place) -> Result<Arc<Instance>> {
        match self.together.ask(host.clone(), |batch| self.ask(batch)).await? {
            Some(instance) => Ok(instance),
            // Not in the list: too new or gone. Only the host's own address can say which.
            None => self.read_alone(host).await.map(Arc::new),
        }
    }

    async fn ask(&self, batch: Vec<Place>) -> Result<Vec<(Place, Arc<Instance>)>> {
        let instances = match &batch[..] {
            [host] => match self.api.get_instance(host).await {
                Ok(instance) => vec![instance],
                Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(error),
            },
            several => self.api.all_instances(&any_of("name", several.iter().map(|host| host.name.as_str()))).await?,
        };
        let instances: Vec<Arc<Instance>> = instances.into_iter().map(Arc::new).collect();
        let found = |host: Place| {
            let instance = instances.iter().find(|instance| host.is(instance)).cloned();
            instance.map(|instance| (host, instance))
        };
        Ok(batch.into_iter().filter_map(found).collect())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Place, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error for a host in whose place another of the same name is.
fn replaced(host: &Place) -> Error {
    let message = format!("host {} is gone: the one that has its name now is another", host.host_id());
    Error::new(ErrorKind::NotFound, message)
}

/// How long after a create a host may not be shown yet. Not documented; longer than was ever seen.
pub(crate) const READ_LAG: Duration = Duration::from_secs(5);
/// The pause between looks at what may not be shown yet.
pub(crate) const LAG_PAUSE: Duration = Duration::from_secs(1);
/// How many hosts are remembered; past that, those that were not made just now are forgotten.
const MOST_KNOWN: usize = 10_000;
/// How many hosts one call asks about: a filter of that many names stays well below 8 KB.
const HOSTS_A_CALL: usize = 50;
/// How long one call waits for others to join it.
const GATHER: Duration = Duration::from_millis(250);
