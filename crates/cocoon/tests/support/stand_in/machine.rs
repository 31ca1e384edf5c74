//! The program's state: a VM or none, and what each call makes of it. Refusals are in the recorded words.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::config;
use crate::devices::Devices;
use crate::events::Events;
use crate::guest::Guest;
use crate::options::{Options, Pretence};

pub struct Machine {
    options: Options,
    events: Arc<Events>,
    vm: Option<Vm>,
}

struct Vm {
    config: Value,
    run: Option<Run>,
}

/// A VM that has booted.
struct Run {
    paused: bool,
    devices: Devices,
    guest: Guest,
}

/// How the program says no.
#[derive(Debug)]
pub struct Refusal {
    pub status: u16,
    pub words: Vec<String>,
}

type Answer<T = ()> = Result<T, Refusal>;

impl Refusal {
    fn new(status: u16, words: &[&str]) -> Self {
        let words = std::iter::once("Error from API").chain(words.iter().copied());
        Self { status, words: words.map(str::to_owned).collect() }
    }

    pub fn unreadable(error: &serde_json::Error) -> Self {
        Self { status: 400, words: vec!["Failed to deserialize JSON".to_owned(), error.to_string()] }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(": "))
    }
}

fn refuse<T>(words: &[&str]) -> Answer<T> {
    Err(Refusal::new(500, words))
}

impl Machine {
    pub fn new(options: Options, events: Events) -> Self {
        Self { options, events: Arc::new(events), vm: None }
    }

    pub fn ping(&self) -> Value {
        let pid = std::process::id();
        json!({"build_version": "v53.0.0-", "version": "53.0.0", "pid": pid, "features": ["io_uring", "kvm"]})
    }

    pub fn info(&self) -> Answer<Value> {
        let Some(vm) = &self.vm else {
            return Err(Refusal::new(404, &["The VM info is not available", "VM is not created"]));
        };
        let mut info = json!({"config": vm.config, "memory_actual_size": vm.memory()});
        info["state"] = json!(match &vm.run {
            None => "Created",
            Some(run) if run.paused => "Paused",
            Some(_) => "Running",
        });
        if let Some(run) = &vm.run {
            info["device_tree"] = json!(run.devices.tree());
        }
        Ok(info)
    }

    pub fn counters(&mut self) -> Answer<Value> {
        let run = self.running("The VM counters are not available")?;
        Ok(json!(run.devices.counters()))
    }

    pub fn create(&mut self, config: &Value) -> Answer {
        if self.vm.is_some() {
            return refuse(&["The VM could not be created", "VM is already created"]);
        }
        self.vm = Some(Vm { config: config::complete(config), run: None });
        Ok(())
    }

    pub fn boot(&mut self) -> Answer {
        const FAILED: &str = "The VM could not boot";
        let Some(vm) = &mut self.vm else {
            self.events.write("vm", "booting");
            return Err(Refusal::new(404, &[FAILED, "VM config is missing"]));
        };
        if vm.run.is_some() {
            return refuse(&[FAILED, "VM is already created"]);
        }
        self.events.write("vm", "booting");
        let payload = &vm.config["payload"];
        let Some(program) = payload["kernel"].as_str().or(payload["firmware"].as_str()) else {
            let reason = "No bootitem provided: neither firmware nor kernel";
            return refuse(&[FAILED, "Failed to validate config", "Payload configuration is not bootable", reason]);
        };
        let disks = vm.config["disks"].as_array().into_iter().flatten().filter_map(|disk| disk["path"].as_str());
        for file in std::iter::once(program).chain(disks) {
            if !is_there(&self.options, file) {
                return refuse(&[FAILED, &cannot_open(file), MISSING]);
            }
        }
        let devices = Devices::of(&mut vm.config);
        if vm.config["serial"]["mode"] == "Pty" {
            vm.config["serial"]["file"] = json!("/dev/pts/0");
        }
        if let Some(file) = vm.config["console"]["file"].as_str() {
            std::fs::write(file, "").map_err(|error| Refusal::new(500, &[FAILED, &error.to_string()]))?;
        }
        let serial = vm.config["serial"]["socket"].as_str().map(PathBuf::from);
        let mute = self.options.pretends(Pretence::MuteGuest);
        let stubborn = self.options.pretends(Pretence::StubbornGuest);
        let events = Arc::clone(&self.events);
        let power_off = move || {
            say_end(&events, true);
            std::process::exit(0);
        };
        let guest = Guest::boot(serial.as_deref(), mute, stubborn, power_off);
        let guest = guest.map_err(|error| Refusal::new(500, &[FAILED, &error]))?;
        vm.run = Some(Run { paused: false, devices, guest });
        self.events.write("vm", "booted");
        Ok(())
    }

    pub fn delete(&mut self) -> Answer {
        if let Some(vm) = self.vm.take() {
            if vm.run.is_some() {
                self.events.write("vm", "shutdown");
            }
            self.events.write("vm", "deleted");
        }
        Ok(())
    }

