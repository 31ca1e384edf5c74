//! `cargo xtask bench cocoon`: what the command costs over doing the same by hand, and with a thousand VMs.
//!
//! Ratios and differences within one run, each value against its bound. It measures the command as a program, as its users
//! have it. A line for each value, of JSON with `--json`; `--judge-counts-only` tells the times without failing for them.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that ends at the first thing that is wrong")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut options = Vec::new();
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--json" | "--judge-counts-only" => options.push(word),
            // Cargo says it to every bench.
            "--bench" => {}
            _ => {
                eprintln!("bench: unexpected argument `{word}`; it takes --json and --judge-counts-only");
                return ExitCode::from(2);
            }
        }
    }
    let is_set = |option: &str| options.iter().any(|word| word == option);
    for program in ["qemu-system-x86_64", "qemu-img"] {
        if Command::new(program).arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("bench: {program} is not installed (Debian's qemu-system-x86 and qemu-utils have it)");
            return ExitCode::from(2);
        }
    }
    let mut values = start();
    values.extend(many());
    for value in &values {
        value.show(is_set("--json"));
    }
    let well = |value: &Measured| value.ok() || (value.is_time && is_set("--judge-counts-only"));
    if values.iter().all(well) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One measured value.
struct Measured {
    name: &'static str,
    value: f64,
    unit: &'static str,
    bound: f64,
    /// Whether it is a time, which whatever else the machine does moves.
    is_time: bool,
}

impl Measured {
    fn ok(&self) -> bool {
        self.value <= self.bound
    }

    fn show(&self, as_json: bool) {
        let Self { name, value, unit, bound, .. } = self;
        if as_json {
            println!("{}", json!({ "name": name, "value": value, "unit": unit, "bound": bound, "ok": self.ok() }));
        } else {
            let verdict = if self.ok() { "ok" } else { "TOO MUCH" };
            println!("{name:24} {value:9.3} {unit:9} at most {bound:5} {verdict}");
        }
    }
}

/// What `create` and `start` add to the same QEMU, started by hand; and what is left of ours while it runs.
fn start() -> Vec<Measured> {
    let place = Place::new();
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    let mut left = 0;
    for _ in 0..STARTS {
        let begun = Instant::now();
        place.succeed(&["create", "--name", NAME, "--memory", "32M", place.image().to_str().unwrap()]);
        place.succeed(&["start", NAME]);
        ours.push(begun.elapsed());
        let vm: Value = serde_json::from_str(&place.succeed(&["inspect", NAME])).unwrap();
        let line = fs::read(format!("/proc/{}/cmdline", vm[0]["process"])).unwrap();
        left = left.max(processes_of_ours());
        place.succeed(&["rm", "--force", NAME]);
        by_hand.push(start_by_hand(&place, &String::from_utf8(line).unwrap()));
    }
    let added = milliseconds(quickest(&ours)) - milliseconds(quickest(&by_hand));
    vec![
        Measured { name: "start_added", value: added, unit: "ms", bound: 50.0, is_time: true },
        Measured {
            name: "resident_while_running",
            value: f64::from(left),
            unit: "processes",
            bound: 0.0,
            is_time: false,
        },
    ]
}

const STARTS: usize = 25;
const NAME: &str = "bench";

/// Makes a disk and starts QEMU with the same command line in another directory, until its control socket answers.
fn start_by_hand(place: &Place, line: &str) -> Duration {
    let hand = place.0.join("h");
    let line = line.replace(place.root().to_str().unwrap(), hand.to_str().unwrap());
    let words: Vec<&str> = line.split_terminator('\0').collect();
    let path_in = |option: &str| {
        let word = words.iter().find(|word| word.contains(option)).unwrap();
        let path = word.split(option).nth(1).unwrap();
        PathBuf::from(path.split(',').next().unwrap())
    };
    let (control, log, disk) =
        (path_in("control,server=on,wait=off,path="), path_in("logfile="), path_in("file.filename="));
    for path in [&control, &log, &disk] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
    }
    let begun = Instant::now();
    let mut create = Command::new("qemu-img");
    create.args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"]).arg(place.image()).arg(&disk).arg("10G");
    assert!(create.status().unwrap().success());
    let mut qemu = Command::new(words[0]);
    let mut qemu = qemu.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    agree(&control);
    let took = begun.elapsed();
    qemu.kill().unwrap();
    qemu.wait().unwrap();
    fs::remove_dir_all(hand).unwrap();
    took
}

/// Waits until QEMU takes commands.
fn agree(control: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut stream = loop {
        match UnixStream::connect(control) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "QEMU does not answer: {error}"),
        }
        sleep(Duration::from_millis(1));
    };
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.next().unwrap().unwrap();
    stream.write_all(b"{\"execute\": \"qmp_capabilities\"}\n").unwrap();
    lines.next().unwrap().unwrap();
}

