//! The body of an instance's insertion, read and checked.

use cloud_world::Labels;
use serde_json::{Map, Value, json};

use super::api::Api;
use super::body;
use super::errors::{self, ApiError};
use super::instance_disks::{self, WantedDisk};
use super::instance_scheduling;
use super::links::{self, Link};
use super::{ledger, machines, names};
use crate::face::Fields;

/// An instance that is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) machine: String,
    /// The image of the boot disk.
    pub(super) image: u64,
    pub(super) labels: Labels,
    pub(super) spot: bool,
    pub(super) protected: bool,
    pub(super) ipv6: bool,
    /// Its disks, the boot disk first.
    pub(super) disks: Vec<WantedDisk>,
    pub(super) settings: ledger::Instance,
}

/// Reads and checks the body.
pub(super) fn read(api: &Api<'_>, body: &Fields, zone: &str) -> Result<Wanted, ApiError> {
    body.only(INSTANCE)?;
    let name = body::name(body)?;
    let machine = machine(api, &body.field("machineType"), body.required_text("machineType")?, zone)?;
    let labels = body::labels(body)?;
    let disks = instance_disks::read_disks(api, body, &name, zone)?;
    for disk in &disks {
        instance_disks::check_class(&disk.class, &machine)?;
    }
    let image = instance_disks::boot_image(api, &disks[0], &machine)?;
    let (interface, access, ipv6) = read_interface(api, body)?;
    let metadata = body.object("metadata")?.map_or_else(|| Ok(Vec::new()), |metadata| names::metadata(&metadata))?;
    let tags = match body.object("tags")? {
        Some(tags) => tags.texts("items")?,
        None => Vec::new(),
    };
    names::check_tags(&body.field("tags"), &tags)?;
    let (scheduling, spot) = instance_scheduling::read_scheduling(api, body, &machine)?;
    let echo = ["description", "canIpForward", "serviceAccounts", "guestAccelerators", "minCpuPlatform", "hostname"];
    let echo = echo.into_iter().chain(["shieldedInstanceConfig", "reservationAffinity", "resourcePolicies"]);
    let echo = echo.filter_map(|key| Some((key.to_owned(), body.as_map().get(key)?.clone()))).collect();
    let settings =
        ledger::Instance { echo, metadata, tags, scheduling, interface, access, ..ledger::Instance::default() };
    let protected = body.flag("deletionProtection")?.unwrap_or(false);
    Ok(Wanted { name, machine, image, labels, spot, protected, ipv6, disks, settings })
}

/// The machine type that an address names, where the zone offers it.
pub(super) fn machine(api: &Api<'_>, field: &str, text: &str, zone: &str) -> Result<String, ApiError> {
    let name = Link::name_in(text, "machineTypes", Some(zone));
    let name = name.ok_or_else(|| {
        errors::invalid(field, format!("'{text}'. The URL is malformed or names a machine type of another zone."))
    })?;
    if machines::is_offered(api, &name, zone) {
        return Ok(name);
    }
    let path = links::zonal(api.project(), zone, "machineTypes", &name);
    Err(errors::invalid(field, format!("'{text}'. The referenced resource '{path}' cannot be found.")))
}

type Interface = (Map<String, Value>, Option<Map<String, Value>>, bool);

fn read_interface(api: &Api<'_>, body: &Fields) -> Result<Interface, ApiError> {
    let interfaces = body.objects("networkInterfaces")?;
    let Some(interface) = interfaces.first() else {
        let text = "''. At least one network interface is required.";
        return Err(errors::invalid(&body.field("networkInterfaces"), text));
    };
    interface.only(NETWORK_INTERFACE)?;
    let network = interface.text("network")?.filter(|text| !text.is_empty()).unwrap_or("global/networks/default");
    if Link::name_in(network, "networks", None).as_deref() != Some("default") {
        let text = format!("'{network}'. The referenced network resource cannot be found.");
        return Err(errors::invalid(&interface.field("network"), text));
    }
    let mut access = None;
    for config in interface.objects("accessConfigs")? {
        config.only(ACCESS_CONFIG)?;
        let kind = config.text("type")?.unwrap_or("ONE_TO_ONE_NAT");
        if access.is_some() || kind != "ONE_TO_ONE_NAT" {
            return Err(errors::invalid(
                &config.field("type"),
                format!("'{kind}'. At most one access config is allowed."),
            ));
        }
        access = Some(config.as_map().clone());
    }
    let ipv6 = !interface.objects("ipv6AccessConfigs")?.is_empty();
    let mut kept = Map::new();
    kept.insert("network".to_owned(), json!(links::full(&links::global(api.project(), "networks", "default"))));
    kept.insert("stackType".to_owned(), json!(if ipv6 { "IPV4_IPV6" } else { "IPV4_ONLY" }));
    if let Some(kind) = interface.text("nicType")? {
        kept.insert("nicType".to_owned(), json!(kind));
    }
    Ok((kept, access, ipv6))
}

#[rustfmt::skip]
const INSTANCE: &[&str] = &[
    "advancedMachineFeatures", "canIpForward", "confidentialInstanceConfig", "deletionProtection", "description",
    "disks", "displayDevice", "guestAccelerators", "hostname", "keyRevocationActionType", "kind", "labels",
    "machineType", "metadata", "minCpuPlatform", "name", "networkInterfaces", "networkPerformanceConfig", "params",
    "reservationAffinity", "resourcePolicies", "scheduling", "serviceAccounts", "shieldedInstanceConfig", "tags", "zone",
];
#[rustfmt::skip]
const NETWORK_INTERFACE: &[&str] = &[
    "accessConfigs", "aliasIpRanges", "ipv6AccessConfigs", "kind", "name", "network", "networkIP", "nicType",
    "queueCount", "stackType", "subnetwork",
];
const ACCESS_CONFIG: &[&str] = &["kind", "name", "natIP", "networkTier", "publicPtrDomainName", "setPublicPtr", "type"];
