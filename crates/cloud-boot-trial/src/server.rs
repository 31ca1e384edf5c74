//! The server that hosts fetch their bundle from. It breaks its first answer off in the middle, as a network does.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Result;

/// One file over HTTP, ended when this value goes.
#[derive(Debug)]
pub(crate) struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<u64>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves these bytes at every path, on the loopback.
    pub(crate) async fn start(file: Vec<u8>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (file, all) = (Arc::new(file), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (file, asked) = (Arc::clone(&file), Arc::clone(&all));
                // Whoever hangs up is left alone.
                tokio::spawn(async move { answer(stream, &file, &asked).await.ok() });
            }
        });
        Ok(Self { port, asked, task })
    }

    /// The port on the loopback.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From which byte on each request wanted the file.
    pub(crate) fn asked(&self) -> Vec<u64> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut stream: TcpStream, file: &[u8], asked: &Mutex<Vec<u64>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < MOST_HEAD {
        head.push(stream.read_u8().await?);
    }
    let whole = file.len() as u64;
    let start = range_start(&String::from_utf8_lossy(&head));
    let first = {
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(start.unwrap_or(0));
        asked.len() == 1
    };
    let head = match start {
        None => format!("HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\n"),
        Some(start) if start < whole => format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{whole}\r\nContent-Length: {}\r\n",
            whole - 1,
            whole - start
        ),
        Some(_) => {
            format!("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */{whole}\r\nContent-Length: 0\r\n")
        }
    };
    stream.write_all(format!("{head}Accept-Ranges: bytes\r\nConnection: close\r\n\r\n").as_bytes()).await?;
    let from = usize::try_from(start.unwrap_or(0).min(whole)).expect("no more than the file's length");
    let to = if first { from.max(file.len() / 2) } else { file.len() };
    stream.write_all(&file[from..to]).await?;
    stream.shutdown().await
}

/// The start of a range that goes to the end, the only kind that a resumed download asks for.
fn range_start(head: &str) -> Option<u64> {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("range").then_some(value.trim())
    })?;
    value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

const MOST_HEAD: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(server: &Server, range: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
        stream.write_all(format!("GET /x HTTP/1.1\r\nHost: x\r\n{range}\r\n").as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    #[tokio::test]
    async fn the_first_answer_is_broken_off_and_the_rest_can_be_had() {
        let server = Server::start(b"0123456789".to_vec()).await.unwrap();
        let first = get(&server, "").await;
        assert!(first.contains("Content-Length: 10\r\n") && first.ends_with("\r\n\r\n01234"), "{first}");
        let rest = get(&server, "Range: bytes=5-\r\n").await;
        assert!(rest.starts_with("HTTP/1.1 206 ") && rest.ends_with("\r\n\r\n56789"), "{rest}");
        assert!(get(&server, "range: bytes=10-\r\n").await.starts_with("HTTP/1.1 416 "));
        assert_eq!(server.asked(), [0, 5, 10]);
    }
}
