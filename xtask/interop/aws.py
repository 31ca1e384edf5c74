"""Drives a running EC2 simulator with Amazon's own `boto3` through a host's whole life.

Usage: python aws.py http://127.0.0.1:PORT
The caller installs `boto3==1.44.5`. The simulator should run fast (`--speed 100`) and without faults.
Prints one line a step and exits non-zero with the reason when a step fails.
"""

import base64
import datetime
import json
import sys
import time
import traceback
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-east-1"
CANONICAL = "099720109477"
NOBLE = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"
WAIT = {"Delay": 0.2, "MaxAttempts": 100}


class Clients:
    """One client a service and region, made at its first use; none repeats a call by itself."""

    def __init__(self, url):
        self.url = url
        self.made = {}

    def __getattr__(self, service):
        return self.of(service, REGION)

    def of(self, service, region):
        if (service, region) not in self.made:
            self.made[service, region] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id="AKIDINTEROP",
                aws_secret_access_key="interop",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self.made[service, region]


def main(url):
    clients = Clients(url)
    state = {"url": url}
    for step in STEPS:
        step(clients, state)
        print(f"ok {step.__name__}")


def expect(code, status, call):
    """Runs `call` and checks that the API refuses it with this code and status."""
    try:
        call()
    except ClientError as error:
        found = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert found == (code, status), f"expected {code} {status}, got {found}: {error}"
        return
    raise AssertionError(f"expected {code}, but the call succeeded")


def tags(resource, **named):
    return {"ResourceType": resource, "Tags": [{"Key": key, "Value": value} for key, value in named.items()]}


def wish(state, name, **more):
    """The least that an instance needs, with its tags."""
    wish = {
        "ImageId": state["image"],
        "InstanceType": "t3.micro",
        "MinCount": 1,
        "MaxCount": 1,
        "TagSpecifications": [tags("instance", Name=name, owner="interop"), tags("volume", owner="interop")],
    }
    return wish | more


def show(clients, instance):
    return clients.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def wait(clients, waiter, **what):
    clients.ec2.get_waiter(waiter).wait(WaiterConfig=WAIT, **what)


def world(state):
    with urllib.request.urlopen(f"{state['url']}/_sim/world") as answer:
        return json.load(answer)


def inject(state, rule):
    request = urllib.request.Request(f"{state['url']}/_sim/faults", json.dumps(rule).encode(), method="POST")
    urllib.request.urlopen(request).close()


def caller_is_known(clients, state):
    assert clients.sts.get_caller_identity()["Account"] == "123456789012"


def catalog_is_readable(clients, state):
    regions = [region["RegionName"] for region in clients.ec2.describe_regions()["Regions"]]
    assert REGION in regions and len(regions) > 4
    zones = [zone["ZoneName"] for zone in clients.ec2.describe_availability_zones()["AvailabilityZones"]]
    assert zones == [f"{REGION}{letter}" for letter in "abcdef"]
    types = clients.ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 10})
    types = {one["InstanceType"]: one for page in types for one in page["InstanceTypes"]}
    assert len(types) == 40, len(types)
    assert types["p5.48xlarge"]["GpuInfo"]["Gpus"][0]["Count"] == 8
    assert types["m7g.large"]["ProcessorInfo"]["SupportedArchitectures"] == ["arm64"]
    assert types["t3.micro"]["MemoryInfo"]["SizeInMiB"] == 1024
    pages = clients.ec2.get_paginator("describe_instance_type_offerings")
    pages = list(pages.paginate(LocationType="availability-zone", PaginationConfig={"PageSize": 100}))
    offered = [(one["InstanceType"], one["Location"]) for page in pages for one in page["InstanceTypeOfferings"]]
    assert len(pages) > 1 and len(set(offered)) == len(offered) > 150
    assert ("p5.48xlarge", "us-east-1a") in offered and ("p5.48xlarge", "us-east-1b") not in offered
    expect("InvalidInstanceType", 400, lambda: clients.ec2.describe_instance_types(InstanceTypes=["t9.huge"]))


