//! cloud-init's own check, `cloud-init schema`, on cloud-configs of everything that a bootstrap can hold.
//!
//! `CLOUD_INIT_SCHEMA` names the folder that cloud-init's package was unpacked to; `CLOUD_BOOTSTRAP_PYTHON` a Python with what
//! cloud-init needs (`python3`, if nothing is said). Without the first this is skipped.

use std::process::{Command as Program, Stdio};

use cloud_bootstrap::{
    Bootstrap, Bundle, Command, DataDisk, File, Format, HostKey, Mode, ReadySignal, Sha256, Swap, Token, Unit, User,
};
use cloud_types::MiB;

#[test]
fn cloud_inits_own_check_passes() {
    let Ok(package) = std::env::var("CLOUD_INIT_SCHEMA") else {
        return eprintln!("skipped: CLOUD_INIT_SCHEMA names no folder with cloud-init's package");
    };
    let python = std::env::var("CLOUD_BOOTSTRAP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    for (name, bootstrap) in [("nothing", Bootstrap::new()), ("all", all())] {
        for limit in [usize::MAX, 16_384] {
            let file =
                std::env::temp_dir().join(format!("cloud-bootstrap-schema-{}-{name}-{limit}", std::process::id()));
            std::fs::write(&file, bootstrap.render(Format::CloudConfig, limit).unwrap().expose()).unwrap();
            let output = Program::new(&python)
                .args(["-m", "cloudinit.cmd.main", "schema", "--config-file"])
                .arg(&file)
                .env("PYTHONPATH", format!("{package}/usr/lib/python3/dist-packages"))
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains("Valid"), "{name} in {limit} bytes: {said}");
            std::fs::remove_file(&file).unwrap();
        }
    }
}

/// Every part, with every setting.
fn all() -> Bootstrap {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    let token = || Token::new("c2VjcmV0").unwrap();
    let user = User::new("deploy").unwrap().sudo().group("adm").unwrap().shell("/bin/sh").unwrap();
    let text = "a: yes\n# é\n".repeat(100);
    let disk = DataDisk::new("/srv/data").unwrap().label("data").unwrap().device("virtio-*").unwrap();
    let command = Command::shell("true").unwrap().env("A", "b").unwrap().secret_env("C", "d").unwrap();
    let unit = Unit::new("app", ["/opt/app/run"]).unwrap().user("deploy").unwrap().folder("/opt/app").unwrap();
    Bootstrap::new()
        .user(user.key(key.parse().unwrap()))
        .user(User::new("plain").unwrap())
        .host_key(HostKey::generate().unwrap())
        .package("git".parse().unwrap())
        .podman()
        .data_disk(disk)
        .swap(Swap::new(MiB(512)).unwrap())
        .file(File::text("/etc/plain", "yes").unwrap().mode(Mode::new(0o600).unwrap()))
        .file(File::text("/etc/long", "a: yes\n".repeat(100)).unwrap())
        .file(File::text("/etc/encoded", text).unwrap())
        .file(File::bytes("/etc/bytes", [0, 255]).unwrap().owner("deploy").unwrap())
        .file(File::secret("/etc/secret", "hunter2").unwrap())
        .file(File::fetched("/etc/fetched", "https://example.com/key", token()).unwrap())
        .bundle(Bundle::new("app", "https://example.com/app.tgz", Sha256::of(b"")).unwrap().token(token()).unwrap())
        .command(command)
        .unit(unit.env("A", "b").unwrap().secret_env("C", "d").unwrap())
        .ready_signal(ReadySignal::post("https://example.com/ready", token()).unwrap())
}
