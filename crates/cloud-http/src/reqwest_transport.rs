//! reqwest as a [`Transport`]: the only file that knows it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use cloud_types::{Error, ErrorKind, Result};
use http::{HeaderMap, HeaderValue};
use url::{Host, Url};

use crate::transport::{Body, SendError, Transport};

/// The real network as a [`Transport`], for calls to `base`: what a [`Client`](crate::Client) sends by, for who makes a
/// request by other means.
///
/// # Errors
/// [`Unsupported`](ErrorKind::Unsupported) where this machine has no working TLS.
pub fn network(base: &Url) -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(ReqwestTransport::new(base)?))
}

/// The real network. Connections are kept and shared by all clones of a client.
#[derive(Debug)]
pub(crate) struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport for calls to `base`. Proxies are taken from the environment, except for a loopback address.
    pub(crate) fn new(base: &Url) -> Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Repeats are decided in one place, by what a repeat may do: `retry`.
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(POOL_IDLE);
        if is_loopback(base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            Error::new(ErrorKind::Unsupported, "the HTTP client cannot be set up on this machine").with_source(error)
        })?;
        Ok(Self { client })
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>, max_body: usize) -> Result<http::Response<Body>, SendError> {
        let request = request.try_into().map_err(send_error)?;
        let mut answer = self.client.execute(request).await.map_err(send_error)?;
        let mut response = http::Response::new(read(&mut answer, max_body).await);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

/// Most bodies come as one chunk: that one is passed on as it is. Several are joined in a place as large as the answer
/// says that it is, each given back as soon as it is copied.
async fn read(answer: &mut reqwest::Response, max_body: usize) -> Body {
    let length = match answer.content_length().map(usize::try_from) {
        Some(Ok(length)) if length <= max_body => Some(length),
        Some(_) => return Body::TooLarge,
        None => None,
    };
    let first = match answer.chunk().await {
        Ok(chunk) => chunk.unwrap_or_default(),
        Err(error) => return Body::Cut(error.without_url().into()),
    };
    if first.len() > max_body {
        return Body::TooLarge;
    }
    if length == Some(first.len()) {
        return Body::Whole(first);
    }
    let mut joined = BytesMut::with_capacity(length.unwrap_or(first.len()));
    joined.extend_from_slice(&first);
    // As long as a part of it is held, the connection takes a new buffer instead of reading into this one again.
    drop(first);
    detach(answer.headers_mut());
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if joined.len() + chunk.len() > max_body => return Body::TooLarge,
            Ok(Some(chunk)) => joined.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(joined.freeze()),
            Err(error) => return Body::Cut(error.without_url().into()),
        }
    }
}

/// Headers arrive as slices of the connection's buffer: gives each value a place of its own.
fn detach(headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        if let Ok(copy) = HeaderValue::from_bytes(value.as_bytes()) {
            *value = copy;
        }
    }
}

