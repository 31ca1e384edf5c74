//! Markers in every secret place, everything run at trace level under faults: none may come out anywhere.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloud_aws::Config;
use cloud_sim::SimConfig;
use cloud_sim::aws::Sim;
use cloud_types::{
    CloudProvider, CloudProviderExt, Error, HostSpec, Image, InboundPort, Machine, Name, Owner, Region, ScaledClock,
    StopMode, UserData, Wait,
};

const KEY_ID: &str = "AKIAEXAMPLE";
const SECRET: &str = "marker-secret-7f3a";
const SESSION: &str = "marker-session-5c1d";
const USER_DATA: &str = "marker-user-data-91bc";

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An error with all that can be printed of it.
fn all_of(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!(" {inner} {inner:?}"));
        source = inner.source();
    }
    text
}

#[tokio::test]
async fn no_secret_comes_out_in_logs_errors_or_debug() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: the simulator and the HTTP library log too, from tasks of their own.
    tracing::subscriber::set_global_default(subscriber).expect("this test is alone in its process");

    let faults =
        SimConfig { speed: 500.0, faults: 0.3, seed: 11, token: Some(KEY_ID.to_owned()), ..SimConfig::default() };
    let sim = Sim::start(faults).await.unwrap();
    let config = Config::new()
        .session(KEY_ID, SECRET.to_owned(), SESSION.to_owned())
        .endpoint(sim.url().to_string())
        .regions([Region::new("eu-west-1").unwrap()])
        .clock(Arc::new(ScaledClock::new(500.0)))
        .deadline(Duration::from_secs(600))
        .owner(Owner::new("mine").unwrap());
    let provider = config.clone().build().unwrap();
    let wrong = Config::new().access_key("AKIAWRONG", "marker-secret-wrong".to_owned());
    let wrong = wrong.endpoint(sim.url().to_string()).clock(Arc::new(ScaledClock::new(500.0))).build().unwrap();

    let mut seen = format!("{config:?} {provider:?} {wrong:?}");
    for number in 0..12 {
        let name = Name::new(format!("host-{number}")).unwrap();
        let region = Region::new(if number % 4 == 3 { "nowhere" } else { "eu-west-1" }).unwrap();
        let spec = HostSpec::new(name, region, Machine::named("t3.small").unwrap(), Image::ubuntu("24.04"))
            .inbound(InboundPort::tcp(22).unwrap())
            .user_data(UserData::new(format!("#cloud-config\npassword: {USER_DATA}")));
        seen.push_str(&format!("{spec:?} {:?}", spec.fingerprint()));
        match provider.create_and_wait(&spec, Wait::within(Duration::from_secs(900))).await {
            Err(error) => seen.push_str(&all_of(&error)),
            Ok(host) => {
                seen.push_str(&format!("{host:?}"));
                seen.push_str(&format!("{:?}", provider.console().unwrap().console_output(&host.id).await.err()));
                for result in [provider.stop_host(&host.id, StopMode::Hard).await, provider.delete_host(&host.id).await]
                {
                    seen.push_str(&result.err().map(|error| all_of(&error)).unwrap_or_default());
                }
            }
        }
    }
    let too_long = HostSpec::new(
        Name::new("long").unwrap(),
        Region::new("eu-west-1").unwrap(),
        Machine::named("t3.small").unwrap(),
        Image::ubuntu("24.04"),
    )
    .user_data(UserData::new(USER_DATA.repeat(16_384)));
    seen.push_str(&all_of(&provider.create_host(&too_long).await.unwrap_err()));
    seen.push_str(&all_of(
        &wrong.get_host(&cloud_types::HostId::new("eu-west-1/i-0123456789abcdef0")).await.unwrap_err(),
    ));

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("create_host"), "the log is empty, so this test proves nothing");
    assert!(
        !log.contains("aws_smithy_runtime::client::orchestrator"),
        "the SDK has a log of its own, which tells answers whole"
    );
    assert!(sim.stats().total_faults() > 10, "too few faults to prove anything");
    // As it is sent, up to the signs that a form writes in another way.
    let base64 = STANDARD.encode(format!("#cloud-config\npassword: {USER_DATA}"));
    let base64 = base64.trim_end_matches('=').to_owned();
    for marker in [SECRET, SESSION, USER_DATA, &base64, "marker-secret-wrong"] {
        assert!(!log.contains(marker), "{marker} was logged");
        assert!(!seen.contains(marker), "{marker} was printed");
    }
}
