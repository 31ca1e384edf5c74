//! A server of files on loopback, which cuts, repeats and refuses as it is told to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use futures::stream::{self, StreamExt};
use http_body_util::{BodyExt, StreamBody, combinators::BoxBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_RANGE, LOCATION, RANGE, WWW_AUTHENTICATE};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

type Body = BoxBody<Bytes, io::Error>;

/// What is served under a path.
#[derive(Clone)]
pub(crate) enum Served {
    /// A file, by ranges too.
    File(Vec<u8>),
    /// A file whose connection breaks after so many bytes of each answer.
    Cut(Vec<u8>, usize),
    /// These bytes again and again, without an end.
    Endless(Vec<u8>),
    /// Nothing but a status.
    Status(u16),
    /// A redirection.
    Elsewhere(String),
    /// These files, one after the other; the last again and again.
    Turns(Vec<Vec<u8>>),
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) authorization: Option<String>,
}

#[derive(Default)]
struct State {
    files: HashMap<String, Served>,
    asked: Vec<Asked>,
    /// Paths that begin so want this header.
    guarded: Vec<(String, String)>,
    address: String,
}

/// A server that ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<State>>);

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self(Arc::default());
        server.0.lock().unwrap().address = listener.local_addr().unwrap().to_string();
        let state = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                let service = hyper::service::service_fn(move |request| {
                    let answer = state.answer(&request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        server
    }

    pub(crate) fn address(&self) -> String {
        self.0.lock().unwrap().address.clone()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub(crate) fn serve(&self, path: impl Into<String>, served: Served) {
        self.0.lock().unwrap().files.insert(path.into(), served);
    }

    /// Wants `token` for paths that begin with `prefix`.
    pub(crate) fn guard(&self, prefix: &str, token: &str) {
        self.guard_by(prefix, &format!("Bearer {token}"));
    }

    /// Wants this header for paths that begin with `prefix`.
    pub(crate) fn guard_by(&self, prefix: &str, authorization: &str) {
        self.0.lock().unwrap().guarded.push((prefix.to_owned(), authorization.to_owned()));
    }

    /// The requests of a path so far.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        self.0.lock().unwrap().asked.iter().filter(|asked| asked.path == path).cloned().collect()
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let mut state = self.0.lock().unwrap();
        let path = request.uri().path().to_owned();
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let range = header(RANGE);
        let authorization = header(AUTHORIZATION);
        state.asked.push(Asked { path: path.clone(), range: range.clone(), authorization: authorization.clone() });
        let guard = state.guarded.iter().find(|(prefix, _)| path.starts_with(prefix));
        if let Some((_, wanted)) = guard.filter(|(_, wanted)| Some(wanted) != authorization.as_ref()) {
            let realm = match wanted.starts_with("Basic") {
                true => "Basic realm=\"test\"".to_owned(),
                false => format!("Bearer realm=\"http://{}/token\",service=\"test\"", state.address),
            };
            return Response::builder()
                .status(401)
                .header(WWW_AUTHENTICATE, realm)
                .body(body(Vec::new(), None))
                .unwrap();
        }
        let (content, cut) = match state.files.get(&path).cloned() {
            Some(Served::File(content)) => (content, None),
            Some(Served::Cut(content, after)) => (content, Some(after)),
            Some(Served::Endless(content)) => {
                let chunks = stream::repeat(Bytes::from(content)).map(|chunk| Ok(Frame::data(chunk)));
                return Response::new(BodyExt::boxed(StreamBody::new(chunks)));
            }
            Some(Served::Elsewhere(url)) => {
                let response = Response::builder().status(StatusCode::TEMPORARY_REDIRECT).header(LOCATION, url);
                return response.body(body(Vec::new(), None)).unwrap();
            }
            Some(Served::Turns(mut contents)) => {
                let content = contents.remove(0);
                if !contents.is_empty() {
                    state.files.insert(path, Served::Turns(contents));
                }
                (content, None)
            }
            Some(Served::Status(status)) => {
                return Response::builder().status(status).body(body(Vec::new(), None)).unwrap();
            }
            None => return Response::builder().status(404).body(body(b"no such thing".to_vec(), None)).unwrap(),
        };
        let tag = format!("\"{:x}\"", content.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte)));
        let first =
            range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let first = first.filter(|_| header(IF_RANGE).is_none_or(|known| known == tag));
        let whole = content.len();
        let response = Response::builder().header(ETAG, tag);
        let (response, content) = match first {
            Some(first) if first >= whole => {
                let response = response.status(StatusCode::RANGE_NOT_SATISFIABLE);
                (response.header(CONTENT_RANGE, format!("bytes */{whole}")), Vec::new())
            }
            Some(first) => {
                let range = format!("bytes {first}-{}/{whole}", whole - 1);
                let response = response.status(StatusCode::PARTIAL_CONTENT).header(CONTENT_RANGE, range);
                (response, content[first..].to_vec())
            }
            None => (response, content),
        };
        response.header(CONTENT_LENGTH, content.len()).body(body(content, cut)).unwrap()
    }
}

/// The content, which breaks off after `cut` bytes.
fn body(content: Vec<u8>, cut: Option<usize>) -> Body {
    let mut chunks: Vec<io::Result<Bytes>> = Vec::new();
    match cut.filter(|cut| *cut < content.len()) {
        Some(cut) => {
            chunks.push(Ok(Bytes::copy_from_slice(&content[..cut])));
            chunks.push(Err(io::ErrorKind::ConnectionReset.into()));
        }
        None => chunks.push(Ok(content.into())),
    }
    // What was sent shall have left before the connection breaks.
    let chunks = stream::iter(chunks).then(|chunk| async {
        tokio::task::yield_now().await;
        chunk.map(Frame::data)
    });
    BodyExt::boxed(StreamBody::new(chunks))
}
