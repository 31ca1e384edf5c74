//! Hetzner Cloud hosts behind the contract of cloud-types.