/// What `ps` and `create` cost where there are many VMs.
fn many() -> Vec<Measured> {
    let (few, many) = (Place::new(), Place::new());
    few.fill(FEW);
    many.fill(MANY);
    let (mut lists, mut with_few, mut with_many) = (Vec::new(), Vec::new(), Vec::new());
    let create = |place: &Place| {
        let begun = Instant::now();
        place.succeed(&["create", "--name", NAME, place.image().to_str().unwrap()]);
        let took = begun.elapsed();
        place.succeed(&["rm", NAME]);
        took
    };
    for _ in 0..ROUNDS {
        with_few.push(create(&few));
        with_many.push(create(&many));
        let begun = Instant::now();
        let listed = many.succeed(&["ps"]);
        lists.push(begun.elapsed());
        assert_eq!(listed.lines().count(), MANY + 1);
    }
    let ratio = quickest(&with_many).as_secs_f64() / quickest(&with_few).as_secs_f64();
    let time = milliseconds(quickest(&lists));
    vec![
        Measured { name: "ps_of_1000", value: time, unit: "ms", bound: 50.0, is_time: true },
        Measured { name: "ps_of_1000_memory", value: many.peak_of_ps(), unit: "MB", bound: 30.0, is_time: false },
        Measured { name: "create_beside_1000", value: ratio, unit: "ratio", bound: 1.2, is_time: true },
    ]
}

const ROUNDS: usize = 41;
const FEW: usize = 10;
const MANY: usize = 1000;

/// An installation of its own, removed when it is dropped.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        let place = Self(std::env::temp_dir().join(format!("cocoon-bench-{:08x}", fastrand::u32(..))));
        fs::create_dir(&place.0).unwrap();
        fs::write(place.image(), [0; 4096]).unwrap();
        place
    }

    fn root(&self) -> PathBuf {
        self.0.join("r")
    }

    fn image(&self) -> PathBuf {
        self.0.join("disk.raw")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(COCOON);
        command.env("COCOON_ACCELERATION", "none").arg("--root-dir").arg(self.root()).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// VMs without disks, of which every other one is noted as running in a process that is no more.
    fn fill(&self, vms: usize) {
        self.succeed(&["create", "--name", NAME, "--publish", "8080:80", self.image().to_str().unwrap()]);
        let directory = self.root().join("vms");
        let mut record: Value =
            serde_json::from_slice(&fs::read(directory.join(NAME).join("vm.json")).unwrap()).unwrap();
        self.succeed(&["rm", NAME]);
        let at = record["power"]["at"].clone();
        for number in 0..vms {
            let vm = directory.join(format!("a-vm-with-a-long-name-{number:04}"));
            fs::create_dir(&vm).unwrap();
            record["name"] = json!(vm.file_name().unwrap().to_str());
            record["id"] = json!(format!("{number:012x}"));
            if number % 2 == 0 {
                record["power"] = json!({ "state": "running", "process": 4_000_000, "at": at });
            } else {
                record["power"] = json!({ "state": "stopped", "ending": "powered_off", "at": at });
            }
            fs::write(vm.join("vm.json"), serde_json::to_vec_pretty(&record).unwrap()).unwrap();
            for lock in ["lock", "alive"] {
                fs::write(vm.join(lock), "").unwrap();
            }
        }
    }

    /// The most memory that `ps` has in use at once, in megabytes.
    ///
    /// What it prints is more than a pipe holds, so that it is still there when it has done all else.
    fn peak_of_ps(&self) -> f64 {
        let mut child = self.command(&["ps"]).stdout(Stdio::piped()).spawn().unwrap();
        sleep(Duration::from_secs(1));
        let peak = most_resident(&child);
        let mut listed = String::new();
        child.stdout.take().unwrap().read_to_string(&mut listed).unwrap();
        assert!(listed.len() > 64 << 10 && child.wait().unwrap().success());
        peak
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const COCOON: &str = env!("CARGO_BIN_EXE_cocoon");

/// `VmHWM` in megabytes: <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
fn most_resident(child: &Child) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it has not ended");
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
}

/// Processes of the command.
fn processes_of_ours() -> u32 {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ours =
        processes.filter(|entry| fs::read_link(entry.path().join("exe")).is_ok_and(|path| path == Path::new(COCOON)));
    u32::try_from(ours.count()).unwrap()
}

/// The quickest of many: what took longer was kept waiting by whatever else the machine did.
fn quickest(times: &[Duration]) -> Duration {
    times.iter().copied().min().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
