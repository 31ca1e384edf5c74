//! Faults of EC2: capacity, quotas, rates, late reads, lost answers.

use std::time::Duration;

use cloud_sim::{Fault, FaultRule, Hostile, RateLimit, SimConfig, When};
use cloud_world::{Kind, Lag};

use crate::support::aws::Aws;

#[tokio::test]
async fn a_zone_without_room_is_a_server_error_and_others_have_room() {
    let aws = Aws::start().await;
    aws.sim.inject(FaultRule::once(Fault::NoCapacity(60.0), "POST", "RunInstances"));
    let full = aws.try_launch(&[("Placement.AvailabilityZone", "us-east-1a")]).await;
    assert_eq!((full.status, full.code()), (500, "InsufficientInstanceCapacity"));
    assert!(full.text("Message").contains("us-east-1a"));
    let other = aws.launch(&[]).await;
    let shown = aws.instance(&other).await;
    assert_eq!(shown.text("availabilityZone"), "us-east-1b", "the next zone that has the type");
}

#[tokio::test]
async fn a_stopped_instance_may_find_no_room_when_it_starts() {
    let aws = Aws::start().await;
    let id = aws.running(&[]).await;
    aws.call("StopInstances", &[("InstanceId.1", &id)]).await;
    aws.pass_minutes(2);
    aws.sim.inject(FaultRule::once(Fault::NoCapacity(60.0), "POST", "StartInstances"));
    let full = aws.call("StartInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!((full.status, full.code()), (500, "InsufficientInstanceCapacity"));
    assert_eq!(aws.state(&id).await, "stopped");
    aws.pass_minutes(2);
    assert_eq!(aws.call("StartInstances", &[("InstanceId.1", &id)]).await.status, 200);
}

#[tokio::test]
async fn a_full_quota_is_told_by_what_is_too_many() {
    let aws = Aws::with(SimConfig { quotas: vec![(Kind::Host, 1), (Kind::Address, 2)], ..SimConfig::default() }).await;
    aws.launch(&[]).await;
    assert_eq!(aws.try_launch(&[]).await.code(), "VcpuLimitExceeded");
    assert_eq!(aws.call("AllocateAddress", &[]).await.status, 200);
    assert_eq!(aws.call("AllocateAddress", &[]).await.code(), "AddressLimitExceeded");
}

#[tokio::test]
async fn too_many_requests_are_a_503_without_a_hint() {
    let rate_limit = RateLimit { limit: 1, per_second: 0.001, initial: None };
    let aws = Aws::with(SimConfig { rate_limit, ..SimConfig::default() }).await;
    let first = aws.call("DescribeRegions", &[]).await;
    assert_eq!((first.status, first.headers.contains_key("ratelimit-remaining")), (200, false));
    let second = aws.call("DescribeRegions", &[]).await;
    assert_eq!((second.status, second.code()), (503, "RequestLimitExceeded"));
    assert!(!second.headers.contains_key("retry-after"));
    let (status, told) = aws.json("ssm", "AmazonSSM.GetParameter", &serde_json::json!({"Name": "/a"})).await;
    assert_eq!((status, &told["__type"]), (400, &serde_json::json!("ThrottlingException")));
}

#[tokio::test]
async fn a_fresh_instance_may_not_be_seen_yet() {
    let lag = Lag { create: Duration::from_secs(60), delete: Duration::ZERO, chance: 1.0 };
    let aws = Aws::with(SimConfig { lag, ..SimConfig::default() }).await;
    let id = aws.launch(&[]).await;
    assert_eq!(aws.instance(&id).await.code(), "InvalidInstanceID.NotFound");
    let filter = [("Filter.1.Name", "instance-type"), ("Filter.1.Value.1", "t3.micro")];
    assert!(aws.call("DescribeInstances", &filter).await.all("instanceId").is_empty());
    aws.pass_minutes(2);
    assert_eq!(aws.state(&id).await, "running");
}

#[tokio::test]
async fn an_instance_whose_answer_was_lost_is_found_by_its_token() {
    let aws = Aws::start().await;
    let lost = FaultRule::once(Fault::Status(500, When::After), "POST", "RunInstances");
    aws.sim.inject(lost);
    let answer = aws.try_launch(&[("ClientToken", "t-1")]).await;
    assert_eq!((answer.status, answer.code()), (500, "InternalError"));
    let again = aws.launch(&[("ClientToken", "t-1")]).await;
    assert_eq!(aws.sim.world().hosts.len(), 1, "the instance was made although the answer was lost");
    assert_eq!(aws.call("DescribeInstances", &[]).await.all("instanceId"), [again.as_str()]);
    assert_eq!(aws.sim.stats().calls["POST RunInstances"], 2);
}

#[tokio::test]
async fn hostile_answers_are_hostile_xml() {
    let aws = Aws::start().await;
    let spoil = async |hostile| {
        aws.sim.inject(FaultRule::once(Fault::Hostile(hostile), "POST", "DescribeVpcs"));
        aws.call("DescribeVpcs", &[]).await
    };
    let repeated = spoil(Hostile::RepeatedPage).await;
    assert_eq!(repeated.all("nextToken").len(), 1);
    assert!(repeated.body.ends_with("</nextToken></DescribeVpcsResponse>"), "{repeated:?}");
    let next = [("NextToken", repeated.text("nextToken"))];
    assert_eq!(aws.call("DescribeVpcs", &next).await.all("vpcId").len(), 1, "the face takes the token");
    assert_ne!(spoil(Hostile::EndlessPages).await.text("nextToken"), repeated.text("nextToken"));
    assert_eq!(spoil(Hostile::WrongTypes).await.text("isDefault"), "many");
    assert!(spoil(Hostile::HugeBody).await.body.len() > 10_000_000);
    assert!(spoil(Hostile::DeepNesting).await.body.starts_with("<a><a>"));
}
