//! Tests: what is sent for disks and images, field by field, and the answers that AWS documents.

use std::sync::Arc;

use aws_sdk_ec2::types::{Instance, InstanceBlockDeviceMapping};
use cloud_http::FakeTransport;
use cloud_types::{ErrorKind, GiB, Region, ScaledClock, SnapshotState};

use super::{Api, filter};
use crate::Config;
use crate::convert::{self, DiskState, Place};
use crate::disk::DiskKind;

/// An API that is answered from a script.
fn scripted(fake: &Arc<FakeTransport>) -> Api {
    let config = Config::new().access_key("AKIAEXAMPLE", "secret".to_owned()).endpoint("http://aws.test");
    let config = config.regions([region()]).clock(Arc::new(ScaledClock::new(1000.0))).transport(fake.clone());
    config.build().unwrap().0.api.clone()
}

fn answer(action: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId>{body}</{action}Response>"#
    )
}

/// The fields of a request, in order, without the version.
fn fields(fake: &FakeTransport, request: usize) -> Vec<String> {
    let request = &fake.requests()[request];
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/"));
    let pairs = url::form_urlencoded::parse(&request.body).filter(|(key, _)| key != "Version");
    let mut fields: Vec<String> = pairs.map(|(key, value)| format!("{key}={value}")).collect();
    fields.sort_unstable();
    fields
}

fn region() -> Region {
    Region::new("us-east-1").unwrap()
}

fn volume() -> Place {
    Place::read("vol", "us-east-1/vol-1234567890abcdef0").unwrap()
}

