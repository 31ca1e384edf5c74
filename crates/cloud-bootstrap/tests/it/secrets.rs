//! No secret is printed, wherever in a bootstrap it is.

use cloud_bootstrap::{Bootstrap, Bundle, Command, File, Format, HostKey, ReadySignal, Sha256, Token, TooLarge, Unit};
use secrecy::ExposeSecret;

const MARK: &str = "hunter2";

fn secret(number: u8) -> String {
    format!("{MARK}-{number}")
}

fn bootstrap(key: &HostKey) -> Bootstrap {
    let token = |number| Token::new(secret(number)).unwrap();
    let signed = format!("https://example.com/a?signature={MARK}");
    let bundle = Bundle::new("a", &signed, Sha256::of(b"")).unwrap().token(token(1)).unwrap();
    Bootstrap::new()
        .host_key(key.clone())
        .file(File::secret("/etc/a", secret(2)).unwrap())
        .file(File::fetched("/etc/b", &signed, token(3)).unwrap())
        .bundle(bundle)
        .command(Command::shell("true").unwrap().secret_env("A", secret(4)).unwrap())
        .unit(Unit::new("a", ["/bin/a"]).unwrap().secret_env("A", secret(5)).unwrap())
        .ready_signal(ReadySignal::post(&signed, token(6)).unwrap())
}

#[test]
fn debug_shows_no_secret() {
    let key = HostKey::generate().unwrap();
    let bootstrap = bootstrap(&key);
    let user_data = bootstrap.render(Format::Script, usize::MAX).unwrap();
    for number in 1..=6 {
        assert!(user_data.expose().contains(&secret(number)), "{number} is in the user data");
    }
    let private = key.to_openssh();
    let line = private.expose_secret().lines().nth(2).unwrap();
    for shown in [format!("{bootstrap:?}"), format!("{bootstrap:#?}"), format!("{user_data:?} {key:?} {private:?}")] {
        assert!(!shown.contains(MARK) && !shown.contains(line), "{shown}");
    }
}

#[test]
fn the_error_of_what_does_not_fit_shows_no_secret() {
    let error = bootstrap(&HostKey::generate().unwrap()).render(Format::Mime, 1000).unwrap_err();
    assert!(TooLarge::of(&error).is_some());
    let shown = format!("{error} {error:?} {error:#?}");
    assert!(!shown.contains(MARK), "{shown}");
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    let file = |text: &str| File::secret("/etc/a", text).unwrap();
    let twice = Bootstrap::new().file(file(MARK)).file(file(MARK));
    let error = twice.render(Format::Script, usize::MAX).unwrap_err();
    assert_eq!(error.field(), Some("file.path"));
    assert!(!error.to_string().contains(MARK));
}

#[test]
fn one_id_names_the_first_boot_in_every_format() {
    let bootstrap = bootstrap(&HostKey::generate().unwrap());
    let line = format!("\nbegin {}\n", bootstrap.boot_id());
    for format in [Format::Mime, Format::Script] {
        assert!(bootstrap.render(format, usize::MAX).unwrap().expose().contains(&line), "{format:?}");
    }
}
