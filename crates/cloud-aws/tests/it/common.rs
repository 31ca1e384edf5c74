//! Providers on a script, and the answers that scripts are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use cloud_aws::{Aws, Config};
use cloud_http::{FakeTransport, Recorded, Transport};
use cloud_types::{HostSpec, Image, Machine, Name, Region, ScaledClock};

/// A provider that is answered from a script, in one region.
pub(crate) fn scripted(fake: &Arc<FakeTransport>) -> Aws {
    on(fake.clone())
}

/// A provider that sends by this, in one region.
pub(crate) fn on(transport: Arc<dyn Transport>) -> Aws {
    config(transport).build().expect("a provider")
}

/// Settings of a provider that sends by this, in one region.
pub(crate) fn config(transport: Arc<dyn Transport>) -> Config {
    Config::new()
        .access_key("AKIAEXAMPLE", "s3cret".to_owned())
        .regions([Region::new("eu-west-1").expect("a region")])
        .clock(Arc::new(ScaledClock::new(1000.0)))
        .seed(1)
        .transport(transport)
}

/// A script of successes.
pub(crate) fn script(answers: impl IntoIterator<Item = String>) -> Arc<FakeTransport> {
    answers.into_iter().fold(FakeTransport::new(), |fake, body| fake.answer(200, body))
}

/// The plainest host.
pub(crate) fn spec(name: &str) -> HostSpec {
    let (name, region) = (Name::new(name).expect("a name"), Region::new("eu-west-1").expect("a region"));
    HostSpec::new(name, region, Machine::named("t3.small").expect("a machine type"), Image::ubuntu("24.04"))
}

/// The form that a request is.
pub(crate) fn form(request: &Recorded) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

/// The action of each request so far.
pub(crate) fn actions(fake: &FakeTransport) -> Vec<String> {
    fake.requests().iter().map(|request| form(request).remove("Action").unwrap_or_default()).collect()
}

/// A whole answer to an action.
pub(crate) fn answer(action: &str, inside: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId>{inside}</{action}Response>"#
    )
}

/// A refusal in EC2's form.
pub(crate) fn error(code: &str, message: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>r-2</RequestID></Response>"#
    )
}

/// A list of these instances.
pub(crate) fn instances(all: &[String]) -> String {
    let all: Vec<String> = all.iter().map(|one| format!("<item><instancesSet>{one}</instancesSet></item>")).collect();
    answer("DescribeInstances", &format!("<reservationSet>{}</reservationSet>", all.concat()))
}

/// An instance with tags, in the form of the documented examples.
pub(crate) fn instance(state: &str, tags: &BTreeMap<String, String>, more: &str) -> String {
    let tags: Vec<String> =
        tags.iter().map(|(key, value)| format!("<item><key>{key}</key><value>{value}</value></item>")).collect();
    format!(
        "<item><instanceId>i-1234567890abcdef0</instanceId><imageId>ami-0bff1c6b5fa4c7a3f</imageId>\
         <instanceState><code>16</code><name>{state}</name></instanceState>\
         <privateDnsName>ip-192-168-1-88.eu-west-1.compute.internal</privateDnsName><reason/>\
         <amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>t3.small</instanceType>\
         <launchTime>2024-11-21T09:05:59.000Z</launchTime>\
         <placement><availabilityZone>eu-west-1a</availabilityZone><groupName/><tenancy>default</tenancy></placement>\
         <monitoring><state>disabled</state></monitoring><subnetId>subnet-1a2b3c4d</subnetId><vpcId>vpc-1a2b3c4d</vpcId>\
         <privateIpAddress>192.168.1.88</privateIpAddress><ipAddress>54.194.252.215</ipAddress>\
         <sourceDestCheck>true</sourceDestCheck><architecture>x86_64</architecture>\
         <rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/sda1</rootDeviceName>{more}\
         <tagSet>{}</tagSet></item>",
        tags.concat()
    )
}

/// The answer to a launch.
pub(crate) fn launched(instance: &str) -> String {
    answer("RunInstances", &format!("<reservationId>r-1</reservationId><instancesSet>{instance}</instancesSet>"))
}

/// What a plan reads of a region with one zone, in the order in which it is read.
pub(crate) fn plan() -> Vec<String> {
    vec![
        answer(
            "DescribeAvailabilityZones",
            "<availabilityZoneInfo><item><zoneName>eu-west-1a</zoneName><zoneState>available</zoneState>\
             <regionName>eu-west-1</regionName><zoneType>availability-zone</zoneType></item></availabilityZoneInfo>",
        ),
        answer(
            "DescribeInstanceTypes",
            "<instanceTypeSet><item><instanceType>t3.small</instanceType><currentGeneration>true</currentGeneration>\
             <supportedUsageClasses><item>on-demand</item><item>spot</item></supportedUsageClasses>\
             <processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures></processorInfo>\
             <vCpuInfo><defaultVCpus>2</defaultVCpus></vCpuInfo><memoryInfo><sizeInMiB>2048</sizeInMiB></memoryInfo>\
             <burstablePerformanceSupported>true</burstablePerformanceSupported></item></instanceTypeSet>",
        ),
        answer(
            "DescribeInstanceTypeOfferings",
            "<instanceTypeOfferingSet><item><instanceType>t3.small</instanceType>\
             <locationType>availability-zone</locationType><location>eu-west-1a</location></item></instanceTypeOfferingSet>",
        ),
        answer(
            "DescribeSubnets",
            "<subnetSet><item><subnetId>subnet-1a2b3c4d</subnetId><vpcId>vpc-1a2b3c4d</vpcId>\
             <availabilityZone>eu-west-1a</availabilityZone><defaultForAz>true</defaultForAz></item></subnetSet>",
        ),
        answer(
            "DescribeImages",
            "<imagesSet><item><imageId>ami-0bff1c6b5fa4c7a3f</imageId><imageState>available</imageState>\
             <architecture>x86_64</architecture><creationDate>2026-11-01T00:00:00.000Z</creationDate>\
             <rootDeviceName>/dev/sda1</rootDeviceName><blockDeviceMapping><item><deviceName>/dev/sda1</deviceName>\
             <ebs><snapshotId>snap-01</snapshotId><volumeSize>8</volumeSize></ebs></item></blockDeviceMapping></item></imagesSet>",
        ),
    ]
}
