//! Files from servers that are not trusted: bounded, with deadlines, and taken up again where they broke off.

use std::time::Duration;

use bytes::Bytes;
use cloud_types::{Error, ErrorKind, Result};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE, WWW_AUTHENTICATE,
};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc;
use url::Url;

use crate::limits::ImageLimits;
use crate::part::Part;
use crate::progress::{Item, PullStep};
use crate::system::{blocking, io_error};

/// A client for images.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    limits: ImageLimits,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Get {
    pub(crate) url: Url,
    /// What shows who asks. It goes to no other host, also where the answer leads to one.
    pub(crate) authorization: Option<SecretString>,
    /// What forms of the answer are understood.
    pub(crate) accept: Option<&'static str>,
    /// What the answer's end must match to be the same file still, from the earlier attempt.
    pub(crate) validator: Option<String>,
}

/// A short answer.
pub(crate) enum Answer {
    Found(Bytes),
    /// The server says that there is no such thing.
    Absent,
    /// Who asks must say who he is, as this challenge says.
    Challenge(String),
}

/// How a download goes on with an answer.
enum Begin {
    Body(Response, Option<u64>),
    Complete,
    Again,
}

impl Http {
    pub(crate) fn new(limits: &ImageLimits) -> Result<Self> {
        let client = reqwest::Client::builder()
            .connect_timeout(limits.silence.min(CONNECT))
            .read_timeout(limits.silence)
            .user_agent(concat!("cocoon/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::custom(|attempt| {
                let downgrade = attempt.url().scheme() != "https"
                    && attempt.previous().last().is_some_and(|url| url.scheme() == "https");
                match downgrade {
                    true => attempt.error("it leads from https to plain text"),
                    false => Policy::default().redirect(attempt),
                }
            }))
            .build();
        let client = client.map_err(|error| Error::new(ErrorKind::Unexpected, format!("HTTP: {}", words(&error))))?;
        Ok(Self { client, limits: limits.clone() })
    }

    /// A short answer of at most `most` bytes. Tried again while the server fails.
    ///
    /// # Errors
    /// `InvalidRequest` on field `image` where it is longer; else by the server's status.
    pub(crate) async fn small(&self, get: &Get, most: usize) -> Result<Answer> {
        let mut pause = self.limits.pause;
        for _ in 1..self.limits.attempts {
            match self.small_once(get, most).await {
                Err(error) if error.is_retryable() => wait(&mut pause, &error).await,
                done => return done,
            }
        }
        self.small_once(get, most).await
    }

    async fn small_once(&self, get: &Get, most: usize) -> Result<Answer> {
        let mut response = self.request(get).send().await.map_err(|error| broken(&get.url, &error))?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(Answer::Absent),
            StatusCode::UNAUTHORIZED => {
                let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
                return Ok(Answer::Challenge(challenge.unwrap_or_default().to_owned()));
            }
            StatusCode::OK => {}
            status => return Err(refused(&get.url, status)),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&get.url, &error))? {
            if body.len() + chunk.len() > most {
                let rule = format!("{} sends more than {most} bytes where a short answer belongs", shown(&get.url));
                return Err(Error::invalid("image", rule));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer::Found(body.into()))
    }

    /// Brings the rest of a file into `part`. `begins` is told the file's validator before its first byte is written.
    ///
    /// # Errors
    /// The part is given back in any case, with what came.
    pub(crate) async fn download(
        &self,
        mut get: Get,
        mut part: Part,
        item: &Item,
        begins: impl Fn(Option<&str>) -> Result<()>,
    ) -> (Part, Result<()>) {
        let mut pause = self.limits.pause;
        for attempt in 1.. {
            let kept = part.length();
            let got;
            (part, got) = self.attempt(&mut get, part, item, &begins).await;
            match got {
                Err(error) if error.is_retryable() && attempt < self.limits.attempts => {
                    item.tell(PullStep::Interrupted { reason: error.message().to_owned() });
                    if part.length() > kept {
                        pause = self.limits.pause;
                    }
                    wait(&mut pause, &error).await;
                }
                done => return (part, done),
            }
        }
        unreachable!("the loop has no end of its own")
    }

    async fn attempt(
        &self,
        get: &mut Get,
        mut part: Part,
        item: &Item,
        begins: impl Fn(Option<&str>) -> Result<()>,
    ) -> (Part, Result<()>) {
        let began = self.begin(get, &mut part, begins).await;
        let (mut response, end) = match began {
            Ok(Begin::Body(response, end)) => (response, end),
            Ok(Begin::Complete) => return (part, Ok(())),
            Ok(Begin::Again) => {
                let message = format!("{} has changed meanwhile", shown(&get.url));
                return (part, Err(Error::new(ErrorKind::Unavailable, message)));
            }
            Err(error) => return (part, Err(error)),
        };
        item.tell(PullStep::Downloading { kept: part.length(), total: end });
        // The writer has the part, and with it its lock, until it has written all that it was sent, though this future be dropped.
        let (sender, receiver) = mpsc::channel(CHUNKS_AHEAD);
        let writer = tokio::spawn(blocking({
            let item = item.clone();
            move || write(part, receiver, &item)
        }));
        let received = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    // The writer's own failure is told by the writer.
                    if sender.send(chunk).await.is_err() {
                        break Ok(());
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(broken(&get.url, &error)),
            }
        };
        drop(sender);
        let (part, written) = match writer.await {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        };
        let whole = match end {
            Some(end) if part.length() < end => Err(Error::new(
                ErrorKind::Unavailable,
                format!("{} was cut off at byte {}", shown(&get.url), part.length()),
            )),
            _ => Ok(()),
        };
        (part, written.and(received).and(whole))
    }

    async fn begin(
        &self,
        get: &mut Get,
        part: &mut Part,
        begins: impl Fn(Option<&str>) -> Result<()>,
    ) -> Result<Begin> {
        let kept = part.length();
        let mut request = self.request(get);
        if kept > 0 {
            request = request.header(RANGE, format!("bytes={kept}-"));
            if let Some(validator) = &get.validator {
                request = request.header(IF_RANGE, validator);
            }
        }
        let response = request.send().await.map_err(|error| broken(&get.url, &error))?;
        let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let range = range.and_then(content_range);
        let restart = |part: &mut Part| part.restart().map_err(|error| io_error("beginning a download again", error));
        match response.status() {
            StatusCode::PARTIAL_CONTENT if range.is_some_and(|range| range.0 == Some(kept)) => {
                let end = range.and_then(|range| range.1);
                self.bounded(end)?;
                Ok(Begin::Body(response, end))
            }
            StatusCode::RANGE_NOT_SATISFIABLE if kept > 0 && range.is_some_and(|range| range.1 == Some(kept)) => {
                Ok(Begin::Complete)
            }
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if kept > 0 => {
                restart(part)?;
                Ok(Begin::Again)
            }
            StatusCode::OK => {
                if kept > 0 {
                    restart(part)?;
                }
                let length = response.content_length();
                self.bounded(length)?;
                get.validator = validator(&response);
                begins(get.validator.as_deref())?;
                Ok(Begin::Body(response, length))
            }
            status => Err(refused(&get.url, status)),
        }
    }

    fn bounded(&self, length: Option<u64>) -> Result<()> {
        match length {
            Some(length) if length > self.limits.download => {
                let rule = format!("has {length} bytes, more than the {} that are taken", self.limits.download);
                Err(Error::invalid("image", rule))
            }
            _ => Ok(()),
        }
    }

    fn request(&self, get: &Get) -> RequestBuilder {
        let mut request = self.client.get(get.url.clone());
        if let Some(accept) = get.accept {
            request = request.header(ACCEPT, accept);
        }
        let header = get.authorization.as_ref().and_then(|value| HeaderValue::from_str(value.expose_secret()).ok());
        if let Some(mut value) = header {
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request
    }
}

