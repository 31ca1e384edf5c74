//! Bundles and fetched files, by the machine's own curl from a server that breaks off.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command as Program;
use std::sync::{Arc, Mutex};

use cloud_bootstrap::{Bootstrap, Bundle, File, OneUse, ReadySignal, Sha256, Token};
use cloud_types::BootResult;
use secrecy::ExposeSecret;

use super::host::{Host, failure, has};

/// Serves in threads that end with the test; what was asked is in `asked`, a line each.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` gets the request's head and gives the status line's end, further header lines, and the body.
    fn new(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let head = head(&stream);
                seen.lock().unwrap().push(head.clone());
                let _ = (&stream).write_all(&answer(&head));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// The lines of a request before its body, and the body where its length is told.
fn head(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut text, mut line, mut length) = (String::new(), String::new(), 0);
    while reader.read_line(&mut line).unwrap_or(0) > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        text += &line;
        line.clear();
    }
    let mut body = vec![0; length];
    std::io::Read::read_exact(&mut reader, &mut body).unwrap();
    text + &String::from_utf8(body).unwrap()
}

/// A whole answer that is cut off after so many bytes of its body.
fn answer(status: &str, extra: &str, body: &[u8], sent: usize) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n{extra}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), &body[..sent.min(body.len())]].concat()
}

fn range_start(head: &str) -> Option<usize> {
    let line = head.lines().find_map(|line| line.strip_prefix("Range: bytes="))?;
    line.trim_end_matches('-').parse().ok()
}

/// A server that sends a third of the file at a time, and goes on where it is asked to.
fn cutting(file: Vec<u8>) -> Server {
    Server::new(move |head| match range_start(head) {
        Some(start) => {
            let range = format!("Content-Range: bytes {start}-{}/{}\r\n", file.len() - 1, file.len());
            answer("206 Partial Content", &range, &file[start..], file.len() / 3 + 1)
        }
        None => answer("200 OK", "", &file, file.len() / 3 + 1),
    })
}

