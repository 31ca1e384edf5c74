//! The addresses of a network: 254 private ones of IPv4, and a unique local prefix of IPv6.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use cloud_types::{Error, ErrorKind, Result};

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    first: u32,
    bits: u32,
}

impl Range {
    /// The range of this address and so many leading bits, at most 32.
    pub(super) fn new(address: Ipv4Addr, bits: u32) -> Self {
        let bits = bits.min(32);
        Self { first: address.to_bits() & mask(bits), bits }
    }

    /// As `10.0.0.0/8` or `10.0.0.1`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.split_once('/') {
            Some((address, bits)) => Some(Self::new(address.parse().ok()?, bits.parse().ok()?)),
            None => Some(Self::new(text.parse().ok()?, 32)),
        }
    }

    /// How many leading bits are the same for all of it.
    pub(super) fn bits(self) -> u32 {
        self.bits
    }

    /// Whether some address is in both.
    pub(super) fn overlaps(self, other: Self) -> bool {
        let bits = mask(self.bits.min(other.bits));
        self.first & bits == other.first & bits
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.first), self.bits)
    }
}

fn mask(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

/// A range of 256 addresses of this box's choice that overlaps none of those taken.
///
/// It is looked for at a place of chance, so that installations which do not know of each other seldom choose the same.
///
/// # Errors
/// `QuotaExceeded` where all is taken.
pub(super) fn choose(taken: &[Range]) -> Result<Ipv4Addr> {
    for (pool, bits) in POOLS {
        let (first, count) = (Ipv4Addr::from(pool).to_bits() >> 8, 1 << (24 - bits));
        let start = fastrand::u32(..count);
        let candidates = (0..count).map(|number| Ipv4Addr::from_bits((first + (start + number) % count) << 8));
        let free = |address: &Ipv4Addr| !taken.iter().any(|range| range.overlaps(Range::new(*address, 24)));
        if let Some(address) = { candidates }.find(free) {
            return Ok(address);
        }
    }
    let message = "every private range of addresses is a route of this box: remove networks that are not needed";
    Err(Error::new(ErrorKind::QuotaExceeded, message))
}

/// Where networks are looked for, one after the other: <https://www.rfc-editor.org/rfc/rfc1918>. The first is the part of
/// `10.0.0.0/8` that routers, clouds and container programs begin with last.
const POOLS: [([u8; 4], u32); 3] = [([10, 64, 0, 0], 10), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)];

/// A prefix of 64 bits that probably nobody else has: <https://www.rfc-editor.org/rfc/rfc4193>.
pub(super) fn unique_local() -> Ipv6Addr {
    let random = u128::from(fastrand::u64(..) >> 24);
    Ipv6Addr::from_bits((0xfd << 120) | (random << 80))
}

/// The address that a card makes of a prefix: <https://www.rfc-editor.org/rfc/rfc4291#appendix-A>.
pub(super) fn of_card(prefix: Ipv6Addr, mac: [u8; 6]) -> Ipv6Addr {
    let [a, b, c, d, e, f] = mac;
    let identifier = u64::from_be_bytes([a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
    Ipv6Addr::from_bits(prefix.to_bits() | u128::from(identifier))
}

/// A card's address, of six hexadecimal pairs with colons between them.
pub(super) fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let bytes: Option<Vec<u8>> = text.split(':').map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Range {
        Range::parse(text).unwrap()
    }

    #[test]
    fn ranges_overlap_where_one_is_in_the_other() {
        assert!(range("10.64.3.0/24").overlaps(range("10.0.0.0/8")));
        assert!(range("10.64.3.7").overlaps(range("10.64.3.0/24")));
        assert!(!range("10.64.3.0/24").overlaps(range("10.64.4.0/24")));
        assert!(range("0.0.0.0/0").overlaps(range("10.64.4.0/24")));
    }

    #[test]
    fn a_range_is_chosen_that_no_route_has() {
        let chosen = choose(&[range("10.64.0.0/11"), range("10.96.0.0/12")]).unwrap();
        assert!(range("10.112.0.0/12").overlaps(Range::new(chosen, 24)), "{chosen}");
        let chosen = choose(&[range("10.0.0.0/8"), range("172.16.0.0/12")]).unwrap();
        assert!(range("192.168.0.0/16").overlaps(Range::new(chosen, 24)), "{chosen}");
        assert_eq!(choose(&[range("0.0.0.0/0")]).unwrap_err().kind(), ErrorKind::QuotaExceeded);
    }

    #[test]
    fn a_cards_address_is_made_as_linux_makes_it() {
        let mac = parse_mac("52:54:00:12:34:56").unwrap();
        let address = of_card("fd12:3456:789a::".parse().unwrap(), mac);
        assert_eq!(address.to_string(), "fd12:3456:789a:0:5054:ff:fe12:3456");
        assert_eq!(unique_local().octets()[0], 0xfd);
        assert_eq!(unique_local().to_bits() & u128::from(u64::MAX), 0);
    }
}