/// Without the URL, whose query may hold what must not be logged.
fn send_error(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    // Resolving, connecting and the TLS handshake all come before the first byte of a request.
    if error.is_builder() || error.is_connect() {
        SendError::not_sent("cannot connect").with_source(error)
    } else {
        SendError::maybe_sent("the connection failed before an answer came").with_source(error)
    }
}

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const POOL_IDLE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};

    use super::*;
    use crate::transport::Sent;

    /// A server that takes one connection for each answer, reads a request and writes the answer as it stands.
    fn serve(answers: Vec<Vec<u8>>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(&answer);
            }
        });
        address
    }

    async fn get(address: SocketAddr) -> Result<http::Response<Body>, SendError> {
        let base: Url = format!("http://{address}/").parse().unwrap();
        let request = http::Request::get(base.as_str()).body(Bytes::new()).unwrap();
        ReqwestTransport::new(&base).unwrap().send(request, 1 << 20).await
    }

    fn answer(head: &str, body: &[u8]) -> Vec<Vec<u8>> {
        vec![[head.as_bytes(), body].concat()]
    }

    #[tokio::test]
    async fn a_refused_connection_is_not_sent() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert_eq!(get(free).await.unwrap_err().sent, Sent::NotSent);
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_not_sent() {
        let base: Url = "http://no-such-host.invalid/".parse().unwrap();
        let transport = ReqwestTransport { client: reqwest::Client::builder().no_proxy().build().unwrap() };
        let request = http::Request::get(base.as_str()).body(Bytes::new()).unwrap();
        assert_eq!(transport.send(request, 1).await.unwrap_err().sent, Sent::NotSent);
    }

    #[tokio::test]
    async fn a_failed_tls_handshake_is_not_sent() {
        let address = serve(answer("HTTP/1.1 400 Bad Request\r\n\r\n", b""));
        let base: Url = format!("https://{address}/").parse().unwrap();
        let request = http::Request::get(base.as_str()).body(Bytes::new()).unwrap();
        let error = ReqwestTransport::new(&base).unwrap().send(request, 1).await.unwrap_err();
        assert_eq!(error.sent, Sent::NotSent, "{error:?}");
    }

    #[tokio::test]
    async fn a_connection_closed_without_an_answer_is_maybe_sent() {
        assert_eq!(get(serve(answer("", b""))).await.unwrap_err().sent, Sent::MaybeSent);
        assert_eq!(get(serve(answer("HTTP/1.1 200 O", b""))).await.unwrap_err().sent, Sent::MaybeSent);
    }

    #[tokio::test]
    async fn a_kept_connection_closed_without_an_answer_is_maybe_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
            let second = stream.read(&mut request).unwrap();
            drop(stream);
            listener.set_nonblocking(true).unwrap();
            (second, listener.accept().is_ok())
        });
        let transport = ReqwestTransport::new(&base).unwrap();
        let request = || http::Request::post(base.as_str()).body(Bytes::from_static(b"x")).unwrap();
        transport.send(request(), 100).await.unwrap();
        assert_eq!(transport.send(request(), 100).await.unwrap_err().sent, Sent::MaybeSent);
        let (second, repeated) = server.join().unwrap();
        assert!(second > 0, "the second request came on the kept connection");
        assert!(!repeated, "it was not repeated");
    }

    #[tokio::test]
    async fn a_cut_body_is_told_with_its_status() {
        for head in ["content-length: 100", "transfer-encoding: chunked"] {
            let address = serve(answer(&format!("HTTP/1.1 201 Created\r\n{head}\r\n\r\n"), b"5\r\nhello"));
            let response = get(address).await.unwrap();
            assert_eq!(response.status(), 201);
            assert!(matches!(response.body(), Body::Cut(_)), "{response:?}");
        }
    }

    #[tokio::test]
    async fn a_body_in_many_chunks_is_whole() {
        let body = vec![b'x'; 300_000];
        let address = serve(answer("HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n", &body));
        let response = get(address).await.unwrap();
        assert!(matches!(response.body(), Body::Whole(whole) if whole == &body[..]));
    }

    #[tokio::test]
    async fn headers_are_whole_whether_the_body_comes_in_one_part_or_many() {
        for size in [2, 300_000] {
            let address = serve(answer(
                &format!("HTTP/1.1 200 OK\r\ncontent-length: {size}\r\nx-request-id: a b\u{e9}\r\n\r\n"),
                &vec![b'x'; size],
            ));
            let response = get(address).await.unwrap();
            assert_eq!(response.headers()["x-request-id"].as_bytes(), "a b\u{e9}".as_bytes());
        }
    }

    #[tokio::test]
    async fn a_body_over_the_bound_is_not_read_to_its_end() {
        let body = vec![b'x'; 10 << 20];
        for head in ["content-length: 10485760", "connection: close"] {
            let address = serve(answer(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n"), &body));
            let response = get(address).await.unwrap();
            assert!(matches!(response.body(), Body::TooLarge), "{head}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let address = serve(answer("HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", b""));
        assert_eq!(get(address).await.unwrap().status(), 302);
    }
}
