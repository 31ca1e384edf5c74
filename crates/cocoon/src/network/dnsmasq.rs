//! The process that tells the VMs of a network their addresses and answers their questions for names: one `dnsmasq` each.
//!
//! It reads no file of the administrator's. It gets its log, locked, as its standard error, and holds it until it ends: so
//! whether it runs is proven as for a hypervisor. Its standard input, which it closes, is what it is told.

use std::fmt::Write;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use cloud_types::{Error, ErrorKind, Result};
use process_wrap::tokio::{CommandWrap, ProcessSession};
use tokio::time::{Instant, sleep};

use super::claim::Claim;
use super::link;
use super::record::NetworkRecord;
use super::store::LockedNetwork;
use super::tool::DNSMASQ;
use crate::hypervisor::process::last_words;
use crate::state::{Alive, Proof, durable};
use crate::{crash, error};

/// Makes sure that it runs and knows all VMs of the network.
pub(super) async fn serve(network: &LockedNetwork) -> Result<()> {
    let text = configuration(&network.record, &network.claims()?, link::has_ipv6());
    let (file, told) = (configuration_file(network), network.directory().join("dnsmasq.conf"));
    if let Proof::Runs(_) = alive(network).prove(last_process(network)).await? {
        // What it was told is written before it is started, and not while it runs.
        if fs::read_to_string(&told).is_ok_and(|told| told == text) {
            return Ok(());
        }
    }
    let lock = end(network).await?;
    crash::point("dnsmasq: ended");
    durable::write(&file, text.as_bytes()).map_err(|error| error::io("writing what dnsmasq is told", error))?;
    let process = spawn(network, lock)?;
    crash::point("dnsmasq: spawned");
    // Where to look first for who holds the lock.
    let _ = fs::write(process_file(network), process.to_string());
    started(network, process).await
}

/// Makes sure that it does not run; answers the proof.
pub(super) async fn end(network: &LockedNetwork) -> Result<File> {
    // Those that it made to answer a question each hold the lock too.
    for _ in 0..MOST_PROCESSES {
        match alive(network).prove(last_process(network)).await? {
            Proof::Dead(lock) => return Ok(lock),
            Proof::Runs(holder) => {
                holder.kill().map_err(|error| error::io("ending dnsmasq", error))?;
                holder.ended_within(PATIENCE).await;
            }
        }
    }
    Err(Error::new(ErrorKind::Unexpected, "a dnsmasq cannot be ended"))
}

/// What it is told: <https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html>.
fn configuration(record: &NetworkRecord, claims: &[Claim], ipv6: bool) -> String {
    let mut text = format!(
        "# Networks of cocoon: made anew, not to be changed.\n\
         except-interface=lo\nbind-dynamic\nno-hosts\ndomain-needed\nbogus-priv\n\
         dhcp-authoritative\nleasefile-ro\nno-ping\nquiet-dhcp\nquiet-dhcp6\nquiet-ra\n\
         dhcp-range={},static,255.255.255.0,{LEASE}\n",
        record.ipv4
    );
    if ipv6 {
        // With both, who makes its address of its card's and who asks for it have the same.
        let _ = writeln!(text, "enable-ra\ndhcp-range={},static,slaac,64,{LEASE}", record.ipv6);
    }
    for Claim { ipv4, mac, vm, .. } in claims {
        let address = record.ipv6_of(mac);
        let (lease, name) = match ipv6 {
            true => (format!(",[{address}]"), format!(",{address}")),
            false => (String::new(), String::new()),
        };
        // A clone's system may tell the same client id as its original's, and each would take the other's lease: none counts.
        let _ = writeln!(text, "dhcp-host={mac},id:*,{ipv4}{lease},{vm}\nhost-record={vm},{ipv4}{name}");
    }
    text
}

/// Addresses are fixed, so that nothing but the way there can change.
const LEASE: &str = "1h";

fn spawn(network: &LockedNetwork, lock: File) -> Result<u32> {
    let failed = |error| error::io("starting dnsmasq", error);
    // The log begins anew.
    lock.set_len(0).map_err(failed)?;
    let told = File::open(configuration_file(network)).map_err(failed)?;
    let mut command = CommandWrap::with_new(DNSMASQ.path()?, |command| {
        // Its interface is here, so that it can be told whose it is.
        command.arg(interface_argument(&network.record.bridge));
        command.args(["--conf-file=-", "--keep-in-foreground", "--pid-file=", "--log-facility=-"]);
        command.args(user().map(|user| format!("--user={user}")));
        command.current_dir("/").stdin(Stdio::from(told)).stdout(Stdio::null()).stderr(Stdio::from(lock));
    });
    let child = command.wrap(ProcessSession).spawn().map_err(failed)?;
    child.id().ok_or_else(|| Error::new(ErrorKind::Unexpected, "a process that was just started has no id"))
}

/// The argument that all of a network's have.
pub(super) fn interface_argument(bridge: &str) -> String {
    format!("--interface={bridge}")
}

/// The user that Debian's package makes for it; without one, it takes `nobody`.
fn user() -> Option<&'static str> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    users.lines().any(|line| line.starts_with("dnsmasq:")).then_some("dnsmasq")
}

/// Waits until it has said that it serves.
async fn started(network: &LockedNetwork, process: u32) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if fs::read_to_string(log(network)).is_ok_and(|log| log.contains("started, version")) {
            return Ok(());
        }
        let ended = matches!(alive(network).prove(Some(process)).await?, Proof::Dead(_));
        if ended || Instant::now() > deadline {
            let how = if ended { "ended at once" } else { "does not begin to serve" };
            let message = format!("dnsmasq {how}: {}", last_words(&log(network)));
            return Err(Error::new(ErrorKind::Unavailable, message));
        }
        sleep(Duration::from_millis(2)).await;
    }
}

fn alive(network: &LockedNetwork) -> Alive {
    Alive::kept_anyhow(log(network))
}

fn log(network: &LockedNetwork) -> PathBuf {
    network.directory().join("dnsmasq.log")
}

fn configuration_file(network: &LockedNetwork) -> PathBuf {
    network.directory().join("dnsmasq.conf")
}

fn process_file(network: &LockedNetwork) -> PathBuf {
    network.directory().join("dnsmasq.process")
}

fn last_process(network: &LockedNetwork) -> Option<u32> {
    fs::read_to_string(process_file(network)).ok()?.parse().ok()
}

/// How long it may take to begin and to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// It makes at most 20 more of itself.
const MOST_PROCESSES: usize = 30;

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::state::{Version, VmId};

    #[test]
    fn a_vm_is_told_the_address_that_is_recorded() {
        let record = NetworkRecord {
            version: Version,
            name: cloud_types::Name::new("default").unwrap(),
            created_at: Timestamp::UNIX_EPOCH,
            bridge: "cn0123456789abc".to_owned(),
            ipv4: [10, 64, 3, 0].into(),
            ipv6: "fd12:3456:789a::".parse().unwrap(),
        };
        let claim = Claim {
            ipv4: [10, 64, 3, 2].into(),
            mac: "52:54:00:00:00:01".to_owned(),
            vm: cloud_types::Name::new("web-1").unwrap(),
            id: VmId::random(),
        };
        let text = configuration(&record, std::slice::from_ref(&claim), true);
        let host = "dhcp-host=52:54:00:00:00:01,id:*,10.64.3.2,[fd12:3456:789a:0:5054:ff:fe00:1],web-1\n";
        assert!(text.contains(host), "{text}");
        let text = configuration(&record, &[claim], false);
        assert!(text.contains("host-record=web-1,10.64.3.2\n") && !text.contains("fd12"), "{text}");
    }
}
