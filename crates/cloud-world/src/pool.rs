//! Addresses to hand out, from the ranges that are reserved for tests and documentation.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use crate::AddressVersion;

/// Hands out 198.18.0.0/15 one by one and 2001:db8::/32 one /64 network at a time.
///
/// An address is handed out again only when all were used once, so that a test that confuses a
/// deleted host with a new one is caught.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct AddressPool {
    used_v4: u32,
    used_v6: u32,
    #[serde(skip)]
    released_v4: VecDeque<Ipv4Addr>,
}

impl AddressPool {
    /// The next free address; `None` when all are in use.
    pub(crate) fn take(&mut self, version: AddressVersion) -> Option<IpAddr> {
        match version {
            AddressVersion::V4 if self.used_v4 < LAST_V4 => {
                self.used_v4 += 1;
                Some(Ipv4Addr::from(FIRST_V4 + self.used_v4).into())
            }
            AddressVersion::V4 => self.released_v4.pop_front().map(IpAddr::from),
            AddressVersion::V6 => {
                self.used_v6 += 1;
                let subnet = u128::from(self.used_v6) << 64;
                Some(Ipv6Addr::from(FIRST_V6 | subnet).into())
            }
        }
    }

    /// Takes an address back. IPv6 networks are never reused: there are four thousand million.
    pub(crate) fn release(&mut self, ip: IpAddr) {
        if let IpAddr::V4(ip) = ip {
            self.released_v4.push_back(ip);
        }
    }
}

const FIRST_V4: u32 = u32::from_be_bytes([198, 18, 0, 0]);
const LAST_V4: u32 = (1 << 17) - 2;
const FIRST_V6: u128 = 0x2001_0db8 << 96;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_hundred_thousand_lives_get_unique_addresses() {
        let mut pool = AddressPool::default();
        let mut seen = BTreeSet::new();
        for _ in 0..100_000 {
            for version in [AddressVersion::V4, AddressVersion::V6] {
                let ip = pool.take(version).unwrap();
                assert!(seen.insert(ip), "{ip} twice");
                pool.release(ip);
            }
        }
        assert!(seen.contains(&"198.18.0.1".parse().unwrap()));
        assert!(seen.contains(&"2001:db8:0:1::".parse().unwrap()));
    }

    #[test]
    fn a_used_up_range_hands_out_released_addresses() {
        let mut pool = AddressPool::default();
        let first = pool.take(AddressVersion::V4).unwrap();
        while pool.used_v4 < LAST_V4 {
            pool.take(AddressVersion::V4);
        }
        assert_eq!(pool.take(AddressVersion::V4), None);
        pool.release(first);
        assert_eq!(pool.take(AddressVersion::V4), Some(first));
    }
}
