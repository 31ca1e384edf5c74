//! The server that hosts ask at their first boot. It breaks the bundle off in the middle of its first answer, as a network
//! does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloud_bootstrap::{OneUse, Token};
use secrecy::ExposeSecret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Result;

/// What a service has that makes hosts: a bundle, secrets to be handed over once, and an ear for ready signals. It ends when
/// this value goes.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    bundle: Vec<u8>,
    secrets: OneUse,
    ear: Token,
    asked: Mutex<Vec<u64>>,
    heard: Mutex<Vec<String>>,
}

/// A request, as far as it is looked at.
#[derive(Debug)]
struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Server {
    /// Serves this bundle and these secrets on the loopback, and hears who has the token `ear`.
    pub(crate) async fn start(bundle: Vec<u8>, secrets: OneUse, ear: Token) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { bundle, secrets, ear, asked: Mutex::default(), heard: Mutex::default() });
        let all = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&all);
                // Whoever hangs up is left alone.
                tokio::spawn(async move { shared.answer(stream).await.ok() });
            }
        });
        Ok(Self { port, shared, task })
    }

    /// Where a path of it is, for who sees this machine at that address.
    pub(crate) fn url(&self, at: &str, path: &str) -> String {
        format!("http://{at}:{}{path}", self.port)
    }

    /// From which byte on each request wanted the bundle.
    pub(crate) fn asked(&self) -> Vec<u64> {
        lock(&self.shared.asked).clone()
    }

    /// What was posted.
    pub(crate) fn heard(&self) -> Vec<String> {
        lock(&self.shared.heard).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let request = Request::read(&mut stream).await?;
        let (head, body) = match request.line.as_str() {
            "GET /bundle.tar.gz" => self.bundle(request.range_start()),
            "GET /secret" => match self.secrets.redeem(request.bearer()) {
                Some(secret) => whole(secret.expose_secret().as_bytes()),
                None => empty("410 Gone"),
            },
            "POST /ready" if request.bearer() == self.ear.expose() => {
                lock(&self.heard).push(request.body);
                empty("204 No Content")
            }
            _ => empty("404 Not Found"),
        };
        stream.write_all(format!("HTTP/1.1 {head}Connection: close\r\n\r\n").as_bytes()).await?;
        stream.write_all(&body).await?;
        stream.shutdown().await
    }

    /// The bundle from a byte on; of the first answer, no more than its first half is sent.
    fn bundle(&self, start: Option<u64>) -> (String, Vec<u8>) {
        let first = {
            let mut asked = lock(&self.asked);
            asked.push(start.unwrap_or(0));
            asked.len() == 1
        };
        let size = self.bundle.len();
        let rest = start.and_then(|start| self.bundle.get(usize::try_from(start).ok()?..));
        let (head, mut body) = match (start, rest) {
            (None, _) => whole(&self.bundle),
            (Some(start), Some(rest)) if !rest.is_empty() => {
                let range = format!("Content-Range: bytes {start}-{}/{size}\r\n", size - 1);
                (format!("206 Partial Content\r\n{range}Content-Length: {}\r\n", rest.len()), rest.to_vec())
            }
            _ => empty("416 Range Not Satisfiable"),
        };
        if first {
            body.truncate(size / 2);
        }
        (head, body)
    }
}

impl Request {
    async fn read(stream: &mut TcpStream) -> std::io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && head.len() < MOST_BYTES {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let mut lines = head.lines();
        let line = lines.next().and_then(|line| line.rsplit_once(' ')).map_or("", |(line, _)| line).to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let mut request = Self { line, headers: lines.filter_map(header).collect(), body: String::new() };
        let length = request.header("content-length").parse().unwrap_or(0).min(MOST_BYTES as u64);
        stream.take(length).read_to_string(&mut request.body).await?;
        Ok(request)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value)
    }

    fn bearer(&self) -> &str {
        self.header("authorization").strip_prefix("Bearer ").unwrap_or_default()
    }

    /// The start of a range that goes to the end, the only kind that a resumed download asks for.
    fn range_start(&self) -> Option<u64> {
        self.header("range").strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

fn whole(body: &[u8]) -> (String, Vec<u8>) {
    (format!("200 OK\r\nAccept-Ranges: bytes\r\nContent-Length: {}\r\n", body.len()), body.to_vec())
}

fn empty(status: &str) -> (String, Vec<u8>) {
    (format!("{status}\r\nContent-Length: 0\r\n"), Vec::new())
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

const MOST_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn start() -> (Server, Token) {
        let secrets = OneUse::new();
        let token = secrets.issue("hunter2".to_owned().into(), Duration::from_secs(60)).unwrap();
        (Server::start(b"0123456789".to_vec(), secrets, Token::new("ear").unwrap()).await.unwrap(), token)
    }

    async fn ask(server: &Server, line: &str, rest: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port)).await.unwrap();
        stream.write_all(format!("{line} HTTP/1.1\r\nHost: x\r\n{rest}").as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn the_first_answer_is_broken_off_and_the_rest_can_be_had() {
        let (server, _) = start().await;
        let bundle = "GET /bundle.tar.gz";
        let first = ask(&server, bundle, "\r\n").await;
        assert!(first.contains("Content-Length: 10\r\n") && first.ends_with("\r\n\r\n01234"), "{first}");
        let rest = ask(&server, bundle, "Range: bytes=5-\r\n\r\n").await;
        assert!(rest.starts_with("HTTP/1.1 206 ") && rest.ends_with("\r\n\r\n56789"), "{rest}");
        assert!(ask(&server, bundle, "range: bytes=10-\r\n\r\n").await.starts_with("HTTP/1.1 416 "));
        assert_eq!(server.asked(), [0, 5, 10]);
    }

    #[tokio::test]
    async fn a_secret_is_handed_over_once() {
        let (server, token) = start().await;
        let header = format!("Authorization: Bearer {}\r\n\r\n", token.expose());
        assert!(ask(&server, "GET /secret", &header).await.ends_with("\r\n\r\nhunter2"));
        assert!(ask(&server, "GET /secret", &header).await.starts_with("HTTP/1.1 410 "));
    }

    #[tokio::test]
    async fn only_who_has_the_token_is_heard() {
        let (server, _) = start().await;
        let post = |token: &str| format!("Authorization: Bearer {token}\r\nContent-Length: 5\r\n\r\nready");
        assert!(ask(&server, "POST /ready", &post("other")).await.starts_with("HTTP/1.1 404 "));
        assert!(ask(&server, "POST /ready", &post("ear")).await.starts_with("HTTP/1.1 204 "));
        assert_eq!(server.heard(), ["ready"]);
    }
}
