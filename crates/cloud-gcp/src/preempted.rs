//! Spot hosts that Google took away. Their status is `TERMINATED` like that of any stopped host: only the operations of their
//! zone tell (<https://cloud.google.com/compute/docs/samples/compute-preemptible-history>).
//!
//! That is one call more for each zone in which there is a stopped spot host, and for each such host once: what became of it
//! holds until it is started again. Nobody else pays for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use cloud_types::{HostRuntime, HostState, Pricing, Result};
use jiff::Timestamp;

use crate::catalog::pricing_of;
use crate::client::{Scope, all_of};
use crate::convert;
use crate::host::Inner;
use crate::reader::READ_LAG;
use crate::wire::{Instance, Operation};

/// What became of stopped spot hosts, as far as this process knows.
#[derive(Debug, Default)]
pub(crate) struct Preemptions {
    known: Mutex<HashMap<Stop, bool>>,
}

/// One stop of an instance: its number, and when it was started before.
type Stop = (String, Option<Timestamp>);

impl Preemptions {
    fn known(&self, stop: &Stop) -> Option<bool> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(stop).copied()
    }

    fn learn(&self, stop: Stop, was_preempted: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(stop, was_preempted);
    }
}

impl Inner {
    /// A host of an instance, with its price where that is known. A spot host that was taken away is told from a stopped one.
    pub(crate) async fn told(&self, instance: &Instance) -> Result<HostRuntime> {
        let taken = self.preempted(std::slice::from_ref(instance)).await?;
        self.told_with(instance, &taken)
    }

    /// The hosts of instances.
    pub(crate) async fn told_all(&self, instances: &[Instance]) -> Result<Vec<HostRuntime>> {
        let taken = self.preempted(instances).await?;
        instances.iter().map(|instance| self.told_with(instance, &taken)).collect()
    }

    fn told_with(&self, instance: &Instance, taken: &HashSet<String>) -> Result<HostRuntime> {
        let mut host = self.seen(instance)?;
        if taken.contains(&instance.id) {
            host.state = HostState::Preempted;
        }
        Ok(host)
    }

    /// The numbers of those that Google took away.
    async fn preempted(&self, instances: &[Instance]) -> Result<HashSet<String>> {
        let mut taken = HashSet::new();
        let mut asked: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
        for instance in instances.iter().filter(|instance| is_stopped_spot(instance)) {
            match self.preemptions.known(&stop_of(instance)) {
                Some(true) => drop(taken.insert(instance.id.clone())),
                Some(false) => {}
                None => asked.entry(convert::last(&instance.zone)).or_default().push(instance),
            }
        }
        let certain = self.clock.now() - READ_LAG * 2;
        for (zone, stopped) in asked {
            let filter = all_of(&[("operationType", PREEMPTED)]);
            let operations = self.api.operations_where(&Scope::Zone(zone.to_owned()), &filter).await?;
            for instance in stopped {
                let was_preempted = operations.iter().any(|operation| is_end_of(operation, instance));
                // A list may be late; what stopped a while ago is in it.
                if was_preempted || instance.last_stop_timestamp.is_some_and(|stopped| stopped < certain) {
                    self.preemptions.learn(stop_of(instance), was_preempted);
                }
                if was_preempted {
                    taken.insert(instance.id.clone());
                }
            }
        }
        Ok(taken)
    }
}

fn is_stopped_spot(instance: &Instance) -> bool {
    pricing_of(instance) == Pricing::Spot && convert::state(&instance.status) == HostState::Stopped
}

fn stop_of(instance: &Instance) -> Stop {
    (instance.id.clone(), instance.last_start_timestamp)
}

/// Whether an operation took the instance away after its last start: operations are kept for two weeks, so that a host may
/// have been taken away, started, and stopped by its owner since.
fn is_end_of(operation: &Operation, instance: &Instance) -> bool {
    let since_start = match (operation.insert_time, instance.last_start_timestamp) {
        (Some(taken), Some(started)) => taken >= started,
        _ => true,
    };
    operation.operation_type == PREEMPTED && operation.target_id.as_ref() == Some(&instance.id) && since_start
}

/// What an operation is called by which Google takes a spot host away.
const PREEMPTED: &str = "compute.instances.preempted";
/// How many stops are remembered.
const MOST_KNOWN: usize = 10_000;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn instance(change: &Value) -> Instance {
        let mut value = json!({"id": "42", "name": "web", "status": "TERMINATED", "zone": "zones/r-a", "machineType": "m",
            "lastStartTimestamp": "2026-11-21T01:00:00Z", "scheduling": {"provisioningModel": "SPOT"}});
        value.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(value).unwrap()
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
            serde_json::from_value::<Operation>(value).unwrap()
        };
        let stopped = instance(&json!({}));
        assert!(is_end_of(&taken("42", "2026-11-21T01:30:00Z"), &stopped));
        assert!(!is_end_of(&taken("42", "2026-11-21T00:30:00Z"), &stopped));
        assert!(!is_end_of(&taken("43", "2026-11-21T01:30:00Z"), &stopped));
    }
}
