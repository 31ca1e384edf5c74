//! What the suite must know of a service to try it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud_types::{CloudProvider, HostRuntime, HostSpec, MachineTypeName, Name, UserData};

use crate::{Fault, Injected};

/// A service under test: one account of one provider, as several processes and owners see it.
///
/// The suite makes one for each behaviour. All that its methods return sees the same account.
#[async_trait]
pub trait Backend: Send + Sync {
    /// The service as this process and its owner see it. The owner is the suite's alone: all that it has is swept.
    fn provider(&self) -> Arc<dyn CloudProvider>;

    /// The same owner in another process: nothing is shared in memory with [`provider`](Self::provider).
    async fn other_process(&self) -> Arc<dyn CloudProvider>;

    /// Another owner in the same account.
    async fn other_owner(&self) -> Arc<dyn CloudProvider>;

    /// The cheapest host that boots here, under this name, with a machine that is named.
    fn spec(&self, name: &Name) -> HostSpec;

    /// Another machine type of the same architecture that the host of [`spec`](Self::spec) can be resized to.
    fn larger_machine(&self) -> MachineTypeName;

    /// How long one wait may take, on the provider's clock: longer than the provider ever needs.
    fn patience(&self) -> Duration;

    /// Makes the service answer wrongly. By default it cannot, as with a real cloud; behaviours that need it are then
    /// reported as skipped.
    async fn inject(&self, _fault: Fault) -> Injected {
        Injected::Impossible
    }

    /// Ends all faults that were injected.
    async fn heal(&self) {}

    /// What a host's first boot is given to read, as the provider's side holds it, taken out of any encoding. A provider
    /// may have put more around what the spec gave. By default nobody can look.
    async fn user_data(&self, _host: &HostRuntime) -> Option<UserData> {
        None
    }

    /// How much of each kind (hosts, volumes, keys, …) the account holds, counted on the provider's side, not through
    /// the provider under test. By default nobody can count, and the suite asks [`Sweep`](cloud_types::Sweep) instead.
    async fn left_behind(&self) -> Option<BTreeMap<String, usize>> {
        None
    }

    /// The names of all hosts that the account holds, each as often as it is there, looked at on the provider's side. By
    /// default nobody can look.
    async fn host_names(&self) -> Option<Vec<String>> {
        None
    }

    /// How many requests met a fault so far.
    fn faults_met(&self) -> u64 {
        0
    }

    /// Why nothing can be tried here, where something that hosts need is missing: every behaviour is skipped then.
    fn lacks(&self) -> Option<String> {
        None
    }

    /// Whether hosts take up nothing and are made by the dozen: not where each is a real machine, if only on one's own
    /// box. Asked only where what is left behind can be counted.
    fn is_simulated(&self) -> bool {
        true
    }

    /// Whether a host gets the public addresses that it is wished to have. One's own box has none to give: its hosts are
    /// reached by a private address.
    fn has_public_addresses(&self) -> bool {
        true
    }
}
