//! VMs on Cloud Hypervisor.
