//! A stand-in for Cloud Hypervisor 53, for tests: it takes the same command line, answers on its API socket and writes events as
//! the program was recorded to, and runs no guest. In the place of one, something echoes on the serial port.
//!
//! `--pretend`, or the end of its own name, makes it show what goes wrong on some boxes; `--record` writes down what it is asked.

#![expect(unreachable_pub, reason = "a program has no outside")]

mod api;
mod config;
mod devices;
mod events;
mod guest;
mod http;
mod machine;
mod options;

use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;

use events::Events;
use machine::Machine;
use options::{Options, Pretence};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: Cloud Hypervisor exited with the following error:\n  {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let options = Options::parse(std::env::args())?;
    if options.pretends(Pretence::NoKvm) {
        return Err("Failed to open hypervisor interface (is hypervisor interface available?)".to_owned());
    }
    let events = Events::create(options.event_monitor.as_deref())?;
    events.write("vmm", "starting");
    let socket = options.api_socket.as_deref().ok_or("--api-socket is missing")?;
    let listener = UnixListener::bind(socket).map_err(|error| format!("{}: {error}", socket.display()))?;
    let (config, record) = (options.config.clone(), options.record.clone());
    let machine = Arc::new(Mutex::new(Machine::new(options, events)));
    let server = thread::spawn({
        let machine = Arc::clone(&machine);
        move || http::serve(&listener, &machine, record.as_deref())
    });
    if let Some(config) = config {
        let mut machine = machine.lock().expect("no thread panics");
        machine.create(&config).map_err(|refusal| format!("Error creating VM: {refusal}"))?;
        machine.boot().map_err(|refusal| format!("Error booting VM: {refusal}"))?;
        drop(machine);
    }
    server.join().map_err(|_| "the server has panicked".to_owned())
}
