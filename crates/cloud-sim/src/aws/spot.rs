//! Spot: prices of each zone, and the requests behind spot instances.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::api::{Answer, Api};
use super::errors::{self, ApiError};
use super::filter::{self, Row};
use super::instances::{self, Seen};
use super::ledger::SpotRequest;
use super::machines::{MACHINES, Machine};
use super::xml::{Xml, fields};
use super::{ids, render_instance};

/// `DescribeSpotPriceHistory`: the price at the start of the span asked for, and each change within.
pub(super) fn prices(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let params = &api.params;
    let named = params.texts("InstanceType");
    let products = params.texts("ProductDescription");
    let zone = params.text("AvailabilityZone");
    let until = moment(api, "EndTime")?.unwrap_or(api.now).min(api.now);
    let since = moment(api, "StartTime")?.unwrap_or(until - SignedDuration::from_hours(24));
    let mut found = Vec::new();
    let linux = products.is_empty() || products.iter().any(|product| product.starts_with(PRODUCT));
    for machine in
        MACHINES.iter().filter(|machine| linux && (named.is_empty() || named.iter().any(|name| name == machine.name)))
    {
        for at in machine.zones(api.place).into_iter().filter(|known| zone.as_ref().is_none_or(|zone| zone == known)) {
            for changed in changes(since, until) {
                found.push((machine, at.clone(), changed));
            }
        }
    }
    let rows = (1..).zip(&found).map(|(number, (machine, zone, changed))| {
        let price = price_at(api, machine, zone, *changed).to_string();
        let shown = price.clone();
        Row::new(number, move |filter| {
            Some(match filter {
                "instance-type" => vec![machine.name.to_owned()],
                "availability-zone" => vec![zone.clone()],
                "product-description" => vec![PRODUCT.to_owned()],
                "spot-price" => vec![price.clone()],
                "timestamp" => vec![super::xml::moment(*changed)],
                _ => return None,
            })
        })
        .showing(move |api| {
            fields! {
                "instanceType" => machine.name,
                "productDescription" => PRODUCT,
                "spotPrice" => shown.as_str(),
                "timestamp" => *changed,
                "availabilityZone" => zone.as_str(),
                "availabilityZoneId" => api.place.zone_id(zone),
            }
        })
    });
    let (shown, next) = filter::page(api, rows.collect(), "-")?;
    Ok(fields! { "spotPriceHistorySet" => shown, "nextToken" => next.unwrap_or_default() })
}

/// `DescribeSpotInstanceRequests`.
pub(super) fn describe(api: &mut Api<'_>) -> Answer {
    let api = &*api;
    let named = api.params.texts("SpotInstanceRequestId");
    let mut all = requests(api);
    for id in &named {
        ids::number("sir", id)?;
        if !all.iter().any(|(_, spot)| ids::request_id(spot.number) == *id) {
            return Err(errors::not_found("sir", id));
        }
    }
    all.retain(|(_, spot)| named.is_empty() || named.contains(&ids::request_id(spot.number)));
    let rows = all.into_iter().map(|(seen, spot)| {
        Row::new(spot.number, move |filter| {
            Some(match filter {
                "state" => vec![state(seen, spot).0.to_owned()],
                "status-code" => vec![state(seen, spot).1.to_owned()],
                "instance-id" => vec![ids::id("i", seen.host.id)],
                "spot-instance-request-id" => vec![ids::request_id(spot.number)],
                "type" => vec![spot.kind.clone()],
                _ => return filter::tag_values(&spot.tags, filter),
            })
        })
        .showing(move |api| render(api, seen, spot))
    });
    let (shown, next) = filter::page(api, rows.collect(), "SpotInstanceRequestId")?;
    Ok(fields! { "spotInstanceRequestSet" => shown, "nextToken" => next })
}

/// `CancelSpotInstanceRequests`: their instances stay.
pub(super) fn cancel(api: &mut Api<'_>) -> Answer {
    let mut numbers = Vec::new();
    for id in api.params.required_texts("SpotInstanceRequestId")? {
        let number = ids::number("sir", &id)?;
        if !requests(api).iter().any(|(_, spot)| spot.number == number) {
            return Err(errors::not_found("sir", &id));
        }
        numbers.push(number);
    }
    for notes in api.ledger.instances.values_mut() {
        if let Some(spot) = notes.spot.as_mut().filter(|spot| numbers.contains(&spot.number)) {
            spot.cancelled = true;
        }
    }
    let shown = numbers.into_iter().map(|number| {
        fields! { "spotInstanceRequestId" => ids::request_id(number), "state" => "cancelled" }
    });
    Ok(fields! { "spotInstanceRequestSet" => shown.collect::<Vec<_>>() })
}

