//! The addresses that this box reaches already.

use cloud_types::{Error, ErrorKind, Result};

use super::subnet::Range;
use super::tool::IP;

/// A route of this box.
struct Route {
    range: Range,
    interface: String,
}

/// The ranges that this box has routes for, but for the default one.
pub(super) async fn ranges() -> Result<Vec<Range>> {
    Ok(all().await?.into_iter().map(|route| route.range).collect())
}

/// That a network's addresses are not another interface's.
///
/// # Errors
/// `Conflict` where they are. A route of more addresses is none: the network's own is preferred.
pub(super) async fn check(range: Range, bridge: &str) -> Result<()> {
    let another =
        |route: &Route| route.range.overlaps(range) && route.range.bits() >= range.bits() && route.interface != bridge;
    match all().await?.into_iter().find(another) {
        None => Ok(()),
        Some(Route { range: taken, interface }) => {
            let message = format!(
                "its addresses {range} have become those of {interface} ({taken}): remove that route, or make the VMs \
                 anew in another network"
            );
            Err(Error::new(ErrorKind::Conflict, message))
        }
    }
}

async fn all() -> Result<Vec<Route>> {
    let routes = IP.ask(&["-json", "-4", "route", "show", "table", "all"]).await?;
    let route = |route: &serde_json::Value| {
        let range = Range::parse(route["dst"].as_str()?)?;
        Some(Route { range, interface: route["dev"].as_str().unwrap_or("another interface").to_owned() })
    };
    // `default` is no range, and loopback is nobody's way.
    Ok(routes.iter().filter_map(route).filter(|route| route.interface != "lo").collect())
}
