//! The body of an instance's insertion, read and checked.

use cloud_world::{ImageKind, ImageStatus, Labels};
use serde_json::{Map, Value, json};

use super::api::Api;
use super::body::Body;
use super::errors::{self, ApiError};
use super::links::{self, Link};
use super::machines::{self, DiskFamily};
use super::{disks, images, ledger, names};

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

/// A disk of an instance that is asked for.
#[derive(Debug)]
pub(super) struct WantedDisk {
    pub(super) name: String,
    pub(super) size_gb: u64,
    pub(super) class: String,
    pub(super) boot: bool,
    pub(super) auto_delete: bool,
    pub(super) device: String,
    pub(super) mode: String,
    pub(super) labels: Labels,
    pub(super) source: DiskSource,
}

/// What a disk is made from.
#[derive(Debug, Clone)]
pub(super) enum DiskSource {
    /// It is there already.
    Existing(u64),
    /// An image or snapshot, and its address.
    Image { id: u64, link: String, is_snapshot: bool },
    /// Nothing.
    Blank,
}

impl WantedDisk {
    /// Whether it is made with the instance.
    pub(super) fn is_fresh(&self) -> bool {
        !matches!(self.source, DiskSource::Existing(_))
    }
}

/// Reads and checks the body.
pub(super) fn read(api: &Api<'_>, body: &Body, zone: &str) -> Result<Wanted, ApiError> {
    body.only(INSTANCE)?;
    let name = body.name()?;
    let machine = machine(api, &body.field("machineType"), body.required_text("machineType")?, zone)?;
    let labels = body.labels()?;
    let disks = read_disks(api, body, &name, zone)?;
    for disk in &disks {
        check_class(&disk.class, &machine)?;
    }
    let image = boot_image(api, &disks[0], &machine)?;
    let (interface, access, ipv6) = read_interface(api, body)?;
    let metadata = body.object("metadata")?.map_or_else(|| Ok(Vec::new()), |metadata| names::metadata(&metadata))?;
    let tags = match body.object("tags")? {
        Some(tags) => tags.texts("items")?,
        None => Vec::new(),
    };
    names::check_tags(&body.field("tags"), &tags)?;
    let (scheduling, spot) = read_scheduling(api, body, &machine)?;
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

/// Refuses a disk type that the family of the machine type cannot use.
pub(super) fn check_class(class: &str, machine: &str) -> Result<(), ApiError> {
    let is_hyperdisk = class.starts_with("hyperdisk-");
    let fits = match machines::disk_family(machine) {
        DiskFamily::Persistent => !is_hyperdisk,
        DiskFamily::Hyperdisk => is_hyperdisk,
        DiskFamily::Both => class != "pd-standard" || is_hyperdisk,
    };
    if fits {
        return Ok(());
    }
    Err(errors::bad_request(format!(
        "[{class}] features are not compatible for creating instance: {class} disk type cannot be used by {machine} machine type."
    )))
}

fn read_disks(api: &Api<'_>, body: &Body, instance: &str, zone: &str) -> Result<Vec<WantedDisk>, ApiError> {
    let bodies = body.objects("disks")?;
    let mut disks = Vec::new();
    for (at, body) in bodies.iter().enumerate() {
        disks.push(read_disk(api, body, instance, at, zone)?);
    }
    disks.sort_by_key(|disk| !disk.boot);
    match disks.iter().filter(|disk| disk.boot).count() {
        1 => Ok(disks),
        0 => Err(errors::invalid(&body.field("disks"), "''. A boot disk must be specified.")),
        _ => Err(errors::invalid(&body.field("disks"), "''. Only one boot disk can be specified.")),
    }
}

fn read_disk(api: &Api<'_>, body: &Body, instance: &str, at: usize, zone: &str) -> Result<WantedDisk, ApiError> {
    body.only(ATTACHED_DISK)?;
    let boot = body.flag("boot")?.unwrap_or(false);
    let mode = body.text("mode")?.unwrap_or("READ_WRITE").to_owned();
    let auto_delete = body.flag("autoDelete")?.unwrap_or(false);
    let device = body.text("deviceName")?.map_or_else(|| format!("persistent-disk-{at}"), str::to_owned);
    if let Some(source) = body.text("source")? {
        let name = Link::name_in(source, "disks", Some(zone));
        let found = name.as_deref().and_then(|name| disks::named(api, zone, name));
        let missing =
            || errors::invalid(&body.field("source"), format!("'{source}'. The referenced resource cannot be found."));
        let volume = found.ok_or_else(missing)?;
        let class = disks::class(api, volume.id);
        let (name, size_gb, labels) = (volume.name.clone(), volume.size_gb, volume.labels.clone());
        let source = DiskSource::Existing(volume.id);
        return Ok(WantedDisk { name, size_gb, class, boot, auto_delete, device, mode, labels, source });
    }
    let Some(parameters) = body.object("initializeParams")? else {
        return Err(errors::invalid(&body.field("source"), "''. Either source or initializeParams must be specified."));
    };
    parameters.only(INITIALIZE_PARAMS)?;
    let source = disks::source(api, &parameters)?;
    if boot && matches!(source, DiskSource::Blank) {
        return Err(errors::required(&parameters.field("sourceImage")));
    }
    let size_gb = disks::size(api, parameters.number("diskSizeGb")?, &source)?;
    let default = if at == 0 { instance.to_owned() } else { format!("{instance}-{at}") };
    let name = parameters.text("diskName")?.map_or(default, str::to_owned);
    names::check_name(&parameters.field("diskName"), &name)?;
    let class = disks::read_class(&parameters, "diskType", zone)?;
    let labels = parameters.labels()?;
    // A name that is taken means the disk that has it.
    let source = match disks::named(api, zone, &name) {
        Some(volume) if parameters.text("diskName")?.is_some() => DiskSource::Existing(volume.id),
        _ => source,
    };
    Ok(WantedDisk { name, size_gb, class, boot, auto_delete, device, mode, labels, source })
}

/// The image of the boot disk, which must fit the machine type.
fn boot_image(api: &Api<'_>, boot: &WantedDisk, machine: &str) -> Result<u64, ApiError> {
    let image = match &boot.source {
        DiskSource::Image { id, .. } => Some(*id),
        DiskSource::Existing(id) => api.world.volumes.find(*id)?.image,
        DiskSource::Blank => None,
    };
    let image = image.and_then(|image| api.world.images.find(image).ok());
    let Some(image) = image else {
        return Err(errors::invalid("resource.disks[0]", "''. The boot disk holds no known system."));
    };
    let architecture = api.world.catalog.machine(machine).map(|machine| machine.architecture);
    if Some(image.architecture) != architecture {
        let (image, wanted) = (images::architecture(image.architecture), architecture.map(images::architecture));
        let wanted = wanted.unwrap_or("X86_64");
        return Err(errors::bad_request(format!(
            "Requested boot disk architecture ({image}) is not compatible with machine type architecture ({wanted})."
        )));
    }
    Ok(image.id)
}

type Interface = (Map<String, Value>, Option<Map<String, Value>>, bool);

fn read_interface(api: &Api<'_>, body: &Body) -> Result<Interface, ApiError> {
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

/// The scheduling with its defaults filled in, and whether it is spot.
fn read_scheduling(api: &Api<'_>, body: &Body, machine: &str) -> Result<(Map<String, Value>, bool), ApiError> {
    let sent = body.object("scheduling")?;
    let mut kept = sent.as_ref().map(|sent| sent.as_map().clone()).unwrap_or_default();
    let text = |name: &str| -> Result<Option<String>, ApiError> {
        Ok(sent.as_ref().map(|sent| sent.text(name)).transpose()?.flatten().map(str::to_owned))
    };
    if let Some(sent) = &sent {
        sent.only(SCHEDULING)?;
    }
    let preemptible = kept.get("preemptible") == Some(&Value::Bool(true));
    let spot = text("provisioningModel")?.as_deref() == Some("SPOT") || preemptible;
    let restart = sent.as_ref().map(|sent| sent.flag("automaticRestart")).transpose()?.flatten();
    let maintenance = text("onHostMaintenance")?;
    let field = body.field("scheduling");
    if spot && restart == Some(true) {
        let rule = "'true'. Automatic restart is not supported for spot instances.";
        return Err(errors::invalid(&format!("{field}.automaticRestart"), rule));
    }
    let accelerated = !body.objects("guestAccelerators")?.is_empty() || machines::has_gpu(api, machine);
    check_accelerators(body, machine)?;
    let must_end = spot || accelerated;
    let given = maintenance.as_deref();
    if given == Some("MIGRATE") && must_end || given.is_none() && accelerated && !spot {
        let rule = "''. Instances with guest accelerators do not support live migration.";
        return Err(errors::invalid(&format!("{field}.onHostMaintenance"), rule));
    }
    let ends = text("instanceTerminationAction")?;
    if ends.is_some() && !spot && !kept.contains_key("maxRunDuration") {
        let rule = "''. A termination action needs spot provisioning or a limited run duration.";
        return Err(errors::invalid(&format!("{field}.instanceTerminationAction"), rule));
    }
    let maintenance = maintenance.unwrap_or_else(|| if must_end { "TERMINATE" } else { "MIGRATE" }.to_owned());
    kept.insert("onHostMaintenance".to_owned(), json!(maintenance));
    kept.insert("automaticRestart".to_owned(), json!(restart.unwrap_or(!spot)));
    kept.insert("preemptible".to_owned(), json!(spot));
    kept.insert("provisioningModel".to_owned(), json!(if spot { "SPOT" } else { "STANDARD" }));
    if spot {
        kept.insert("instanceTerminationAction".to_owned(), json!(ends.unwrap_or_else(|| "STOP".to_owned())));
    }
    Ok((kept, spot))
}

/// Accelerators are added to N1 only; other families have theirs built in.
fn check_accelerators(body: &Body, machine: &str) -> Result<(), ApiError> {
    for accelerator in body.objects("guestAccelerators")? {
        accelerator.only(&["acceleratorCount", "acceleratorType"])?;
        let kind = accelerator.required_text("acceleratorType")?;
        let count = accelerator.number("acceleratorCount")?.unwrap_or(0);
        let name = Link::parse(kind).filter(|link| link.collection == "acceleratorTypes").map(|link| link.name);
        let known = name.as_deref().is_some_and(machines::is_accelerator);
        if !known || count == 0 {
            return Err(errors::invalid(&accelerator.field("acceleratorType"), format!("'{kind}'.")));
        }
        let builtin = machines::builtin_accelerator(machine);
        if !machine.starts_with("n1-") && builtin.map(|(name, _)| name) != name.as_deref() {
            let text = format!("[{machine}] features are not compatible with guest accelerators.");
            return Err(errors::bad_request(text));
        }
    }
    Ok(())
}

/// The image or snapshot that an address names; `None` where there is no such one or it is not ready.
pub(super) fn image_named(api: &Api<'_>, text: &str) -> Option<(u64, String, bool)> {
    let link = Link::parse(text)?;
    let project = link.project.clone().unwrap_or_else(|| api.project().to_owned());
    if link.collection == "snapshots" {
        let mut named = api.world.images.named(&link.name);
        let found = named.find(|image| image.kind == ImageKind::Snapshot && image.status == ImageStatus::Available)?;
        return Some((found.id, links::full(&links::global(&project, "snapshots", &link.name)), true));
    }
    let found = match link.collection.as_str() {
        "images" => images::named(api, &project, &link.name)?,
        "images/family" => images::newest(api, &project, &link.name)?,
        _ => return None,
    };
    let name = found.name.clone().unwrap_or_default();
    Some((found.id, links::full(&links::global(&project, "images", &name)), false))
}

#[rustfmt::skip]
const INSTANCE: &[&str] = &[
    "advancedMachineFeatures", "canIpForward", "confidentialInstanceConfig", "deletionProtection", "description",
    "disks", "displayDevice", "guestAccelerators", "hostname", "keyRevocationActionType", "kind", "labels",
    "machineType", "metadata", "minCpuPlatform", "name", "networkInterfaces", "networkPerformanceConfig", "params",
    "reservationAffinity", "resourcePolicies", "scheduling", "serviceAccounts", "shieldedInstanceConfig", "tags", "zone",
];
#[rustfmt::skip]
const ATTACHED_DISK: &[&str] = &[
    "architecture", "autoDelete", "boot", "deviceName", "diskSizeGb", "forceAttach", "guestOsFeatures",
    "initializeParams", "interface", "kind", "mode", "source", "type",
];
#[rustfmt::skip]
const INITIALIZE_PARAMS: &[&str] = &[
    "architecture", "description", "diskName", "diskSizeGb", "diskType", "labels", "onUpdateAction",
    "provisionedIops", "provisionedThroughput", "resourcePolicies", "sourceImage", "sourceSnapshot",
];
#[rustfmt::skip]
const NETWORK_INTERFACE: &[&str] = &[
    "accessConfigs", "aliasIpRanges", "ipv6AccessConfigs", "kind", "name", "network", "networkIP", "nicType",
    "queueCount", "stackType", "subnetwork",
];
const ACCESS_CONFIG: &[&str] = &["kind", "name", "natIP", "networkTier", "publicPtrDomainName", "setPublicPtr", "type"];
#[rustfmt::skip]
const SCHEDULING: &[&str] = &[
    "automaticRestart", "instanceTerminationAction", "maxRunDuration", "minNodeCpus", "nodeAffinities",
    "onHostMaintenance", "preemptible", "provisioningModel", "terminationTime",
];
