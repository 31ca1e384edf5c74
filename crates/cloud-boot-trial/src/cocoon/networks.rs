//! Networks of VMs, which this box makes for them: addresses, who reaches whom, and that nothing of them is left.
//!
//! The program runs in a network namespace of its own then, so that the machine's is left alone.

use std::process::Stdio;
use std::time::Duration;

use super::console::Console;
use super::http::{fetch, free_port};
use super::installation::Installation;
use super::small::BOOT;
use crate::Result;
use crate::report::Scenario;

/// Two VMs on one network, and one on another.
pub(crate) async fn run(here: &Installation) -> Scenario {
    let mut scenario = Scenario::new("networks");
    let shown = show(here, &mut scenario).await;
    scenario.end(shown);
    scenario
}

async fn show(here: &Installation, scenario: &mut Scenario) -> Result {
    let listed: serde_json::Value = serde_json::from_str(&here.run(&["list", "--json"]).await?)?;
    let images = listed.as_array().into_iter().flatten().filter_map(|image| image["name"].as_str());
    let image = images.into_iter().find(|name| name.contains("small")).ok_or("the small system is not pulled")?;
    let user_data = here.file("networks.user-data", USER_DATA)?;
    let published = format!("{}:80", free_port()?);
    for (name, network) in [("red-1", "red"), ("red-2", "red"), ("blue-1", "blue")] {
        let create = ["create", image, "--name", name, "--cpu", "1", "--memory", "256M", "--storage", "1G"];
        // What is asked of them is asked by their consoles, but for one.
        let publish = ["--user-data", &user_data, "--network", network, "--publish", &published];
        here.run(&[&create[..], if name == "red-1" { &publish } else { &publish[..4] }].concat()).await?;
    }
    here.run(&["start", "red-1", "red-2", "blue-1"]).await?;
    let port = published.trim_end_matches(":80").parse()?;
    scenario.expect("a VM is reached by its published port", fetch(port, "name", BOOT).await, "red-1");
    scenario.expect(
        "it has the address that it was promised",
        fetch(port, "address", BOOT).await,
        &address(here, "red-1", "ipv4").await?,
    );
    for name in ["red-2", "blue-1"] {
        here.wait_for_console(name, "small system: ", BOOT).await?;
    }

    let mut console = Console::open(here, "red-1")?;
    for (claim, name, key) in [
        ("it reaches its neighbour", "red-2", "ipv4"),
        ("it reaches its neighbour by IPv6", "red-2", "ipv6"),
        ("it does not reach a VM of another network", "blue-1", "ipv4"),
        ("it does not reach a VM of another network by IPv6", "blue-1", "ipv6"),
    ] {
        let host = address(here, name, key).await?;
        let host = if key == "ipv6" { format!("[{host}]") } else { host };
        let expected = if name == "red-2" { "this is red-2" } else { "no answer" };
        scenario.contains(claim, console.type_until(&get(&host), expected, ANSWER).await, expected);
    }
    drop(console);
    let mut console = Console::open(here, "blue-1")?;
    let line = get(&address(here, "blue-1", "ipv4").await?);
    scenario.contains(
        "that one answers to itself",
        console.type_until(&line, "this is blue-1", ANSWER).await,
        "this is blue-1",
    );
    drop(console);

    scenario.contains("its lease is renewed, though another tells the same client id", renew(here).await, "refused: 0");
    here.run(&["rm", "--force", "red-1", "red-2", "blue-1"]).await?;
    scenario.expect(
        "nothing but the loopback is left of interfaces",
        print("ip", &["-brief", "link"]).await.map(|lines| names(&lines)),
        "lo",
    );
    scenario.expect("no rules are left", print("nft", &["list", "tables"]).await, "");
    Ok(())
}

/// Lets both VMs of a network tell DHCP the same client id, as a clone's system does; the first one asks again, and must not
/// be refused.
async fn renew(here: &Installation) -> Result<String> {
    let ask = "[ -e /tmp/dhcp ] || (udhcpc -f -i eth0 -s /etc/dhcp -x 0x3d:ff0102030405 > /tmp/dhcp 2>&1 &)";
    for name in ["red-1", "red-2"] {
        let line = format!("{ask}; sleep 1; cat /tmp/dhcp");
        Console::open(here, name)?.type_until(&line, "obtained", ANSWER).await?;
    }
    let line = "killall -USR1 udhcpc; sleep 2; echo refu''sed: $(grep -c NAK /tmp/dhcp)";
    Console::open(here, "red-1")?.type_until(line, "refused: 0", ANSWER).await
}

/// What a guest types to ask another one.
fn get(host: &str) -> String {
    format!("timeout 3 wget -q -O - http://{host}/this || echo no ans''wer")
}

/// What is recorded of a VM's place in its network.
async fn address(here: &Installation, name: &str, key: &str) -> Result<String> {
    let vm = here.inspect(name).await?;
    let address = vm["hardware"]["connection"][key].as_str();
    Ok(address.ok_or_else(|| format!("{name} has no {key}: {vm}"))?.to_owned())
}

/// The first word of each line.
fn names(lines: &str) -> String {
    lines.lines().filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>().join(" ")
}

async fn print(program: &str, arguments: &[&str]) -> Result<String> {
    let output = tokio::process::Command::new(program).args(arguments).stdin(Stdio::null()).output().await?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// With it they have names, and say them.
const USER_DATA: &str = "#!/bin/sh\necho this is $(hostname) > /www/this\n";

/// Of an emulated neighbour.
const ANSWER: Duration = Duration::from_secs(60);
