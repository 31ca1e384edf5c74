//! What the tests share.

use std::time::Duration;

use cloud_types::{HostSpec, Image, Machine, Name, Region, Wait};

/// A small host in `local-a`.
pub(crate) fn spec(name: &str) -> HostSpec {
    let machine = Machine::named("small").expect("a machine type");
    HostSpec::new(
        Name::new(name).expect("a name"),
        Region::new("local-a").expect("a region"),
        machine,
        Image::debian("12"),
    )
}

/// A minute's wait.
pub(crate) fn minute() -> Wait<'static> {
    Wait::within(Duration::from_secs(60))
}
