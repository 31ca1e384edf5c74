//! The SDK's HTTP client over [`Transport`], and its time from our [`Clock`]: one HTTP stack, one clock.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use cloud_http::{Body, SendError, Transport};
use cloud_types::Clock;
use cloud_types::clock::within;
use futures::future::BoxFuture;
use http::StatusCode;

/// Sends the SDK's requests by a [`Transport`]: each once, since repeats are decided in [`client`](crate::client).
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// How long one request may take.
    limit: Duration,
}

impl Connector {
    pub(crate) fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { transport, clock, limit: LONGEST }
    }
}

impl HttpClient for Connector {
    /// Our own calls have their deadlines where they are made. Those by which the SDK looks for credentials come with limits,
    /// such as the second in which the instance's metadata must answer where there is such a thing.
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let limit = settings.connect_timeout().zip(settings.read_timeout()).map_or(LONGEST, |(one, two)| one + two);
        SharedHttpConnector::new(Self { limit, ..self.clone() })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { transport, clock, limit } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.bytes().ok_or_else(|| ConnectorError::user("a body that is a stream".into()))?;
            let request = http::Request::from_parts(parts, Bytes::copy_from_slice(body));
            let sent = within(&*clock, limit, transport.send(request, MAX_BODY)).await;
            let sent = sent.unwrap_or_else(|| Err(SendError::maybe_sent("no answer in the time given")));
            let answer = sent.map_err(|error| ConnectorError::io(error.into()))?;
            let (parts, body) = answer.into_parts();
            let body = match body {
                Body::Whole(bytes) if parts.status.is_success() && !is_whole(&bytes) => {
                    return Err(broken(parts.status, "was cut off"));
                }
                Body::Whole(bytes) => SdkBody::from(bytes),
                Body::Cut(_) => return Err(broken(parts.status, "was cut off")),
                Body::TooLarge => return Err(broken(parts.status, "is too large")),
            };
            HttpResponse::try_from(http::Response::from_parts(parts, body))
                .map_err(|_| broken(StatusCode::BAD_GATEWAY, "has a header that is no text"))
        })
    }
}

/// Whether XML ends as it began: the SDK takes one that stops anywhere for one that ends there, so that a list would be
/// short. What is no XML is for the SDK to judge.
fn is_whole(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    if !text.starts_with(b"<") {
        return true;
    }
    let mut tags = text.split(|byte| *byte == b'<').skip(1);
    let Some(root) = tags.find(|tag| !tag.starts_with(b"?") && !tag.starts_with(b"!")) else { return false };
    let end_of_name = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/');
    let name = &root[..root.iter().position(end_of_name).unwrap_or(root.len())];
    let closing = text.strip_suffix(b">").map(<[u8]>::trim_ascii_end).and_then(|text| text.strip_suffix(name));
    closing.is_some_and(|text| text.ends_with(b"</")) || (root.ends_with(b"/>") && tags.next().is_none())
}

/// An answer of which only the status is known.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) status: StatusCode,
    pub(crate) what: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer {}", self.what)
    }
}

impl std::error::Error for Broken {}

fn broken(status: StatusCode, what: &'static str) -> ConnectorError {
    ConnectorError::io(Box::new(Broken { status, what }))
}

/// Our clock as the SDK's.
#[derive(Debug, Clone)]
pub(crate) struct SdkClock(pub(crate) Arc<dyn Clock>);

impl TimeSource for SdkClock {
    fn now(&self) -> SystemTime {
        self.0.now().into()
    }
}

impl AsyncSleep for SdkClock {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(Shared(Mutex::new(self.0.sleep(duration))))
    }
}

/// A future that is `Sync` as well, as the SDK asks.
struct Shared(Mutex<BoxFuture<'static, ()>>);

impl Future for Shared {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.get_mut().0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(context)
    }
}

/// No request takes longer, whoever makes it.
const LONGEST: Duration = Duration::from_secs(300);
/// A page of a thousand instances, or of machine types, is some megabytes of XML.
const MAX_BODY: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_that_stops_is_not_whole_wherever_it_stops() {
        let whole = "<?xml version=\"1.0\"?>\n<!-- a note -->\n<R xmlns=\"n\"><a><b>1</b></a></R>\n";
        assert!(is_whole(whole.as_bytes()));
        for length in 1..whole.len() - 1 {
            assert!(!is_whole(&whole.as_bytes()[..length]), "{}", &whole[..length]);
        }
        assert!(is_whole(b"<R/>") && !is_whole(b"<R><a/>") && !is_whole(b"<R></RR>"));
    }

    #[test]
    fn what_is_no_xml_is_left_to_the_sdk() {
        assert!(is_whole(b"") && is_whole(b"{\"a\": 1}") && is_whole(b"i-0123"));
    }
}
