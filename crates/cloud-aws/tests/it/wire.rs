//! The exact requests of creates, deletes and changes, and what is made of EC2's documented answers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloud_http::{FakeTransport, Recorded, SendError};
use cloud_types::{
    CloudProvider, CloudProviderExt, Created, DataDisk, ErrorKind, GiB, HostId, HostState, InboundPort, ListHosts,
    Pricing, StopMode, UserData, Wait,
};

use crate::common::{
    actions, answer, config, error, form, instance, instances, launched, on, plan, script, scripted, spec,
};

const HOST: &str = "eu-west-1/i-1234567890abcdef0";
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@laptop";

/// The tags of the instance that a launch asks for.
fn tags_of(launch: &Recorded) -> BTreeMap<String, String> {
    let form = form(launch);
    let key = |number: usize| form.get(&format!("TagSpecification.1.Tag.{number}.Key")).cloned();
    let value = |number: usize| form.get(&format!("TagSpecification.1.Tag.{number}.Value")).cloned();
    (1..50).filter_map(|number| Some((key(number)?, value(number)?))).collect()
}

fn launches(fake: &FakeTransport) -> Vec<Recorded> {
    let all = fake.requests().into_iter();
    all.filter(|request| form(request).get("Action").is_some_and(|action| action == "RunInstances")).collect()
}

/// An owner's host of the spec, as a create by somebody else would have made it.
fn theirs(name: &str) -> BTreeMap<String, String> {
    let labels = cloud_types::ownership::host_labels(
        &cloud_types::Owner::default(),
        &spec(name),
        &cloud_types::CreateToken::random(),
    );
    labels.into_iter().collect()
}

fn ours(more: &str) -> String {
    instance("running", &theirs("web-1"), more)
}

#[tokio::test]
async fn a_launch_is_sent_as_it_is_documented() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    let other = instance("pending", &BTreeMap::new(), "");
    answers.extend([launched(&other), instances(&[]), instances(&[other])]);
    let fake = script(answers);
    // The answer bears other tags than the call gave, so that it is judged as somebody else's.
    let taken = scripted(&fake).create_host(&spec("web-1").user_data(UserData::new("#!/bin/sh\ntrue"))).await;
    assert_eq!(taken.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let request = &launches(&fake)[0];
    assert_eq!(request.target, "/");
    assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
    let signed = request.headers["authorization"].to_str().unwrap();
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/") && signed.contains("/eu-west-1/ec2/"));

    let form = form(request);
    let token = form["ClientToken"].clone();
    assert!(token.len() <= 64 && token.is_ascii(), "{token}");
    let expected = [
        ("Action", "RunInstances"),
        ("Version", "2016-11-15"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("ImageId", "ami-0bff1c6b5fa4c7a3f"),
        ("InstanceType", "t3.small"),
        ("ClientToken", token.as_str()),
        ("UserData", "IyEvYmluL3NoCnRydWU="),
        ("BlockDeviceMapping.1.DeviceName", "/dev/sda1"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "8"),
        ("BlockDeviceMapping.1.Ebs.VolumeType", "gp3"),
        ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true"),
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.1.SubnetId", "subnet-1a2b3c4d"),
        ("NetworkInterface.1.AssociatePublicIpAddress", "true"),
        ("NetworkInterface.1.DeleteOnTermination", "true"),
        ("MetadataOptions.HttpTokens", "required"),
        ("MetadataOptions.HttpPutResponseHopLimit", "2"),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.2.ResourceType", "volume"),
        ("TagSpecification.3.ResourceType", "network-interface"),
    ];
    for (key, value) in expected {
        assert_eq!(form.get(key).map(String::as_str), Some(value), "{key}");
    }
    let rest: Vec<&String> =
        form.keys().filter(|key| !key.contains(".Tag.") && !expected.iter().any(|(known, _)| known == key)).collect();
    assert!(rest.is_empty(), "{rest:?}");
    let tags = tags_of(request);
    assert_eq!(
        (tags["cloud-owner"].as_str(), tags["cloud-name"].as_str(), tags["Name"].as_str()),
        ("default", "web-1", "web-1")
    );
    assert!(tags.contains_key("cloud-spec") && tags.contains_key("cloud-token"));
}

#[tokio::test]
async fn further_disks_of_an_image_go_with_the_host_and_keep_their_devices() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    answers.insert(6, answer("DescribeVolumes", "<volumeSet/>"));
    let disk = |device: &str| {
        format!(
            "<item><deviceName>{device}</deviceName><ebs><snapshotId>snap-02</snapshotId><volumeSize>20</volumeSize>\
             <deleteOnTermination>false</deleteOnTermination></ebs></item>"
        )
    };
    let further = format!("<blockDeviceMapping>{}{}", disk("/dev/sdf"), disk("/dev/sdg"));
    let further =
        format!("{further}<item><deviceName>/dev/sdb</deviceName><virtualName>ephemeral0</virtualName></item>");
    answers[5] = answers[5].replace("<blockDeviceMapping>", &further);
    let fake = script(answers).answer(400, error("InvalidParameterValue", "no"));
    scripted(&fake).create_host(&spec("web-1").data_disk(DataDisk::new(GiB(20)).keep())).await.unwrap_err();
    let launch = form(&launches(&fake)[0]);
    let disk = |number: usize, field: &str| launch.get(&format!("BlockDeviceMapping.{number}.{field}")).cloned();
    let told: Vec<_> =
        (1..=5).map(|number| (disk(number, "DeviceName"), disk(number, "Ebs.DeleteOnTermination"))).collect();
    let said = |device: &str, goes: &str| (Some(device.to_owned()), Some(goes.to_owned()));
    let own =
        [said("/dev/sda1", "true"), said("/dev/sdf", "true"), said("/dev/sdg", "true"), said("/dev/sdh", "false")];
    assert_eq!(told[..4], own);
    assert_eq!((&told[4], disk(2, "Ebs.VolumeSize")), (&(None, None), None));
}