    pub fn pause(&mut self) -> Answer {
        let events = Arc::clone(&self.events);
        let run = self.running("The VM could not be paused")?;
        events.write("vm", "pausing");
        if run.paused {
            let reason = "Invalid transition: InvalidStateTransition(Paused, Paused)";
            return refuse(&[
                "The VM could not be paused",
                "Cannot pause VM",
                "Failed to pause migratable component",
                reason,
            ]);
        }
        run.paused = true;
        events.write("vm", "paused");
        Ok(())
    }

    pub fn resume(&mut self) -> Answer {
        let events = Arc::clone(&self.events);
        let run = self.running("The VM could not resume")?;
        events.write("vm", "resuming");
        if !run.paused {
            let reason = "Invalid transition: InvalidStateTransition(Running, Running)";
            return refuse(&[
                "The VM could not resume",
                "Cannot resume VM",
                "Failed to resume migratable component",
                reason,
            ]);
        }
        run.paused = false;
        events.write("vm", "resumed");
        Ok(())
    }

    pub fn shutdown(&mut self) -> Answer {
        self.running("The VM could not shutdown")?;
        if let Some(vm) = &mut self.vm {
            if let Some(socket) = vm.config["serial"]["socket"].as_str() {
                std::fs::remove_file(socket).ok();
            }
            vm.run = None;
        }
        self.events.write("vm", "shutdown");
        Ok(())
    }

    pub fn reboot(&mut self) -> Answer {
        let (events, twice) = (Arc::clone(&self.events), self.options.pretends(Pretence::FaultAfterReset));
        let run = self.running("The VM could not reboot")?;
        for _ in 0..=u8::from(twice) {
            events.write("vm", "rebooting");
            run.guest.reset();
            events.write("vm", "rebooted");
        }
        Ok(())
    }

    /// Answers whether the guest obeys, and the program ends.
    pub fn press_power_button(&mut self) -> Answer<bool> {
        let powers_off = self.running("The VM could not be powered off")?.guest.press_power_button();
        if powers_off {
            self.end();
        }
        Ok(powers_off)
    }

    pub fn interrupt(&mut self) -> Answer {
        self.running("The NMI could not be injected").map(drop)
    }

    /// The processors first: they stay changed where the memory cannot.
    pub fn resize(&mut self, size: &Value) -> Answer {
        const FAILED: &str = "The VM could not be resized";
        self.running(FAILED)?;
        self.events.write("vm", "resizing");
        let Some(vm) = &mut self.vm else { return refuse(&[FAILED, "VM is not created"]) };
        if let Some(cpus) = size["desired_vcpus"].as_u64() {
            if cpus > vm.config["cpus"]["max_vcpus"].as_u64().unwrap_or_default() {
                return refuse(&[FAILED, "Error from CPU manager", "Requested vCPUs exceed maximum"]);
            }
            vm.config["cpus"]["boot_vcpus"] = json!(cpus);
        }
        if let Some(memory) = size["desired_ram"].as_u64() {
            let more = memory.saturating_sub(vm.memory());
            let room = vm.config["memory"]["hotplug_size"].as_u64().unwrap_or_default();
            if more % (128 << 20) != 0 || more > room {
                let reason = "The requested hotplug memory addition is not a valid size";
                return refuse(&[FAILED, "Memory manager error", reason]);
            }
            vm.config["memory"]["hotplugged_size"] = json!(more);
        }
        Ok(())
    }

    pub fn resize_disk(&mut self, resize: &Value) -> Answer {
        let id = resize["id"].as_str().unwrap_or_default();
        let known = self.running("The disk could not be resized")?.devices.has(id);
        if known {
            Ok(())
        } else {
            refuse(&["The disk could not be resized", "Error from device manager", &unknown(id)])
        }
    }

    pub fn add_disk(&mut self, disk: &Value) -> Answer<Option<Value>> {
        const FAILED: &str = "The disk could not be added to the VM";
        let path = disk["path"].as_str().unwrap_or_default().to_owned();
        if is_there(&self.options, &path) {
            self.add(FAILED, "disks", config::disk(disk), Devices::add_disk)
        } else {
            refuse(&[FAILED, "Error from device manager", "Cannot open disk path", &open_failed(&path), MISSING])
        }
    }

    pub fn add_net(&mut self, net: Value) -> Answer<Option<Value>> {
        self.add("The network device could not be added to the VM", "net", net, Devices::add_net)
    }

    fn add(
        &mut self,
        failed: &str,
        list: &str,
        mut device: Value,
        plug: fn(&mut Devices, &mut Value) -> Value,
    ) -> Answer<Option<Value>> {
        let Some(vm) = &mut self.vm else { return refuse(&[failed, "VM is not created"]) };
        let id = device["id"].as_str();
        if let Some(id) = id.filter(|id| vm.devices().any(|device| device["id"] == *id)) {
            return refuse(&[failed, "Failed to validate config", &format!("Identifier {id} is not unique")]);
        }
        let place = vm.run.as_mut().map(|run| plug(&mut run.devices, &mut device));
        if !vm.config[list].is_array() {
            vm.config[list] = json!([]);
        }
        vm.config[list].as_array_mut().expect("made as one").push(device);
        Ok(place)
    }

