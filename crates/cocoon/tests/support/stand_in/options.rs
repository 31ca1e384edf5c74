//! The command line: Cloud Hypervisor's own options, as far as they are used, and those of the stand-in.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// What the command line says.
#[derive(Debug, Default)]
pub struct Options {
    pub api_socket: Option<PathBuf>,
    pub event_monitor: Option<PathBuf>,
    /// The VM, where there is one.
    pub config: Option<Value>,
    /// Where requests are written down, a line of JSON each.
    pub record: Option<PathBuf>,
    /// Files that count as there.
    pub there: Vec<String>,
    pretences: Vec<Pretence>,
}

/// What the stand-in shows of less happy boxes and guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pretence {
    /// There is no KVM: the program ends before its socket is there.
    NoKvm,
    /// The guest does nothing at all.
    MuteGuest,
    /// The guest does nothing about its power button.
    StubbornGuest,
    /// The guest falls over its own faults after a reset, and is reset once more.
    FaultAfterReset,
    /// KVM cannot tell a processor's state, so that no snapshot succeeds.
    NoSnapshots,
}

impl Options {
    /// The arguments, the program's own name first: called `cloud-hypervisor-no-kvm` it pretends that.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut options, mut config) = (Self::default(), Map::new());
        let name = arguments.next().unwrap_or_default();
        let pretended = name.rsplit_once("cloud-hypervisor-").map(|(_, name)| pretence(name));
        options.pretences.extend(pretended.and_then(Result::ok));
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--api-socket" => options.api_socket = Some(path(&value)?),
                "--event-monitor" => options.event_monitor = Some(path(&value)?),
                "--record" => options.record = Some(value.into()),
                "--there" => options.there.push(value),
                "--pretend" => options.pretences.push(pretence(&value)?),
                _ => configure(&mut config, &name, &value)?,
            }
        }
        if config.contains_key("payload") {
            options.config = Some(Value::Object(config));
        } else if !config.is_empty() {
            return Err("the following required arguments were not provided: <--firmware|--kernel>".to_owned());
        }
        Ok(options)
    }

    pub fn pretends(&self, pretence: Pretence) -> bool {
        self.pretences.contains(&pretence)
    }
}

fn pretence(name: &str) -> Result<Pretence, String> {
    Ok(match name {
        "no-kvm" => Pretence::NoKvm,
        "mute-guest" => Pretence::MuteGuest,
        "stubborn-guest" => Pretence::StubbornGuest,
        "fault-after-reset" => Pretence::FaultAfterReset,
        "no-snapshots" => Pretence::NoSnapshots,
        _ => return Err(format!("cannot pretend {name}")),
    })
}

fn path(option: &str) -> Result<PathBuf, String> {
    let [(key, value)] = &pairs(option)?[..] else { return Err(format!("not one path: {option}")) };
    if key == "path" { Ok(value.into()) } else { Err(format!("unknown option: {key}")) }
}

/// One option of the VM, in the words of `vm.create`.
fn configure(config: &mut Map<String, Value>, name: &str, value: &str) -> Result<(), String> {
    let payload = |config: &mut Map<String, Value>, key: &str| {
        config.entry("payload").or_insert_with(|| json!({}))[key] = json!(value);
    };
    match name {
        "--kernel" => payload(config, "kernel"),
        "--firmware" => payload(config, "firmware"),
        "--initramfs" => payload(config, "initramfs"),
        "--cmdline" => payload(config, "cmdline"),
        "--cpus" => {
            let boot = only(value, "boot")?.parse::<u32>().map_err(|error| error.to_string())?;
            config.insert("cpus".to_owned(), json!({"boot_vcpus": boot, "max_vcpus": boot}));
        }
        "--memory" => {
            let size = only(value, "size")?;
            let mebibytes = size.strip_suffix('M').and_then(|number| number.parse::<u64>().ok());
            let bytes = mebibytes.ok_or_else(|| format!("unable to convert {size} for size"))? << 20;
            config.insert("memory".to_owned(), json!({"size": bytes}));
        }
        "--disk" => {
            let disks = config.entry("disks").or_insert_with(|| json!([]));
            disks.as_array_mut().expect("made as one").push(disk(value)?);
        }
        "--net" => {
            let cards = config.entry("net").or_insert_with(|| json!([]));
            cards.as_array_mut().expect("made as one").push(net(value)?);
        }
        "--serial" | "--console" => {
            config.insert(name.trim_start_matches('-').to_owned(), console(value)?);
        }
        _ => return Err(format!("unexpected argument '{name}' found")),
    }
    Ok(())
}

fn disk(option: &str) -> Result<Value, String> {
    let mut disk = Map::new();
    for (key, value) in pairs(option)? {
        let value = match (key.as_str(), value.as_str()) {
            ("path", path) => json!(path),
            ("image_type", "raw") => json!("Raw"),
            ("image_type", "qcow2") => json!("Qcow2"),
            ("backing_files" | "readonly", toggle) => json!(toggle == "on"),
            _ => return Err(format!("unknown option: {key}={value}")),
        };
        disk.insert(key, value);
    }
    Ok(Value::Object(disk))
}

fn net(option: &str) -> Result<Value, String> {
    let mut net = Map::new();
    for (key, value) in pairs(option)? {
        if !["tap", "mac", "id"].contains(&key.as_str()) {
            return Err(format!("unknown option: {key}={value}"));
        }
        net.insert(key, json!(value));
    }
    Ok(Value::Object(net))
}

fn console(option: &str) -> Result<Value, String> {
    match option {
        "off" => return Ok(json!({"mode": "Off"})),
        "null" => return Ok(json!({"mode": "Null"})),
        _ => {}
    }
    let [(key, value)] = &pairs(option)?[..] else { return Err(format!("invalid syntax:{option}")) };
    match key.as_str() {
        "file" => Ok(json!({"mode": "File", "file": value})),
        "socket" => Ok(json!({"mode": "Socket", "socket": value})),
        _ => Err(format!("unknown option: {key}")),
    }
}

fn only(option: &str, key: &str) -> Result<String, String> {
    match &pairs(option)?[..] {
        [(name, value)] if name == key => Ok(value.clone()),
        _ => Err(format!("invalid syntax:{option}")),
    }
}

/// The parts of an option: commas separate them, unless they are within quotation marks.
fn pairs(option: &str) -> Result<Vec<(String, String)>, String> {
    let (mut parts, mut quoted) = (vec![String::new()], false);
    for character in option.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(String::new()),
            _ => parts.last_mut().expect("begins with one").push(character),
        }
    }
    let pair = |part: String| {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("invalid syntax:{part}"))?;
        Ok((key.to_owned(), value.to_owned()))
    };
    if quoted { Err(format!("invalid syntax:{option}")) } else { parts.into_iter().map(pair).collect() }
}
