//! Packet filters.

use jiff::Timestamp;
use serde::Serialize;

use super::{Kind, Labels, Record};

/// A set of rules that can be applied to hosts.
#[derive(Debug, Clone, Serialize)]
pub struct Firewall {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its rules.
    pub rules: Vec<FirewallRule>,
    /// Label selectors, in the words of the face, whose hosts it applies to.
    pub selectors: Vec<String>,
    /// Labels.
    pub labels: Labels,
    /// When it was made.
    pub created: Timestamp,
}

impl Record for Firewall {
    const KIND: Kind = Kind::Firewall;

    fn id(&self) -> u64 {
        self.id
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn rename(&mut self, name: String) {
        self.name = name;
    }
}

/// One rule of a firewall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FirewallRule {
    /// Which way the packets go.
    pub direction: Direction,
    /// `tcp`, `udp`, `icmp` and so on.
    pub protocol: String,
    /// One port or a range such as `80-85`.
    pub port: Option<String>,
    /// Networks that the rule lets in.
    pub sources: Vec<String>,
    /// Networks that the rule lets out to.
    pub destinations: Vec<String>,
    /// A text for people.
    pub description: Option<String>,
}

/// Which way packets go, seen from the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the host.
    In,
    /// From the host.
    Out,
}