#[tokio::test]
async fn spot_ports_keys_disks_and_no_address_are_in_the_launch() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    answers.insert(6, answer("DescribeVolumes", "<volumeSet/>"));
    answers.push(answer("CreateSecurityGroup", "<groupId>sg-01</groupId>"));
    answers.push(answer("AuthorizeSecurityGroupIngress", "<return>true</return>"));
    answers.push(answer("ImportKeyPair", "<keyPairId>key-01</keyPairId>"));
    let mut fake = script(answers);
    fake = fake.answer(400, error("InvalidParameterValue", "no"));
    // What this create made goes again: nothing uses it.
    for body in [
        answer("DeleteSecurityGroup", "<return>true</return>"),
        instances(&[]),
        answer("DeleteKeyPair", "<return>true</return>"),
    ] {
        fake = fake.answer(200, body);
    }
    let mut wish = spec("web-1")
        .pricing(Pricing::Spot)
        .inbound(InboundPort::tcp(22).unwrap())
        .ssh_key(KEY.parse().unwrap())
        .data_disk(DataDisk::new(GiB(20)).keep());
    wish.public_network = cloud_types::PublicNetwork::NONE;
    let refused = scripted(&fake).create_host(&wish).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::InvalidRequest, Some("InvalidParameterValue")));
    assert_eq!(fake.left(), 0, "{:?}", actions(&fake));

    let launch = form(&launches(&fake)[0]);
    for (key, value) in [
        ("InstanceMarketOptions.MarketType", "spot"),
        ("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time"),
        ("NetworkInterface.1.AssociatePublicIpAddress", "false"),
        ("NetworkInterface.1.SecurityGroupId.1", "sg-01"),
        ("BlockDeviceMapping.2.DeviceName", "/dev/sdf"),
        ("BlockDeviceMapping.2.Ebs.VolumeSize", "20"),
        ("BlockDeviceMapping.2.Ebs.DeleteOnTermination", "false"),
        ("TagSpecification.4.ResourceType", "spot-instances-request"),
    ] {
        assert_eq!(launch.get(key).map(String::as_str), Some(value), "{key}");
    }
    let key = &launch["KeyName"];
    assert!(key.starts_with("cloud-default-hosts-") && key.len() == "cloud-default-hosts-".len() + 64, "{key}");
    let requests = fake.requests();
    let rules = requests.iter().map(form).find(|form| form["Action"] == "AuthorizeSecurityGroupIngress").unwrap();
    assert_eq!(rules["IpPermissions.1.FromPort"], "22");
    assert_eq!(rules["IpPermissions.1.IpRanges.1.CidrIp"], "0.0.0.0/0");
    assert_eq!(rules["IpPermissions.1.Ipv6Ranges.1.CidrIpv6"], "::/0");
}

