//! EC2 as a client meets it: tokens, states, addresses, disks, groups, images, pages.

use cloud_sim::SimConfig;
use cloud_world::{ActionError, Command, Kind};
use serde_json::json;

use crate::support::aws::Aws;

#[tokio::test]
async fn a_token_launches_once_and_only_what_it_launched_before() {
    let aws = Aws::start().await;
    let first = aws.try_launch(&[("ClientToken", "t-1")]).await;
    let second = aws.try_launch(&[("ClientToken", "t-1")]).await;
    assert_eq!(first.text("instanceId"), second.text("instanceId"));
    assert_eq!(first.text("reservationId"), second.text("reservationId"));
    assert_eq!(aws.sim.world().hosts.len(), 1);
    let other = aws.try_launch(&[("ClientToken", "t-1"), ("InstanceType", "t3.small")]).await;
    assert_eq!((other.status, other.code()), (400, "IdempotentParameterMismatch"));
    let elsewhere = aws.call_in("us-east-2", "DescribeInstances", &[]).await;
    assert!(elsewhere.all("instanceId").is_empty(), "regions are apart");

    aws.call("TerminateInstances", &[("InstanceId.1", first.text("instanceId"))]).await;
    let late = aws.try_launch(&[("ClientToken", "t-1")]).await;
    assert_eq!(late.code(), "IdempotentInstanceTerminated");
}

