//! The disks of an instance's insertion, read and checked.

use cloud_world::{ImageKind, ImageStatus, Labels};

use super::api::Api;
use super::body;
use super::errors::{self, ApiError};
use super::links::{self, Link};
use super::machines::{self, DiskFamily};
use super::{disks, images, names};
use crate::face::Fields;

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

/// The disks of a body, the boot disk first.
pub(super) fn read_disks(
    api: &Api<'_>,
    body: &Fields,
    instance: &str,
    zone: &str,
) -> Result<Vec<WantedDisk>, ApiError> {
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

fn read_disk(api: &Api<'_>, body: &Fields, instance: &str, at: usize, zone: &str) -> Result<WantedDisk, ApiError> {
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
    let size_gb = disks::size(api, body::number(&parameters, "diskSizeGb")?, &source)?;
    let default = if at == 0 { instance.to_owned() } else { format!("{instance}-{at}") };
    let name = parameters.text("diskName")?.map_or(default, str::to_owned);
    names::check_name(&parameters.field("diskName"), &name)?;
    let class = disks::read_class(&parameters, "diskType", zone)?;
    let labels = body::labels(&parameters)?;
    // A name that is taken means the disk that has it.
    let source = match disks::named(api, zone, &name) {
        Some(volume) if parameters.text("diskName")?.is_some() => DiskSource::Existing(volume.id),
        _ => source,
    };
    Ok(WantedDisk { name, size_gb, class, boot, auto_delete, device, mode, labels, source })
}

/// The image of the boot disk, which must fit the machine type.
pub(super) fn boot_image(api: &Api<'_>, boot: &WantedDisk, machine: &str) -> Result<u64, ApiError> {
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
const ATTACHED_DISK: &[&str] = &[
    "architecture", "autoDelete", "boot", "deviceName", "diskSizeGb", "forceAttach", "guestOsFeatures",
    "initializeParams", "interface", "kind", "mode", "source", "type",
];
#[rustfmt::skip]
const INITIALIZE_PARAMS: &[&str] = &[
    "architecture", "description", "diskName", "diskSizeGb", "diskType", "labels", "onUpdateAction",
    "provisionedIops", "provisionedThroughput", "resourcePolicies", "sourceImage", "sourceSnapshot",
];