#[tokio::test]
async fn an_ipv6_address_is_asked_for_where_the_subnet_has_them() {
    let mut wish = spec("web-1");
    wish.public_network = cloud_types::PublicNetwork::BOTH;
    let unclaimed = scripted(&FakeTransport::new()).create_host(&wish).await.unwrap_err();
    assert_eq!(unclaimed.kind(), ErrorKind::Unsupported);

    let blocks = "<ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2001:db8::/64</ipv6CidrBlock>\
                  <ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>";
    for (blocks, count) in [("", None), (blocks, Some("1"))] {
        let mut answers = vec![instances(&[])];
        answers.extend(plan());
        answers[4] = answers[4].replace("</item></subnetSet>", &format!("{blocks}</item></subnetSet>"));
        let fake = script(answers).answer(400, error("InvalidParameterValue", "no"));
        let provider = config(fake.clone()).with_ipv6().build().unwrap();
        let refused = provider.create_host(&wish).await.unwrap_err();
        assert_eq!(refused.field().is_some(), count.is_none(), "{refused}");
        let sent = launches(&fake).first().map(form);
        let asked = sent.and_then(|mut form| form.remove("NetworkInterface.1.Ipv6AddressCount"));
        assert_eq!(asked.as_deref(), count);
    }
}

#[tokio::test]
async fn a_launch_whose_answer_is_lost_is_repeated_with_the_same_token() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    let mut fake = script(answers)
        .fail(SendError::maybe_sent("reset"))
        .answer(500, error("InternalError", ""))
        .cut(http::StatusCode::OK);
    fake = fake.answer(400, error("IdempotentParameterMismatch", "other parameters"));
    // By its token, by its name, and as it is by its id.
    for _ in 0..3 {
        fake = fake.answer(200, instances(&[ours("")]));
    }
    let created = scripted(&fake).create_host(&spec("web-1")).await.unwrap();
    assert!(matches!(created, Created::Existing(host) if host.id.as_str() == HOST));
    let tokens: Vec<String> = launches(&fake).iter().map(|launch| form(launch)["ClientToken"].clone()).collect();
    assert_eq!(tokens.len(), 4);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    let asked = form(fake.requests().iter().rev().nth(2).unwrap());
    assert_eq!((asked["Filter.1.Name"].as_str(), &asked["Filter.1.Value.1"]), ("client-token", &tokens[0]));
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_says_nothing_of_the_lost_one() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    let fake = script(answers)
        .fail(SendError::maybe_sent("reset"))
        .answer(401, error("AuthFailure", "the credentials have ended"))
        .answer(200, instances(&[]));
    let unknown = scripted(&fake).create_host(&spec("web-1")).await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.code()), (ErrorKind::OutcomeUnknown, Some("AuthFailure")));
    let last = form(fake.requests().last().unwrap());
    assert_eq!(last["Filter.1.Name"].as_str(), "client-token", "nothing is removed, and the token is looked for");
}

#[tokio::test]
async fn a_region_that_refuses_is_named_with_what_to_do() {
    let fake = FakeTransport::new().answer(
        200,
        answer("DescribeRegions", "<regionInfo><item><regionName>eu-west-1</regionName></item></regionInfo>"),
    );
    let fake = fake.answer(403, error("UnauthorizedOperation", "explicit deny in a service control policy"));
    let denied = config(fake.clone()).regions([]).build().unwrap().create_host(&spec("web-1")).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::PermissionDenied);
    assert!(denied.message().contains("eu-west-1") && denied.message().contains("Config::regions"), "{denied}");
}

#[tokio::test]
async fn a_token_whose_host_has_ended_is_followed_by_another() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    let fake = script(answers)
        .answer(400, error("IdempotentInstanceTerminated", "gone"))
        .answer(400, error("IdempotentParameterMismatch", "other parameters"))
        .answer(200, instances(&[instance("terminated", &theirs("web-1"), "")]))
        .answer(200, launched(&ours("")))
        .answer(200, instances(&[ours("")]))
        .answer(200, instances(&[ours("")]));
    scripted(&fake).create_host(&spec("web-1")).await.unwrap();
    let tokens: std::collections::BTreeSet<String> =
        launches(&fake).iter().map(|launch| form(launch)["ClientToken"].clone()).collect();
    assert_eq!(tokens.len(), 3);
}

