//! An OCI image with a small system, up in seconds: the life of a VM, and its snapshots.

use std::path::Path;
use std::time::Duration;

use cloud_reach::SshPrivateKey;

use super::console::Console;
use super::http::{ask, fetch, free_port};
use super::installation::Installation;
use super::registry::Registry;
use crate::Result;
use crate::report::Scenario;

/// Pulls the image from a registry, to which it is pushed; answers how it is called.
pub(crate) async fn pull(here: &Installation, images: &Path, scenario: &mut Scenario) -> Result<String> {
    let registry = Registry::start().await?;
    let layers = [images.join("boot.tar.gz"), images.join("root.tar.gz")];
    let image = registry.push("acme/small", &[&layers[0], &layers[1]]).await?;
    let pulled: serde_json::Value = serde_json::from_str(&here.run(&["pull", &image, "--json"]).await?)?;
    scenario.note(
        "an image with a kernel's layer and a system's comes from a registry, verified by its manifest",
        match (&pulled[0]["image"]["boot"]["kernel"], &pulled[0]["image"]["verified"]["by"]) {
            (kernel, verified) if kernel.is_object() && verified == "manifest" => Ok(image.clone()),
            _ => Err(pulled.to_string()),
        },
    );
    Ok(image)
}

/// One VM's life, and its clone's.
pub(crate) async fn live(here: &Installation, image: &str, scenario: &mut Scenario) -> Result {
    let (port, key) = (free_port()?, SshPrivateKey::generate()?.public().to_openssh());
    let (key_file, user_data) = (here.file("small.pub", &key)?, here.file("small.user-data", USER_DATA)?);
    let publish = format!("{port}:80");
    let create = ["create", image, "--name", "small-1", "--cpu", "1", "--memory", "256M", "--storage", "1G"];
    let first_boot = ["--ssh-key", &key_file, "--user-data", &user_data, "--publish", &publish];
    here.run(&[&create[..], &first_boot].concat()).await?;
    here.run(&["start", "small-1"]).await?;
    scenario.expect("boots, and is reached by its published port", fetch(port, "name", BOOT).await, "small-1");
    scenario.contains("is told who may come in", fetch(port, "meta-data", BOOT).await, key.trim());
    scenario.expect("its user data was run", fetch(port, "first-boot", BOOT).await, "once");

    let mut console = Console::open(here, "small-1")?;
    let typed = console.type_until("echo $((40 + 2))words", "42words", BOOT).await;
    scenario.contains("its console takes what is typed, and answers", typed, "42words");
    console.type_until("echo data > /www/kept; sync; echo wri''tten", "written", BOOT).await?;
    drop(console);
    scenario.expect("what was written there is there", fetch(port, "kept", BOOT).await, "data");

    scenario.contains("powers off by ACPI", here.run(&["stop", "small-1"]).await, "powered off");
    here.run(&["snapshot", "create", "small-1", "before"]).await?;
    here.run(&["clone", "small-1", "small-2"]).await?;
    here.run(&["start", "small-1", "small-2"]).await?;
    scenario.expect("has its data when it is started again", fetch(port, "kept", BOOT).await, "data");
    scenario.expect("its user data is not run again", fetch(port, "first-boot", BOOT).await, "once");

    let mut console = Console::open(here, "small-2")?;
    let line = "echo name: $(cat /www/name), $(grep -c . /www/first-boot); echo to''ld";
    let look = console.type_until(line, "told", BOOT).await;
    scenario.contains("a clone has a name of its own, and a first boot", look, "name: small-2, 2");
    let id = here.inspect("small-2").await?["id"].as_str().unwrap_or_default().to_owned();
    let look = console.type_until("cat /var/lib/instance; echo e''nd", "end", BOOT).await;
    scenario.contains("a clone has an instance id of its own", look, &id);
    drop(console);

    let mut console = Console::open(here, "small-1")?;
    console.type_until("rm /www/kept; sync; echo go''ne", "gone", BOOT).await?;
    drop(console);
    scenario.note(
        "a file is removed",
        match ask(port, "kept", BOOT).await? {
            (404, _) => Ok("404".to_owned()),
            (other, _) => Err(other.to_string()),
        },
    );
    here.run(&["stop", "small-1"]).await?;
    here.run(&["snapshot", "restore", "small-1", "before"]).await?;
    here.run(&["start", "small-1"]).await?;
    scenario.expect("the snapshot brings it back", fetch(port, "kept", BOOT).await, "data");

    here.run(&["stop", "--force", "small-1"]).await?;
    here.run(&["start", "small-1"]).await?;
    let stopped = here.run(&["stop", "small-1", "--grace", "120"]).await;
    scenario.contains("is stopped gently while it boots", stopped, "powered off");
    scenario.contains("is removed", here.run(&["rm", "--force", "small-1", "small-2"]).await, "removed");
    Ok(())
}

const USER_DATA: &str = "#!/bin/sh\necho once >> /www/first-boot\n";

/// An emulated boot takes 3 seconds, and beside a dozen compilers ten times that.
pub(crate) const BOOT: Duration = Duration::from_secs(180);
