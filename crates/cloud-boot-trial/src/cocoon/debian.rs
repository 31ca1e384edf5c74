//! A cloud image of Debian, with partitions, UEFI, cloud-init and OpenSSH: what users boot.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use cloud_bootstrap::{Bootstrap, File, Format, Unit};
use cloud_reach::{Command, HostKey, Session, Ssh, SshPrivateKey};
use tokio::time::{Instant, sleep};

use super::console::Console;
use super::files::Files;
use super::http::{fetch, free_port};
use super::installation::Installation;
use crate::Result;
use crate::report::Scenario;

/// All of it; a failure ends it, and is a claim that does not hold.
pub(crate) async fn run(here: &Installation, images: &Path) -> Scenario {
    let mut scenario = Scenario::new("Debian");
    let lived = live(here, images, &mut scenario).await;
    scenario.end(lived);
    scenario
}

async fn live(here: &Installation, images: &Path, scenario: &mut Scenario) -> Result {
    let files = Files::serve(images).await?;
    let image = files.url("cloud.qcow2");
    let pulled: serde_json::Value = serde_json::from_str(&here.run(&["pull", &image, "--json"]).await?)?;
    scenario.note(
        "a cloud image comes by HTTP, verified by the checksums beside it, and wants UEFI",
        match (&pulled[0]["image"]["boot"], &pulled[0]["image"]["verified"]["by"]) {
            (boot, verified) if boot == "uefi" && verified == "checksum_file" => Ok(image.clone()),
            _ => Err(pulled.to_string()),
        },
    );

    let (ssh_port, web_port, key) = (free_port()?, free_port()?, SshPrivateKey::generate()?);
    let key_file = here.file("debian.pub", &key.public().to_openssh())?;
    let user_data = here.file("debian.user-data", user_data()?.expose())?;
    let publish = [format!("{ssh_port}:22"), format!("{web_port}:80")];
    let create = ["create", &image, "--name", "debian-1", "--ssh-key", &key_file, "--user-data", &user_data];
    here.run(&[&create[..], &["--publish", &publish[0], "--publish", &publish[1]]].concat()).await?;
    here.run(&["start", "debian-1"]).await?;
    let ssh = Ssh::new("debian", key, HostKey::unverified()).port(ssh_port);
    let session = log_in(&ssh).await?;
    scenario.note("is reached by SSH with the key", Ok(format!("port {ssh_port}")));
    let ended = say(&session, "cloud-init status --wait > /dev/null; cloud-init status").await;
    scenario.expect("its first boot ends well", ended, "status: done");
    let id = here.inspect("debian-1").await?["id"].as_str().unwrap_or_default().to_owned();
    let host_key = say(&session, HOST_KEY).await?;
    for (claim, line, expected) in [
        ("was booted by UEFI", "ls -d /sys/firmware/efi", "/sys/firmware/efi"),
        ("has the VM's name", "hostname", "debian-1"),
        ("is the instance that the VM is", "cat /run/cloud-init/.instance-id", id.as_str()),
        ("has grown to its disk", "test $(df --output=size -BG / | tail -n 1 | tr -dc 0-9) -ge 9 && echo yes", "yes"),
        ("keeps what is written", "echo data > kept; sync; cat kept", "data"),
    ] {
        scenario.expect(claim, say(&session, line).await, expected);
    }
    scenario.expect("serves what its user data asks for", fetch(web_port, "greeting", BOOT).await, GREETING);

    let said = here.wait_for_console("debian-1", "login:", BOOT).await;
    scenario.contains("its console tells of the kernel, and asks who logs in", said, "Linux version");
    let mut console = Console::open(here, "debian-1")?;
    let typed = console.type_until("nobody", "Password:", BOOT).await;
    scenario.contains("its console hears who it is", typed, "Password:");
    drop((console, session));

    let stopped = here.run(&["stop", "debian-1", "--grace", "120"]).await;
    scenario.contains("powers off by ACPI", stopped, "powered off");
    here.run(&["clone", "debian-1", "debian-2"]).await?;
    here.run(&["start", "debian-1", "debian-2"]).await?;
    let session = log_in(&ssh).await?;
    scenario.expect("has its data when it is started again", say(&session, "cat kept").await, "data");
    scenario.expect("is the same host to SSH", say(&session, HOST_KEY).await, &host_key);
    scenario.expect("serves again", fetch(web_port, "greeting", BOOT).await, GREETING);
    drop(session);

    let said = here.wait_for_console("debian-2", "END SSH HOST KEY KEYS", BOOT).await;
    let own_key = |said: &str| {
        let (_, rest) = said.rsplit_once("BEGIN SSH HOST KEY KEYS")?;
        rest.lines().find(|line| line.starts_with("ssh-ed25519")).map(|line| line.trim().to_owned())
    };
    scenario.note(
        "a clone has a name and host keys of its own",
        match said.map(|said| own_key(&said)) {
            Ok(Some(key)) if key.ends_with("root@debian-2") && !key.contains(&host_key) => Ok(key),
            Ok(key) => Err(format!("{key:?}, and the first one's is {host_key}")),
            Err(error) => Err(error.to_string()),
        },
    );
    let stopped = here.run(&["stop", "debian-1", "debian-2", "--grace", "120"]).await;
    scenario.note(
        "both power off by ACPI",
        match stopped {
            Ok(said) if said.matches("powered off").count() == 2 => Ok(said.trim().replace('\n', ", ")),
            Ok(said) => Err(said),
            Err(error) => Err(error.to_string()),
        },
    );
    scenario.contains("is removed", here.run(&["rm", "debian-1", "debian-2"]).await, "removed");
    Ok(())
}

/// A file, and a service that shows it.
fn user_data() -> Result<cloud_types::UserData> {
    let serve = ["/usr/bin/python3", "-m", "http.server", "--directory", "/srv/web", "80"];
    let bootstrap = Bootstrap::new().file(File::text("/srv/web/greeting", GREETING)?).unit(Unit::new("web", serve)?);
    Ok(bootstrap.render(Format::CloudConfig, 16 << 10)?)
}

/// Tries until the guest lets in who has the key.
async fn log_in(ssh: &Ssh) -> Result<Session> {
    let deadline = Instant::now() + BOOT;
    loop {
        match ssh.session(Ipv4Addr::LOCALHOST.into()).await {
            Ok(session) => return Ok(session),
            Err(error) if Instant::now() >= deadline => return Err(error.into()),
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

/// What a command prints, without the end of its line.
async fn say(session: &Session, line: &str) -> Result<String> {
    Ok(session.run(Command::new(line).limit(BOOT)).await?.text().trim().to_owned())
}

const GREETING: &str = "hello from the guest\n";

/// Without its comment.
const HOST_KEY: &str = "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub";

/// An emulated first boot takes 40 seconds, and beside a dozen compilers 170.
const BOOT: Duration = Duration::from_secs(600);
