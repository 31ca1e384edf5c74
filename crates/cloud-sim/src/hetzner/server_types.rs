//! `/server_types`: sizes of servers with their prices and places.

use cloud_world::{Cpu, MachineType, Price, World};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::api::{self, Answer, Api};
use super::{errors, paging, render};

/// `GET /server_types`.
pub(super) fn list(api: &mut Api<'_>) -> Answer {
    let name = api.request.param("name");
    let types = api.world.catalog.machines.iter();
    let named = types.filter(|machine| name.is_none_or(|name| name == machine.name));
    paging::page(api.request, "server_types", named, |machine| server_type(api.world, machine, api.now))
}

/// `GET /server_types/{id}`.
pub(super) fn get(api: &mut Api<'_>) -> Answer {
    let number = api.id()?;
    let mut types = api.world.catalog.machines.iter();
    let machine = types.find(|machine| machine.id == number);
    let machine = machine.ok_or_else(|| errors::not_found("server_type", api.path.get("id")))?;
    api::ok(&json!({"server_type": server_type(api.world, machine, api.now)}))
}

/// The server type of that name as the API writes it.
pub(super) fn named(world: &World, name: &str, now: Timestamp) -> Value {
    let machine = world.catalog.machine(name);
    machine.map_or(Value::Null, |machine| server_type(world, machine, now))
}

/// The prices of a server type as the API writes them.
pub(super) fn prices(world: &World, machine: &MachineType) -> Vec<Value> {
    let prices = machine.prices.iter();
    prices.map(|(location, price)| price_in(world, location, price)).collect()
}

/// An amount without and with tax, as decimal strings.
pub(super) fn money(world: &World, net: Decimal) -> Value {
    let gross = net * (Decimal::ONE + world.catalog.vat_percent / Decimal::ONE_HUNDRED);
    json!({"net": amount(net), "gross": amount(gross)})
}

fn server_type(world: &World, machine: &MachineType, now: Timestamp) -> Value {
    let deprecation = machine.deprecated.map(deprecation);
    let locations: Vec<Value> = world
        .catalog
        .regions
        .iter()
        .filter(|region| machine.prices.contains_key(&region.name))
        .map(|region| {
            json!({
                "id": region.id,
                "name": region.name,
                "available": world.orderable(&region.name, &machine.name, now),
                "recommended": deprecation.is_none(),
                "deprecation": deprecation,
            })
        })
        .collect();
    let (cpu_type, category) = match machine.cpu {
        Cpu::Shared => ("shared", "Shared vCPU"),
        Cpu::Dedicated => ("dedicated", "Dedicated vCPU"),
    };
    json!({
        "id": machine.id,
        "name": machine.name,
        "description": machine.description,
        "category": category,
        "cores": machine.cores,
        "memory": machine.memory_mib / 1024,
        "disk": machine.disk_gb,
        "storage_type": "local",
        "cpu_type": cpu_type,
        "architecture": render::architecture(machine.architecture),
        "deprecated": deprecation.is_some(),
        "deprecation": deprecation,
        "locations": locations,
        "prices": prices(world, machine),
    })
}

fn deprecation(announced: Timestamp) -> Value {
    let unavailable = announced + SignedDuration::from_hours(24 * 90);
    json!({
        "announced": render::moment(announced),
        "unavailable_after": render::moment(unavailable),
    })
}

fn price_in(world: &World, location: &str, price: &Price) -> Value {
    json!({
        "location": location,
        "price_hourly": money(world, price.hourly),
        "price_monthly": money(world, price.monthly),
        "included_traffic": INCLUDED_TRAFFIC,
        "price_per_tb_traffic": money(world, Decimal::ONE),
    })
}

fn amount(value: Decimal) -> String {
    format!("{:.10}", value.round_dp(10))
}

/// Bytes that are free of charge in a month.
pub(super) const INCLUDED_TRAFFIC: u64 = 20 << 40;
