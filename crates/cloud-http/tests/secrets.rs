//! What a call leaves in logs, at the finest level and over the real network: nothing that was sent or answered.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use cloud_http::{BearerToken, Client, RetryPolicy};
use cloud_types::ProviderId;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Answers each request with the next of `answers`, on a connection of its own.
fn serve(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a caller");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}/v1/")
}

#[tokio::test]
async fn no_secret_is_in_logs_errors_or_debug() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).with_ansi(false);
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let base = serve(&[
        "",
        "HTTP/1.1 503 No\r\nconnection: close\r\ncontent-length: 15\r\n\r\nmarker-answer-1",
        "HTTP/1.1 200 OK\r\nconnection: close\r\nx-request-id: r-1\r\nset-cookie: marker-cookie\r\ncontent-length: 10\r\n\r\n[\"marker\"]",
        "HTTP/1.1 200 OK\r\nconnection: close\r\nx-request-id: r-2\r\ncontent-length: 9\r\n\r\n\"marker-2",
    ]);
    let client = Client::builder(ProviderId::new("test"), base.parse().unwrap())
        .authorize(BearerToken::new("marker-token"))
        .retry(RetryPolicy::default().backoff(std::time::Duration::ZERO, std::time::Duration::ZERO))
        .build()
        .unwrap();

    let call = || client.post("create_host", "servers").query("q", "marker-query").json(&["marker-user-data"]);
    let wrong = call().header("x-secret", "marker-header").repeatable().send::<Vec<u64>>();
    let read: Result<Vec<u64>, _> = wrong.await;
    let error = read.unwrap_err();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("operation=\"create_host\"") && log.contains("path=\"/v1/servers\""), "{log}");
    assert!(log.contains("status=503") && log.contains("r-2"), "{log}");
    let shown = format!("{log}{error}{error:?}{client:?}{:?}", call());
    assert!(!shown.contains("marker"), "{shown}");
}
