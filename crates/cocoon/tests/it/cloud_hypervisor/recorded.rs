//! The stand-in against a recording of the real program, version 53: every exchange and every event.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;

use super::program::{self, Running, STAND_IN};

#[test]
fn the_stand_in_answers_as_the_recorded_program_did() {
    let (Some(exchanges), Some(events)) = (shared("observed.txt"), shared("events.txt")) else {
        println!("skipped: the recording is not here");
        return;
    };
    let exchanges = parse(&exchanges);
    // What the box of the recording was: its files, its KVM, and a guest of some hundred bytes.
    let pretences = ["stubborn-guest", "fault-after-reset", "no-snapshots"].map(|pretence| ["--pretend", pretence]);
    let files = ["/srv/vm/tiny/tiny.elf", "/srv/vm/ovch.qcow2", "/srv/vm/d2.raw"].map(|file| ["--there", file]);
    let mut program = Running::start(Path::new(STAND_IN), [pretences, files].concat().concat().as_slice());

    for (number, recorded) in exchanges.iter().enumerate() {
        let answer = ask(&program, &recorded.request);
        assert_eq!(comparable(&answer), comparable(&recorded.answer), "exchange {number}: {}", recorded.request);
    }
    assert_eq!(exchanges.len(), 46);
    assert!(program.ended().success());
    assert_eq!(program.events(), program::events(&events));
}

/// The recording is shared beside the project.
fn shared(name: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    fs::read_to_string(folder.join(format!("cloud-hypervisor.{name}"))).ok()
}

struct Exchange {
    /// Method, call and body.
    request: String,
    /// Head and body.
    answer: String,
}

/// An exchange begins with `### `, and its answer ends with an empty line.
fn parse(text: &str) -> Vec<Exchange> {
    let text = text.split("### events").next().unwrap_or_default();
    let exchange = |part: &str| {
        let (request, answer) = part.split_once('\n').expect("a request is a line");
        Exchange { request: request.trim_end().to_owned(), answer: answer.to_owned() }
    };
    text.split("### ").skip(1).map(exchange).collect()
}

fn ask(program: &Running, request: &str) -> String {
    let mut words = request.splitn(3, ' ');
    let (method, call) = (words.next().unwrap(), words.next().unwrap());
    let body = words.next().unwrap_or_default();
    let mut stream = UnixStream::connect(program.socket()).unwrap();
    let head = format!("{method} /api/v1/{call} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.replace("\r\n", "\n")
}

/// The head, and the body as JSON: the order of an object's keys and the process's number mean nothing.
fn comparable(answer: &str) -> (String, Value) {
    let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
    // After the last answer the recording says how the program ended.
    let body = body.lines().next().filter(|line| line.starts_with(['{', '['])).unwrap_or("null");
    let mut body: Value = serde_json::from_str(body).unwrap();
    let mut head = head.trim_end().to_owned();
    if let Some(pid) = body.get_mut("pid") {
        let digits = pid.to_string().len();
        *pid = Value::Null;
        head = head.replace(&format!("Content-Length: {}", 84 + digits), "Content-Length: 84 and the number");
    }
    (head, body)
}

#[test]
fn a_recording_is_read_exchange_by_exchange() {
    let text = "### GET vmm.ping \nHTTP/1.1 200 \nA: b\n\n{}\n\n### PUT vm.delete \nHTTP/1.1 204 \nA: b\n\n\nch rc=0\n### events\n";
    let exchanges = parse(text);
    assert_eq!(exchanges.iter().map(|one| one.request.as_str()).collect::<Vec<_>>(), ["GET vmm.ping", "PUT vm.delete"]);
    assert_eq!(comparable(&exchanges[1].answer), ("HTTP/1.1 204 \nA: b".to_owned(), Value::Null));
    assert_ne!(comparable(&exchanges[0].answer), comparable(&exchanges[1].answer));
}
