//! Markers in every secret place, everything run at trace level under faults: none may come out anywhere.

use std::error::Error as _;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud_sim::{Sim, SimConfig};
use cloud_types::{
    Ability, CloudProvider, CloudProviderExt, Error, HostId, InboundPort, Name, Region, Result, StopMode, UserData,
    Wait,
};

use super::subject::{Seat, Subject};

/// Makes, reads and deletes hosts under faults, with markers in the token and the user data, and looks for them in all that
/// was logged, and in all that can be printed: settings, providers, specs, hosts and errors. `unlogged` are further words
/// that no log may have, such as the name of a field with a password. It hears all logs of its process, in which it must be
/// alone.
///
/// # Panics
/// Where a secret came out, or too little happened to prove anything.
pub async fn no_secret_comes_out<S: Subject>(subject: S, unlogged: &[&str]) {
    let log = Log::default();
    log.hear();
    let faults =
        SimConfig { speed: SPEED, faults: 0.3, seed: 11, token: Some(TOKEN.to_owned()), ..SimConfig::default() };
    let sim = Sim::<S::Face>::start(subject.simulator(faults)).await.expect("the simulator starts");
    let seat = Seat { token: TOKEN.to_owned(), ..Seat::at(&sim, SPEED, "mine") };
    let seat = Seat { deadline: Duration::from_secs(600), ..seat };
    let (config, wrong) = (subject.config(&seat), subject.config(&Seat { token: WRONG_TOKEN.to_owned(), ..seat }));
    let (provider, wrong) = (subject.build(config.clone()), subject.build(wrong));

    let mut seen = Seen(format!("{config:?} {provider:?} {wrong:?}"));
    let mut id = None;
    for number in 0..12 {
        let mut spec = subject.spec(&Name::new(format!("host-{number}")).expect("a name"));
        if number % 4 == 3 {
            spec.region = Region::new("nowhere").expect("a region");
            spec.zone = None;
        }
        spec = spec
            .inbound(InboundPort::tcp(22).expect("a port"))
            .user_data(UserData::new(format!("#cloud-config\npassword: {USER_DATA}")));
        seen.note(format!("{spec:?} {:?}", spec.fingerprint()));
        let created = provider.create_and_wait(&spec, Wait::within(Duration::from_secs(900))).await;
        if let Some(host) = seen.result(created) {
            live(&*provider, &host.id, &log, &mut seen).await;
            id = Some(host.id);
        }
    }
    let too_long = subject.spec(&Name::new("long").expect("a name")).user_data(UserData::new(USER_DATA.repeat(16_384)));
    assert!(seen.result(provider.create_host(&too_long).await).is_none(), "the user data is too long");
    let id = id.expect("some hosts were made");
    assert!(seen.result(wrong.get_host(&id).await).is_none(), "the token is wrong");

    let heard = log.text();
    assert!(heard.contains("create_host"), "the log is empty, so this test proves nothing");
    assert!(sim.stats().total_faults() > 10, "too few faults to prove anything");
    for marker in [TOKEN, USER_DATA, WRONG_TOKEN] {
        assert!(!heard.contains(marker), "{marker} was logged");
        assert!(!seen.0.contains(marker), "{marker} was printed");
    }
    for word in unlogged {
        assert!(!heard.contains(word), "{word} was logged: the body of an answer was");
    }
}

/// Looks at a host's consoles, as far as it has any, and ends it.
async fn live(provider: &dyn CloudProvider, id: &HostId, log: &Log, seen: &mut Seen) {
    let claims = provider.capabilities();
    if let Some(console) = provider.console() {
        if claims.can(Ability::Console)
            && let Some(access) = seen.result(console.open_console(id).await)
            && let Some(password) = access.password()
        {
            assert!(!log.text().contains(password), "a console password was logged");
        }
        if claims.can(Ability::ConsoleOutput) {
            // What the host itself printed is no secret of ours.
            let output = console.console_output(id).await;
            seen.note(output.err().map(|error| all_of(&error)).unwrap_or_default());
        }
    }
    seen.result(provider.stop_host(id, StopMode::Hard).await);
    seen.result(provider.delete_host(id).await);
}

/// All that was printed.
struct Seen(String);

impl Seen {
    fn note(&mut self, text: impl AsRef<str>) {
        self.0.push_str(text.as_ref());
    }

    /// Notes a result as it is printed.
    fn result<T: std::fmt::Debug>(&mut self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => {
                self.note(format!("{value:?}"));
                Some(value)
            }
            Err(error) => {
                self.note(all_of(&error));
                None
            }
        }
    }
}

/// An error with all that can be printed of it.
fn all_of(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    text
}

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Hears the whole process: the simulator and the HTTP library log too, from tasks of their own.
    fn hear(&self) {
        let writer = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("this test is alone in its process");
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const TOKEN: &str = "marker-token-7f3a";
const WRONG_TOKEN: &str = "marker-token-wrong";
const USER_DATA: &str = "marker-user-data-91bc";
const SPEED: f64 = 500.0;