#[tokio::test]
async fn a_volume_is_asked_for_with_speed_tags_and_token() {
    let documented = "<volumeId>vol-6b60b7c7</volumeId><size>80</size><snapshotId/><availabilityZone>us-east-1a\
                      </availabilityZone><status>creating</status><createTime>2016-08-29T18:52:32.724Z</createTime>\
                      <volumeType>gp3</volumeType><iops>4000</iops><encrypted>false</encrypted>";
    let fake = FakeTransport::new().answer(200, answer("CreateVolume", documented));
    let kind = DiskKind { iops: Some(4_000), throughput: Some(1_000), ..DiskKind::plain("gp3") };
    let labels = [("cloud-name".to_owned(), "data".to_owned())].into();
    let body = convert::create_volume("us-east-1a", GiB(80), &kind, &labels, "the-token");
    assert_eq!(scripted(&fake).create_volume(&region(), &body).await.unwrap(), "vol-6b60b7c7");
    assert_eq!(
        fields(&fake, 0),
        [
            "Action=CreateVolume",
            "AvailabilityZone=us-east-1a",
            "ClientToken=the-token",
            "Iops=4000",
            "Size=80",
            "TagSpecification.1.ResourceType=volume",
            "TagSpecification.1.Tag.1.Key=cloud-name",
            "TagSpecification.1.Tag.1.Value=data",
            "TagSpecification.1.Tag.2.Key=Name",
            "TagSpecification.1.Tag.2.Value=data",
            "Throughput=1000",
            "VolumeType=gp3",
        ]
    );
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_sent_again_with_the_same_token() {
    let lost = cloud_http::SendError::maybe_sent("lost");
    let made = answer("CreateVolume", "<volumeId>vol-6b60b7c7</volumeId>");
    let fake = FakeTransport::new().fail(lost).answer(200, made);
    let body = convert::create_volume("us-east-1a", GiB(1), &DiskKind::plain("gp3"), &[].into(), "the-token");
    scripted(&fake).create_volume(&region(), &body).await.unwrap();
    assert_eq!(fields(&fake, 0), fields(&fake, 1));
    assert!(fields(&fake, 1).contains(&"ClientToken=the-token".to_owned()));
}

#[tokio::test]
async fn the_volumes_of_a_host_are_read_as_documented() {
    let documented = "<volumeSet><item><volumeId>vol-049df61146c4d7901</volumeId><size>8</size>\
        <snapshotId>snap-1234567890abcdef0</snapshotId><availabilityZone>us-east-1a</availabilityZone>\
        <status>in-use</status><createTime>2013-12-18T22:35:00.084Z</createTime><attachmentSet><item>\
        <volumeId>vol-049df61146c4d7901</volumeId><instanceId>i-1234567890abcdef0</instanceId><device>/dev/sda1</device>\
        <status>attached</status><attachTime>2013-12-18T22:35:00.000Z</attachTime>\
        <deleteOnTermination>true</deleteOnTermination></item></attachmentSet><volumeType>standard</volumeType></item>\
        </volumeSet><nextToken></nextToken>";
    let fake = FakeTransport::new().answer(200, answer("DescribeVolumes", documented));
    let host = Place::read("i", "us-east-1/i-1234567890abcdef0").unwrap();
    let at_host = [filter("attachment.instance-id", [host.id.as_str()])];
    let volumes = scripted(&fake).volumes(&region(), &at_host).await.unwrap();
    assert_eq!(
        fields(&fake, 0),
        [
            "Action=DescribeVolumes",
            "Filter.1.Name=attachment.instance-id",
            "Filter.1.Value.1=i-1234567890abcdef0",
            "MaxResults=1000",
        ]
    );
    let disk = convert::disk(&region(), &volumes[0]).unwrap();
    assert_eq!((disk.state, disk.kind), (DiskState::InUse, DiskKind::plain("standard")));
    let told = disk.volume;
    assert_eq!(told.id.as_str(), "us-east-1/vol-049df61146c4d7901");
    assert_eq!(told.host, Some(host.host_id()));
    assert_eq!((told.size, told.owner), (GiB(8), None));
    assert_eq!(told.created_at.unwrap().to_string(), "2013-12-18T22:35:00.084Z");
}

#[tokio::test]
async fn attaching_detaching_growing_and_deleting_name_the_volume() {
    let attached = "<volumeId>vol-1234567890abcdef0</volumeId><instanceId>i-01474ef662b89480</instanceId>\
                    <device>/dev/sdf</device><status>attaching</status><attachTime>2016-08-29T18:52:32.724Z</attachTime>";
    let modified = "<volumeModification><volumeId>vol-1234567890abcdef0</volumeId><targetSize>100</targetSize>\
                    <modificationState>modifying</modificationState><originalSize>50</originalSize></volumeModification>";
    let modifications = "<volumeModificationSet><item><volumeId>vol-1234567890abcdef0</volumeId><targetSize>100</targetSize>\
                         <modificationState>optimizing</modificationState></item></volumeModificationSet>";
    let fake = FakeTransport::new()
        .answer(200, answer("AttachVolume", attached))
        .answer(200, answer("DetachVolume", attached))
        .answer(200, answer("ModifyVolume", modified))
        .answer(200, answer("DescribeVolumesModifications", modifications))
        .answer(200, answer("DeleteVolume", "<return>true</return>"));
    let api = scripted(&fake);
    api.attach_volume(&volume(), "i-01474ef662b89480", "/dev/sdf").await.unwrap();
    api.detach_volume(&volume(), "i-01474ef662b89480").await.unwrap();
    api.modify_volume(&volume(), GiB(100)).await.unwrap();
    let change = convert::growth(&api.modification(&volume()).await.unwrap().unwrap());
    assert_eq!((change.target, change.failed), (Some(GiB(100)), None));
    api.delete_volume(&volume()).await.unwrap();
    let id = "VolumeId=vol-1234567890abcdef0";
    assert_eq!(fields(&fake, 0), ["Action=AttachVolume", "Device=/dev/sdf", "InstanceId=i-01474ef662b89480", id]);
    assert_eq!(fields(&fake, 1), ["Action=DetachVolume", "InstanceId=i-01474ef662b89480", id]);
    assert_eq!(fields(&fake, 2), ["Action=ModifyVolume", "Size=100", id]);
    let by_filter = ["Action=DescribeVolumesModifications", "Filter.1.Name=volume-id"];
    assert_eq!(fields(&fake, 3)[..2], by_filter);
    assert_eq!(fields(&fake, 4), ["Action=DeleteVolume", id]);
}

#[tokio::test]
async fn an_image_is_asked_for_without_a_restart_and_without_other_disks() {
    let fake = FakeTransport::new().answer(200, answer("CreateImage", "<imageId>ami-1a2b3c4d</imageId>"));
    let disk = |device: &str| InstanceBlockDeviceMapping::builder().device_name(device).build();
    let host = Instance::builder()
        .instance_id("i-1234567890abcdef0")
        .instance_type("t3.small".into())
        .root_device_name("/dev/sda1")
        .block_device_mappings(disk("/dev/sda1"))
        .block_device_mappings(disk("/dev/sdf"));
    let host = convert::seen(&region(), host.build()).unwrap();
    let labels = [("cloud-owner".to_owned(), "mine".to_owned())].into();
    let body = convert::create_image(&host, "cloud-mine-copy", &labels);
    assert_eq!(scripted(&fake).create_image(&region(), &body).await.unwrap(), "ami-1a2b3c4d");
    assert_eq!(
        fields(&fake, 0),
        [
            "Action=CreateImage",
            "BlockDeviceMapping.1.DeviceName=/dev/sdf",
            "BlockDeviceMapping.1.NoDevice=",
            "InstanceId=i-1234567890abcdef0",
            "Name=cloud-mine-copy",
            "NoReboot=true",
            "TagSpecification.1.ResourceType=image",
            "TagSpecification.1.Tag.1.Key=cloud-owner",
            "TagSpecification.1.Tag.1.Value=mine",
            "TagSpecification.2.ResourceType=snapshot",
            "TagSpecification.2.Tag.1.Key=cloud-owner",
            "TagSpecification.2.Tag.1.Value=mine",
        ]
    );
}

#[tokio::test]
async fn an_image_is_read_as_documented() {
    let documented = "<imagesSet><item><imageId>ami-5731123e</imageId><imageLocation>123456789012/My server</imageLocation>\
        <imageState>available</imageState><imageOwnerId>123456789012</imageOwnerId><isPublic>false</isPublic>\
        <architecture>x86_64</architecture><imageType>machine</imageType><kernelId>aki-88aa75e1</kernelId>\
        <name>My server</name><description>An AMI for my server</description><rootDeviceType>ebs</rootDeviceType>\
        <rootDeviceName>/dev/sda1</rootDeviceName><blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs>\
        <snapshotId>snap-1234567890abcdef0</snapshotId><volumeSize>8</volumeSize>\
        <deleteOnTermination>true</deleteOnTermination><volumeType>standard</volumeType></ebs></item></blockDeviceMapping>\
        <virtualizationType>paravirtual</virtualizationType><hypervisor>xen</hypervisor></item></imagesSet>";
    let fake = FakeTransport::new().answer(200, answer("DescribeImages", documented));
    let image = scripted(&fake).get_image(&region(), "ami-5731123e").await.unwrap().unwrap();
    assert_eq!(fields(&fake, 0), ["Action=DescribeImages", "ImageId.1=ami-5731123e"]);
    let told = convert::ami(&region(), &image).unwrap().snapshot;
    assert_eq!(told.id.as_str(), "us-east-1/ami-5731123e");
    assert_eq!((told.state, told.disk_size, told.owner), (SnapshotState::Available, Some(GiB(8)), None));
}

#[tokio::test]
async fn an_image_that_is_not_there_is_not_found() {
    let refused = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Errors><Error><Code>InvalidAMIID.NotFound</Code>\
                   <Message>The image id '[ami-0ab]' does not exist</Message></Error></Errors><RequestID>r</RequestID></Response>";
    let fake = FakeTransport::new().answer(400, refused);
    let error = scripted(&fake).get_image(&region(), "ami-0ab").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("InvalidAMIID.NotFound")));
}

