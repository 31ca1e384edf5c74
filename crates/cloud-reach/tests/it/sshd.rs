//! OpenSSH's own server, where this machine has one: what is agreed with it is agreed with most hosts.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cloud_reach::{Exit, HostKey, Ssh, SshPrivateKey};
use cloud_types::clock::within;
use cloud_types::{Rung, Sight, SystemClock};
use secrecy::ExposeSecret;

use crate::common::{HERE, look, miss};

/// A running server, which ends with the test.
struct Sshd {
    process: Child,
    folder: PathBuf,
    port: u16,
    host_key: SshPrivateKey,
}

impl Sshd {
    /// Lets this machine's user in by that key; `None` where no server is installed.
    fn start(user: &SshPrivateKey) -> Option<Self> {
        let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].into_iter().find(|path| Path::new(path).exists())?;
        let listener = std::net::TcpListener::bind((HERE, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let folder = std::env::temp_dir().join(format!("cloud-reach-sshd-{port}"));
        fs::create_dir_all(&folder).expect("a folder");
        let host_key = SshPrivateKey::generate().expect("random numbers");
        let (key, guests) = (folder.join("host_key"), folder.join("authorized_keys"));
        fs::write(&key, host_key.to_openssh().expose_secret()).expect("written");
        fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("permitted");
        fs::write(&guests, user.public().to_openssh()).expect("written");
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPidFile none\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n",
            key.display(),
            guests.display()
        );
        let path = folder.join("sshd_config");
        fs::write(&path, config).expect("written");
        drop(listener);
        let log = fs::File::create(folder.join("log")).expect("a log");
        let mut command = Command::new(program);
        command.arg("-D").arg("-e").arg("-f").arg(&path).stdin(Stdio::null()).stderr(log);
        Some(Self { process: command.spawn().expect("sshd starts"), folder, port, host_key })
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn openssh_is_climbed_to_the_top() {
    let key = SshPrivateKey::generate().unwrap();
    let Some(mut server) = Sshd::start(&key) else {
        println!("skipped: no sshd is installed");
        return;
    };
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let ssh = Ssh::new(user.trim(), key, HostKey::known(server.host_key.public().clone())).port(server.port);
    let greeted = async {
        loop {
            match look(&ssh, Rung::Banner).await {
                Sight::Reached(banner) => break banner,
                other => assert_eq!(server.process.try_wait().unwrap(), None, "{other:?}\n{}", server.log()),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let banner = within(&SystemClock, Duration::from_secs(20), greeted).await.expect("it answers");
    assert!(banner.starts_with("SSH-2.0-OpenSSH"), "{banner}");
    assert_eq!(look(&ssh, Rung::HostKey).await, Sight::Reached(server.host_key.public().fingerprint()));
    let boot = look(&ssh, Rung::FirstBoot).await;
    assert!(!matches!(&boot, Sight::NotYet(why) if why.contains("refused")), "{boot:?}\n{}", server.log());

    let session = ssh.session(HERE).await.unwrap();
    let output = session.run("cat; echo out; echo err >&2; exit 3").await.unwrap();
    assert_eq!(
        (output.exit.clone(), output.text().as_str(), output.stderr.as_slice()),
        (Exit::Status(3), "out\n", &b"err\n"[..])
    );
    let input = vec![b'x'; 3 * 1024 * 1024];
    let command = cloud_reach::Command::new("cat").stdin(input.clone()).output_bytes(input.len());
    assert!(session.run(command).await.unwrap().stdout == input);
    let output = session.run(cloud_reach::Command::new("exit 0").stdin(input)).await.unwrap();
    assert!(output.is_success(), "a command need not read its input");
    assert_eq!(session.run("kill -9 $$").await.unwrap().exit, Exit::Signal("KILL".to_owned()));
    session.close().await;

    let stranger = SshPrivateKey::generate().unwrap();
    let other = Ssh::new(user.trim(), stranger.clone(), HostKey::unverified()).port(server.port);
    assert!(miss(look(&other, Rung::FirstBoot).await).contains("is refused"));
    let other = Ssh::new(user.trim(), stranger.clone(), HostKey::known(stranger.public().clone())).port(server.port);
    assert!(miss(look(&other, Rung::HostKey).await).contains(&server.host_key.public().fingerprint()));
}
