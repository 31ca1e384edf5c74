//! The in-memory provider, the reference semantics, shows every behaviour.

mod in_memory;

use std::time::Duration;

use cloud_local::Config;

use crate::in_memory::InMemory;

mod plain {
    cloud_conformance::conformance_tests!(super::plain_account);
}

mod lagging {
    cloud_conformance::conformance_tests!(super::lagging_account);
}

async fn plain_account() -> InMemory {
    InMemory::new(Config::default())
}

/// Every change is seen up to a second late.
async fn lagging_account() -> InMemory {
    InMemory::new(Config::default().lag(Duration::from_secs(1)))
}