#[tokio::test]
async fn giving_up_an_image_and_its_parts_names_them() {
    let parts = "<snapshotSet><item><snapshotId>snap-01</snapshotId><status>completed</status>\
                 <description>Created by CreateImage(i-01) for ami-01</description></item></snapshotSet><nextToken/>";
    let fake = FakeTransport::new()
        .answer(200, answer("DeregisterImage", "<return>true</return>"))
        .answer(200, answer("DescribeSnapshots", parts))
        .answer(200, answer("DeleteSnapshot", "<return>true</return>"));
    let api = scripted(&fake);
    api.deregister_image(&region(), "ami-01").await.unwrap();
    let parts = api.disk_snapshots(&region(), &[filter("description", ["*ami-01*"])]).await.unwrap();
    api.delete_disk_snapshot(&region(), parts[0].snapshot_id().unwrap()).await.unwrap();
    assert_eq!(fields(&fake, 0), ["Action=DeregisterImage", "ImageId=ami-01"]);
    let listed =
        ["Action=DescribeSnapshots", "Filter.1.Name=description", "Filter.1.Value.1=*ami-01*", "MaxResults=1000"];
    assert_eq!(fields(&fake, 1), [&listed[..], &["Owner.1=self"]].concat());
    assert_eq!(fields(&fake, 2), ["Action=DeleteSnapshot", "SnapshotId=snap-01"]);
}

#[tokio::test]
async fn a_parameter_is_read_by_its_name() {
    let value = r#"{"Parameter":{"ARN":"arn:aws:ssm:us-east-1::parameter/p","DataType":"aws:ec2:image",
        "LastModifiedDate":1761955200.0,"Name":"/p","Type":"String","Value":"ami-0ab","Version":7}}"#;
    let missing = r#"{"__type":"ParameterNotFound"}"#;
    let fake = FakeTransport::new().answer(200, value).answer(400, missing);
    let api = scripted(&fake);
    assert_eq!(api.parameter(&region(), "/p").await.unwrap().as_deref(), Some("ami-0ab"));
    let request = &fake.requests()[0];
    assert_eq!(request.headers["x-amz-target"], "AmazonSSM.GetParameter");
    assert_eq!(request.json(), serde_json::json!({"Name": "/p"}));
    assert_eq!(api.parameter(&region(), "/q").await.unwrap_err().kind(), ErrorKind::NotFound);
}
