//! SSH sessions and looks, at a server within the test.

use std::sync::Arc;
use std::time::Duration;

use cloud_reach::{Command, Exit, HostKey, Session, Ssh, SshPrivateKey};
use cloud_types::clock::within;
use cloud_types::{BootId, Clock, ErrorKind, Reach, Rung, ScaledClock, Sight, SystemClock};
use futures::future::BoxFuture;
use jiff::Timestamp;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, EcdsaCurve, PrivateKey};
use secrecy::{ExposeSecret, SecretString};

use crate::common::{HERE, look, miss};
use crate::server::{Act, Server};

/// A server that acts so on every command, and the way to it.
async fn at(act: Act) -> (Server, Ssh) {
    with(move |_| act).await
}

async fn with(act: impl Fn(&str) -> Act + Send + Sync + 'static) -> (Server, Ssh) {
    let key = SshPrivateKey::generate().expect("random numbers");
    let server = Server::start(&key, act).await;
    let host_key = HostKey::known(server.host_key.public().clone());
    let ssh = Ssh::new("root", key, host_key).port(server.port);
    (server, ssh)
}

async fn session(act: Act) -> Session {
    let (_server, ssh) = at(act).await;
    ssh.session(HERE).await.expect("a session")
}

/// A clock on which ten seconds, which a host has for its answers, are short, and everything before them is not.
#[derive(Debug)]
struct Hurried;

impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let short = if duration == Duration::from_secs(10) { Duration::from_millis(50) } else { duration };
        SystemClock.sleep(short)
    }
}

fn boot() -> BootId {
    "0123456789abcdef".parse().expect("a boot id")
}

#[tokio::test]
async fn a_command_runs_and_tells_all() {
    let output = session(Act::Says("hello\n", 0)).await.run("greet").await.unwrap();
    assert!(output.is_success());
    assert_eq!((output.text().as_str(), output.stderr.len()), ("hello\n", 0));
    let output = session(Act::Complains("no such thing", 3)).await.run("greet").await.unwrap();
    assert_eq!((output.exit.clone(), output.stderr.as_slice()), (Exit::Status(3), &b"no such thing"[..]));
    let output = session(Act::Dies).await.run("greet").await.unwrap();
    assert_eq!(output.exit, Exit::Signal("KILL".to_owned()));
}

#[tokio::test]
async fn a_session_runs_several_commands() {
    let (server, ssh) = with(|line| if line == "one" { Act::Says("1", 0) } else { Act::Says("2", 0) }).await;
    let session = ssh.session(HERE).await.unwrap();
    assert_eq!(session.run("one").await.unwrap().text(), "1");
    assert_eq!(session.run("two").await.unwrap().text(), "2");
    assert_eq!(server.log(), ["login root", "run one", "run two"]);
}

#[tokio::test]
async fn a_session_that_is_dropped_ends_the_connection() {
    for act in [Act::Says("1", 0), Act::Hangs, Act::Floods] {
        let (server, ssh) = at(act).await;
        let session = ssh.session(HERE).await.unwrap();
        let command = Command::new("one").limit(Duration::from_millis(30)).output_bytes(100_000);
        let _ = session.run(command).await;
        assert!(!server.log().contains(&"gone".to_owned()));
        drop(session);
        let gone = async {
            while !server.log().contains(&"gone".to_owned()) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        assert!(within(&SystemClock, Duration::from_secs(20), gone).await.is_some(), "{act:?}");
    }
}

#[tokio::test]
async fn more_input_than_fits_comes_back_whole() {
    let input: Vec<u8> = (0..3_000_000_u32).map(|place| place.to_le_bytes()[1]).collect();
    let command = Command::new("cat").stdin(input.clone()).output_bytes(input.len());
    let output = session(Act::Echoes).await.run(command).await.unwrap();
    assert!(output.stdout == input, "{} bytes came back", output.stdout.len());
}

#[tokio::test]
async fn a_command_that_hangs_is_given_up() {
    let command = Command::new("sleep").limit(Duration::from_millis(50));
    let error = session(Act::Hangs).await.run(command).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("50ms"), "{error}");
}