    /// The configuration loses it at once, the bus when the guest has let go of it.
    pub fn remove_device(&mut self, device: &Value) -> Answer {
        const FAILED: &str = "The device could not be removed from the VM";
        let id = device["id"].as_str().unwrap_or_default();
        let Some(vm) = &mut self.vm else { return refuse(&[FAILED, "VM is not created"]) };
        if !vm.devices().any(|device| device["id"] == id) {
            return refuse(&[FAILED, "Error from device manager", &unknown(id)]);
        }
        for list in ["disks", "net"] {
            if let Some(devices) = vm.config.get_mut(list).and_then(Value::as_array_mut) {
                devices.retain(|device| device["id"] != id);
            }
        }
        Ok(())
    }

    pub fn snapshot(&mut self, target: &Value) -> Answer {
        let words =
            ["The VM could not be snapshotted", "Cannot snapshot VM", "Failed to snapshot migratable component"];
        let paused = self.running(words[0])?.paused;
        self.events.write("vm", "snapshotting");
        let failed = |reason: &str| refuse(&[words[0], words[1], words[2], reason]);
        if !paused {
            return failed("Trying to snapshot while VM is running");
        }
        if self.options.pretends(Pretence::NoSnapshots) {
            return failed(NO_NESTED_STATE);
        }
        let config = self.vm.as_ref().map(|vm| vm.config.to_string()).unwrap_or_default();
        let written = std::fs::write(directory(&target["destination_url"]).join("config.json"), config);
        written.or_else(|error| failed(&error.to_string()))?;
        self.events.write("vm", "snapshotted");
        Ok(())
    }

    pub fn restore(&mut self, source: &Value) -> Answer {
        const FAILED: &str = "The VM could not be restored";
        if self.vm.is_some() {
            return refuse(&[FAILED, "VM is already created"]);
        }
        let file = directory(&source["source_url"]).join("config.json");
        let Ok(config) = std::fs::read(&file) else {
            let opening = format!("Error opening VM config snapshot file {file:?}");
            return refuse(&[
                FAILED,
                "Cannot restore VM",
                "Failed to receive migratable component snapshot",
                &opening,
                MISSING,
            ]);
        };
        let config: Value = serde_json::from_slice(&config).map_err(|error| Refusal::unreadable(&error))?;
        self.create(&config)?;
        self.boot()?;
        self.running(FAILED)?.paused = source["resume"] != true;
        Ok(())
    }

    /// Ends the VM and the program.
    pub fn end(&mut self) {
        let runs = self.vm.take().is_some_and(|vm| vm.run.is_some());
        say_end(&self.events, runs);
    }

    fn running(&mut self, failed: &str) -> Answer<&mut Run> {
        let run = self.vm.as_mut().and_then(|vm| vm.run.as_mut());
        run.ok_or_else(|| Refusal::new(500, &[failed, "VM is not running"]))
    }
}

impl Vm {
    fn memory(&self) -> u64 {
        let memory = &self.config["memory"];
        let part = |name: &str| memory[name].as_u64().unwrap_or_default();
        part("size") + part("hotplugged_size")
    }

    fn devices(&self) -> impl Iterator<Item = &Value> {
        ["disks", "net"].into_iter().filter_map(|list| self.config.get(list)?.as_array()).flatten()
    }
}

fn say_end(events: &Events, runs: bool) {
    if runs {
        events.write("vm", "shutdown");
        events.write("vm", "deleted");
    }
    events.write("vmm", "shutdown");
}

fn is_there(options: &Options, file: &str) -> bool {
    options.there.iter().any(|there| there == file) || Path::new(file).exists()
}

fn directory(url: &Value) -> PathBuf {
    PathBuf::from(url.as_str().and_then(|url| url.strip_prefix("file://")).unwrap_or_default())
}

fn cannot_open(file: &str) -> String {
    format!("Cannot open {file}")
}

fn open_failed(file: &str) -> String {
    format!("I/O error (path={file} op=open)")
}

fn unknown(id: &str) -> String {
    format!("Failed to find device corresponding to the given identifier: {id}")
}

const MISSING: &str = "No such file or directory (os error 2)";

/// With the trace of the stack that the program adds.
const NO_NESTED_STATE: &str = "Could not get vCPU state GetNestedState(Invalid argument (os error 22)\n\nStack backtrace:\n   \
    0: <unknown>\n   1: <unknown>\n   2: <unknown>\n   3: <unknown>\n   4: <unknown>\n   5: <unknown>\n   6: <unknown>\n   \
    7: <unknown>\n   8: <unknown>\n   9: <unknown>\n  10: start_thread\n             at ./nptl/pthread_create.c:442:8\n  11: \
    clone3\n             at ./misc/../sysdeps/unix/sysv/linux/x86_64/clone3.S:81:0)";