#[tokio::test]
async fn an_instance_lives_and_is_shown_for_an_hour_after_its_end() {
    let aws = Aws::start().await;
    let id = aws.launch(&[]).await;
    assert_eq!(aws.state(&id).await, "pending");
    aws.pass_minutes(2);
    assert_eq!(aws.state(&id).await, "running");
    let address = aws.instance(&id).await.text("ipAddress").to_owned();
    assert!(!address.is_empty());

    aws.call("StopInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!(aws.state(&id).await, "stopping");
    let early = aws.call("StartInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!(early.code(), "IncorrectInstanceState");
    aws.pass_minutes(2);
    let stopped = aws.instance(&id).await;
    assert_eq!((stopped.text("ipAddress"), stopped.text("code")), ("", "80"));
    assert!(stopped.body.contains("Client.UserInitiatedShutdown"), "{stopped:?}");
    let again = aws.call("StopInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!(again.status, 200, "a stopped instance may be stopped");

    aws.call("StartInstances", &[("InstanceId.1", &id)]).await;
    aws.pass_minutes(2);
    let started = aws.instance(&id).await;
    assert!(!started.text("ipAddress").is_empty() && started.text("ipAddress") != address, "the address is another");

    aws.call("TerminateInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!(aws.state(&id).await, "shutting-down");
    aws.pass_minutes(2);
    assert_eq!(aws.state(&id).await, "terminated");
    let again = aws.call("TerminateInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!(again.status, 200, "a terminated instance may be terminated");
    assert!(aws.sim.world().counts().is_empty());
    aws.pass_minutes(61);
    assert_eq!(aws.instance(&id).await.code(), "InvalidInstanceID.NotFound");
}

#[tokio::test]
async fn an_instance_may_be_terminated_while_it_boots() {
    let aws = Aws::start().await;
    let id = aws.launch(&[]).await;
    assert_eq!(aws.call("TerminateInstances", &[("InstanceId.1", &id)]).await.status, 200);
    aws.pass_minutes(2);
    assert_eq!(aws.state(&id).await, "terminated");
    assert!(aws.sim.world().counts().is_empty());
}

#[tokio::test]
async fn a_launch_that_fails_later_ends_as_terminated_with_its_reason() {
    let aws = Aws::start().await;
    let code = "Server.InsufficientInstanceCapacity".to_owned();
    let error = ActionError { code, message: "Insufficient capacity to satisfy instance request".to_owned() };
    aws.sim.world().fail_next(Command::CreateHost, error);
    let id = aws.running(&[]).await;
    let shown = aws.instance(&id).await;
    assert!(shown.body.contains("<code>Server.InsufficientInstanceCapacity</code>"), "{shown:?}");
    assert_eq!(aws.state(&id).await, "terminated");
    assert!(aws.sim.world().counts().is_empty());
}

#[tokio::test]
async fn the_type_changes_only_while_stopped_and_within_an_architecture() {
    let aws = Aws::start().await;
    let id = aws.running(&[]).await;
    let to = |name: &'static str| [("InstanceId", id.as_str()), ("InstanceType.Value", name)];
    assert_eq!(aws.call("ModifyInstanceAttribute", &to("t3.small")).await.code(), "IncorrectInstanceState");
    aws.call("StopInstances", &[("InstanceId.1", &id)]).await;
    aws.pass_minutes(2);
    assert_eq!(aws.call("ModifyInstanceAttribute", &to("t4g.small")).await.code(), "InvalidInstanceAttributeValue");
    assert_eq!(aws.call("ModifyInstanceAttribute", &to("m7i.large")).await.status, 200);
    assert_eq!(aws.instance(&id).await.text("instanceType"), "m7i.large");
    let two = [to("t3.small").as_slice(), &[("EbsOptimized.Value", "true")]].concat();
    assert_eq!(aws.call("ModifyInstanceAttribute", &two).await.code(), "InvalidParameterCombination");
}

#[tokio::test]
async fn volumes_that_were_attached_later_outlive_the_instance() {
    let aws = Aws::start().await;
    let id = aws.running(&[("Placement.AvailabilityZone", "us-east-1a")]).await;
    let made = aws.call("CreateVolume", &[("AvailabilityZone", "us-east-1a"), ("Size", "10")]).await;
    let volume = made.text("volumeId").to_owned();
    let attach = [("VolumeId", volume.as_str()), ("InstanceId", id.as_str()), ("Device", "/dev/sdf")];
    assert_eq!(aws.call("AttachVolume", &attach).await.code(), "IncorrectState", "it is still being made");
    aws.pass_minutes(1);
    assert_eq!(aws.call("AttachVolume", &attach).await.status, 200);
    aws.pass_minutes(1);
    assert_eq!(aws.call("DeleteVolume", &[("VolumeId", &volume)]).await.code(), "VolumeInUse");
    let far = aws.call("CreateVolume", &[("AvailabilityZone", "us-east-1b"), ("Size", "10")]).await;
    aws.pass_minutes(1);
    let far = [("VolumeId", far.text("volumeId")), ("InstanceId", &id), ("Device", "/dev/sdg")];
    assert_eq!(aws.call("AttachVolume", &far).await.code(), "InvalidVolume.ZoneMismatch");

    aws.call("TerminateInstances", &[("InstanceId.1", &id)]).await;
    aws.pass_minutes(2);
    let left = aws.call("DescribeVolumes", &[("VolumeId.1", &volume)]).await;
    assert_eq!(left.text("status"), "available", "the root volume went, this one stays");
    assert_eq!(aws.sim.world().volumes.len(), 2);
}

#[tokio::test]
async fn a_volume_grows_one_change_after_the_other_and_four_times_a_day() {
    let aws = Aws::start().await;
    let made = aws.call("CreateVolume", &[("AvailabilityZone", "us-east-1a"), ("Size", "10")]).await;
    aws.pass_minutes(1);
    let volume = made.text("volumeId").to_owned();
    let grow = |size: &'static str| {
        let parameters = [("VolumeId", volume.clone()), ("Size", size.to_owned())];
        let aws = &aws;
        async move {
            let parameters = parameters.each_ref().map(|(name, value)| (*name, value.as_str()));
            aws.call("ModifyVolume", &parameters).await
        }
    };
    assert_eq!(grow("5").await.code(), "InvalidParameterValue");
    assert_eq!(grow("11").await.status, 200);
    assert_eq!(grow("12").await.code(), "IncorrectModificationState");
    for size in ["12", "13", "14"] {
        aws.pass_minutes(10);
        assert_eq!(grow(size).await.status, 200, "{size}");
    }
    aws.pass_minutes(10);
    assert_eq!(grow("15").await.code(), "VolumeModificationRateExceeded");
    aws.pass_minutes(24 * 60);
    assert_eq!(grow("15").await.status, 200);
}

#[tokio::test]
async fn a_group_in_use_stays_until_the_instance_is_gone() {
    let aws = Aws::start().await;
    let make = [("GroupName", "web"), ("GroupDescription", "web")];
    let group = aws.call("CreateSecurityGroup", &make).await.text("groupId").to_owned();
    assert_eq!(aws.call("CreateSecurityGroup", &make).await.code(), "InvalidGroup.Duplicate");
    let id = aws.running(&[("SecurityGroupId.1", &group)]).await;
    let delete = [("GroupId", group.as_str())];
    assert_eq!(aws.call("DeleteSecurityGroup", &delete).await.code(), "DependencyViolation");
    aws.call("TerminateInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!(aws.call("DeleteSecurityGroup", &delete).await.code(), "DependencyViolation", "it is shutting down");
    aws.pass_minutes(2);
    assert_eq!(aws.call("DeleteSecurityGroup", &delete).await.status, 200);
    assert!(aws.sim.world().counts().is_empty(), "default groups are no leftovers");
    let groups = aws.call("DescribeSecurityGroups", &[]).await;
    assert_eq!(groups.all("groupName")[0], "default");
}

#[tokio::test]
async fn an_elastic_address_replaces_the_automatic_one_and_survives() {
    let aws = Aws::start().await;
    let id = aws.running(&[]).await;
    let allocated = aws.call("AllocateAddress", &[]).await;
    let (address, ip) = (allocated.text("allocationId"), allocated.text("publicIp"));
    let associate = [("AllocationId", address), ("InstanceId", &id)];
    assert_eq!(aws.call("AssociateAddress", &associate).await.status, 200);
    assert_eq!(aws.instance(&id).await.text("ipAddress"), ip);
    assert_eq!(aws.call("ReleaseAddress", &[("AllocationId", address)]).await.code(), "InvalidIPAddress.InUse");
    aws.call("TerminateInstances", &[("InstanceId.1", &id)]).await;
    aws.pass_minutes(2);
    assert_eq!(aws.sim.world().counts().get(&Kind::Address), Some(&1));
    assert_eq!(aws.call("ReleaseAddress", &[("AllocationId", address)]).await.status, 200);
}

#[tokio::test]
async fn snapshots_of_an_image_stay_unless_they_are_to_go_with_it() {
    let aws = Aws::start().await;
    let id = aws.running(&[]).await;
    for (with, left) in [("false", 1), ("true", 1)] {
        let made = aws.call("CreateImage", &[("InstanceId", &id), ("Name", "golden")]).await;
        let image = made.text("imageId");
        let early = aws.try_launch(&[("ImageId", image)]).await;
        assert_eq!(early.code(), "InvalidAMIID.Unavailable");
        aws.pass_minutes(2);
        let gone = [("ImageId", image), ("DeleteAssociatedSnapshots", with)];
        assert_eq!(aws.call("DeregisterImage", &gone).await.status, 200);
        assert_eq!(aws.sim.world().counts().get(&Kind::Image), Some(&left));
    }
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let aws = Aws::start().await;
    let many = [
        ("MinCount", "7"),
        ("MaxCount", "7"),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "stage"),
        ("TagSpecification.1.Tag.1.Value", "a & <b>"),
    ];
    aws.launch(&many).await;
    aws.launch(&[]).await;
    let filter = [("Filter.1.Name", "tag:stage"), ("Filter.1.Value.1", "a & *"), ("MaxResults", "5")];
    let first = aws.call("DescribeInstances", &filter).await;
    assert_eq!(first.all("instanceId").len(), 5);
    assert!(first.body.contains("<value>a &amp; &lt;b&gt;</value>"));
    let next = [filter.as_slice(), &[("NextToken", first.text("nextToken"))]].concat();
    let second = aws.call("DescribeInstances", &next).await;
    assert_eq!((second.all("instanceId").len(), second.text("nextToken")), (2, ""));
    let wrong = aws.call("DescribeInstances", &[("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")]).await;
    assert_eq!(wrong.code(), "InvalidParameterValue");
    let values: Vec<String> = (1..=201).map(|number| format!("Filter.1.Value.{number}")).collect();
    let mut long = vec![("Filter.1.Name", "instance-id")];
    long.extend(values.iter().map(|name| (name.as_str(), "i-1a2b3c4d")));
    assert_eq!(aws.call("DescribeInstances", &long).await.code(), "FilterLimitExceeded");
}

#[tokio::test]
async fn parameters_name_the_newest_image_of_a_release() {
    let aws = Aws::start().await;
    let name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/arm64/hvm/ebs-gp2/ami-id";
    let (status, found) = aws.json("ssm", "AmazonSSM.GetParameter", &json!({"Name": name})).await;
    assert_eq!(
        (status, &found["Parameter"]["Value"]),
        (200, &json!(aws.image("ubuntu-jammy-22.04-arm64-server").await))
    );
    let (status, missing) = aws.json("ssm", "AmazonSSM.GetParameter", &json!({"Name": "/aws/none"})).await;
    assert_eq!((status, &missing["__type"]), (400, &json!("ParameterNotFound")));
}

#[tokio::test]
async fn wrong_calls_are_refused_by_name() {
    let aws = Aws::start().await;
    let cases: [(&str, Parameters<'_>, &str); 9] = [
        ("DescribeInstances", &[("InstanceId.1", "i-xyz")], "InvalidInstanceID.Malformed"),
        ("DescribeInstances", &[("InstanceId.1", "i-1a2b3c4d")], "InvalidInstanceID.NotFound"),
        ("DescribeInstances", &[("Instance.1", "i-1a2b3c4d")], "UnknownParameter"),
        ("StartInstances", &[], "MissingParameter"),
        ("DescribeVolumes", &[("MaxResults", "4")], "InvalidParameterValue"),
        ("DescribeVolumes", &[("MaxResults", "5"), ("VolumeId.1", "vol-1a2b3c4d")], "InvalidVolume.NotFound"),
        ("DescribeSubnets", &[("SubnetId.1", "subnet-1a2b3c4d")], "InvalidSubnetID.NotFound"),
        ("DeleteSecurityGroup", &[("GroupName", "default")], "CannotDelete"),
        ("CreateVolume", &[("AvailabilityZone", "us-east-1z"), ("Size", "1")], "InvalidZone.NotFound"),
    ];
    for (action, parameters, code) in cases {
        let answer = aws.call(action, parameters).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{action} {parameters:?}: {answer:?}");
    }
    let launches: [(Parameters<'_>, &str); 4] = [
        (&[("InstanceType", "t4g.micro")], "InvalidParameterValue"),
        (&[("InstanceType", "p5.48xlarge"), ("Placement.AvailabilityZone", "us-east-1b")], "Unsupported"),
        (&[("KeyName", "none")], "InvalidKeyPair.NotFound"),
        (&[("UserData", "no base64!")], "InvalidParameterValue"),
    ];
    for (more, code) in launches {
        let answer = aws.try_launch(more).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{more:?}: {answer:?}");
    }
    assert!(aws.sim.world().counts().is_empty());
}

#[tokio::test]
async fn keys_are_checked_and_some_may_only_read() {
    let config = SimConfig {
        token: Some("AKIDOTHER".to_owned()),
        read_only_token: Some("AKIDTEST".to_owned()),
        ..SimConfig::default()
    };
    let aws = Aws::with(config).await;
    assert_eq!(aws.call("DescribeRegions", &[]).await.status, 200);
    let write = aws.call("AllocateAddress", &[]).await;
    assert_eq!((write.status, write.code()), (403, "UnauthorizedOperation"));
    let strict = Aws::with(SimConfig { token: Some("AKIDOTHER".to_owned()), ..SimConfig::default() }).await;
    let unknown = strict.call("DescribeRegions", &[]).await;
    assert_eq!((unknown.status, unknown.code()), (401, "AuthFailure"));
}

#[tokio::test]
async fn an_image_keeps_its_architecture_when_what_it_came_from_is_gone() {
    let aws = Aws::start().await;
    let arm = aws.image("ubuntu-noble-24.04-arm64-server").await;
    let mut image = arm;
    for name in ["first", "second"] {
        let id = aws.running(&[("ImageId", &image), ("InstanceType", "t4g.micro")]).await;
        if name == "second" {
            assert_eq!(aws.call("DeregisterImage", &[("ImageId", &image)]).await.status, 200);
        }
        let made = aws.call("CreateImage", &[("InstanceId", &id), ("Name", name)]).await;
        image = made.text("imageId").to_owned();
        aws.pass_minutes(2);
    }
    let shown = aws.call("DescribeImages", &[("ImageId.1", &image)]).await;
    assert_eq!((shown.text("architecture"), shown.text("imageState")), ("arm64", "available"));
}

#[tokio::test]
async fn the_caller_is_told_and_prices_come_in_pages() {
    let aws = Aws::start().await;
    let body = "Action=GetCallerIdentity&Version=2011-06-15".to_owned();
    let form = "application/x-www-form-urlencoded";
    let told = aws.send(aws.request("eu-west-1/sts", body).header("content-type", form)).await;
    assert_eq!((told.status, told.text("Account")), (200, "123456789012"));
    assert_eq!(told.text("Arn"), "arn:aws:iam::123456789012:user/AKIDTEST");

    let mut wish = json!({"ServiceCode": "AmazonEC2", "MaxResults": 3, "Filters": [
        {"Type": "TERM_MATCH", "Field": "instanceType", "Value": "t3.micro"},
        {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-central-1"},
    ]});
    let mut found = Vec::new();
    for expected in [3, 2] {
        let (status, page) = aws.json("pricing", "AWSPriceListService.GetProducts", &wish).await;
        let products = page["PriceList"].as_array().expect("a list").clone();
        assert_eq!((status, products.len()), (200, expected));
        found.extend(products.iter().map(|text| text.as_str().expect("a text").to_owned()));
        wish["NextToken"] = page["NextToken"].clone();
    }
    assert_eq!(wish["NextToken"], json!(null));
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), 5, "one for each system, tenancy and reservation");
}

type Parameters<'a> = &'a [(&'a str, &'a str)];
