//! `/instances` (<https://cloud.google.com/compute/docs/reference/rest/v1/instances>).

use cloud_http::segment;
use cloud_types::Result;
use futures::stream::BoxStream;

use super::{Api, PER_PAGE, all_pages, items};
use crate::place::Place;
use crate::wire::{Aggregated, AttachDisk, CreateInstance, Instance, Operation, SerialPortOutput, SetMachineType};

impl Api {
    pub(crate) async fn create_instance(&self, zone: &str, body: &CreateInstance<'_>) -> Result<Operation> {
        let path = self.path(format!("zones/{}/instances", segment(zone))).await?;
        self.change("create_host", path).json(body).send().await
    }

    pub(crate) async fn get_instance(&self, host: &Place) -> Result<Instance> {
        self.compute.get("get_host", self.instance(host).await?).send().await
    }

    /// One page of all zones' instances.
    pub(crate) async fn list_instances(&self, filter: &str, page: Option<&str>) -> Result<Aggregated<Instance>> {
        let path = self.path("aggregated/instances").await?;
        let mut request = self.instances(&path, filter, PER_PAGE);
        if let Some(page) = page {
            request = request.query("pageToken", page);
        }
        request.send().await
    }

    pub(crate) async fn all_instances(&self, filter: &str) -> Result<Vec<Instance>> {
        let path = self.path("aggregated/instances").await?;
        all_pages::<Aggregated<Instance>>(|| self.instances(&path, filter, PER_PAGE)).await
    }

    /// The instances that a filter lets through, few at a time: for who needs one of them.
    pub(crate) async fn some_instances<'a>(&'a self, filter: &'a str) -> Result<BoxStream<'a, Result<Instance>>> {
        let path = self.path("aggregated/instances").await?;
        let request = move || self.instances(&path, filter, FEW);
        Ok(items::<Aggregated<Instance>>(request))
    }

    fn instances(&self, path: &str, filter: &str, most: u32) -> cloud_http::Request {
        let request = self.compute.get("list_hosts", path).query("maxResults", most).query("fields", SEEN);
        if filter.is_empty() { request } else { request.query("filter", filter) }
    }

    pub(crate) async fn delete_instance(&self, host: &Place) -> Result<Operation> {
        self.removal("delete_host", self.instance(host).await?).retry_conflicts().send().await
    }

    /// `start`, `stop` or `reset`: harmless when sent twice. A host that is busy is waited for.
    pub(crate) async fn power(
        &self,
        operation: &'static str,
        host: &Place,
        verb: &str,
        parameter: Option<(&str, bool)>,
    ) -> Result<Operation> {
        let path = format!("{}/{verb}", self.instance(host).await?);
        let mut request = self.change(operation, path);
        if let Some((name, value)) = parameter {
            request = request.query(name, value);
        }
        request.retry_conflicts().send().await
    }

    pub(crate) async fn set_machine_type(&self, host: &Place, body: &SetMachineType) -> Result<Operation> {
        let path = format!("{}/setMachineType", self.instance(host).await?);
        self.change("resize_host", path).json(body).send().await
    }

    pub(crate) async fn attach_disk(&self, host: &Place, body: &AttachDisk<'_>) -> Result<Operation> {
        let path = format!("{}/attachDisk", self.instance(host).await?);
        self.change("attach_volume", path).json(body).send().await
    }

    pub(crate) async fn detach_disk(&self, host: &Place, device: &str) -> Result<Operation> {
        let path = format!("{}/detachDisk", self.instance(host).await?);
        self.change("detach_volume", path).query("deviceName", device).send().await
    }

    pub(crate) async fn serial_output(&self, host: &Place) -> Result<SerialPortOutput> {
        let path = format!("{}/serialPort", self.instance(host).await?);
        self.compute.get("console_output", path).query("port", 1).send().await
    }

    async fn instance(&self, host: &Place) -> Result<String> {
        self.path(format!("zones/{}/instances/{}", segment(&host.zone), segment(host.key()))).await
    }
}

/// How many instances a page holds where one is looked for.
const FEW: u32 = 10;

/// What lists are asked for, which is what [`Instance`] reads: above all no metadata, which holds up to 255 KiB of user
/// data for each host (<https://cloud.google.com/compute/docs/api/how-tos/performance#partial>).
const SEEN: &str = "kind,nextPageToken,unreachables,items/*/warning/code,items/*/instances(id,name,status,zone,\
    machineType,creationTimestamp,lastStartTimestamp,lastStopTimestamp,labels,networkInterfaces(networkIP,ipv6Address,accessConfigs(natIP,externalIpv6),\
    ipv6AccessConfigs(natIP,externalIpv6)),disks(source,boot,autoDelete,deviceName),scheduling/provisioningModel,\
    guestAccelerators(acceleratorType,acceleratorCount))";
