//! The script for real, under the machine's `sh`: what it does, what it never does, and what it says when it fails. It is
//! for Linux, and so are these tests.

mod bundle;
mod disk;
mod host;

use cloud_bootstrap::{Bootstrap, Command, File, HostKey, Mode, Swap, Unit, User};
use cloud_types::{BootResult, BootSignal, MiB};
use secrecy::ExposeSecret;

use host::{Host, failure};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

#[test]
fn a_user_gets_rights_and_keys() {
    let host = Host::new();
    let user = User::new("deploy").unwrap().sudo().group("adm").unwrap().key(KEY.parse().unwrap());
    assert_eq!(host.boot(&Bootstrap::new().user(user)), BootResult::Ready);
    assert_eq!(host.calls("useradd --create-home --shell /bin/bash --user-group deploy"), 1);
    assert_eq!(host.calls("groupadd adm") + host.calls("usermod --append --groups adm deploy"), 2);
    assert_eq!(host.read("home/deploy/.ssh/authorized_keys"), format!("{KEY}\n"));
    assert_eq!(host.mode("home/deploy/.ssh"), 0o700);
    assert_eq!(host.read("etc/sudoers.d/90-cloud-boot-deploy"), "deploy ALL=(ALL) NOPASSWD:ALL\n");
    assert_eq!(host.mode("etc/sudoers.d/90-cloud-boot-deploy"), 0o440);
}

#[test]
fn the_hosts_own_key_takes_the_place_of_all_others() {
    let host = Host::new();
    host.write("etc/ssh/ssh_host_rsa_key", "the image's");
    host.write("etc/ssh/ssh_host_ed25519_key.pub", "the image's");
    let key = HostKey::generate().unwrap();
    assert_eq!(host.boot(&Bootstrap::new().host_key(key.clone())), BootResult::Ready);
    assert!(!host.path("etc/ssh/ssh_host_rsa_key").exists());
    assert_eq!(host.read("etc/ssh/ssh_host_ed25519_key"), key.to_openssh().expose_secret());
    assert_eq!(host.mode("etc/ssh/ssh_host_ed25519_key"), 0o600);
    assert_eq!(host.read("etc/ssh/ssh_host_ed25519_key.pub"), format!("{}\n", key.public()));
    assert_eq!(host.calls("systemctl restart ssh.service"), 1);
}

#[test]
fn files_hold_what_they_were_given() {
    let host = Host::new();
    let nasty = "it's \"$HOME\" `id` \\n\r\n\ttab é\u{2028}🦀\n\n";
    let bootstrap = Bootstrap::new()
        .file(File::text("/etc/a b/nasty", nasty).unwrap().mode(Mode::new(0o640).unwrap()))
        .file(File::bytes("/etc/bytes", [0, 255, 10, 13]).unwrap().owner("deploy").unwrap())
        .file(File::secret("/etc/secret", "hunter2").unwrap());
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
    assert_eq!(host.read("etc/a b/nasty"), nasty);
    assert_eq!(host.mode("etc/a b/nasty"), 0o640);
    assert_eq!(std::fs::read(host.path("etc/bytes")).unwrap(), [0, 255, 10, 13]);
    assert_eq!(host.mode("etc/secret"), 0o600);
    assert_eq!(host.calls("chown deploy: "), 1);
}

#[test]
fn only_missing_packages_are_installed() {
    let host = Host::new();
    host.write("installed", "git\n");
    let bootstrap = Bootstrap::new().package("git".parse().unwrap()).package("jq".parse().unwrap());
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
    assert_eq!(host.calls("apt-get -o DPkg::Lock::Timeout=300 -q -y install jq"), 1, "{}", host.read("calls"));
}

#[test]
fn packages_that_cannot_be_installed_are_tried_again_and_then_named() {
    let host = Host::new();
    host.program("apt-get", "echo 'no route to the mirror'; exit 100");
    let (step, detail) = failure(host.boot(&Bootstrap::new().package("jq".parse().unwrap())));
    assert_eq!(step, "packages");
    assert!(detail.ends_with("cannot be installed: jq"), "{detail}");
    assert_eq!(host.calls("apt-get"), 5);
}

#[test]
fn swap_is_made_once_and_stays_after_a_boot() {
    let host = Host::new();
    host.write("etc/fstab", "# disks\nUUID=1 / ext4 defaults 0 1\n");
    let bootstrap = Bootstrap::new().swap(Swap::new(MiB(64)).unwrap());
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
    assert_eq!(host.calls("swapon") + host.calls("mkswap"), 2);
    assert_eq!(host.calls("chattr"), 0);
    let fstab = "# disks\nUUID=1 / ext4 defaults 0 1\n/swapfile none swap sw,nofail 0 0\n";
    assert_eq!(host.read("etc/fstab"), fstab);
}

#[test]
fn swap_on_btrfs_is_not_copied_on_write() {
    let host = Host::new();
    host.write("file-system", "btrfs");
    assert_eq!(host.boot(&Bootstrap::new().swap(Swap::new(MiB(64)).unwrap())), BootResult::Ready);
    assert_eq!(host.calls("chattr +C"), 1);
}

#[test]
fn commands_run_in_their_order_and_a_failure_ends_it() {
    let host = Host::new();
    let shell = |text: &str| Command::shell(text).unwrap();
    let bootstrap = Bootstrap::new()
        .command(shell("echo one >>\"$CLOUD_BOOT_ROOT/order\""))
        .command(shell("echo \"$WORD\" >>\"$CLOUD_BOOT_ROOT/order\"").env("WORD", "two 'and' $three").unwrap())
        .command(shell("echo it broke >&2; exit 7"))
        .command(shell("echo four >>\"$CLOUD_BOOT_ROOT/order\""));
    let (step, detail) = failure(host.boot(&bootstrap));
    assert_eq!((step.as_str(), detail.as_str()), ("command", "it broke exit status 7"));
    assert_eq!(host.read("order"), "one\ntwo 'and' $three\n");
}