#[tokio::test]
async fn a_command_that_was_given_up_is_closed_and_the_session_goes_on() {
    let (server, ssh) = with(|line| if line == "sleep" { Act::Hangs } else { Act::Says("on", 0) }).await;
    let session = ssh.session(HERE).await.unwrap();
    session.run(Command::new("sleep").limit(Duration::from_millis(20))).await.unwrap_err();
    assert_eq!(session.run("next").await.unwrap().text(), "on");
    assert_eq!(server.log(), ["login root", "run sleep", "close", "run next"]);
}

#[tokio::test]
async fn endless_output_is_given_up() {
    let error = session(Act::Floods).await.run(Command::new("yes").output_bytes(100_000)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unexpected);
    assert!(error.message().contains("more than 100000 bytes"), "{error}");
}

#[tokio::test]
async fn a_command_that_is_refused_was_not_begun_and_one_that_is_lost_may_have_been() {
    let error = session(Act::Refuses).await.run("greet").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let error = session(Act::Drops).await.run("greet").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
}

#[tokio::test]
async fn another_host_key_is_told_nothing() {
    let (server, _) = at(Act::Hangs).await;
    let (key, other) = (SshPrivateKey::generate().unwrap(), SshPrivateKey::generate().unwrap());
    let (expected, shown) = (other.public().fingerprint(), server.host_key.public().fingerprint());
    for host_key in [HostKey::known(other.public().clone()), HostKey::fingerprint(&expected).unwrap()] {
        let ssh = Ssh::new("root", key.clone(), host_key).port(server.port);
        let error = ssh.session(HERE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.message().contains(&expected) && error.message().contains(&shown), "{error}");
        assert!(error.message().contains("host key"), "{error}");
        for rung in [Rung::HostKey, Rung::FirstBoot] {
            let evidence = miss(look(&ssh, rung).await);
            assert!(evidence.contains(&expected) && evidence.contains(&shown), "{evidence}");
        }
    }
    assert!(!server.log().iter().any(|line| line != "gone"), "nobody logged in: {:?}", server.log());
}

#[tokio::test]
async fn the_expected_host_key_is_known_by_key_or_fingerprint() {
    let (server, ssh) = at(Act::Hangs).await;
    let print = server.host_key.public().fingerprint();
    assert_eq!(look(&ssh, Rung::HostKey).await, Sight::Reached(print.clone()));
    let key = SshPrivateKey::generate().unwrap();
    let ssh = Ssh::new("root", key.clone(), HostKey::fingerprint(&print).unwrap()).port(server.port);
    assert_eq!(look(&ssh, Rung::HostKey).await, Sight::Reached(print.clone()));
    let ssh = Ssh::new("root", key, HostKey::unverified()).port(server.port);
    assert_eq!(look(&ssh, Rung::HostKey).await, Sight::Reached(format!("{print}, not verified")));
}

