//! What to do about each kind of error, and how each that a quiet cloud can show comes about.
#![allow(clippy::print_stdout, reason = "a command-line program")]

use std::time::Duration;

use cloud::local::{Config, Fault, FaultKind, Operation};
use cloud::{
    Ability, CloudProvider, CloudProviderExt, Error, ErrorKind, HostId, HostSpec, Image, ListHosts, Machine,
    MachineTypeName, Name, Region, ResizeDisk, ResourceKind, Result, Wait,
};

/// One place decides; the rest of a program asks it. Kinds may be added, so there is always an `else`.
fn next_step(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::AlreadyExists => "take another name, or look at what has it",
        ErrorKind::Conflict => "wait for it or bring it into the right state, then repeat",
        ErrorKind::InvalidRequest => "mend the request: error.field() names the argument",
        ErrorKind::NoCapacity => "try another zone, region or machine type",
        ErrorKind::NotFound => "it is gone: forget the id",
        ErrorKind::OutcomeUnknown => "look first; a create may be repeated with the same spec",
        ErrorKind::PermissionDenied => "give the credentials the right",
        ErrorKind::QuotaExceeded => "delete something, or have the limit raised",
        ErrorKind::RateLimited => "wait for error.retry_after(), then repeat",
        ErrorKind::Timeout => "see what was seen last; give it more time",
        ErrorKind::Unauthenticated => "give other credentials",
        ErrorKind::Unavailable => "repeat later",
        ErrorKind::Unsupported => "ask capabilities() before",
        _ => "report it, with error.request_id()",
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    for error in provoke().await? {
        let again = if error.is_retryable() { " (worth a repeat)" } else { "" };
        println!("{error}\n    -> {}{again}", next_step(error.kind()));
    }
    println!("\nAll kinds:");
    for kind in ErrorKind::ALL {
        println!("{:17} {}", kind.to_string(), next_step(kind));
    }
    Ok(())
}

/// Makes an account with little room and patience go wrong in every way that it can.
async fn provoke() -> Result<Vec<Error>> {
    let config = Config::default().patience(Duration::from_millis(300)).sold_out("local-b", "small");
    let local = config.quota(ResourceKind::Host, 1).build()?;
    let sold_out = failure(local.create_host(&spec("web-2", "local-b")?).await);
    let host = local.create_host(&spec("web-1", "local-a")?).await?.into_host();
    let soon = || Wait::within(Duration::from_millis(50));
    let medium = MachineTypeName::new("medium")?;

    let mut errors = vec![
        Name::new("Not a name").expect_err("blanks are not allowed"),
        failure(local.create_host(&spec("web-1", "local-a")?.label("role", "other")?).await),
        failure(local.create_host(&spec("web-2", "local-a")?).await),
        sold_out,
        failure(local.get_host(&HostId::new("404")).await),
        failure(local.wait_ready(&host.id, soon()).await),
        failure(local.capabilities().require(Ability::Console)),
    ];
    let resize = local.resize().expect("the in-memory provider claims Ability::Resize");
    errors.push(failure(resize.resize_host(&host.id, &medium, ResizeDisk::Keep).await));
    local.inject(Fault::new(FaultKind::RateLimited, Operation::GetHost).times(100));
    errors.push(failure(local.get_host(&host.id).await));
    local.inject(Fault::new(FaultKind::UnavailableBefore, Operation::ListHosts).times(100));
    errors.push(failure(local.list_hosts(&ListHosts::mine()).await));
    Ok(errors)
}

fn failure<T: std::fmt::Debug>(result: Result<T>) -> Error {
    result.expect_err("this was made to fail")
}

fn spec(name: &str, region: &str) -> Result<HostSpec> {
    Ok(HostSpec::new(Name::new(name)?, Region::new(region)?, Machine::named("small")?, Image::debian("12")))
}
