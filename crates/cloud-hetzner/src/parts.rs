//! What a provider value is made of.

use cloud_driver::Account;

use crate::client::Api;
use crate::dependents::Dependents;
use crate::operations::Operations;
use crate::reader::Reader;
use crate::shelf::Store;

/// One owner's view of one project; each part keeps what it remembers to itself.
pub(crate) struct Parts {
    pub(crate) account: Account,
    pub(crate) api: Api,
    pub(crate) operations: Operations,
    pub(crate) reader: Reader,
    pub(crate) catalog: Store,
    pub(crate) dependents: Dependents,
}

impl Parts {
    pub(crate) fn new(account: Account, api: Api) -> Self {
        Self {
            operations: Operations::new(&account, &api),
            reader: Reader::new(&account, &api),
            catalog: Store::new(&account, &api),
            dependents: Dependents::new(&account, &api),
            account,
            api,
        }
    }
}
