//! DNS records for hosts: a trait of its own, since who runs hosts and who runs the zone often differ.

use std::fmt::Debug;
use std::net::{Ipv4Addr, Ipv6Addr};

use async_trait::async_trait;

use crate::{ProviderId, Result};

/// A place where DNS records are kept.
#[async_trait]
pub trait DnsProvider: Debug + Send + Sync {
    /// Which provider this is.
    fn id(&self) -> &ProviderId;

    /// Lists all records of a zone such as `example.com`.
    ///
    /// # Errors
    /// `NotFound` (the zone), and what every call can meet.
    async fn list_records(&self, zone: &str) -> Result<Vec<DnsRecord>>;

    /// Makes the record so, whatever was there under its name and kind; repeating it changes nothing.
    ///
    /// # Errors
    /// `NotFound` (the zone), `InvalidRequest`, and what every call can meet.
    async fn upsert_record(&self, zone: &str, record: &DnsRecord) -> Result<()>;

    /// Deletes the records of a name and kind; none there is success.
    ///
    /// # Errors
    /// `NotFound` (the zone), and what every call can meet.
    async fn delete_record(&self, zone: &str, name: &str, kind: DnsRecordKind) -> Result<()>;
}

/// One DNS record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DnsRecord {
    /// The full name, such as `web-1.example.com`.
    pub name: String,
    /// What it says.
    pub value: DnsValue,
    /// How long others may remember it, in seconds; `None` is the provider's default.
    pub ttl: Option<u32>,
}

/// What a DNS record says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum DnsValue {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name.
    Cname(String),
    /// Free text.
    Txt(String),
}

impl DnsValue {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> DnsRecordKind {
        match self {
            Self::A(_) => DnsRecordKind::A,
            Self::Aaaa(_) => DnsRecordKind::Aaaa,
            Self::Cname(_) => DnsRecordKind::Cname,
            Self::Txt(_) => DnsRecordKind::Txt,
        }
    }
}

/// The kind of a DNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum DnsRecordKind {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name.
    Cname,
    /// Free text.
    Txt,
}
