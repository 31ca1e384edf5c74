//! A server of a folder's files, as a mirror has them.

use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Result;

/// It ends when this value goes.
#[derive(Debug)]
pub(crate) struct Files {
    port: u16,
    task: JoinHandle<()>,
}

impl Files {
    pub(crate) async fn serve(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let folder = folder.to_owned();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let folder = folder.clone();
                // Whoever hangs up is left alone.
                tokio::spawn(async move { answer(stream, folder).await.ok() });
            }
        });
        Ok(Self { port, task })
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: TcpStream, folder: PathBuf) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request).await?;
    let mut header = String::from("-");
    while !header.trim().is_empty() {
        header.clear();
        stream.read_line(&mut header).await?;
    }
    let name = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let file = if name.contains('/') { None } else { File::open(folder.join(name)).await.ok() };
    let Some(mut file) = file else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    };
    let length = file.metadata().await?.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    tokio::io::copy(&mut file, &mut stream).await?;
    stream.shutdown().await
}
