//! What every provider value answers alike, as macros: a value is a tuple struct around an `Arc` of its parts, among which
//! is its [`Account`](crate::Account).

/// The parts of `impl CloudProvider` that say who the value is and which abilities it has.
///
/// `provide!(volumes: Volumes, sweep: Sweep)` within the `impl` claims these two.
#[macro_export]
macro_rules! provide {
    ($($ability:ident: $trait:ident),* $(,)?) => {
        fn id(&self) -> &::cloud_types::ProviderId {
            self.0.account.provider()
        }

        fn owner(&self) -> &::cloud_types::Owner {
            self.0.account.owner()
        }

        fn capabilities(&self) -> &::cloud_types::Capabilities {
            self.0.account.capabilities()
        }

        fn clock(&self) -> &dyn ::cloud_types::Clock {
            self.0.account.clock()
        }

        $(
            fn $ability(&self) -> Option<&dyn ::cloud_types::$trait> {
                Some(self)
            }
        )*
    };
}

/// `impl Volumes` for a provider value whose parts are [`Disks`](crate::volumes::Disks).
#[macro_export]
macro_rules! provide_volumes {
    ($provider:ty) => {
        #[::async_trait::async_trait]
        impl ::cloud_types::Volumes for $provider {
            async fn create_volume(
                &self,
                spec: &::cloud_types::VolumeSpec,
            ) -> ::cloud_types::Result<::cloud_types::Volume> {
                self.0.account.call("create_volume", $crate::volumes::create(&*self.0, spec)).await
            }

            async fn get_volume(&self, id: &::cloud_types::VolumeId) -> ::cloud_types::Result<::cloud_types::Volume> {
                self.0.account.call("get_volume", $crate::volumes::Disks::get(&*self.0, id)).await
            }

            async fn list_volumes(&self) -> ::cloud_types::Result<Vec<::cloud_types::Volume>> {
                self.0.account.call("list_volumes", $crate::volumes::Disks::list(&*self.0)).await
            }

            async fn attach_volume(
                &self,
                id: &::cloud_types::VolumeId,
                host: &::cloud_types::HostId,
            ) -> ::cloud_types::Result<()> {
                self.0.account.call("attach_volume", $crate::volumes::attach(&*self.0, id, host)).await
            }

            async fn detach_volume(&self, id: &::cloud_types::VolumeId) -> ::cloud_types::Result<()> {
                self.0.account.call("detach_volume", $crate::volumes::detach(&*self.0, id)).await
            }

            async fn grow_volume(
                &self,
                id: &::cloud_types::VolumeId,
                size: ::cloud_types::GiB,
            ) -> ::cloud_types::Result<()> {
                self.0.account.call("grow_volume", $crate::volumes::grow(&*self.0, id, size)).await
            }

            async fn delete_volume(&self, id: &::cloud_types::VolumeId) -> ::cloud_types::Result<()> {
                self.0.account.call("delete_volume", $crate::volumes::delete(&*self.0, id)).await
            }
        }
    };
}

/// `impl Snapshots` for a provider value whose parts are [`Copies`](crate::Copies).
#[macro_export]
macro_rules! provide_snapshots {
    ($provider:ty) => {
        #[::async_trait::async_trait]
        impl ::cloud_types::Snapshots for $provider {
            async fn create_snapshot(
                &self,
                host: &::cloud_types::HostId,
                name: &::cloud_types::Name,
            ) -> ::cloud_types::Result<::cloud_types::Snapshot> {
                self.0.account.call("create_snapshot", $crate::snapshot_once(&*self.0, host, name)).await
            }

            async fn get_snapshot(
                &self,
                id: &::cloud_types::SnapshotId,
            ) -> ::cloud_types::Result<::cloud_types::Snapshot> {
                self.0.account.call("get_snapshot", $crate::Copies::get(&*self.0, id)).await
            }

            async fn list_snapshots(&self) -> ::cloud_types::Result<Vec<::cloud_types::Snapshot>> {
                self.0.account.call("list_snapshots", $crate::Copies::list(&*self.0)).await
            }

            async fn delete_snapshot(&self, id: &::cloud_types::SnapshotId) -> ::cloud_types::Result<()> {
                let delete = async { $crate::gone($crate::Copies::remove(&*self.0, id).await) };
                self.0.account.call("delete_snapshot", delete).await
            }
        }
    };
}
