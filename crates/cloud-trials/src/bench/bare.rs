//! The same calls without us: reqwest and serde.

use super::Result;
use super::serve::Child;
use super::subject::Subject;

/// A bare client of the simulator.
#[derive(Debug)]
pub(super) struct Bare<'a> {
    http: reqwest::Client,
    url: &'a str,
    subject: &'a dyn Subject,
}

impl<'a> Bare<'a> {
    pub(super) fn new(child: &'a Child) -> Result<Self> {
        Ok(Self { http: reqwest::Client::builder().build()?, url: &child.url, subject: child.subject })
    }

    pub(super) async fn get(&self, id: &str) -> Result<()> {
        let body = self.body(&self.subject.host_path(id)).await?;
        self.subject.parse_host(&body)
    }

    /// Reads all pages; tells how many hosts there are, and how many pages and bytes they came in.
    pub(super) async fn list(&self) -> Result<(usize, usize, usize)> {
        let (mut hosts, mut pages, mut bytes, mut next) = (0, 0, 0, Some(self.subject.first_page()));
        while let Some(path) = next {
            let body = self.body(&path).await?;
            let (more, following) = self.subject.parse_page(&body)?;
            (hosts, pages, bytes) = (hosts + more, pages + 1, bytes + body.len());
            next = following;
        }
        Ok((hosts, pages, bytes))
    }

    async fn body(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}/{path}", self.url);
        let answer = self.http.get(url).bearer_auth("bench").send().await?.error_for_status()?;
        Ok(answer.bytes().await?.into())
    }
}
