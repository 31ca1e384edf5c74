//! `/pricing`: every price at once.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::api::{self, Answer, Api};
use super::server_types::{self, money};

/// `GET /pricing`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let world = &*api.world;
    let catalog = &world.catalog;
    let tariff = &catalog.tariff;
    let server_types: Vec<Value> = catalog
        .machines
        .iter()
        .map(|machine| {
            json!({
                "id": machine.id,
                "name": machine.name,
                "prices": server_types::prices(world, machine),
            })
        })
        .collect();
    let addresses = |hour: Decimal, month: Decimal| -> Vec<Value> {
        let regions = catalog.regions.iter();
        regions
            .map(|region| {
                json!({
                    "location": region.name,
                    "price_hourly": money(world, hour),
                    "price_monthly": money(world, month),
                })
            })
            .collect()
    };
    let primary_ips = json!([
        {"type": "ipv4", "prices": addresses(tariff.ipv4_hour, tariff.ipv4_month)},
        {"type": "ipv6", "prices": addresses(Decimal::ZERO, Decimal::ZERO)},
    ]);
    let floating_ip = money(world, Decimal::from(3));
    let floating_prices: Vec<Value> =
        catalog.regions.iter().map(|region| json!({"location": region.name, "price_monthly": floating_ip})).collect();
    api::ok(&json!({"pricing": {
        "currency": catalog.currency,
        "vat_rate": format!("{:.2}", catalog.vat_percent),
        "primary_ips": primary_ips,
        "floating_ip": {"price_monthly": floating_ip},
        "floating_ips": [{"type": "ipv4", "prices": floating_prices}],
        "image": {"price_per_gb_month": money(world, tariff.snapshot_gb_month)},
        "volume": {"price_per_gb_month": money(world, tariff.volume_gb_month)},
        "server_backup": {"percentage": format!("{:.2}", tariff.backup_percent)},
        "server_types": server_types,
        "load_balancer_types": [],
    }}))
}
