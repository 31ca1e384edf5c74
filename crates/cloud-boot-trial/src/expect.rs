//! What is to be seen on a host, asked over SSH: a claim, a command line, and what that prints.

use std::time::Duration;

use cloud_reach::{Command, Session};

use crate::guest::{COMMANDS, DATA, FETCHED, FETCHED_FILE, FILE, Guest, SECRET_FILE, TEXT, USER};
use crate::report::Scenario;

/// One look at a host.
struct Expected {
    claim: &'static str,
    line: String,
    prints: String,
}

/// Looks at all that the user data asks for. `starts` is how often the service was started with this data disk.
pub(crate) async fn all_is_there(guest: &Guest, session: &Session, starts: usize, scenario: &mut Scenario) {
    for expected in everything(guest, starts) {
        look(session, &expected, scenario).await;
    }
}

/// Looks at what a host has whose bundle was refused: what comes before it, and nothing of what comes after.
pub(crate) async fn only_the_first_steps_were_taken(session: &Session, scenario: &mut Scenario) {
    let none = [
        expect("nothing of the bundle is there", "ls -A /opt | grep -c trial", "0"),
        expect("no unit was made", "systemctl is-active trial; ls /etc/systemd/system | grep -c trial", "inactive\n0"),
        expect("cloud-init reports an error", CLOUD_INIT, "status: error"),
    ];
    for expected in none {
        look(session, &expected, scenario).await;
    }
}

fn everything(guest: &Guest, starts: usize) -> Vec<Expected> {
    let key = guest.host_key.to_openssh();
    let key: Vec<_> = key.split(' ').take(2).collect();
    vec![
        // A second boot is ready, by the first one's signal, before all of its units are.
        expect("its system is up", "systemctl is-system-running --wait", "running"),
        expect("the user is there, and may become root", "id -un; sudo -n id -un", format!("{USER}\nroot")),
        expect(
            "the host has the announced key and no other",
            "sudo sh -c 'cat /etc/ssh/ssh_host_*_key.pub' | cut -d ' ' -f 1,2",
            key.join(" "),
        ),
        expect("the file is written byte for byte", format!("cat {FILE}; echo ."), format!("{TEXT}.")),
        expect("it has its mode and owner", format!("stat -c '%a %U' {FILE}"), format!("640 {USER}")),
        expect("the secret is root's alone", format!("stat -c '%a %U' {SECRET_FILE}"), "600 root"),
        expect(
            "the fetched secret is there, root's alone",
            format!("sudo cat {FETCHED_FILE}; stat -c '%a %U' {FETCHED_FILE}"),
            format!("{FETCHED}600 root"),
        ),
        expect(
            "the data disk is mounted, with btrfs",
            format!("findmnt -no SOURCE,FSTYPE,LABEL {DATA} | tr -s ' '"),
            "/dev/vdb btrfs cloud-data",
        ),
        expect("swap is on", "tail -n +2 /proc/swaps | wc -l", "1"),
        expect(
            "the unit is active and enabled",
            "systemctl is-active trial; systemctl is-enabled trial",
            "active\nenabled",
        ),
        expect("the data disk keeps what was written", format!("grep -c started {DATA}/starts"), starts.to_string()),
        expect("the command was run once", format!("sudo cat {COMMANDS}"), "once"),
        expect("cloud-init reports no error", CLOUD_INIT, "status: done"),
        expect("no unit failed", "systemctl list-units --failed --no-legend --plain", ""),
    ]
}

/// How long a look may take: the end of a boot is waited for.
const LIMIT: Duration = Duration::from_secs(180);

/// It ends after the script that signals, and has to be waited for.
const CLOUD_INIT: &str = "cloud-init status --wait > /dev/null; cloud-init status";

fn expect(claim: &'static str, line: impl Into<String>, prints: impl Into<String>) -> Expected {
    Expected { claim, line: line.into(), prints: prints.into() }
}

async fn look(session: &Session, expected: &Expected, scenario: &mut Scenario) {
    let outcome = match session.run(Command::new(expected.line.as_str()).limit(LIMIT)).await {
        Ok(output) if output.text().trim_end_matches('\n') == expected.prints => {
            Ok(expected.prints.lines().collect::<Vec<_>>().join(", "))
        }
        Ok(output) => Err(format!("expected {:?}, saw {:?}", expected.prints, output.text())),
        Err(error) => Err(error.to_string()),
    };
    scenario.note(expected.claim, outcome);
}