fn archive(host: &Host) -> Vec<u8> {
    host.write("source/run", "#!/bin/sh\n");
    let words = ["--create", "--gzip", "--file", "-", "--directory"];
    let output = Program::new("tar").args(words).arg(host.path("source")).arg(".").output().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn bundle(server: &Server, sum: Sha256) -> Bootstrap {
    Bootstrap::new().bundle(Bundle::new("web", &format!("{}/web.tgz", server.address), sum).unwrap())
}

#[test]
fn a_bundle_that_breaks_off_goes_on_where_it_ended() {
    let host = Host::new();
    let file = archive(&host);
    let server = cutting(file.clone());
    if !has("curl") {
        return;
    }
    assert_eq!(host.boot(&bundle(&server, Sha256::of(&file))), BootResult::Ready, "{}", host.log());
    assert_eq!(host.read("opt/web/run"), "#!/bin/sh\n");
    let starts: Vec<Option<usize>> = server.asked().iter().map(|head| range_start(head)).collect();
    let third = file.len() / 3 + 1;
    assert_eq!(starts, [None, Some(third), Some(2 * third)]);
}

#[test]
fn a_server_that_cannot_go_on_is_asked_from_the_start() {
    let host = Host::new();
    let file = archive(&host);
    let (sum, first) = (Sha256::of(&file), Mutex::new(true));
    let server = Server::new(move |_| {
        let sent = if std::mem::take(&mut *first.lock().unwrap()) { 10 } else { file.len() };
        answer("200 OK", "", &file, sent)
    });
    if has("curl") {
        assert_eq!(host.boot(&bundle(&server, sum)), BootResult::Ready, "{}", host.log());
    }
}

#[test]
fn a_bundle_whose_sum_differs_is_refused_and_removed() {
    let host = Host::new();
    let file = archive(&host);
    let (expected, got) = (Sha256::of(b"what was meant"), Sha256::of(&file));
    let server = Server::new(move |_| answer("200 OK", "", &file, file.len()));
    if !has("curl") {
        return;
    }
    let (step, detail) = failure(host.boot(&bundle(&server, expected.clone())));
    assert_eq!(step, "bundle");
    assert_eq!(detail, format!("the checksum of web differs: expected {expected}, got {got}"));
    assert!(!host.path("opt/web").exists());
    let left = std::fs::read_dir(host.path("var/lib/cloud-boot")).unwrap();
    let left: Vec<_> =
        left.map(|entry| entry.unwrap().file_name()).filter(|name| name.to_string_lossy().contains("web")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_newer_bundle_takes_the_place_of_the_older() {
    let host = Host::new();
    host.write("opt/web/.sha256", "of an older one\n");
    host.write("opt/web/old", "");
    let file = archive(&host);
    let sum = Sha256::of(&file);
    let server = Server::new(move |_| answer("200 OK", "", &file, file.len()));
    if has("curl") {
        assert_eq!(host.boot(&bundle(&server, sum)), BootResult::Ready);
        assert!(host.path("opt/web/run").exists() && !host.path("opt/web/old").exists());
    }
}

#[test]
fn a_server_that_is_failing_is_asked_eight_times_and_one_that_refuses_once() {
    for (status, times) in [("503 Service Unavailable", 8), ("404 Not Found", 1)] {
        let host = Host::new();
        let server = Server::new(move |_| answer(status, "", b"no", 2));
        if !has("curl") {
            return;
        }
        let (_, detail) = failure(host.boot(&bundle(&server, Sha256::of(b""))));
        assert!(detail.contains(&status[..3]), "{detail}");
        assert_eq!(server.asked().len(), times);
    }
}

#[test]
fn a_token_is_sent_and_in_no_list_of_processes() {
    let host = Host::new();
    let file = archive(&host);
    let sum = Sha256::of(&file);
    let server = Server::new(move |_| answer("200 OK", "", &file, file.len()));
    if !has("curl") {
        return;
    }
    // The real one, behind one that writes its arguments down.
    host.program("curl", "PATH=${PATH#*:} exec curl \"$@\"");
    let bundle = Bundle::new("web", &format!("{}/web.tgz?signature=hunter3", server.address), sum).unwrap();
    let bundle = bundle.token(Token::new("hunter2").unwrap()).unwrap();
    assert_eq!(host.boot(&Bootstrap::new().bundle(bundle)), BootResult::Ready);
    assert!(server.asked()[0].contains("Authorization: Bearer hunter2\r\n"));
    assert!(host.calls("curl") > 0 && !host.read("calls").contains("hunter"), "{}", host.read("calls"));
    assert!(!host.log().contains("hunter"), "{}", host.log());
}

#[test]
fn a_secret_is_fetched_once_and_not_in_the_user_data() {
    let store = OneUse::new();
    let token = store.issue("hunter2".into(), std::time::Duration::from_secs(900)).unwrap();
    let kept = store.clone();
    let server = Server::new(move |head| {
        let token = head.lines().find_map(|line| line.strip_prefix("Authorization: Bearer "));
        match token.and_then(|token| kept.redeem(token.trim())) {
            Some(secret) => answer("200 OK", "", secret.expose_secret().as_bytes(), usize::MAX),
            None => answer("404 Not Found", "", b"", 0),
        }
    });
    if !has("curl") {
        return;
    }
    let file = File::fetched("/etc/app/key", &format!("{}/key", server.address), token).unwrap();
    let bootstrap = Bootstrap::new().file(file);
    let host = Host::new();
    assert_eq!(host.boot(&bootstrap), BootResult::Ready, "{}", host.log());
    assert_eq!(host.read("etc/app/key"), "hunter2");
    assert_eq!(host.mode("etc/app/key"), 0o600);
    assert!(!host.read("script").contains("hunter2"));

    let thief = Host::new();
    let (step, detail) = failure(thief.boot(&bootstrap));
    assert_eq!((step.as_str(), detail.contains("HTTP 404")), ("files", true), "{detail}");
}

#[test]
fn the_end_is_posted_too() {
    let tries = Mutex::new(0);
    let server = Server::new(move |_| {
        *tries.lock().unwrap() += 1;
        if *tries.lock().unwrap() < 3 { answer("503 Busy", "", b"", 0) } else { answer("204 No Content", "", b"", 0) }
    });
    if !has("curl") {
        return;
    }
    let signal = ReadySignal::post(&format!("{}/ready", server.address), Token::new("hunter2").unwrap()).unwrap();
    let bootstrap = Bootstrap::new().ready_signal(signal);
    assert_eq!(Host::new().boot(&bootstrap), BootResult::Ready);
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[2].contains("Authorization: Bearer hunter2\r\n"), "{}", asked[2]);
    assert!(asked[2].ends_with(&format!("cloud-boot: {}: ready", bootstrap.boot_id())), "{}", asked[2]);
}
