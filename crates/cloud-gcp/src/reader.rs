//! Reading hosts that are waited for, by the names that their ids hold: many readers, few calls.

use std::sync::Arc;
use std::time::Duration;

use cloud_driver::{Account, Recent, Together, found};
use cloud_types::clock::within;
use cloud_types::{Error, ErrorKind, HostState, Result};

use crate::client::{Api, any_of, own};
use crate::convert;
use crate::operations::Operations;
use crate::place::{Place, Scope};
use crate::seen::{Begun, Seen};

/// The hosts that somebody waits for, and the operations that run on them.
#[derive(Debug)]
pub(crate) struct Reader {
    account: Account,
    api: Api,
    pub(crate) recent: Recent<Place, Begun>,
    together: Together<Place, Arc<Seen>>,
}

impl Reader {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        let together = Together::new(account.shared_clock(), GATHER, HOSTS_A_CALL);
        Self { account: account.clone(), api: api.clone(), recent: Recent::new(account), together }
    }

    /// Reads a host as it is shown now.
    pub(crate) async fn get(&self, host: &Place) -> Result<Seen> {
        let seen = convert::seen(self.api.get_instance(host).await?);
        if host.is(&seen.place) {
            return Ok(seen);
        }
        let message = format!("host {} is gone: the one that has its name now is another", host.host_id());
        Err(Error::new(ErrorKind::NotFound, message))
    }

    /// Reads a host alone. One that this process has just made may be shown late: for so long it is not taken for gone.
    pub(crate) async fn read_alone(&self, host: &Place) -> Result<Seen> {
        self.recent.read(host, || self.get(host)).await
    }

    /// Waits a while for the operations that this process has begun on a host, whose failures are this call's, then reads the
    /// host together with the others that are being read.
    pub(crate) async fn read_when_done(&self, host: &Place, operations: &Operations) -> Result<Arc<Seen>> {
        let ending = async {
            for begun in self.recent.running(host) {
                let ended = operations.ended(&begun).await?;
                self.recent.ended(host, |one| one.name == begun.name);
                ended?;
            }
            Ok(())
        };
        let longest = *self.account.capabilities().poll.end();
        within(self.account.clock(), longest, ending).await.unwrap_or(Ok(()))?;
        match self.together.ask(host.clone(), |batch| self.ask(batch)).await? {
            Some(seen) => Ok(seen),
            // Not in the list: too new or gone. Only the host's own address can say which.
            None => self.read_alone(host).await.map(Arc::new),
        }
    }

    /// This owner's instances, all or those of a name.
    pub(crate) async fn own(&self, fields: &[(&str, &str)]) -> Result<Vec<Seen>> {
        self.all(&own(self.account.owner(), fields)).await
    }

    /// The instances of these names in all zones, whoever owns them.
    pub(crate) async fn of_names(&self, names: impl Iterator<Item = &str>) -> Result<Vec<Seen>> {
        self.all(&any_of("name", names)).await
    }

    async fn all(&self, filter: &str) -> Result<Vec<Seen>> {
        Ok(self.api.all_instances(filter).await?.into_iter().map(convert::seen).collect())
    }

    /// Whether an instance is being deleted: it has the same status as one that is being stopped, and only its operations
    /// tell one from the other.
    pub(crate) async fn is_leaving(&self, seen: &Seen) -> Result<bool> {
        match seen.state {
            HostState::Deleting => Ok(true),
            HostState::Stopping => {
                let filter = format!("(targetId = {}) AND (operationType = \"delete\")", seen.number());
                let deletes = self.api.operations(&Scope::Zone(seen.place.zone.clone()), &filter).await?;
                let is_going = |one: Begun| one.target.as_deref() == Some(seen.number()) && one.accepted().is_ok();
                Ok(deletes.into_iter().map(Begun::from).any(is_going))
            }
            _ => Ok(false),
        }
    }

    async fn ask(&self, batch: Vec<Place>) -> Result<Vec<(Place, Arc<Seen>)>> {
        let seen: Vec<Seen> = match &batch[..] {
            [host] => found(self.get(host).await)?.into_iter().collect(),
            several => self.of_names(several.iter().map(|host| host.name.as_str())).await?,
        };
        let seen: Vec<Arc<Seen>> = seen.into_iter().map(Arc::new).collect();
        let of = |host: Place| {
            let found = seen.iter().find(|one| host.is(&one.place)).cloned();
            found.map(|found| (host, found))
        };
        Ok(batch.into_iter().filter_map(of).collect())
    }
}

/// How long after a create a host may not be shown yet. Not documented; longer than was ever seen.
pub(crate) const READ_LAG: Duration = Duration::from_secs(5);
/// How many hosts one call asks about: a filter of that many names stays well below 8 KB.
const HOSTS_A_CALL: usize = 50;
/// How long one call waits for others to join it.
const GATHER: Duration = Duration::from_millis(250);
