//! The same calls without us: reqwest and serde.

use async_trait::async_trait;

use super::Result;
use super::subject::{Bare, Listed};

/// What the calls of a REST API are.
pub(crate) trait Rest: std::fmt::Debug {
    /// Where a host is read.
    fn host_path(&self, id: &str) -> String;

    /// Parses and drops what the provider reads of a host.
    fn parse_host(&self, body: &[u8]) -> Result<()>;

    /// Where the first page of all hosts of [`OWNER`](super::subject::OWNER) is read.
    fn first_page(&self) -> String;

    /// Parses and drops what the provider reads of a page: how many hosts are on it, and where the next one is.
    fn parse_page(&self, body: &[u8]) -> Result<(usize, Option<String>)>;
}

/// A bare client of the simulator.
#[derive(Debug)]
pub(crate) struct BareHttp {
    http: reqwest::Client,
    url: String,
    api: &'static dyn Rest,
}

impl BareHttp {
    pub(crate) fn new(url: &str, api: &'static dyn Rest) -> Result<Self> {
        Ok(Self { http: reqwest::Client::builder().build()?, url: url.to_owned(), api })
    }

    async fn body(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}/{path}", self.url);
        let answer = self.http.get(url).bearer_auth("bench").send().await?.error_for_status()?;
        Ok(answer.bytes().await?.into())
    }
}

#[async_trait(?Send)]
impl Bare for BareHttp {
    async fn get(&self, id: &str) -> Result<()> {
        let body = self.body(&self.api.host_path(id)).await?;
        self.api.parse_host(&body)
    }

    async fn list(&self) -> Result<Listed> {
        let (mut listed, mut bytes, mut next) = (Listed::default(), 0, Some(self.api.first_page()));
        while let Some(path) = next {
            let body = self.body(&path).await?;
            let (hosts, following) = self.api.parse_page(&body)?;
            (listed.hosts, listed.pages, bytes) = (listed.hosts + hosts, listed.pages + 1, bytes + body.len());
            next = following;
        }
        Ok(Listed { bytes: Some(bytes), ..listed })
    }
}
