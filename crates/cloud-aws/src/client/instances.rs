//! Instances (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html> and its neighbours).

use aws_sdk_ec2::Client;
use aws_sdk_ec2::operation::create_tags::builders::CreateTagsInputBuilder;
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesInputBuilder;
use aws_sdk_ec2::types::{AttributeValue, Instance};
use cloud_types::{Error, ErrorKind, Region, Result};

use super::{Api, Filter, PER_PAGE, all_pages};
use crate::convert::Place;

impl Api {
    /// Launches one instance. The body bears a client token, so that sending it twice makes one.
    pub(crate) async fn create_instance(&self, region: &Region, body: &RunInstancesInputBuilder) -> Result<Instance> {
        let made = self.create("create_host", region, |ec2| sent!(body, ec2)).await?;
        let instance = made.instances.unwrap_or_default().into_iter().next();
        instance.ok_or_else(|| Error::new(ErrorKind::Unexpected, "a launch was answered without an instance"))
    }

    /// Reads an instance, also one that has ended not long ago.
    pub(crate) async fn get_instance(&self, host: &Place) -> Result<Instance> {
        let describe = |ec2: Client| ec2.describe_instances().instance_ids(host.id.as_str()).send();
        let answer = self.call("get_host", &host.region, describe).await?;
        let found =
            answer.reservations.unwrap_or_default().into_iter().flat_map(|one| one.instances.unwrap_or_default());
        let mut found = found.filter(|instance| instance.instance_id.as_deref() == Some(&host.id));
        found.next().ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no host {}", host.host_id())))
    }

    /// A page of at most so many instances of a region, and the token of the next.
    pub(crate) async fn list_instances(
        &self,
        region: &Region,
        filters: &[Filter],
        most: i32,
        page: Option<String>,
    ) -> Result<(Vec<Instance>, Option<String>)> {
        let describe = |ec2: Client| {
            let request = ec2.describe_instances().set_filters(Some(filters.to_vec())).max_results(most);
            request.set_next_token(page.clone()).send()
        };
        let answer = self.call("list_hosts", region, describe).await?;
        let reservations = answer.reservations.unwrap_or_default();
        let instances = reservations.into_iter().flat_map(|one| one.instances.unwrap_or_default()).collect();
        Ok((instances, answer.next_token))
    }

    /// All of a region's instances that pass the filters.
    pub(crate) async fn all_instances(&self, region: &Region, filters: &[Filter]) -> Result<Vec<Instance>> {
        all_pages(|page| self.list_instances(region, filters, PER_PAGE, page)).await
    }

    /// Ends an instance. One that has ended already is no error.
    pub(crate) async fn delete_instance(&self, host: &Place) -> Result<()> {
        let terminate = |ec2: Client| ec2.terminate_instances().instance_ids(host.id.as_str()).send();
        self.call("delete_host", &host.region, terminate).await.map(drop)
    }

    pub(crate) async fn start_instance(&self, host: &Place) -> Result<()> {
        let start = |ec2: Client| ec2.start_instances().instance_ids(host.id.as_str()).send();
        self.call("start_host", &host.region, start).await.map(drop)
    }

    /// Stops an instance: `skip_shutdown` does not wait for its system.
    pub(crate) async fn stop_instance(&self, host: &Place, skip_shutdown: Option<bool>) -> Result<()> {
        let stop = |ec2: Client| {
            let request = ec2.stop_instances().instance_ids(host.id.as_str());
            request.set_force(skip_shutdown).set_skip_os_shutdown(skip_shutdown).send()
        };
        self.call("stop_host", &host.region, stop).await.map(drop)
    }

    pub(crate) async fn reboot_instance(&self, host: &Place) -> Result<()> {
        let reboot = |ec2: Client| ec2.reboot_instances().instance_ids(host.id.as_str()).send();
        self.call("restart_host", &host.region, reboot).await.map(drop)
    }

    pub(crate) async fn set_machine_type(&self, host: &Place, to: &str) -> Result<()> {
        let modify = |ec2: Client| {
            let to = AttributeValue::builder().value(to).build();
            ec2.modify_instance_attribute().instance_id(host.id.as_str()).instance_type(to).send()
        };
        self.call("resize_host", &host.region, modify).await.map(drop)
    }

    /// Tags something, over what it bears of the same keys.
    pub(crate) async fn tag(&self, region: &Region, body: &CreateTagsInputBuilder) -> Result<()> {
        self.call("create_host", region, |ec2| sent!(body, ec2)).await.map(drop)
    }

    /// What an instance wrote to its console, in base64; none where it wrote nothing yet.
    pub(crate) async fn console_output(&self, host: &Place, latest: bool) -> Result<Option<String>> {
        let read = |ec2: Client| {
            ec2.get_console_output().instance_id(host.id.as_str()).set_latest(latest.then_some(true)).send()
        };
        Ok(self.call("console_output", &host.region, read).await?.output)
    }
}