#[tokio::test]
async fn a_lack_of_capacity_is_asked_about_once() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    let fake = script(answers)
        .answer(500, error("InsufficientInstanceCapacity", "We do not have sufficient t3.small capacity"));
    let full = scripted(&fake).create_host(&spec("web-1")).await.unwrap_err();
    assert_eq!((full.kind(), full.status()), (ErrorKind::NoCapacity, Some(500)));
    assert_eq!((full.request_id(), full.operation()), (Some("r-2"), Some("create_host")));
    assert_eq!(launches(&fake).len(), 1);
}

#[tokio::test]
async fn a_host_that_is_there_is_found_by_its_tags() {
    let fake = script([instances(&[ours("")]), instances(&[ours("")])]);
    let created = scripted(&fake).create_host(&spec("web-1")).await.unwrap();
    let Created::Existing(host) = created else { panic!("{created:?}") };
    assert_eq!((host.state, host.zone.unwrap().as_str().to_owned()), (HostState::Running, "eu-west-1a".to_owned()));
    assert_eq!(host.addresses.public_v4.unwrap().to_string(), "54.194.252.215");
    assert_eq!(host.addresses.private_v4.unwrap().to_string(), "192.168.1.88");
    let asked = form(&fake.requests()[0]);
    assert_eq!((asked["Filter.1.Name"].as_str(), asked["Filter.1.Value.1"].as_str()), ("tag:cloud-owner", "default"));
    assert_eq!((asked["Filter.2.Name"].as_str(), asked["Filter.2.Value.1"].as_str()), ("tag:cloud-name", "web-1"));
    assert_eq!(asked["Filter.3.Name"], "instance-state-name");
}

#[tokio::test]
async fn a_delete_removes_what_the_host_was_the_last_to_use() {
    let name = format!("cloud-default-hosts-{}", "0".repeat(64));
    let more = format!(
        "<keyName>{name}</keyName><groupSet><item><groupId>sg-01</groupId><groupName>cloud-default-1f</groupName></item>\
         <item><groupId>sg-02</groupId><groupName>cloud-of-somebody-else</groupName></item></groupSet>"
    );
    let ended = instance("terminated", &BTreeMap::new(), "");
    let fake = script([
        instances(&[ours(&more)]),
        answer("TerminateInstances", "<instancesSet/>"),
        // By their tags only one of them is ours.
        answer(
            "DescribeSecurityGroups",
            "<securityGroupInfo><item><groupId>sg-01</groupId></item></securityGroupInfo>",
        ),
        instances(std::slice::from_ref(&ended)),
    ]);
    // Held for a while after the end.
    let fake = fake.answer(400, error("DependencyViolation", "resource sg-01 has a dependent object"));
    let fake = [
        instances(&[]),
        answer("DeleteSecurityGroup", "<return>true</return>"),
        instances(&[]),
        answer("DeleteKeyPair", "<return>true</return>"),
    ]
    .into_iter()
    .fold(fake, |fake, body| fake.answer(200, body));
    scripted(&fake).delete_host(&HostId::new(HOST)).await.unwrap();
    assert_eq!(
        actions(&fake),
        [
            "DescribeInstances",
            "TerminateInstances",
            "DescribeSecurityGroups",
            "DescribeInstances",
            "DeleteSecurityGroup",
            "DescribeInstances",
            "DeleteSecurityGroup",
            "DescribeInstances",
            "DeleteKeyPair",
        ]
    );
    let asked = form(&fake.requests()[2]);
    let asked: Vec<&str> =
        ["Filter.1.Value.2", "Filter.2.Name", "Filter.3.Name"].iter().map(|key| asked[*key].as_str()).collect();
    assert_eq!(asked, ["sg-02", "tag:cloud-owner", "tag:cloud-use"]);
}

#[tokio::test]
async fn a_host_that_aws_gave_up_is_told_with_its_reason() {
    let mut answers = vec![instances(&[])];
    answers.extend(plan());
    let provider = on(Arc::new(Echo(script(answers))));
    let error = provider.create_and_wait(&spec("web-1"), Wait::within(Duration::from_secs(600))).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NoCapacity, Some("Server.InsufficientInstanceCapacity")));
    let gone = provider.get_host(&HostId::new(HOST)).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert!(gone.message().contains("insufficient capacity"), "{gone}");
}

/// Answers from a script; then a launch with its own tags, and all reads with that instance, ended by a lack of capacity.
#[derive(Debug)]
struct Echo(Arc<FakeTransport>);

