//! Mocks made by mockall, for unit tests that expect calls; for behaviour use the in-memory provider instead.
//!
//! ```
//! use cloud_types::mock::MockCloudProvider;
//! use cloud_types::{CloudProvider, Error, ErrorKind, HostId};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let mut provider = MockCloudProvider::new();
//! provider.expect_get_host().returning(|_| Err(Error::new(ErrorKind::NotFound, "no such host")));
//! let error = provider.get_host(&HostId::new("42")).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::NotFound);
//! # });
//! ```
#![allow(
    missing_docs,
    clippy::used_underscore_binding,
    reason = "the mocks are generated; the traits they stand for are documented"
)]

use async_trait::async_trait;
use mockall::mock;

use crate::{
    Capabilities, Catalog, Clock, CloudProvider, Console, ConsoleAccess, Created, DiskClassInfo, DnsProvider,
    DnsRecord, DnsRecordKind, Estimate, GiB, HostId, HostPage, HostRuntime, HostSpec, ImageInfo, ListHosts,
    MachineType, MachineTypeName, Name, Offering, OfferingFilter, Owner, ProviderId, RegionInfo, Resize, ResizeDisk,
    Resource, Result, Snapshot, SnapshotId, Snapshots, SshKey, SshKeyId, SshKeys, SshPublicKey, StopMode, Sweep,
    Volume, VolumeId, VolumeSpec, Volumes,
};

mock! {
    /// A [`CloudProvider`] that expects calls. The abilities are `None` unless expected otherwise.
    #[derive(Debug)]
    pub CloudProvider {}

    #[async_trait]
    impl CloudProvider for CloudProvider {
        fn id(&self) -> &ProviderId;
        fn owner(&self) -> &Owner;
        fn capabilities(&self) -> &Capabilities;
        fn clock(&self) -> &dyn Clock;
        async fn create_host(&self, spec: &HostSpec) -> Result<Created>;
        async fn get_host(&self, id: &HostId) -> Result<HostRuntime>;
        async fn poll_host(&self, id: &HostId) -> Result<HostRuntime>;
        async fn list_hosts(&self, query: &ListHosts) -> Result<HostPage>;
        async fn start_host(&self, id: &HostId) -> Result<()>;
        async fn stop_host(&self, id: &HostId, mode: StopMode) -> Result<()>;
        async fn restart_host(&self, id: &HostId) -> Result<()>;
        async fn delete_host(&self, id: &HostId) -> Result<()>;
        fn resize<'a>(&'a self) -> Option<&'a (dyn Resize + 'static)>;
        fn snapshots<'a>(&'a self) -> Option<&'a (dyn Snapshots + 'static)>;
        fn ssh_keys<'a>(&'a self) -> Option<&'a (dyn SshKeys + 'static)>;
        fn volumes<'a>(&'a self) -> Option<&'a (dyn Volumes + 'static)>;
        fn catalog<'a>(&'a self) -> Option<&'a (dyn Catalog + 'static)>;
        fn console<'a>(&'a self) -> Option<&'a (dyn Console + 'static)>;
        fn sweep<'a>(&'a self) -> Option<&'a (dyn Sweep + 'static)>;
    }
}

mock! {
    /// A [`Resize`] that expects calls.
    #[derive(Debug)]
    pub Resize {}

    #[async_trait]
    impl Resize for Resize {
        async fn resize_host(&self, id: &HostId, to: &MachineTypeName, disk: ResizeDisk) -> Result<()>;
    }
}

mock! {
    /// A [`Snapshots`] that expects calls.
    #[derive(Debug)]
    pub Snapshots {}

    #[async_trait]
    impl Snapshots for Snapshots {
        async fn create_snapshot(&self, host: &HostId, name: &Name) -> Result<Snapshot>;
        async fn get_snapshot(&self, id: &SnapshotId) -> Result<Snapshot>;
        async fn list_snapshots(&self) -> Result<Vec<Snapshot>>;
        async fn delete_snapshot(&self, id: &SnapshotId) -> Result<()>;
    }
}

mock! {
    /// An [`SshKeys`] that expects calls.
    #[derive(Debug)]
    pub SshKeys {}

    #[async_trait]
    impl SshKeys for SshKeys {
        async fn create_ssh_key(&self, name: &Name, key: &SshPublicKey) -> Result<SshKey>;
        async fn list_ssh_keys(&self) -> Result<Vec<SshKey>>;
        async fn delete_ssh_key(&self, id: &SshKeyId) -> Result<()>;
    }
}

mock! {
    /// A [`Volumes`] that expects calls.
    #[derive(Debug)]
    pub Volumes {}

    #[async_trait]
    impl Volumes for Volumes {
        async fn create_volume(&self, spec: &VolumeSpec) -> Result<Volume>;
        async fn get_volume(&self, id: &VolumeId) -> Result<Volume>;
        async fn list_volumes(&self) -> Result<Vec<Volume>>;
        async fn attach_volume(&self, id: &VolumeId, host: &HostId) -> Result<()>;
        async fn detach_volume(&self, id: &VolumeId) -> Result<()>;
        async fn grow_volume(&self, id: &VolumeId, size: GiB) -> Result<()>;
        async fn delete_volume(&self, id: &VolumeId) -> Result<()>;
    }
}

mock! {
    /// A [`Catalog`] that expects calls.
    #[derive(Debug)]
    pub Catalog {}

    #[async_trait]
    impl Catalog for Catalog {
        async fn regions(&self) -> Result<Vec<RegionInfo>>;
        async fn machine_types(&self) -> Result<Vec<MachineType>>;
        async fn images(&self) -> Result<Vec<ImageInfo>>;
        async fn disk_classes(&self) -> Result<Vec<DiskClassInfo>>;
        async fn offerings(&self, filter: &OfferingFilter) -> Result<Vec<Offering>>;
        async fn estimate(&self, spec: &HostSpec) -> Result<Estimate>;
        async fn host_cost(&self, host: &HostRuntime) -> Result<Estimate>;
        async fn snapshot_cost(&self, snapshot: &Snapshot) -> Result<Estimate>;
    }
}

mock! {
    /// A [`Console`] that expects calls.
    #[derive(Debug)]
    pub Console {}

    #[async_trait]
    impl Console for Console {
        async fn open_console(&self, id: &HostId) -> Result<ConsoleAccess>;
        async fn console_output(&self, id: &HostId) -> Result<String>;
    }
}

mock! {
    /// A [`Sweep`] that expects calls.
    #[derive(Debug)]
    pub Sweep {}

    #[async_trait]
    impl Sweep for Sweep {
        async fn list_resources(&self) -> Result<Vec<Resource>>;
        async fn delete_resource(&self, resource: &Resource) -> Result<()>;
    }
}

mock! {
    /// A [`DnsProvider`] that expects calls.
    #[derive(Debug)]
    pub DnsProvider {}

    #[async_trait]
    impl DnsProvider for DnsProvider {
        fn id(&self) -> &ProviderId;
        async fn list_records(&self, zone: &str) -> Result<Vec<DnsRecord>>;
        async fn upsert_record(&self, zone: &str, record: &DnsRecord) -> Result<()>;
        async fn delete_record(&self, zone: &str, name: &str, kind: DnsRecordKind) -> Result<()>;
    }
}