def network_is_there(clients, state):
    vpc = clients.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = clients.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    assert len(subnets) == 6 and all(subnet["MapPublicIpOnLaunch"] for subnet in subnets)
    state["subnet"] = next(one["SubnetId"] for one in subnets if one["AvailabilityZone"] == f"{REGION}b")
    other = clients.of("ec2", "eu-central-1").describe_vpcs()["Vpcs"][0]["VpcId"]
    assert other != vpc, "each region has a network of its own"
    gateway = clients.ec2.describe_internet_gateways()["InternetGateways"][0]
    assert gateway["Attachments"][0]["VpcId"] == vpc
    routes = clients.ec2.describe_route_tables()["RouteTables"][0]["Routes"]
    assert {"0.0.0.0/0", "172.31.0.0/16"} == {to for route in routes if (to := route.get("DestinationCidrBlock"))}
    assert "::/0" in {route.get("DestinationIpv6CidrBlock") for route in routes}
    blocks = [block["Ipv6CidrBlock"] for subnet in subnets for block in subnet["Ipv6CidrBlockAssociationSet"]]
    assert len(set(blocks)) == 6 and all(block.endswith("/64") for block in blocks), blocks


def images_are_found_by_name_and_by_parameter(clients, state):
    found = clients.ec2.describe_images(Owners=[CANONICAL], Filters=[{"Name": "name", "Values": [NOBLE]}])["Images"]
    assert len(found) == 3, "older builds too"
    newest = max(found, key=lambda image: image["CreationDate"])
    assert newest["RootDeviceName"] == "/dev/sda1" and newest["Architecture"] == "x86_64"
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
    assert clients.ssm.get_parameter(Name=name)["Parameter"]["Value"] == newest["ImageId"]
    debian = "/aws/service/debian/release/13/latest/arm64"
    several = clients.ssm.get_parameters(Names=[name, debian, "/aws/service/none"])
    assert len(several["Parameters"]) == 2 and several["InvalidParameters"] == ["/aws/service/none"]
    arm = next(one["Value"] for one in several["Parameters"] if one["Name"] == debian)
    assert clients.ec2.describe_images(ImageIds=[arm])["Images"][0]["RootDeviceName"] == "/dev/xvda"
    missing = lambda: clients.of("ec2", "eu-west-1").describe_images(ImageIds=[newest["ImageId"]])
    expect("InvalidAMIID.NotFound", 400, missing)
    state["image"], state["arm_image"] = newest["ImageId"], arm


def keys_and_groups_are_made(clients, state):
    private = clients.ec2.create_key_pair(KeyName="made", KeyType="ed25519")
    assert "PRIVATE KEY" in private["KeyMaterial"]
    key = clients.ec2.import_key_pair(
        KeyName="mine", PublicKeyMaterial=public_key(), TagSpecifications=[tags("key-pair", owner="interop")]
    )
    again = lambda: clients.ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=public_key())
    expect("InvalidKeyPair.Duplicate", 400, again)
    shown = clients.ec2.describe_key_pairs(KeyNames=["mine"], IncludePublicKey=True)["KeyPairs"][0]
    assert shown["KeyPairId"] == key["KeyPairId"] and shown["PublicKey"].startswith("ssh-ed25519")
    make = lambda: clients.ec2.create_security_group(
        GroupName="web", Description="web", TagSpecifications=[tags("security-group", owner="interop")]
    )
    group = make()["GroupId"]
    expect("InvalidGroup.Duplicate", 400, make)
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    rule["Ipv6Ranges"] = [{"CidrIpv6": "::/0", "Description": "all"}]
    allow = lambda: clients.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert len(allow()["SecurityGroupRules"]) == 2
    expect("InvalidPermission.Duplicate", 400, allow)
    rules = clients.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    assert len(rules["SecurityGroupRules"]) == 3, "two in, one out"
    clients.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    permissions = clients.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert permissions == []
    allow()
    state["group"] = group


