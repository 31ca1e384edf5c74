//! HTTP as the program speaks it: no reason phrase, connections that stay, no length where there is no body.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use crate::api::{self, Answer};
use crate::machine::Machine;

/// Serves everybody who connects, until the machine has ended.
pub fn serve(listener: &UnixListener, machine: &Mutex<Machine>, record: Option<&Path>) {
    thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            scope.spawn(move || converse(stream, machine, record).ok());
        }
    });
}

fn converse(stream: UnixStream, machine: &Mutex<Machine>, record: Option<&Path>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read(&mut reader)? {
        if let Some(record) = record {
            write_down(record, &request)?;
        }
        let answer = api::answer(machine, &request);
        writer.write_all(&answer.bytes())?;
        if answer.ends {
            std::process::exit(0);
        }
    }
    Ok(())
}

/// A request.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub body: Vec<u8>,
}

fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        match header.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(Request { method, path, body }))
}

fn write_down(record: &Path, request: &Request) -> io::Result<()> {
    let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let line = json!({"method": request.method, "path": request.path, "body": body});
    let mut file = OpenOptions::new().create(true).append(true).open(record)?;
    file.write_all(format!("{line}\n").as_bytes())
}

impl Answer {
    fn bytes(&self) -> Vec<u8> {
        let mut head =
            format!("HTTP/1.1 {} \r\nServer: Cloud Hypervisor API\r\nConnection: keep-alive\r\n", self.status);
        let Some(body) = &self.body else { return format!("{head}\r\n").into_bytes() };
        head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()));
        [head.as_bytes(), body.as_bytes()].concat()
    }
}
