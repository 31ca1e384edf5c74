//! What a provider value is made of; each part keeps what it remembers to itself.

use cloud_driver::Account;

use crate::client::Api;
use crate::dependents::Dependents;
use crate::image::Images;
use crate::network::Network;
use crate::reader::Reader;
use crate::stock::Stock;
use crate::storage::Storage;
use crate::token::Tokens;

pub(crate) struct Parts {
    pub(crate) account: Account,
    pub(crate) api: Api,
    pub(crate) reader: Reader,
    pub(crate) stock: Stock,
    pub(crate) images: Images,
    pub(crate) network: Network,
    pub(crate) dependents: Dependents,
    pub(crate) storage: Storage,
    pub(crate) tokens: Tokens,
}

impl Parts {
    /// The parts of a value whose hosts are in the default subnets of their zones, or in one subnet.
    pub(crate) fn new(account: Account, api: Api, subnet: Option<String>) -> Self {
        Self {
            reader: Reader::new(&account, &api),
            stock: Stock::new(&account, &api),
            images: Images::new(&account, &api),
            network: Network::new(&account, &api, subnet),
            dependents: Dependents::new(&account, &api),
            storage: Storage::new(&account, &api),
            tokens: Tokens::new(&account),
            account,
            api,
        }
    }
}