impl Get {
    pub(crate) fn new(url: Url) -> Self {
        Self { url, authorization: None, accept: None, validator: None }
    }
}

/// Writes what comes, away from the runtime's threads.
fn write(mut part: Part, mut receiver: mpsc::Receiver<Bytes>, item: &Item) -> (Part, Result<()>) {
    while let Some(chunk) = receiver.blocking_recv() {
        if let Err(error) = part.append(&chunk) {
            return (part, Err(error));
        }
        item.tell(PullStep::Advanced(chunk.len() as u64));
    }
    (part, Ok(()))
}

/// A validator that tells two files apart byte for byte; a weak tag does not:
/// <https://www.rfc-editor.org/rfc/rfc9110#name-if-range>.
fn validator(response: &Response) -> Option<String> {
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    header(ETAG).filter(|tag| tag.starts_with('"')).or_else(|| header(LAST_MODIFIED))
}

/// The first byte and the whole's length in `bytes 5-9/10`, `bytes 5-9/*` and `bytes */10`.
fn content_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let first = range.split_once('-').and_then(|(first, _)| first.parse().ok());
    Some((first, length.parse().ok()))
}

/// Waits before a further attempt: twice as long each time, and as long as the server asks.
async fn wait(pause: &mut Duration, error: &Error) {
    let longest = error.retry_after().unwrap_or_default().min(LONGEST_PAUSE);
    tokio::time::sleep(longest.max(pause.mul_f64(0.5 + fastrand::f64() / 2.0))).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
}

/// What a server's refusal means.
fn refused(url: &Url, status: StatusCode) -> Error {
    let kind = match status.as_u16() {
        404 | 410 => ErrorKind::NotFound,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        429 => ErrorKind::RateLimited,
        408 | 500.. => ErrorKind::Unavailable,
        _ => ErrorKind::InvalidRequest,
    };
    Error::new(kind, format!("{} answers {status}", shown(url))).with_status(status.as_u16())
}

/// A connection that did not come about, or broke.
fn broken(url: &Url, error: &reqwest::Error) -> Error {
    let kind = match () {
        () if error.is_redirect() => ErrorKind::InvalidRequest,
        () if error.is_timeout() => ErrorKind::Timeout,
        () => ErrorKind::Unavailable,
    };
    Error::new(kind, format!("{}: {}", shown(url), words(error)))
}

/// The innermost reason, which says most; the outer ones repeat the address, with its query.
fn words(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// An address without its query, in which there may be a signature.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string()
}

const CONNECT: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Chunks that may wait for the disk.
const CHUNKS_AHEAD: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_in_their_three_forms() {
        assert_eq!(content_range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(content_range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(content_range("bytes */10"), Some((None, Some(10))));
        assert_eq!(content_range("lines 1-2/3"), None);
    }

    #[test]
    fn a_signature_in_an_address_is_not_shown() {
        let url = Url::parse("https://example.org/a.img?signature=secret").unwrap();
        assert_eq!(shown(&url), "https://example.org/a.img");
        assert!(!refused(&url, StatusCode::FORBIDDEN).to_string().contains("secret"));
    }
}