#[tokio::test]
async fn a_key_that_is_not_let_in_is_waited_for() {
    let (server, _) = at(Act::Hangs).await;
    let stranger = SshPrivateKey::generate().unwrap();
    let ssh = Ssh::new("admin", stranger, HostKey::known(server.host_key.public().clone())).port(server.port);
    let evidence = miss(look(&ssh, Rung::FirstBoot).await);
    assert!(evidence.ends_with("the key of user admin is refused"), "{evidence}");
    assert_eq!(ssh.session(HERE).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
}

#[tokio::test]
async fn the_banner_is_looked_at_without_a_key() {
    let (server, ssh) = at(Act::Hangs).await;
    let Sight::Reached(banner) = look(&ssh, Rung::Banner).await else { panic!("no banner") };
    assert!(banner.starts_with("SSH-2.0-"), "{banner}");
    assert_eq!(ssh.rungs(), [Rung::Banner, Rung::HostKey, Rung::FirstBoot]);
    assert!(server.log().is_empty());
}

#[tokio::test]
async fn without_a_boot_id_cloud_init_says_how_the_first_boot_ended() {
    let done = r#"{"status": "done", "extended_status": "done", "errors": [], "recoverable_errors": {}}"#;
    let degraded = r#"{"status": "done", "extended_status": "degraded done", "errors": [],
        "recoverable_errors": {"WARNING": ["ntp: no such package"]}}"#;
    let running = r#"{"status": "running", "extended_status": "running", "errors": []}"#;
    let reached = |text: &str| Sight::Reached(text.to_owned());
    for (act, seen) in [
        (Act::Says(done, 0), reached("cloud-init is done")),
        (Act::Says(degraded, 2), reached("cloud-init is done, degraded: WARNING: ntp: no such package")),
        (Act::Says(running, 0), Sight::NotYet("cloud-init is at work".to_owned())),
        (Act::Says(r#"{"status": "disabled"}"#, 0), reached("cloud-init is disabled")),
        (Act::Complains("sh: 1: cloud-init: not found", 127), reached("cloud-init is not installed")),
    ] {
        let (_server, ssh) = at(act).await;
        assert_eq!(look(&ssh, Rung::FirstBoot).await, seen);
    }
}

#[tokio::test]
async fn a_first_boot_that_failed_tells_the_modules_lines() {
    let (_server, ssh) = with(|line| match line {
        line if line.starts_with("cloud-init") => Act::Says(
            r#"{"status": "error", "extended_status": "error - done", "errors": ["('runcmd', RuntimeError())", "two"]}"#,
            1,
        ),
        _ => Act::Says("util.py[WARNING]: Failed to run runcmd\ncc_runcmd.py[ERROR]: no\n", 0),
    })
    .await;
    let expected = "cloud-init failed: ('runcmd', RuntimeError())\ntwo\n\
        util.py[WARNING]: Failed to run runcmd\ncc_runcmd.py[ERROR]: no";
    assert_eq!(look(&ssh, Rung::FirstBoot).await, Sight::Never(expected.to_owned()));
}

#[tokio::test]
async fn an_old_cloud_init_is_asked_in_its_own_words() {
    let (server, ssh) = with(|line| match line {
        "cloud-init status --long" => Act::Says("status: done\ntime: now\ndetail:\nDataSourceNoCloud\n", 0),
        _ => Act::Complains("unrecognized arguments: --format", 2),
    })
    .await;
    assert_eq!(look(&ssh, Rung::FirstBoot).await, Sight::Reached("cloud-init is done".to_owned()));
    assert_eq!(server.log().len(), 3, "{:?}", server.log());
}

#[tokio::test]
async fn with_a_boot_id_its_signal_alone_makes_the_host_ready() {
    let done = r#"{"status": "done", "extended_status": "done"}"#;
    let failed = r#"{"status": "error", "extended_status": "error - done", "errors": ["boom"]}"#;
    let missing = "no signal of first boot 0123456789abcdef, and";
    let not_yet = |text: &str| Sight::NotYet(format!("{missing} {text}"));
    for (signal, status, seen) in [
        ("cloud-boot: 0123456789abcdef: ready\n", failed, Sight::Reached("the host signals ready".to_owned())),
        ("cloud-boot: 0123456789abcdef: failed: podman: no", done, Sight::Never("podman: no".to_owned())),
        ("cloud-boot: fedcba9876543210: ready\n", done, not_yet("cloud-init is done")),
        ("", done, not_yet("cloud-init is done")),
        ("", failed, Sight::Never(format!("{missing} cloud-init failed: boom"))),
    ] {
        let (_server, ssh) = with(move |line| match line {
            "cat /var/lib/cloud-boot/signal" => Act::Says(signal, 0),
            "cloud-init status --format json" => Act::Says(status, 0),
            _ => Act::Says("", 1),
        })
        .await;
        assert_eq!(look(&ssh.boot_id(boot()), Rung::FirstBoot).await, seen);
    }
    let (_server, ssh) = at(Act::Complains("not found", 127)).await;
    let seen = look(&ssh.boot_id(boot()), Rung::FirstBoot).await;
    assert_eq!(seen, not_yet("cloud-init is not installed"));
}

#[tokio::test]
async fn a_host_that_answers_nonsense_or_not_at_all_is_looked_at_again() {
    let (_server, ssh) = at(Act::Says("Segmentation fault", 139)).await;
    let evidence = miss(look(&ssh, Rung::FirstBoot).await);
    assert!(evidence.contains("status 139"), "{evidence}");
    let (_server, ssh) = at(Act::Drops).await;
    let evidence = miss(look(&ssh, Rung::FirstBoot).await);
    assert!(evidence.contains("connection"), "{evidence}");
    let (_server, ssh) = at(Act::Floods).await;
    let evidence = miss(look(&ssh, Rung::FirstBoot).await);
    assert!(evidence.contains("wrote more than"), "{evidence}");
    let (_server, ssh) = at(Act::Hangs).await;
    let evidence = miss(look(&ssh.clock(Arc::new(Hurried)), Rung::FirstBoot).await);
    assert!(evidence.contains("10s"), "{evidence}");
}

#[tokio::test]
async fn a_server_that_stops_in_the_greeting_is_given_up() {
    let listener = tokio::net::TcpListener::bind((HERE, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, b"SSH-2.0-stuck\r\n").await;
        std::future::pending::<()>().await;
    });
    let key = SshPrivateKey::generate().unwrap();
    let ssh = Ssh::new("root", key, HostKey::unverified()).port(port).clock(Arc::new(ScaledClock::new(50.0)));
    let evidence = miss(look(&ssh, Rung::HostKey).await);
    assert!(evidence.ends_with("connected, and no SSH session in 8s"), "{evidence}");
}

#[tokio::test]
async fn neither_keys_nor_commands_nor_outputs_are_printed() {
    let key = SshPrivateKey::generate().unwrap();
    let secret = key.to_openssh();
    let body: String = secret.expose_secret().lines().filter(|line| !line.starts_with('-')).collect();
    let ssh = Ssh::new("root", key.clone(), HostKey::unverified());
    let output = session(Act::Says("hunter2", 0)).await.run("greet").await.unwrap();
    let command = Command::new("login hunter2").stdin("hunter2");
    for printed in [format!("{key:?}"), format!("{ssh:?}"), format!("{output:?}"), format!("{command:?}")] {
        assert!(!printed.contains("hunter2") && !body.is_empty() && !printed.contains(&body[..40]), "{printed}");
    }
    let again = SshPrivateKey::from_openssh(&secret).unwrap();
    assert_eq!(again.public(), key.public());
    for text in ["", "hunter2", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n"] {
        let error = SshPrivateKey::from_openssh(&SecretString::from(text)).unwrap_err();
        assert_eq!(error.field(), Some("private_key"));
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_fingerprint_is_sha256_in_base64() {
    let print = SshPrivateKey::generate().unwrap().public().fingerprint();
    assert!(HostKey::fingerprint(&print).is_ok());
    for text in ["", "SHA256:", "SHA256:short", &print.replace("SHA256", "MD5"), &format!("{print}=")] {
        assert_eq!(HostKey::fingerprint(text).unwrap_err().field(), Some("host_key"), "{text}");
    }
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let curve = Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 };
    let ecdsa = PrivateKey::random(&mut safe_rng(), curve).unwrap().to_openssh(LineEnding::LF).unwrap();
    let error = SshPrivateKey::from_openssh(&SecretString::from(ecdsa.as_str())).unwrap_err();
    assert_eq!(error.to_string(), "private_key: must be an Ed25519 key (InvalidRequest)");
}
