//! The SSH banner, looked for at servers that behave well, badly, or not at all.

use std::sync::Arc;
use std::time::Duration;

use cloud_reach::Banner;
use cloud_types::{Rung, ScaledClock, Sight};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::{self, HERE, miss};

/// A server that does this with its one connection; its port.
async fn server<F: Future<Output = ()> + Send>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> u16 {
    let listener = TcpListener::bind((HERE, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        serve(stream).await;
    });
    port
}

async fn says(text: &'static [u8]) -> u16 {
    server(move |mut stream| async move { stream.write_all(text).await.expect("read") }).await
}

async fn look(port: u16) -> Sight {
    common::look(&Banner::new().port(port), Rung::Banner).await
}

/// Five seconds of this clock are 100 milliseconds.
async fn look_briefly(port: u16) -> Sight {
    common::look(&Banner::new().port(port).clock(Arc::new(ScaledClock::new(50.0))), Rung::Banner).await
}

#[tokio::test]
async fn an_ssh_servers_first_line_is_the_evidence() {
    for text in [&b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3\r\n"[..], b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3\n and more"] {
        let seen = look(says(text).await).await;
        assert_eq!(seen, Sight::Reached("SSH-2.0-OpenSSH_9.6p1 Ubuntu-3".to_owned()));
    }
    let old = look(says(b"SSH-1.99-Cisco-1.25\r\n").await).await;
    assert_eq!(old, Sight::Reached("SSH-1.99-Cisco-1.25".to_owned()));
}

#[tokio::test]
async fn lines_before_the_banner_are_skipped() {
    let seen = look(says(b"Authorized use only\r\n\r\nSSH-2.0-x\r\n").await).await;
    assert_eq!(seen, Sight::Reached("SSH-2.0-x".to_owned()));
}

#[tokio::test]
async fn a_banner_in_pieces_is_put_together() {
    let port = server(|mut stream| async move {
        stream.set_nodelay(true).expect("a socket");
        for byte in b"hello\nSSH-2.0-x\r\n" {
            stream.write_all(&[*byte]).await.expect("read");
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(look(port.await).await, Sight::Reached("SSH-2.0-x".to_owned()));
}

#[tokio::test]
async fn a_port_where_nobody_listens_refuses() {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    assert_eq!(miss(look(port).await), format!("127.0.0.1:{port}: connection refused"));
}

#[tokio::test]
async fn what_is_no_ssh_server_is_named() {
    let evidence = miss(look(says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await).await);
    assert!(evidence.contains("closed without an SSH banner") && evidence.contains("HTTP/1.1 400"), "{evidence}");
    let evidence = miss(look(says(b"").await).await);
    assert!(evidence.ends_with("closed without an SSH banner"), "{evidence}");
    let evidence = miss(look(says(b"SSH-1.5-old\r\n").await).await);
    assert!(evidence.ends_with("not SSH 2: SSH-1.5-old"), "{evidence}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let port = server(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let evidence = miss(look_briefly(port.await).await);
    assert!(evidence.ends_with("connected, and no SSH banner in 5s"), "{evidence}");
}

#[tokio::test]
async fn a_server_that_drips_is_given_up() {
    let port = server(|mut stream| async move {
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let evidence = miss(look_briefly(port.await).await);
    assert!(evidence.ends_with("no SSH banner in 5s"), "{evidence}");
}

#[tokio::test]
async fn a_server_that_never_stops_is_read_no_further_than_8_kib() {
    for chunk in [&b"welcome\r\n"[..], b"no end of the line "] {
        let port = server(move |mut stream| async move { while stream.write_all(chunk).await.is_ok() {} });
        let evidence = miss(look(port.await).await);
        assert!(evidence.contains("8192 bytes without an SSH banner"), "{evidence}");
    }
    let port = server(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-").await;
        while stream.write_all(b"endless").await.is_ok() {}
    });
    let evidence = miss(look(port.await).await);
    assert!(evidence.ends_with("an SSH banner of more than 255 bytes"), "{evidence}");
}

/// Linux drops what a full queue of connections cannot take, so that a connect hangs as at a firewall.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_connect_that_hangs_is_given_up() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind((HERE, 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let at = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    for _ in 0..2 {
        queue.push(TcpStream::connect(at).await.unwrap());
    }
    assert_eq!(miss(look_briefly(at.port()).await), format!("{at}: no answer in 5s"));
}
