//! The calls: which there are, what they take, and how the program says no.

use std::net::IpAddr;
use std::sync::Mutex;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::http::Request;
use crate::machine::{Machine, Refusal};

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// JSON, which may be empty; `None` is an answer without a body.
    pub body: Option<String>,
    /// Whether the program ends with it.
    pub ends: bool,
}

impl Answer {
    fn new(status: u16, body: Option<String>) -> Self {
        Self { status, body, ends: false }
    }

    fn refusal(status: u16, words: &[&str]) -> Self {
        Self::new(status, Some(json!(words).to_string()))
    }
}

/// What the program answers.
pub fn answer(machine: &Mutex<Machine>, request: &Request) -> Answer {
    let call = request.path.strip_prefix("/api/v1/").unwrap_or_default();
    let mut machine = machine.lock().expect("no thread panics");
    let known = (CALLS.iter().find(|(_, name)| *name == call)).map(|(method, _)| *method);
    match known {
        None => return Answer::refusal(404, &["Not Found"]),
        Some(method) if method != request.method => return Answer::refusal(400, &["Bad Request"]),
        Some(_) => {}
    }
    let done = match call {
        "vmm.ping" => Ok(Some(machine.ping())),
        "vm.info" => machine.info().map(Some),
        "vm.counters" => machine.counters().map(Some),
        "vm.boot" => machine.boot().map(|()| None),
        "vm.delete" => machine.delete().map(|()| None),
        "vm.pause" => machine.pause().map(|()| None),
        "vm.resume" => machine.resume().map(|()| None),
        "vm.shutdown" => machine.shutdown().map(|()| None),
        "vm.reboot" => machine.reboot().map(|()| None),
        "vm.nmi" => machine.interrupt().map(|()| None),
        "vm.power-button" => match machine.press_power_button() {
            Ok(ends) => return Answer { ends, ..Answer::new(204, None) },
            Err(refusal) => Err(refusal),
        },
        "vmm.shutdown" => {
            machine.end();
            return Answer { ends: true, ..Answer::new(200, Some(String::new())) };
        }
        _ => with_body(&mut machine, call, &request.body),
    };
    match done {
        Ok(Some(body)) => Answer::new(200, Some(body.to_string())),
        Ok(None) => Answer::new(204, None),
        Err(refusal) => refusal.answer(),
    }
}

fn with_body(machine: &mut Machine, call: &str, body: &[u8]) -> Result<Option<Value>, Refusal> {
    match call {
        "vm.create" => {
            let VmConfig { .. } = parse(body)?;
            machine.create(&parse(body)?).map(|()| None)
        }
        "vm.resize" => machine.resize(&parse(body)?).map(|()| None),
        "vm.resize-disk" => machine.resize_disk(&parse(body)?).map(|()| None),
        "vm.add-disk" => machine.add_disk(&parse(body)?),
        "vm.add-net" => {
            let NetConfig { .. } = parse(body)?;
            machine.add_net(parse(body)?)
        }
        "vm.remove-device" => machine.remove_device(&parse(body)?).map(|()| None),
        "vm.snapshot" => machine.snapshot(&parse(body)?).map(|()| None),
        "vm.restore" => machine.restore(&parse(body)?).map(|()| None),
        _ => unreachable!("{call} is in the list of calls"),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::unreadable(&error))
}

impl Refusal {
    fn answer(&self) -> Answer {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        Answer::refusal(self.status, &words)
    }
}

/// What is read strictly of a VM.
#[derive(Deserialize)]
struct VmConfig {
    #[expect(dead_code, reason = "it has to be there")]
    payload: Value,
}

/// What is read strictly of a network card.
#[derive(Deserialize)]
struct NetConfig {
    #[expect(dead_code, reason = "it has to be an address")]
    ip: Option<IpAddr>,
}

const CALLS: &[(&str, &str)] = &[
    ("GET", "vmm.ping"),
    ("GET", "vm.info"),
    ("GET", "vm.counters"),
    ("PUT", "vmm.shutdown"),
    ("PUT", "vm.create"),
    ("PUT", "vm.boot"),
    ("PUT", "vm.delete"),
    ("PUT", "vm.pause"),
    ("PUT", "vm.resume"),
    ("PUT", "vm.shutdown"),
    ("PUT", "vm.reboot"),
    ("PUT", "vm.power-button"),
    ("PUT", "vm.nmi"),
    ("PUT", "vm.resize"),
    ("PUT", "vm.resize-disk"),
    ("PUT", "vm.add-disk"),
    ("PUT", "vm.add-net"),
    ("PUT", "vm.remove-device"),
    ("PUT", "vm.snapshot"),
    ("PUT", "vm.restore"),
];