def public_key():
    """A key of the right form, made here: 32 bytes behind the name of the algorithm."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32))
    return b"ssh-ed25519 " + base64.b64encode(blob) + b" me"


def an_instance_is_launched_once_for_each_token(clients, state):
    asked = wish(
        state,
        "web-1",
        ClientToken="interop-1",
        KeyName="mine",
        UserData="#!/bin/sh\n",
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 12, "VolumeType": "gp3"}}],
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": state["subnet"],
                "Groups": [state["group"]],
                "AssociatePublicIpAddress": True,
                "DeleteOnTermination": True,
            }
        ],
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
    )
    first, second = clients.ec2.run_instances(**asked), clients.ec2.run_instances(**asked)
    instance = first["Instances"][0]
    assert instance["State"]["Name"] == "pending" and instance["ClientToken"] == "interop-1"
    assert first["ReservationId"] == second["ReservationId"]
    assert instance["InstanceId"] == second["Instances"][0]["InstanceId"]
    other = asked | {"InstanceType": "t3.small"}
    expect("IdempotentParameterMismatch", 400, lambda: clients.ec2.run_instances(**other))
    expect("DryRunOperation", 412, lambda: clients.ec2.run_instances(**wish(state, "x"), DryRun=True))
    state["web"] = instance["InstanceId"]


def an_instance_runs_and_is_described(clients, state):
    wait(clients, "instance_exists", InstanceIds=[state["web"]])
    wait(clients, "instance_running", InstanceIds=[state["web"]])
    shown = show(clients, state["web"])
    assert shown["Placement"]["AvailabilityZone"] == f"{REGION}b" and shown["PublicIpAddress"]
    assert shown["MetadataOptions"]["HttpTokens"] == "required" and shown["KeyName"] == "mine"
    assert [group["GroupId"] for group in shown["SecurityGroups"]] == [state["group"]]
    volume = shown["BlockDeviceMappings"][0]["Ebs"]
    assert volume["DeleteOnTermination"]
    assert clients.ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])["Volumes"][0]["Size"] == 12
    by_tag = clients.ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["web-*"]}])["Reservations"]
    assert [one["Instances"][0]["InstanceId"] for one in by_tag] == [state["web"]]
    wait(clients, "instance_status_ok", InstanceIds=[state["web"]])
    output = clients.ec2.get_console_output(InstanceId=state["web"], Latest=True)["Output"]
    assert "login" in output
    interface = clients.ec2.describe_network_interfaces(Filters=[{"Name": "group-id", "Values": [state["group"]]}])
    assert interface["NetworkInterfaces"][0]["Attachment"]["InstanceId"] == state["web"]
    user_data = clients.ec2.describe_instance_attribute(InstanceId=state["web"], Attribute="userData")
    assert base64.b64decode(user_data["UserData"]["Value"]) == b"#!/bin/sh\n"


def tags_are_changed(clients, state):
    clients.ec2.create_tags(Resources=[state["web"], state["group"]], Tags=[{"Key": "stage", "Value": "a<b>&c"}])
    found = clients.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["stage"]}])["Tags"]
    assert {tag["ResourceType"] for tag in found} == {"instance", "security-group"}
    assert {tag["Value"] for tag in found} == {"a<b>&c"}
    clients.ec2.delete_tags(Resources=[state["group"]], Tags=[{"Key": "stage"}])
    assert len(clients.ec2.describe_tags(Filters=[{"Name": "key", "Values": ["stage"]}])["Tags"]) == 1


def an_instance_is_stopped_retyped_and_started(clients, state):
    before = show(clients, state["web"])["PublicIpAddress"]
    retype = lambda: clients.ec2.modify_instance_attribute(
        InstanceId=state["web"], InstanceType={"Value": "t3.small"}
    )
    expect("IncorrectInstanceState", 400, retype)
    change = clients.ec2.stop_instances(InstanceIds=[state["web"]])["StoppingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == ("running", "stopping")
    expect("IncorrectInstanceState", 400, lambda: clients.ec2.start_instances(InstanceIds=[state["web"]]))
    wait(clients, "instance_stopped", InstanceIds=[state["web"]])
    stopped = show(clients, state["web"])
    assert "PublicIpAddress" not in stopped and stopped["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    retype()
    clients.ec2.start_instances(InstanceIds=[state["web"]])
    wait(clients, "instance_running", InstanceIds=[state["web"]])
    shown = show(clients, state["web"])
    assert shown["InstanceType"] == "t3.small" and shown["PublicIpAddress"] != before
    clients.ec2.reboot_instances(InstanceIds=[state["web"]])


def a_volume_is_attached_grown_and_outlives(clients, state):
    asked = {
        "AvailabilityZone": f"{REGION}b",
        "Size": 10,
        "VolumeType": "gp3",
        "ClientToken": "interop-volume",
        "TagSpecifications": [tags("volume", Name="data")],
    }
    volume = clients.ec2.create_volume(**asked)["VolumeId"]
    assert clients.ec2.create_volume(**asked)["VolumeId"] == volume
    wait(clients, "volume_available", VolumeIds=[volume])
    attach = {"VolumeId": volume, "InstanceId": state["web"], "Device": "/dev/sdf"}
    assert clients.ec2.attach_volume(**attach)["State"] in ("attaching", "attached")
    wait(clients, "volume_in_use", VolumeIds=[volume])
    until(lambda: attachment(clients, volume)["State"] == "attached")
    assert not attachment(clients, volume)["DeleteOnTermination"], "it outlives the instance"
    expect("VolumeInUse", 400, lambda: clients.ec2.attach_volume(**attach))
    expect("VolumeInUse", 400, lambda: clients.ec2.delete_volume(VolumeId=volume))
    change = clients.ec2.modify_volume(VolumeId=volume, Size=20)["VolumeModification"]
    assert (change["OriginalSize"], change["TargetSize"]) == (10, 20)
    expect("IncorrectModificationState", 400, lambda: clients.ec2.modify_volume(VolumeId=volume, Size=30))
    until(lambda: modification(clients, volume)["ModificationState"] == "completed")
    assert clients.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Size"] == 20
    expect("InvalidParameterValue", 400, lambda: clients.ec2.modify_volume(VolumeId=volume, Size=5))
    state["volume"] = volume


def attachment(clients, volume):
    return clients.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Attachments"][0]


def modification(clients, volume):
    return clients.ec2.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"][0]


def until(reached):
    for _ in range(100):
        if reached():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to that")


def an_elastic_address_stays(clients, state):
    allocation = clients.ec2.allocate_address(Domain="vpc", TagSpecifications=[tags("elastic-ip", owner="interop")])
    address = allocation["AllocationId"]
    association = clients.ec2.associate_address(AllocationId=address, InstanceId=state["web"])["AssociationId"]
    assert show(clients, state["web"])["PublicIpAddress"] == allocation["PublicIp"]
    expect("InvalidIPAddress.InUse", 400, lambda: clients.ec2.release_address(AllocationId=address))
    clients.ec2.disassociate_address(AssociationId=association)
    assert "PublicIpAddress" not in show(clients, state["web"])
    assert clients.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]["PublicIp"] == allocation["PublicIp"]
    clients.ec2.release_address(AllocationId=address)
    expect("InvalidAllocationID.NotFound", 400, lambda: clients.ec2.describe_addresses(AllocationIds=[address]))


def an_image_is_made_and_its_snapshots_stay(clients, state):
    specifications = [tags("image", owner="interop"), tags("snapshot", owner="interop")]
    image = clients.ec2.create_image(
        InstanceId=state["web"], Name="interop-web", NoReboot=True, TagSpecifications=specifications
    )["ImageId"]
    again = lambda: clients.ec2.create_image(InstanceId=state["web"], Name="interop-web")
    expect("InvalidAMIName.Duplicate", 400, again)
    wait(clients, "image_available", ImageIds=[image])
    shown = clients.ec2.describe_images(Owners=["self"])["Images"]
    assert [one["ImageId"] for one in shown] == [image]
    mappings = {one["DeviceName"]: one["Ebs"] for one in shown[0]["BlockDeviceMappings"]}
    assert {"/dev/sda1", "/dev/sdf"} == set(mappings) and mappings["/dev/sdf"]["VolumeSize"] == 20
    snapshots = [one["SnapshotId"] for one in mappings.values()]
    wait(clients, "snapshot_completed", SnapshotIds=snapshots)
    expect("InvalidSnapshot.InUse", 400, lambda: clients.ec2.delete_snapshot(SnapshotId=snapshots[0]))
    copy = clients.ec2.run_instances(**wish(state, "copy", ImageId=image))["Instances"][0]["InstanceId"]
    wait(clients, "instance_running", InstanceIds=[copy])
    disks = [one["Ebs"] for one in show(clients, copy)["BlockDeviceMappings"]]
    (stays,) = [disk["VolumeId"] for disk in disks if not disk["DeleteOnTermination"]]
    assert len(disks) == 2, "the image keeps that its second disk outlives an instance"
    clients.ec2.terminate_instances(InstanceIds=[copy])
    wait(clients, "instance_terminated", InstanceIds=[copy])
    wait(clients, "volume_available", VolumeIds=[stays])
    clients.ec2.delete_volume(VolumeId=stays)
    clients.ec2.deregister_image(ImageId=image)
    assert len(clients.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == 2, "they outlive the image"
    for snapshot in snapshots:
        clients.ec2.delete_snapshot(SnapshotId=snapshot)
    own = clients.ec2.create_snapshot(VolumeId=state["volume"], Description="own")["SnapshotId"]
    wait(clients, "snapshot_completed", SnapshotIds=[own])
    clients.ec2.delete_snapshot(SnapshotId=own)


def many_instances_come_in_pages(clients, state):
    many = clients.ec2.run_instances(**wish(state, "many") | {"MinCount": 12, "MaxCount": 12})["Instances"]
    many = [one["InstanceId"] for one in many]
    pages = clients.ec2.get_paginator("describe_instances")
    pages = list(pages.paginate(Filters=[{"Name": "tag:Name", "Values": ["many"]}], PaginationConfig={"PageSize": 5}))
    found = [one["InstanceId"] for page in pages for part in page["Reservations"] for one in part["Instances"]]
    assert len(pages) == 3 and sorted(found) == sorted(many)
    both = lambda: clients.ec2.describe_instances(InstanceIds=many[:1], MaxResults=5)
    expect("InvalidParameterCombination", 400, both)
    expect("InvalidParameterValue", 400, lambda: clients.ec2.describe_instances(MaxResults=4))
    clients.ec2.terminate_instances(InstanceIds=many)
    wait(clients, "instance_terminated", InstanceIds=many)


def a_spot_instance_has_a_price_and_a_request(clients, state):
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
    history = clients.ec2.describe_spot_price_history(
        InstanceTypes=["t3.micro"], ProductDescriptions=["Linux/UNIX"], StartTime=now
    )["SpotPriceHistory"]
    assert len({one["AvailabilityZone"] for one in history}) == len(history) == 6, "the present price of each zone"
    assert all(0 < float(one["SpotPrice"]) < 0.0104 for one in history)
    cheap = {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.0001"}}
    too_low = lambda: clients.ec2.run_instances(**wish(state, "spot", InstanceMarketOptions=cheap))
    expect("SpotMaxPriceTooLow", 400, too_low)
    market = {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}
    spot = clients.ec2.run_instances(**wish(state, "spot", InstanceMarketOptions=market))["Instances"][0]
    assert spot["InstanceLifecycle"] == "spot"
    request = spot["SpotInstanceRequestId"]
    shown = clients.ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[request])["SpotInstanceRequests"][0]
    assert (shown["State"], shown["InstanceId"]) == ("active", spot["InstanceId"])
    wait(clients, "instance_running", InstanceIds=[spot["InstanceId"]])
    expect("UnsupportedOperation", 400, lambda: clients.ec2.stop_instances(InstanceIds=[spot["InstanceId"]]))
    clients.ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[request])
    clients.ec2.terminate_instances(InstanceIds=[spot["InstanceId"]])
    wait(clients, "instance_terminated", InstanceIds=[spot["InstanceId"]])


def prices_are_listed(clients, state):
    wanted = {
        "regionCode": REGION,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
    }
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    pages = clients.pricing.get_paginator("get_products")
    pages = pages.paginate(ServiceCode="AmazonEC2", Filters=filters, PaginationConfig={"PageSize": 15})
    products = [json.loads(text) for page in pages for text in page["PriceList"]]
    prices = {}
    for product in products:
        (term,) = product["terms"]["OnDemand"].values()
        (dimension,) = term["priceDimensions"].values()
        assert dimension["unit"] == "Hrs"
        prices[product["product"]["attributes"]["instanceType"]] = dimension["pricePerUnit"]["USD"]
    assert len(prices) == len(products) == 40 and prices["t3.micro"] == "0.0104000000", prices


def errors_are_told(clients, state):
    expect("InvalidInstanceID.Malformed", 400, lambda: show(clients, "i-nonsense"))
    expect("InvalidInstanceID.NotFound", 400, lambda: show(clients, "i-1a2b3c4d"))
    expect("InvalidGroup.NotFound", 400, lambda: clients.ec2.delete_security_group(GroupId="sg-1a2b3c4d"))
    arm = wish(state, "x", ImageId=state["arm_image"])
    expect("InvalidParameterValue", 400, lambda: clients.ec2.run_instances(**arm))
    nowhere = wish(state, "x", InstanceType="p5.48xlarge", Placement={"AvailabilityZone": f"{REGION}b"})
    expect("Unsupported", 400, lambda: clients.ec2.run_instances(**nowhere))
    long = wish(state, "x", UserData="x" * 16385)
    expect("InvalidParameterValue", 400, lambda: clients.ec2.run_instances(**long))
    inject(state, {"fault": {"no_capacity": 60}, "path": "RunInstances", "count": 1})
    full = wish(state, "x", Placement={"AvailabilityZone": f"{REGION}c"})
    expect("InsufficientInstanceCapacity", 500, lambda: clients.ec2.run_instances(**full))
    inject(state, {"fault": {"status": [429, "before"]}, "path": "DescribeInstances", "count": 1})
    expect("RequestLimitExceeded", 503, lambda: clients.ec2.describe_instances())


def everything_is_deleted(clients, state):
    clients.ec2.modify_instance_attribute(InstanceId=state["web"], DisableApiTermination={"Value": True})
    terminate = lambda: clients.ec2.terminate_instances(InstanceIds=[state["web"]])
    expect("OperationNotPermitted", 400, terminate)
    clients.ec2.modify_instance_attribute(InstanceId=state["web"], DisableApiTermination={"Value": False})
    terminate()
    drop = lambda: clients.ec2.delete_security_group(GroupId=state["group"])
    expect("DependencyViolation", 400, drop)
    wait(clients, "instance_terminated", InstanceIds=[state["web"]])
    assert show(clients, state["web"])["State"]["Name"] == "terminated", "it is shown for an hour"
    assert world(state)["counts"] == {"volume": 1, "ssh_key": 2, "firewall": 1}, world(state)["counts"]
    drop()
    wait(clients, "volume_available", VolumeIds=[state["volume"]])
    clients.ec2.delete_volume(VolumeId=state["volume"])
    wait(clients, "volume_deleted", VolumeIds=[state["volume"]])
    for name in ("mine", "made"):
        clients.ec2.delete_key_pair(KeyName=name)
    assert world(state)["counts"] == {}, world(state)["counts"]


STEPS = [
    caller_is_known,
    catalog_is_readable,
    network_is_there,
    images_are_found_by_name_and_by_parameter,
    keys_and_groups_are_made,
    an_instance_is_launched_once_for_each_token,
    an_instance_runs_and_is_described,
    tags_are_changed,
    an_instance_is_stopped_retyped_and_started,
    a_volume_is_attached_grown_and_outlives,
    an_elastic_address_stays,
    an_image_is_made_and_its_snapshots_stay,
    many_instances_come_in_pages,
    a_spot_instance_has_a_price_and_a_request,
    prices_are_listed,
    errors_are_told,
    everything_is_deleted,
]

if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Exception:
        traceback.print_exc()
        sys.exit(1)
