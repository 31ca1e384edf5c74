//! User data is a secret: it reaches the cloud and nothing else. Apart, since whoever hears logs wants a process of its own.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use cloud_local::{Config, Fault, FaultKind, Operation};
use cloud_types::{CloudProvider, HostSpec, Image, Machine, Name, Region, UserData};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const MARKER: &str = "hunter2-must-not-be-seen";

#[tokio::test]
async fn user_data_is_in_no_log_error_or_debug_output() {
    let heard = Everything::default();
    let _guard = tracing::subscriber::set_default(heard.clone());
    let local = Config::instant().build().unwrap();
    let (name, region) = (Name::new("web").unwrap(), Region::new("local-a").unwrap());
    let wish = HostSpec::new(name, region, Machine::named("small").unwrap(), Image::debian("12"))
        .user_data(UserData::new(MARKER));
    local.inject(Fault::new(FaultKind::AnswerLost, Operation::CreateHost));
    let created = local.create_host(&wish).await.unwrap();
    let mut other = wish.clone().label("role", "other").unwrap();
    let refused = local.create_host(&other).await.unwrap_err();
    other.user_data = Some(UserData::new(MARKER.repeat(10_000)));
    let too_long = local.create_host(&other).await.unwrap_err();

    let heard = heard.0.lock().unwrap().clone();
    assert!(heard.contains("CreateHost"), "the requests are logged: {heard}");
    for shown in [
        heard,
        format!("{refused:?} {refused} {too_long:?} {too_long}"),
        format!("{local:?} {created:?} {wish:?} {:?}", local.inspect()),
    ] {
        assert!(!shown.contains(MARKER), "{shown}");
    }
}

/// Hears every event at every level.
#[derive(Clone, Default)]
struct Everything(Arc<Mutex<String>>);

impl Subscriber for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Words(&self.0));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Words(&self.0));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Words(&self.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Words<'a>(&'a Mutex<String>);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut words = self.0.lock().expect("no test panics while it writes");
        write!(words, "{field}={value:?} ").expect("a string can be written to");
    }
}
