//! What a host shows to the network: its public addresses and the ports that are let in.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;

use crate::{Error, Result};

/// The addresses of a host; one that it does not have is `None`, never `0.0.0.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Addresses {
    /// Reachable from the internet.
    pub public_v4: Option<Ipv4Addr>,
    /// Reachable from the internet.
    pub public_v6: Option<Ipv6Addr>,
    /// Reachable within the provider's network.
    pub private_v4: Option<Ipv4Addr>,
    /// Reachable within the provider's network.
    pub private_v6: Option<Ipv6Addr>,
}

impl Addresses {
    /// Where the host can be reached, best first: at its public addresses, and without any, at its private ones; IPv4
    /// before IPv6. A private address beside public ones is left out: from elsewhere it may be another machine's.
    #[must_use]
    pub fn to_reach(&self) -> Vec<IpAddr> {
        let pair = |v4: Option<Ipv4Addr>, v6: Option<Ipv6Addr>| -> Vec<IpAddr> {
            v4.map(IpAddr::from).into_iter().chain(v6.map(IpAddr::from)).collect()
        };
        let public = pair(self.public_v4, self.public_v6);
        if public.is_empty() { pair(self.private_v4, self.private_v6) } else { public }
    }
}

/// Which public addresses a new host gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PublicNetwork {
    /// An IPv4 address, which most providers bill.
    pub ipv4: bool,
    /// An IPv6 address.
    pub ipv6: bool,
}

impl Default for PublicNetwork {
    /// IPv4 alone: what every provider can give.
    fn default() -> Self {
        Self { ipv4: true, ipv6: false }
    }
}

/// What traffic is let in from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Inbound {
    /// What the provider does by itself: some let everything in, some nothing.
    #[default]
    ProviderDefault,
    /// These ports and nothing else.
    Only(Vec<InboundPort>),
}

/// A range of ports that is let in.
///
/// ```
/// use cloud_types::InboundPort;
///
/// let range: InboundPort = "8000-8010/tcp".parse()?;
/// assert_eq!((range.first(), range.last()), (8000, 8010));
/// assert_eq!("22".parse::<InboundPort>()?, InboundPort::tcp(22)?);
/// # Ok::<(), cloud_types::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Shape", into = "Shape"))]
pub struct InboundPort {
    protocol: Protocol,
    first: u16,
    last: u16,
    sources: Vec<IpNet>,
}

/// The protocol of an inbound port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
}

impl InboundPort {
    /// A range of ports from anywhere; both ends belong to it.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `inbound` for port 0 or a range that ends before it begins.
    pub fn new(protocol: Protocol, first: u16, last: u16) -> Result<Self> {
        if first == 0 || last < first {
            return Err(Error::invalid(
                "inbound",
                format!("must be ports from 1 to 65535 in order, got {first}-{last}"),
            ));
        }
        Ok(Self { protocol, first, last, sources: Vec::new() })
    }

    /// One TCP port from anywhere.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `inbound` for port 0.
    pub fn tcp(port: u16) -> Result<Self> {
        Self::new(Protocol::Tcp, port, port)
    }

    /// One UDP port from anywhere.
    ///
    /// # Errors
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) on field `inbound` for port 0.
    pub fn udp(port: u16) -> Result<Self> {
        Self::new(Protocol::Udp, port, port)
    }

    /// Lets only this network in; said again, the others too.
    #[must_use]
    pub fn from_source(mut self, network: IpNet) -> Self {
        let network = network.trunc();
        if let Err(place) = self.sources.binary_search(&network) {
            self.sources.insert(place, network);
        }
        self
    }

    /// Its protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The first port.
    #[must_use]
    pub fn first(&self) -> u16 {
        self.first
    }

    /// The last port.
    #[must_use]
    pub fn last(&self) -> u16 {
        self.last
    }

    /// The networks that are let in, in order; none means anywhere.
    #[must_use]
    pub fn sources(&self) -> &[IpNet] {
        &self.sources
    }

    /// All of it, for the [fingerprint](crate::SpecFingerprint) of a spec: a field that is added must find its place here.
    pub(crate) fn identity(&self) -> String {
        let Self { protocol, first, last, sources } = self;
        let ports = if first == last { first.to_string() } else { format!("{first}-{last}") };
        let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
        format!("{ports}/{protocol} from {}", sources.join(" "))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        })
    }
}

impl fmt::Display for InboundPort {
    /// Ports and protocol, such as `80/tcp` or `8000-8010/udp`; the sources are not in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.first == self.last {
            true => write!(f, "{}/{}", self.first, self.protocol),
            false => write!(f, "{}-{}/{}", self.first, self.last, self.protocol),
        }
    }
}

impl FromStr for InboundPort {
    type Err = Error;

    /// `PORT`, `PORT/udp`, `FIRST-LAST` or `FIRST-LAST/tcp`; TCP where nothing is said.
    fn from_str(text: &str) -> Result<Self> {
        let wrong =
            || Error::invalid("inbound", "must be PORT or FIRST-LAST, with /tcp or /udp behind it where wanted");
        let (ports, protocol) = match text.split_once('/') {
            None => (text, Protocol::Tcp),
            Some((ports, "tcp")) => (ports, Protocol::Tcp),
            Some((ports, "udp")) => (ports, Protocol::Udp),
            Some(_) => return Err(wrong()),
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let port = |text: &str| text.parse::<u16>().map_err(|_| wrong());
        Self::new(protocol, port(first)?, port(last)?)
    }
}

/// The serialized form of a port, checked on the way in.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
struct Shape {
    ports: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
}

#[cfg(feature = "serde")]
impl TryFrom<Shape> for InboundPort {
    type Error = Error;
    fn try_from(shape: Shape) -> Result<Self> {
        shape.sources.iter().try_fold(shape.ports.parse::<Self>()?, |port, source| {
            let network = source
                .parse()
                .map_err(|_| Error::invalid("inbound", "a source must be a network as in 192.0.2.0/24"))?;
            Ok(port.from_source(network))
        })
    }
}

#[cfg(feature = "serde")]
impl From<InboundPort> for Shape {
    fn from(port: InboundPort) -> Self {
        Self { ports: port.to_string(), sources: port.sources.iter().map(ToString::to_string).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_are_none_are_refused() {
        for bad in ["", "0", "65536", "20-10", "22/icmp", "a-b", "-", "22-"] {
            assert_eq!(bad.parse::<InboundPort>().expect_err(bad).field(), Some("inbound"));
        }
    }

    #[test]
    fn text_round_trips() {
        for text in ["22/tcp", "8000-8010/udp"] {
            assert_eq!(text.parse::<InboundPort>().unwrap().to_string(), text);
        }
    }
}