/// Refuses a highest price that is below the present one in all zones.
pub(super) fn check_price(
    api: &Api<'_>,
    spot: &SpotRequest,
    machine: &Machine,
    zones: &[String],
) -> Result<(), ApiError> {
    let Some(most) = spot.max_price.as_ref().and_then(|price| price.parse::<Decimal>().ok()) else {
        return Ok(());
    };
    let least = zones.iter().map(|zone| price_at(api, machine, zone, api.now)).min().unwrap_or_default();
    if most >= least {
        return Ok(());
    }
    let message = format!(
        "Your Spot request price of {most} is lower than the minimum required Spot request fulfillment price of {least}."
    );
    Err(ApiError::new("SpotMaxPriceTooLow", message))
}

fn requests<'a>(api: &'a Api<'_>) -> Vec<(Seen<'a>, &'a SpotRequest)> {
    instances::all(api).into_iter().filter_map(|seen| Some((seen, seen.notes.spot.as_ref()?))).collect()
}

fn moment(api: &Api<'_>, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let parsed = api.params.text(name).map(|text| text.parse::<Timestamp>().map_err(|_| text));
    parsed.transpose().map_err(|text| errors::invalid(name, format!("'{text}' is no moment")))
}

/// Prices change every six hours.
fn changes(since: Timestamp, until: Timestamp) -> Vec<Timestamp> {
    let floor = |at: Timestamp| at.as_second() - at.as_second().rem_euclid(STEP);
    let (first, last) = (floor(since), floor(until));
    let count = usize::try_from(((last - first) / STEP).max(0)).unwrap_or(0).min(MOST_CHANGES);
    let moments = (0..=count).filter_map(|back| Timestamp::from_second(last - STEP * i64::try_from(back).ok()?).ok());
    moments.collect()
}

fn price_at(api: &Api<'_>, machine: &Machine, zone: &str, at: Timestamp) -> Decimal {
    let drift = (at.as_second() / STEP).rem_euclid(5);
    let price = machine.spot_hourly(api.place, zone) * Decimal::new(98 + drift, 2);
    let mut price = price.round_dp(6);
    price.rescale(6);
    price
}

/// State, status code and status message.
fn state(seen: Seen<'_>, spot: &SpotRequest) -> (&'static str, &'static str, &'static str) {
    let over = seen.ended || render_instance::state(seen).1 == "shutting-down";
    let taken = seen.notes.state_reason.as_ref().is_some_and(|(code, _)| code == "Server.SpotInstanceTermination");
    match (over, spot.cancelled) {
        (true, _) if taken => ("closed", "instance-terminated-no-capacity", "Your Spot instance was terminated."),
        (true, _) => {
            ("closed", "instance-terminated-by-user", "Spot Instance terminated due to user-initiated termination.")
        }
        (false, true) => (
            "cancelled",
            "request-canceled-and-instance-running",
            "Your Spot request is canceled, but your instance runs.",
        ),
        (false, false) => ("active", "fulfilled", "Your spot request is fulfilled."),
    }
}

fn render(api: &Api<'_>, seen: Seen<'_>, spot: &SpotRequest) -> Xml {
    let (state, code, message) = state(seen, spot);
    let machine = Machine::named(&seen.host.machine);
    let price = spot.max_price.clone().or_else(|| machine.map(|machine| machine.hourly(api.place).to_string()));
    fields! {
        "spotInstanceRequestId" => ids::request_id(spot.number),
        "spotPrice" => price,
        "type" => spot.kind.as_str(),
        "state" => state,
        "status" => fields! { "code" => code, "message" => message, "updateTime" => seen.notes.ended.unwrap_or(seen.host.created) },
        "instanceId" => ids::id("i", seen.host.id),
        "createTime" => seen.host.created,
        "productDescription" => PRODUCT,
        "launchedAvailabilityZone" => seen.host.zone.as_str(),
        "instanceInterruptionBehavior" => spot.interruption.as_str(),
        "launchSpecification" => fields! {
            "imageId" => ids::id("ami", seen.host.image),
            "instanceType" => seen.host.machine.as_str(),
            "keyName" => seen.notes.key_name.as_deref(),
        },
        "tagSet" => filter::tag_set(&spot.tags),
    }
}

const PRODUCT: &str = "Linux/UNIX";
/// Seconds between two prices.
const STEP: i64 = 6 * 3600;
const MOST_CHANGES: usize = 360;
