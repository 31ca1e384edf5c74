//! The same calls without us: reqwest and serde.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Result;

/// A bare client of the simulator.
#[derive(Debug)]
pub(super) struct Bare {
    http: reqwest::Client,
    endpoint: String,
}

/// What the provider reads of a server, and no more.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
pub(super) struct Server {
    id: u64,
    name: String,
    status: String,
    created: jiff::Timestamp,
    public_net: PublicNet,
    #[serde(default)]
    private_net: Vec<Address>,
    server_type: Named,
    location: Named,
    image: Option<Image>,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct PublicNet {
    ipv4: Option<Address>,
    ipv6: Option<Address>,
    #[serde(default)]
    firewalls: Vec<Firewall>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Address {
    ip: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Firewall {
    id: u64,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Named {
    name: String,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "parsed and dropped, as a yardstick")]
struct Image {
    id: u64,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct One {
    server: Server,
}

#[derive(Debug, Deserialize)]
struct Page {
    servers: Vec<Server>,
    meta: Meta,
}

#[derive(Debug, Deserialize)]
struct Meta {
    pagination: Pagination,
}

#[derive(Debug, Deserialize)]
struct Pagination {
    next_page: Option<u64>,
}

impl Bare {
    pub(super) fn new(url: &str) -> Result<Self> {
        Ok(Self { http: reqwest::Client::builder().build()?, endpoint: format!("{url}/v1") })
    }

    pub(super) async fn get(&self, id: &str) -> Result<Server> {
        let body = self.body(&format!("servers/{id}")).await?;
        Ok(serde_json::from_slice::<One>(&body)?.server)
    }

    /// Reads all pages; tells how many servers there are, and how many pages and bytes they came in.
    pub(super) async fn list(&self) -> Result<(usize, usize, usize)> {
        let (mut servers, mut pages, mut bytes, mut next) = (0, 0, 0, Some(1));
        while let Some(page) = next {
            let path = format!(
                "servers?label_selector=cloud-owner%3D{}&page={page}&per_page=50&sort=id%3Aasc",
                super::serve::OWNER
            );
            let body = self.body(&path).await?;
            let page: Page = serde_json::from_slice(&body)?;
            (servers, pages, bytes) = (servers + page.servers.len(), pages + 1, bytes + body.len());
            next = page.meta.pagination.next_page;
        }
        Ok((servers, pages, bytes))
    }

    async fn body(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}/{path}", self.endpoint);
        let answer = self.http.get(url).bearer_auth("bench").send().await?.error_for_status()?;
        Ok(answer.bytes().await?.into())
    }
}
