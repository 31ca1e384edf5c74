//! Secrets are never printed.

use std::fmt::{Debug, Write};

use cloud_types::{Error, UserData};

use crate::outcome::{Expect, ensure};
use crate::{Case, Outcome};

/// The user data of a host is in nothing that can be printed: spec, host, provider, errors.
pub async fn user_data_is_never_printed(case: &Case) -> Outcome {
    let spec = case.spec("secret").user_data(UserData::new(format!("#cloud-config\n# {MARKER}\n")));
    let limit = case.provider().capabilities().user_data_bytes;
    let oversize = case.spec("oversize").user_data(UserData::new(MARKER.repeat(limit / MARKER.len() + 1)));
    let mut other = spec.clone();
    other.user_data = Some(UserData::new(format!("#cloud-config\n# {MARKER} too\n")));

    let mut printed = String::new();
    show(&mut printed, &spec);
    let created = case.provider().create_host(&spec).await.or_fail("a host with user data can be created")?;
    show(&mut printed, &created);
    show(&mut printed, &case.read(&created.host().id).await?);
    for refused in [&oversize, &other] {
        if let Err(error) = case.provider().create_host(refused).await {
            show_error(&mut printed, &error);
        }
    }
    show(&mut printed, &case.provider());
    ensure!(!printed.contains(MARKER), "user data is never printed; it is in: {}", printed.replace(MARKER, "[MARKER]"));
    Ok(())
}

fn show(printed: &mut String, value: &dyn Debug) {
    write!(printed, "{value:?}\n{value:#?}\n").expect("a string takes any text");
}

/// An error with all that lies beneath it, as a log would print it.
fn show_error(printed: &mut String, error: &Error) {
    show(printed, error);
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        writeln!(printed, "{error}").expect("a string takes any text");
        next = error.source();
    }
}

/// What must not be seen.
const MARKER: &str = "marker-of-a-secret";
