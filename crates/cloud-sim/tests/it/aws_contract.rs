//! Every call and every answer of the EC2 face against Amazon's service descriptions.

use std::path::{Path, PathBuf};

use cloud_sim::aws::contract::DEVIATIONS;
use cloud_sim::contract::botocore::Botocore;
use cloud_sim::{Exchange, SimConfig};
use serde_json::json;

use crate::support::aws::{Aws, Xml};

#[tokio::test]
async fn every_exchange_is_as_described() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    let mut documents = Vec::new();
    for name in ["aws.ec2.botocore.json", "aws.ssm.botocore.json", "aws.pricing.botocore.json"] {
        let Ok(document) = std::fs::read(shared.join(name)) else {
            println!("skipped: the description of the API is not here");
            return;
        };
        documents.push(serde_json::from_slice(&document).unwrap());
    }
    let contract = Botocore::new(documents, DEVIATIONS);

    let record = record_file();
    let config = SimConfig { record: Some(record.clone()), ..SimConfig::default() };
    drive(&Aws::with(config).await).await;

    let lines = std::fs::read_to_string(&record).unwrap();
    std::fs::remove_file(&record).unwrap();
    let exchanges: Vec<Exchange> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut problems = Vec::new();
    for exchange in &exchanges {
        for problem in contract.check(exchange) {
            problems.push(format!("{} {}: {problem}", exchange.path_template, exchange.status));
        }
    }
    assert!(exchanges.len() > 80, "only {} exchanges", exchanges.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_what_is_wrong_is_found(&contract, &exchanges);
}

fn assert_what_is_wrong_is_found(contract: &Botocore, exchanges: &[Exchange]) {
    let launch = exchanges.iter().find(|one| one.path_template == "RunInstances" && one.status == 200);
    let launch = launch.expect("an instance was launched");
    let text = launch.response_body.as_str().expect("XML");
    for (right, wrong) in [
        ("<imageId>", "<imageIdd></imageIdd><imageId>"),
        ("<amiLaunchIndex>0<", "<amiLaunchIndex>zero<"),
        ("<name>pending<", "<name>waiting<"),
        ("<item><instanceId>", "<member></member><item><instanceId>"),
    ] {
        let spoiled = Exchange { response_body: json!(text.replacen(right, wrong, 1)), ..launch.clone() };
        assert_eq!(contract.check(&spoiled).len(), 1, "{wrong}");
    }
    for (name, value) in [("ImageID", "ami-1"), ("Monitoring.Enabled", "yes"), ("TagSpecification.0.ResourceType", "x")]
    {
        let mut spoiled = launch.clone();
        spoiled.request_body[name] = json!(value);
        assert_eq!(contract.check(&spoiled).len(), 1, "{name}");
    }
}

