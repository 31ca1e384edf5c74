//! What the command prints: tables and JSON on standard output, all else on standard error.

use std::io::{self, Write};

use cloud_types::Error;
use cocoon::{Network, Vm, VmState};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// Prints to where the user wants it. That nobody reads it any more (`cocoon ps | head -1`) is no failure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// A line for people.
    pub(crate) fn line(self, text: impl std::fmt::Display) {
        if !self.json {
            let _ = writeln!(io::stdout(), "{text}");
        }
    }

    /// A value for programs.
    pub(crate) fn value(self, value: &impl Serialize) {
        if self.json {
            Self::always_value(value);
        }
    }

    /// A value, whoever reads it.
    pub(crate) fn always_value(value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// Something that people should know, beside the result.
    pub(crate) fn notice(text: impl std::fmt::Display) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// What went wrong.
    pub(crate) fn error(self, error: &Error) {
        let field = error.field().map(|field| format!("{field}: ")).unwrap_or_default();
        let text = format!("{field}{}", error.message());
        let text = match self.json {
            true => json!({ "error": { "kind": error.kind().to_string(), "message": text } }).to_string(),
            false => format!("cocoon: {text}"),
        };
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// A list of VMs.
    pub(crate) fn vms(self, vms: &[Vm]) {
        self.value(&vms);
        let mut rows = vec![["NAME", "STATE", "CPUS", "MEMORY", "ADDRESS", "PORTS", "CREATED"].map(str::to_owned)];
        rows.extend(vms.iter().map(row));
        self.line(table(&rows));
    }

    /// A list of networks.
    pub(crate) fn networks(self, networks: &[Network]) {
        self.value(&networks);
        let mut rows = vec![["NAME", "IPV4", "IPV6", "BRIDGE", "VMS", "CREATED"].map(str::to_owned)];
        rows.extend(networks.iter().map(|network| {
            let vms: Vec<&str> = network.vms.iter().map(cloud_types::Name::as_str).collect();
            let created = format!("{} ago", ago(network.created_at, Timestamp::now()));
            let (ipv4, ipv6) = (format!("{}/24", network.ipv4), format!("{}/64", network.ipv6));
            [network.name.to_string(), ipv4, ipv6, network.bridge.clone(), vms.join(", "), created]
        }));
        self.line(table(&rows));
    }
}

fn row(vm: &Vm) -> [String; 7] {
    let now = Timestamp::now();
    let state = match (vm.state, vm.ending) {
        (VmState::Stopped, Some(ending)) => format!("stopped ({ending})"),
        (state, _) => match vm.since {
            Some(since) => format!("{state} for {}", ago(since, now)),
            None => state.to_string(),
        },
    };
    let ports = vm.hardware.published.iter();
    let ports: Vec<String> = ports.map(|port| format!("{}:{}->{}", port.address, port.host, port.guest)).collect();
    let hardware = &vm.hardware;
    let created = format!("{} ago", ago(vm.created_at, now));
    let address = hardware.connection.address().map(|address| address.ipv4.to_string()).unwrap_or_default();
    let (cpus, memory) = (hardware.cpus.to_string(), hardware.memory.to_string());
    [vm.name.to_string(), state, cpus, memory, address, ports.join(", "), created]
}

/// Columns as wide as they have to be.
pub(crate) fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let widths: [usize; COLUMNS] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}   "));
        cells.collect::<String>().trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A time span in its largest unit.
pub(crate) fn ago(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// A size in its largest unit.
pub(crate) fn bytes(number: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let power = (number.max(1).ilog2() / 10).min(4);
    match power {
        0 => format!("{number} B"),
        _ => format!("{:.1} {}", number as f64 / (1_u64 << (10 * power)) as f64, units[power as usize]),
    }
}

/// What became of one of several VMs, for programs.
pub(crate) fn outcome(name: &impl std::fmt::Display, what: &str) -> Value {
    json!({ "name": name.to_string(), "outcome": what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["NAME", "STATE"], ["web-server-1", "running"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "NAME           STATE\nweb-server-1   running");
    }

    #[test]
    fn a_time_span_is_told_in_its_largest_unit() {
        let told = |seconds| ago(Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds).unwrap());
        assert_eq!([told(1), told(119), told(7200), told(864_000)], ["1 second", "1 minute", "2 hours", "10 days"]);
    }
}
