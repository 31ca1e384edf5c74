//! Spot hosts that Google took away. Their status is `TERMINATED` like that of any stopped host: only the operations of their
//! zone tell (<https://cloud.google.com/compute/docs/samples/compute-preemptible-history>).
//!
//! That is one call more for each zone in which there is a stopped spot host, and for each such host once: what became of it
//! holds until it is started again. Nobody else pays for it.

use std::collections::{BTreeMap, HashSet};

use cloud_driver::{Account, Known};
use cloud_types::{HostState, Pricing, Result};
use jiff::Timestamp;

use crate::client::{Api, all_of};
use crate::place::Scope;
use crate::seen::{Begun, Seen};

/// What became of stopped spot hosts, as far as this process knows.
#[derive(Debug)]
pub(crate) struct Preemptions {
    account: Account,
    api: Api,
    known: Known<Stop, bool>,
}

/// One stop of an instance: its number, and when it was started before.
type Stop = (String, Option<Timestamp>);

impl Preemptions {
    pub(crate) fn new(account: &Account, api: &Api) -> Self {
        Self { account: account.clone(), api: api.clone(), known: Known::default() }
    }

    /// The numbers of those that Google took away.
    pub(crate) async fn among(&self, seen: &[Seen]) -> Result<HashSet<String>> {
        let mut taken = HashSet::new();
        let mut asked: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
        for one in seen.iter().filter(|one| is_stopped_spot(one)) {
            match self.known.get(&stop_of(one)) {
                Some(true) => drop(taken.insert(one.number().to_owned())),
                Some(false) => {}
                None => asked.entry(&one.place.zone).or_default().push(one),
            }
        }
        let certain = self.account.clock().now() - self.account.lag() * 2;
        for (zone, stopped) in asked {
            let filter = all_of(&[("operationType", PREEMPTED)]);
            let operations = self.api.operations(&Scope::Zone(zone.to_owned()), &filter).await?;
            let operations: Vec<Begun> = operations.into_iter().map(Begun::from).collect();
            for one in stopped {
                let was_preempted = operations.iter().any(|operation| is_end_of(operation, one));
                // A list may be late; what stopped a while ago is in it.
                if was_preempted || one.stopped.is_some_and(|stopped| stopped < certain) {
                    self.known.learn(stop_of(one), was_preempted);
                }
                if was_preempted {
                    taken.insert(one.number().to_owned());
                }
            }
        }
        Ok(taken)
    }
}

fn is_stopped_spot(seen: &Seen) -> bool {
    seen.pricing == Pricing::Spot && seen.state == HostState::Stopped
}

fn stop_of(seen: &Seen) -> Stop {
    (seen.number().to_owned(), seen.started)
}

/// Whether an operation took the instance away after its last start: operations are kept for two weeks, so that a host may
/// have been taken away, started, and stopped by its owner since.
fn is_end_of(operation: &Begun, seen: &Seen) -> bool {
    let since_start = match (operation.since, seen.started) {
        (Some(taken), Some(started)) => taken >= started,
        _ => true,
    };
    operation.kind == PREEMPTED && operation.target.as_deref() == Some(seen.number()) && since_start
}

/// What an operation is called by which Google takes a spot host away.
const PREEMPTED: &str = "compute.instances.preempted";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn instance(change: &Value) -> Seen {
        let mut value = json!({"id": "42", "name": "web", "status": "TERMINATED", "zone": "zones/r-a", "machineType": "m",
            "lastStartTimestamp": "2026-11-21T01:00:00Z", "scheduling": {"provisioningModel": "SPOT"}});
        value.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        crate::convert::seen(serde_json::from_value(value).unwrap())
    }

    #[test]
    fn only_a_stopped_spot_host_is_asked_about() {
        assert!(is_stopped_spot(&instance(&json!({}))));
        assert!(!is_stopped_spot(&instance(&json!({"status": "RUNNING"}))));
        assert!(!is_stopped_spot(&instance(&json!({"scheduling": {"provisioningModel": "STANDARD"}}))));
    }

    #[test]
    fn what_took_a_host_away_before_its_last_start_is_past() {
        let taken = |target: &str, at: &str| {
            let value = json!({"name": "o", "status": "DONE", "operationType": PREEMPTED, "targetId": target, "insertTime": at});
            crate::convert::begun(serde_json::from_value(value).unwrap())
        };
        let stopped = instance(&json!({}));
        assert!(is_end_of(&taken("42", "2026-11-21T01:30:00Z"), &stopped));
        assert!(!is_end_of(&taken("42", "2026-11-21T00:30:00Z"), &stopped));
        assert!(!is_end_of(&taken("43", "2026-11-21T01:30:00Z"), &stopped));
    }
}
