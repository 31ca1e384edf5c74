//! Google's JSON in its own words, no logic: [`discovery`](https://compute.googleapis.com/discovery/v1/apis/compute/v1/rest).
//!
//! Whole numbers of 64 bits travel as text. What may be missing is `default`: Google leaves out what is empty.

mod address;
mod disk;
#[cfg(test)]
mod documented;
mod error;
mod firewall;
mod image;
mod instance;
mod list;
mod machine;
mod operation;
mod price;
mod snapshot;

pub(crate) use address::{Address, CreateAddress};
pub(crate) use disk::{CreateDisk, Disk, ResizeDisk, SetLabels};
pub(crate) use error::{ErrorBody, ErrorResponse};
pub(crate) use firewall::{Firewall, Ports};
pub(crate) use image::Image;
pub(crate) use instance::{
    Accelerator, AccessConfig, AttachDisk, AttachedDisk, CreateInstance, InitializeParams, Instance, Metadata,
    MetadataItem, NetworkInterface, NewDisk, NewNetworkInterface, Scheduling, SerialPortOutput, SetMachineType, Tags,
};
pub(crate) use list::{Aggregated, List};
pub(crate) use machine::{AcceleratorType, Deprecation, MachineType, Region, Zone};
pub(crate) use operation::Operation;
pub(crate) use price::{Money as PriceMoney, Sku, SkuList};
pub(crate) use snapshot::{CreateSnapshot, Snapshot};
