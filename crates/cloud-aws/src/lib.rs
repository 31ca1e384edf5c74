//! AWS EC2 hosts behind the contract of `cloud-types`.
