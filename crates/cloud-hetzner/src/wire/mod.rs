//! Hetzner's JSON in Hetzner's words, without logic: only the fields that this crate acts on.
//!
//! Enumerations are kept as text, since words are added at any time; [`convert`](crate::convert) gives them meaning.
//! Source: <https://docs.hetzner.cloud/reference/cloud>.

mod action;
mod catalog;
#[cfg(test)]
mod documented;
mod error;
mod firewall;
mod image;
mod page;
mod server;
mod ssh_key;
mod volume;

pub(crate) use action::{Action, ActionError, ActionList, ActionResponse};
pub(crate) use catalog::{
    Location, LocationList, Price, PricePair, Pricing, PricingResponse, ServerType, ServerTypeList, TypeLocation,
};
pub(crate) use error::{ErrorBody, ErrorResponse};
pub(crate) use firewall::{CreateFirewall, Firewall, FirewallList, FirewallResponse, Rule};
pub(crate) use image::{Image, ImageList, ImageResponse};
pub(crate) use page::{Meta, Paged};
pub(crate) use server::{
    ChangeType, ConsoleResponse, CreateImage, CreateImageResponse, CreateServer, CreateServerResponse, FirewallRef,
    PrivateNet, PublicNet, PublicNetRequest, Server, ServerList, ServerResponse,
};
pub(crate) use ssh_key::{CreateSshKey, SshKey, SshKeyList, SshKeyResponse, UpdateSshKey};
pub(crate) use volume::{
    AttachVolume, CreateVolume, CreateVolumeResponse, Relabel, ResizeVolume, Volume, VolumeList, VolumeResponse,
};