#[async_trait::async_trait]
impl cloud_http::Transport for Echo {
    async fn send(
        &self,
        request: http::Request<bytes::Bytes>,
        max_body: usize,
    ) -> Result<http::Response<cloud_http::Body>, SendError> {
        let launch = self.0.requests().iter().find(|sent| form(sent)["Action"] == "RunInstances").cloned();
        let answers = self.0.clone();
        let is_launch = request.body().starts_with(b"Action=RunInstances");
        let reason = "<stateReason><code>Server.InsufficientInstanceCapacity</code>\
                      <message>There was insufficient capacity available</message></stateReason>";
        let body = match launch {
            Some(launch) => instances(&[instance("terminated", &tags_of(&launch), reason)]),
            None if is_launch => {
                let (method, headers) = (request.method().clone(), request.headers().clone());
                let recorded = Recorded { method, target: String::new(), headers, body: request.body().clone() };
                launched(&instance("pending", &tags_of(&recorded), ""))
            }
            None => return answers.send(request, max_body).await,
        };
        answers.answer(200, body).send(request, max_body).await
    }
}

#[tokio::test]
async fn power_calls_say_what_they_mean() {
    let done = |action: &str| answer(action, "<instancesSet/>");
    let fake = script([done("StartInstances"), done("StopInstances"), done("StopInstances")]);
    let provider = scripted(&fake);
    let id = HostId::new(HOST);
    provider.start_host(&id).await.unwrap();
    provider.stop_host(&id, StopMode::Graceful).await.unwrap();
    provider.stop_host(&id, StopMode::Hard).await.unwrap();
    let sent: Vec<BTreeMap<String, String>> = fake.requests().iter().map(form).collect();
    assert!(sent.iter().all(|form| form["InstanceId.1"] == "i-1234567890abcdef0"));
    assert_eq!(sent[1].get("Force"), None);
    assert_eq!((sent[2]["Force"].as_str(), sent[2]["SkipOsShutdown"].as_str()), ("true", "true"));
}

#[tokio::test]
async fn a_host_of_a_graceful_stop_is_waited_for_before_it_starts() {
    let busy = error("IncorrectInstanceState", "The instance is not in a state from which it can be started");
    let fake = FakeTransport::new().answer(400, busy).answer(200, instances(&[ours("")]));
    let fake = fake.answer(200, answer("StartInstances", "<instancesSet/>"));
    scripted(&fake).start_host(&HostId::new(HOST)).await.unwrap();
    assert_eq!(actions(&fake), ["StartInstances", "DescribeInstances", "StartInstances"]);
}

#[tokio::test]
async fn throttling_is_waited_out_and_a_missing_right_is_told() {
    let fake = FakeTransport::new()
        .answer(503, error("RequestLimitExceeded", "Request limit exceeded."))
        .answer(200, instances(&[ours("")]))
        .answer(403, error("UnauthorizedOperation", "You are not authorized to perform this operation."))
        .answer(401, error("AuthFailure", "AWS was not able to validate the provided access credentials"));
    let provider = scripted(&fake);
    assert_eq!(provider.get_host(&HostId::new(HOST)).await.unwrap().name, "web-1");
    let mut kinds = Vec::new();
    for _ in 0..2 {
        kinds.push(provider.get_host(&HostId::new(HOST)).await.unwrap_err().kind());
    }
    assert_eq!(kinds, [ErrorKind::PermissionDenied, ErrorKind::Unauthenticated]);
}

#[tokio::test]
async fn a_list_goes_on_where_its_page_ended() {
    let page = answer("DescribeInstances", "<reservationSet/><nextToken>eyJ2Ijoi+/=</nextToken>");
    let fake = script([page, instances(&[ours("")])]);
    let provider = scripted(&fake);
    let first = provider.list_hosts(&ListHosts::mine()).await.unwrap();
    assert!(first.hosts.is_empty());
    let second = provider.list_hosts(&ListHosts::mine().page(first.next.unwrap())).await.unwrap();
    assert_eq!((second.hosts.len(), second.next), (1, None));
    assert_eq!(form(&fake.requests()[1])["NextToken"], "eyJ2Ijoi+/=");
}

#[tokio::test]
async fn a_read_that_is_answered_with_a_page_of_somebody_else_is_repeated() {
    let fake = script([]).answer(200, "<html>Please log in</html>").answer(200, instances(&[ours("")]));
    assert_eq!(scripted(&fake).get_host(&HostId::new(HOST)).await.unwrap().state, HostState::Running);
    assert_eq!(fake.requests().len(), 2);
}