fn record_file() -> PathBuf {
    let name = format!("aws-exchanges-{}.jsonl", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

async fn drive(aws: &Aws) {
    read_the_catalog(aws).await;
    let (instance, group) = live_through_an_instance(aws).await;
    volumes_and_snapshots(aws, &instance).await;
    images(aws, &instance).await;
    addresses_and_tags(aws, &instance).await;
    spot(aws).await;
    ends(aws, &instance, &group).await;
}

async fn read_the_catalog(aws: &Aws) {
    let actions = [
        "DescribeRegions",
        "DescribeAvailabilityZones",
        "DescribeInstanceTypes",
        "DescribeInstanceTypeOfferings",
        "DescribeImages",
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeInternetGateways",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSecurityGroupRules",
        "DescribeSpotPriceHistory",
    ];
    for action in actions {
        assert_ok(&aws.call(action, &[]).await);
        let dry = aws.call(action, &[("DryRun", "true")]).await;
        assert_eq!((dry.status, dry.code()), (412, "DryRunOperation"));
    }
    for kind in ["region", "availability-zone", "availability-zone-id"] {
        assert_ok(&aws.call("DescribeInstanceTypeOfferings", &[("LocationType", kind)]).await);
    }
    let names = json!({"Names": ["/aws/service/debian/release/12/latest/amd64", "/aws/none"]});
    assert_eq!(aws.json("ssm", "AmazonSSM.GetParameters", &names).await.0, 200);
    let products = json!({
        "ServiceCode": "AmazonEC2", "MaxResults": 5,
        "Filters": [{"Type": "TERM_MATCH", "Field": "instanceType", "Value": "g5.xlarge"}],
    });
    let (status, page) = aws.json("pricing", "AWSPriceListService.GetProducts", &products).await;
    assert_eq!((status, page["PriceList"].as_array().map(Vec::len)), (200, Some(5)));
    assert!(page["NextToken"].is_string());
}

/// Leaves an instance that runs, and its group.
async fn live_through_an_instance(aws: &Aws) -> (String, String) {
    let tagged = |kind: &'static str| {
        [
            ("TagSpecification.1.ResourceType", kind),
            ("TagSpecification.1.Tag.1.Key", "owner"),
            ("TagSpecification.1.Tag.1.Value", "test"),
        ]
    };
    let make = [&[("GroupName", "web"), ("GroupDescription", "web")], tagged("security-group").as_slice()].concat();
    let group = ok(aws.call("CreateSecurityGroup", &make).await).text("groupId").to_owned();
    let rule = [
        ("GroupId", group.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0"),
        ("IpPermissions.1.Groups.1.GroupId", group.as_str()),
    ];
    for action in ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "AuthorizeSecurityGroupIngress"] {
        assert_ok(&aws.call(action, &rule).await);
    }
    assert_ok(&aws.call("AuthorizeSecurityGroupEgress", &rule).await);
    assert_ok(&aws.call("RevokeSecurityGroupEgress", &rule).await);
    assert_ok(&aws.call("DescribeSecurityGroups", &[("GroupId.1", &group)]).await);
    assert_ok(&aws.call("DescribeSecurityGroupRules", &[]).await);
    assert_ok(&aws.call("CreateKeyPair", &[("KeyName", "key"), ("KeyType", "ed25519")]).await);
    assert_ok(&aws.call("DescribeKeyPairs", &[("IncludePublicKey", "true")]).await);

    let more = [
        ("ClientToken", "token"),
        ("KeyName", "key"),
        ("SecurityGroupId.1", group.as_str()),
        ("Placement.AvailabilityZone", "us-east-1a"),
        ("BlockDeviceMapping.1.DeviceName", "/dev/sda1"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "12"),
        ("IamInstanceProfile.Name", "profile"),
        ("Monitoring.Enabled", "true"),
        ("MetadataOptions.HttpTokens", "required"),
        ("UserData", "IyEvYmluL3NoCg=="),
    ];
    let id = aws.running(&[more.as_slice(), tagged("instance").as_slice()].concat()).await;
    assert_ok(&aws.instance(&id).await);
    for action in ["DescribeInstanceStatus", "StopInstances"] {
        assert_ok(&aws.call(action, &[("InstanceId.1", &id)]).await);
    }
    aws.pass_minutes(2);
    assert_ok(&aws.call("DescribeInstanceStatus", &[("IncludeAllInstances", "true")]).await);
    assert_ok(&aws.instance(&id).await);
    for (name, value) in [
        ("InstanceType.Value", "t3.small"),
        ("DisableApiTermination.Value", "false"),
        ("InstanceInitiatedShutdownBehavior.Value", "terminate"),
        ("UserData.Value", "IyEvYmluL3NoCg=="),
        ("GroupId.1", &group),
    ] {
        assert_ok(&aws.call("ModifyInstanceAttribute", &[("InstanceId", &id), (name, value)]).await);
    }
    let attributes = [
        "instanceType",
        "userData",
        "disableApiTermination",
        "instanceInitiatedShutdownBehavior",
        "rootDeviceName",
        "blockDeviceMapping",
        "groupSet",
        "ebsOptimized",
    ];
    for attribute in attributes {
        let named = [("InstanceId", id.as_str()), ("Attribute", attribute)];
        assert_ok(&aws.call("DescribeInstanceAttribute", &named).await);
    }
    assert_ok(&aws.call("StartInstances", &[("InstanceId.1", &id)]).await);
    aws.pass_minutes(2);
    assert_ok(&aws.call("RebootInstances", &[("InstanceId.1", &id)]).await);
    assert_ok(&aws.call("GetConsoleOutput", &[("InstanceId", &id), ("Latest", "true")]).await);
    assert_ok(&aws.call("DescribeNetworkInterfaces", &[]).await);
    (id, group)
}

async fn volumes_and_snapshots(aws: &Aws, instance: &str) {
    let wish = [("AvailabilityZone", "us-east-1a"), ("Size", "10"), ("VolumeType", "gp3"), ("ClientToken", "v")];
    let volume = ok(aws.call("CreateVolume", &wish).await).text("volumeId").to_owned();
    aws.pass_minutes(1);
    let attach = [("VolumeId", volume.as_str()), ("InstanceId", instance), ("Device", "/dev/sdf")];
    assert_ok(&aws.call("AttachVolume", &attach).await);
    assert_ok(&aws.call("DescribeVolumes", &[]).await);
    aws.pass_minutes(1);
    assert_ok(&aws.call("ModifyVolume", &[("VolumeId", &volume), ("Size", "20")]).await);
    assert_ok(&aws.call("DescribeVolumesModifications", &[("VolumeId.1", &volume)]).await);
    aws.pass_minutes(5);
    assert_ok(&aws.call("DescribeVolumesModifications", &[]).await);
    let snapshot = ok(aws.call("CreateSnapshot", &[("VolumeId", &volume), ("Description", "d")]).await);
    assert_ok(&aws.call("DescribeSnapshots", &[("Owner.1", "self")]).await);
    aws.pass_minutes(2);
    assert_ok(&aws.call("DescribeSnapshots", &[]).await);
    assert_ok(&aws.call("DeleteSnapshot", &[("SnapshotId", snapshot.text("snapshotId"))]).await);
    assert_ok(&aws.call("DetachVolume", &[("VolumeId", &volume)]).await);
    aws.pass_minutes(1);
    assert_ok(&aws.call("DeleteVolume", &[("VolumeId", &volume)]).await);
}

async fn images(aws: &Aws, instance: &str) {
    let made = ok(aws.call("CreateImage", &[("InstanceId", instance), ("Name", "golden"), ("NoReboot", "true")]).await);
    assert_ok(&aws.call("DescribeImages", &[("Owner.1", "self")]).await);
    aws.pass_minutes(2);
    let gone = [("ImageId", made.text("imageId")), ("DeleteAssociatedSnapshots", "true")];
    assert_ok(&aws.call("DeregisterImage", &gone).await);
}

async fn addresses_and_tags(aws: &Aws, instance: &str) {
    let address = ok(aws.call("AllocateAddress", &[("Domain", "vpc")]).await).text("allocationId").to_owned();
    let both = [("AllocationId", address.as_str()), ("InstanceId", instance)];
    let association = ok(aws.call("AssociateAddress", &both).await).text("associationId").to_owned();
    assert_ok(&aws.call("DescribeAddresses", &[]).await);
    assert_ok(&aws.call("DescribeNetworkInterfaces", &[]).await);
    assert_ok(&aws.instance(instance).await);
    assert_ok(&aws.call("DisassociateAddress", &[("AssociationId", &association)]).await);
    assert_ok(&aws.call("ReleaseAddress", &[("AllocationId", &address)]).await);
    let tag = [("ResourceId.1", instance), ("Tag.1.Key", "a"), ("Tag.1.Value", "b")];
    assert_ok(&aws.call("CreateTags", &tag).await);
    assert_ok(&aws.call("DescribeTags", &[]).await);
    assert_ok(&aws.call("DeleteTags", &tag).await);
}

async fn spot(aws: &Aws) {
    let id = aws.running(&[("InstanceMarketOptions.MarketType", "spot")]).await;
    let request = ok(aws.instance(&id).await).text("spotInstanceRequestId").to_owned();
    assert_ok(&aws.call("DescribeSpotInstanceRequests", &[]).await);
    assert_ok(&aws.call("CancelSpotInstanceRequests", &[("SpotInstanceRequestId.1", &request)]).await);
    assert_ok(&aws.call("DescribeSpotInstanceRequests", &[]).await);
    let host = aws.sim.world().hosts.iter().last().map(|host| host.id);
    let now = aws.sim.clock().now();
    aws.sim.world().preempt_host(host.expect("the spot instance"), now).expect("it runs");
    assert_eq!(aws.state(&id).await, "shutting-down");
    aws.pass_minutes(2);
    assert!(aws.instance(&id).await.body.contains("Server.SpotInstanceTermination"));
    assert_ok(&aws.call("DescribeSpotInstanceRequests", &[("SpotInstanceRequestId.1", &request)]).await);
}

async fn ends(aws: &Aws, instance: &str, group: &str) {
    assert_ok(&aws.call("TerminateInstances", &[("InstanceId.1", instance)]).await);
    aws.pass_minutes(2);
    assert_ok(&aws.instance(instance).await);
    assert_ok(&aws.call("DeleteSecurityGroup", &[("GroupId", group)]).await);
    assert_ok(&aws.call("DeleteKeyPair", &[("KeyName", "key")]).await);
    assert_eq!(aws.call("Unheard", &[]).await.code(), "InvalidAction");
    assert!(aws.sim.world().counts().is_empty());
}

fn assert_ok(answer: &Xml) {
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn ok(answer: Xml) -> Xml {
    assert_ok(&answer);
    answer
}
