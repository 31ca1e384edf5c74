//! What an account holds, counted before and after, so that what is left behind shows.

use std::collections::BTreeMap;

use cloud_types::clock::within;

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome, Stop};

/// How much of each kind there is.
pub(crate) type Inventory = BTreeMap<String, usize>;

impl Case {
    /// What the account holds: counted on the provider's side where that is possible, else what a sweep would find.
    pub(crate) async fn inventory(&self) -> Outcome<Inventory> {
        if let Some(counted) = self.backend.left_behind().await {
            return Ok(counted);
        }
        let Some(sweep) = self.provider().sweep() else {
            return Err(Stop::Skipped("nothing tells what the account holds: no count and no sweep".to_owned()));
        };
        let resources = sweep.list_resources().await.or_fail("all that the owner has can be listed")?;
        let mut inventory = Inventory::new();
        for resource in resources {
            *inventory.entry(resource.kind.to_string()).or_default() += 1;
        }
        Ok(inventory)
    }

    /// Waits until the account holds no more of anything than it did before.
    pub(crate) async fn holds_no_more_than(&self, before: &Inventory) -> Outcome {
        let mut surplus = Inventory::new();
        let pause = *self.provider().capabilities().poll.start();
        let looking = async {
            loop {
                surplus = surplus_of(&self.inventory().await?, before);
                if surplus.is_empty() {
                    return Ok(());
                }
                self.clock().sleep(pause).await;
            }
        };
        let limit = self.backend.patience();
        let settled = within(self.clock(), limit, looking).await;
        settled.unwrap_or_else(|| {
            Err(Stop::Failed(format!("nothing is left behind; after {limit:?} there are {surplus:?}")))
        })
    }

    /// The account holds no less of anything than it did before.
    pub(crate) async fn holds_no_less_than(&self, before: &Inventory) -> Outcome {
        let missing = surplus_of(before, &self.inventory().await?);
        ensure!(missing.is_empty(), "nothing that is in use is removed; it was: {missing:?}");
        Ok(())
    }
}

fn surplus_of(now: &Inventory, before: &Inventory) -> Inventory {
    let more = |(kind, count): (&String, &usize)| {
        let surplus = count.saturating_sub(before.get(kind).copied().unwrap_or(0));
        (surplus > 0).then(|| (kind.clone(), surplus))
    };
    now.iter().filter_map(more).collect()
}