#[test]
fn a_shell_command_ends_at_its_first_failure() {
    let host = Host::new();
    let (step, _) = failure(host.boot(&Bootstrap::new().command(Command::shell("false\ntrue").unwrap())));
    assert_eq!(step, "command");
}

#[test]
fn no_secret_is_in_what_a_failure_says() {
    let host = Host::new();
    let words = "echo \"password is $A\"; echo \"$B\" | tail -n 2; exit 1";
    let command = Command::shell(words).unwrap().secret_env("A", "hunter[2]*").unwrap();
    let command = command.secret_env("B", "-----BEGIN\nhunter3\n").unwrap();
    let (_, detail) = failure(host.boot(&Bootstrap::new().command(command)));
    assert_eq!(detail, "password is *** *** exit status 1");
    assert_eq!(host.mode("var/log/cloud-boot.log"), 0o600, "its log is root's alone");
}

#[test]
fn the_signal_can_be_read_by_all_and_is_on_the_console() {
    let host = Host::new();
    host.write("dev/console", "");
    let bootstrap = Bootstrap::new();
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
    assert_eq!(host.mode(BootSignal::PATH), 0o644);
    assert_eq!(host.mode("var/lib/cloud-boot"), 0o755);
    assert_eq!(host.read("dev/console"), format!("cloud-boot: {}: ready\n", bootstrap.boot_id()));
}

#[test]
fn a_second_boot_does_nothing() {
    let host = Host::new();
    let bootstrap = Bootstrap::new().command(Command::new(["journalctl"]).unwrap());
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
    let before = (host.read("calls"), host.log());
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
    assert_eq!((host.read("calls"), host.log()), before);
}

#[test]
fn a_boot_that_failed_is_tried_again_at_the_next() {
    let host = Host::new();
    let bootstrap =
        Bootstrap::new().command(Command::new(["test", "-e", &host.path("mended").display().to_string()]).unwrap());
    failure(host.boot(&bootstrap));
    host.write("mended", "");
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
}

#[test]
fn a_clone_of_a_hosts_disk_boots_for_itself() {
    let host = Host::new();
    let bootstrap = Bootstrap::new().command(Command::new(["journalctl"]).unwrap());
    host.write("var/lib/cloud/data/instance-id", "i-1\n");
    assert_eq!(host.boot(&bootstrap), BootResult::Ready);
    host.write("var/lib/cloud/data/instance-id", "i-2\n");
    host.program("journalctl", "[ ! -e \"$CLOUD_BOOT_ROOT/var/lib/cloud-boot/signal\" ]");
    assert_eq!(host.boot(&bootstrap), BootResult::Ready, "the signal of the host it was cloned from is gone");
    assert_eq!(host.calls("journalctl"), 2);
}

#[test]
fn a_unit_is_written_enabled_and_started() {
    let host = Host::new();
    let unit = Unit::new("web", ["/opt/web/run"]).unwrap().secret_env("KEY", "hunter2").unwrap();
    assert_eq!(host.boot(&Bootstrap::new().unit(unit)), BootResult::Ready);
    assert!(host.read("etc/systemd/system/web.service").contains("ExecStart=\"/opt/web/run\"\n"));
    assert_eq!(host.read("etc/cloud-boot/web.service.env"), "KEY=\"hunter2\"\n");
    assert_eq!(host.mode("etc/cloud-boot/web.service.env"), 0o600);
    assert_eq!(host.calls("systemctl enable web.service") + host.calls("systemctl restart web.service"), 2);
    assert_eq!(host.calls("systemctl is-active web.service"), 5);
}

#[test]
fn a_unit_that_fails_shows_its_journal() {
    let host = Host::new();
    host.write("active", "failed\n");
    let (step, detail) = failure(host.boot(&Bootstrap::new().unit(Unit::new("web", ["/opt/web/run"]).unwrap())));
    assert_eq!((step.as_str(), detail.as_str()), ("unit", "web.service failed panic: no such table"));
}

#[test]
fn a_unit_that_starts_over_and_over_is_not_ready() {
    let host = Host::new();
    host.write("active", "activating\n");
    let (_, detail) = failure(host.boot(&Bootstrap::new().unit(Unit::new("web", ["/opt/web/run"]).unwrap())));
    assert!(detail.starts_with("web.service is not active after 90 seconds"), "{detail}");
}

#[test]
fn a_script_that_unpacks_itself_does_the_same() {
    let host = Host::new();
    let file = File::text("/etc/motd", "hello\n").unwrap();
    assert_eq!(host.boot_in(&Bootstrap::new().file(file), 9 * 1024), BootResult::Ready);
    assert!(host.read("script").contains("gunzip"));
    assert_eq!(host.read("etc/motd"), "hello\n");
    assert_eq!(host.mode(BootSignal::PATH), 0o644);
    assert_eq!(host.mode("var/lib/cloud-boot"), 0o755);
}

#[test]
fn two_runs_at_once_are_one() {
    let host = Host::new();
    let file = host.path("order").display().to_string();
    let text = format!("echo x >>{file}; exec sh {}", host.path("script").display());
    // The script within the script is the second run.
    assert_eq!(host.boot(&Bootstrap::new().command(Command::shell(text).unwrap())), BootResult::Ready);
    assert_eq!(host.read("order"), "x\n");
    assert!(host.log().contains("another run is under way"), "{}", host.log());
}
