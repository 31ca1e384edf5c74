"""Drives a running Compute Engine simulator with Google's own `google-cloud-compute` through a host's whole life.

Usage: python gcp.py http://127.0.0.1:PORT
The caller installs `google-cloud-compute`. The simulator should run fast (`--speed 100`) and without faults.
Prints one line a step and exits non-zero with the reason when a step fails.
"""

import json
import sys
import traceback
import urllib.request
import uuid

from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1 as compute

PROJECT = "interop"
ZONE = "us-central1-a"
REGION = "us-central1"
DEBIAN = "projects/debian-cloud/global/images/family/debian-12"


class Token(AnonymousCredentials):
    """Sends a bearer token that nobody checks; the simulator wants one."""

    def before_request(self, request, method, url, headers):
        headers["authorization"] = "Bearer interop"


class Clients:
    """One client a resource, made at its first use."""

    def __init__(self, url):
        self.options = ClientOptions(api_endpoint=url)
        self.made = {}

    def __getattr__(self, name):
        kind = "".join(part.capitalize() for part in name.split("_")) + "Client"
        if name not in self.made:
            client = getattr(compute, kind)(credentials=Token(), client_options=self.options)
            self.made[name] = Changes(self, client)
        return self.made[name]


class Changes:
    """A client whose changes answer with a `Started`.

    The package's own futures ask for operations at the public address, whatever the endpoint.
    """

    def __init__(self, clients, client):
        self.clients, self.client = clients, client

    def __getattr__(self, name):
        change = getattr(self.client, f"{name}_unary", None)
        if change is None or name == "wait":
            return getattr(self.client, name)
        return lambda **arguments: Started(self.clients, change(**arguments))


class Started:
    """An operation that was started."""

    def __init__(self, clients, operation):
        self.clients, self.operation, self.name = clients, operation, operation.name

    def result(self):
        """Waits for the end, asking again where a wait ends early; raises `Failed` with its codes."""
        while self.operation.status != compute.Operation.Status.DONE:
            self.operation = self.wait()
        if self.operation.error.errors:
            raise Failed(self.operation)
        assert self.operation.progress == 100 and self.operation.end_time

    def wait(self):
        place = {"project": PROJECT, "operation": self.name}
        if self.operation.zone:
            return self.clients.zone_operations.wait(zone=self.operation.zone.split("/")[-1], **place)
        if self.operation.region:
            return self.clients.region_operations.wait(region=self.operation.region.split("/")[-1], **place)
        return self.clients.global_operations.wait(**place)


class Failed(Exception):
    """An operation is done and has failed."""

    def __init__(self, operation):
        self.codes = [error.code for error in operation.error.errors]
        self.status = operation.http_error_status_code
        super().__init__(f"{self.codes}: {operation.error.errors[0].message}")


def main(url):
    clients = Clients(url)
    state = {"url": url}
    for step in STEPS:
        step(clients, state)
        print(f"ok {step.__name__}")


def expect(kind, reason, call):
    """Runs `call` and checks that the API refuses it with this class of error and this reason."""
    try:
        call()
    except kind as error:
        reasons = [cause["reason"] for cause in error.errors]
        assert reasons == [reason], f"expected {reason}, got {reasons}: {error.message}"
        return error
    raise AssertionError(f"expected {reason}, but the call succeeded")


def expect_failure(code, status, operation):
    """Waits for an operation that is to fail with `code`."""
    try:
        operation.result()
    except Failed as failed:
        assert (failed.codes, failed.status) == ([code], status), f"expected {code}, got {failed}"
        return
    raise AssertionError(f"expected {code}, but the operation succeeded")


def instance(name, zone=ZONE, machine="e2-small", disk_type="pd-balanced", **more):
    """The least that an instance needs, with a public address."""
    parameters = compute.AttachedDiskInitializeParams(
        source_image=DEBIAN, disk_size_gb=20, disk_type=f"zones/{zone}/diskTypes/{disk_type}"
    )
    access = compute.AccessConfig(type_="ONE_TO_ONE_NAT", name="External NAT")
    interface = compute.NetworkInterface(network="global/networks/default", access_configs=[access])
    return compute.Instance(
        name=name,
        machine_type=f"zones/{zone}/machineTypes/{machine}",
        disks=[compute.AttachedDisk(boot=True, auto_delete=True, initialize_params=parameters)],
        network_interfaces=[interface],
        **more,
    )


def insert(clients, resource, zone=ZONE):
    return clients.instances.insert(project=PROJECT, zone=zone, instance_resource=resource)


def get(clients, name, zone=ZONE):
    return clients.instances.get(project=PROJECT, zone=zone, instance=name)


def on(name):
    """The arguments by which an instance is named."""
    return {"project": PROJECT, "zone": ZONE, "instance": name}


def inject(state, rule):
    request = urllib.request.Request(f"{state['url']}/_sim/faults", json.dumps(rule).encode(), method="POST")
    urllib.request.urlopen(request).close()


def catalog_is_readable(clients, state):
    zones = [zone.name for zone in clients.zones.list(project=PROJECT)]
    assert ZONE in zones and len(zones) == len(set(zones)) > 10
    region = clients.regions.get(project=PROJECT, region=REGION)
    assert {zone.rsplit("/")[-1] for zone in region.zones} == {zone for zone in zones if zone.startswith(REGION)}
    assert any(quota.metric == "INSTANCES" for quota in region.quotas)
    kind = clients.machine_types.get(project=PROJECT, zone=ZONE, machine_type="e2-standard-2")
    assert (kind.guest_cpus, kind.memory_mb, kind.architecture) == (2, 8192, "X86_64")
    gpu = clients.machine_types.get(project=PROJECT, zone=ZONE, machine_type="a3-highgpu-8g")
    assert gpu.accelerators[0].guest_accelerator_count == 8
    request = compute.AggregatedListMachineTypesRequest(project=PROJECT, max_results=20)
    offered = [kind for _, scope in clients.machine_types.aggregated_list(request=request) for kind in scope.machine_types]
    assert len(offered) > 300, "all pages over all zones"
    assert len({kind.self_link for kind in offered}) == len(offered), "nothing twice"
    names = [kind.name for kind in clients.accelerator_types.list(project=PROJECT, zone=ZONE)]
    assert "nvidia-h100-80gb" in names
    image = clients.images.get_from_family(project="ubuntu-os-cloud", family="ubuntu-2404-lts-arm64")
    assert image.architecture == "ARM64" and image.status == "READY"
    assert not clients.images.get_from_family(project="debian-cloud", family="debian-12").deprecated.state
    assert clients.projects.get(project=PROJECT).name == PROJECT


def instance_is_inserted_and_runs(clients, state):
    items = [compute.Items(key="startup-script", value="#!/bin/sh\n"), compute.Items(key="ssh-keys", value="me:key")]
    resource = instance(
        "web-1",
        labels={"env": "prod", "app": "web"},
        tags=compute.Tags(items=["web"]),
        metadata=compute.Metadata(items=items),
    )
    operation = insert(clients, resource)
    assert operation.name.startswith("operation-")
    operation.result()
    shown = get(clients, "web-1")
    assert shown.status == "RUNNING" and shown.labels["env"] == "prod"
    assert shown.network_interfaces[0].access_configs[0].nat_i_p
    assert shown.disks[0].boot and shown.disks[0].auto_delete
    assert {item.key for item in shown.metadata.items} == {"startup-script", "ssh-keys"}
    assert list(shown.tags.items) == ["web"]
    again = lambda: insert(clients, instance("web-1")).result()
    expect(exceptions.Conflict, "alreadyExists", again)


def a_request_id_makes_an_insert_happen_once(clients, state):
    request = compute.InsertInstanceRequest(
        project=PROJECT, zone=ZONE, instance_resource=instance("once"), request_id=str(uuid.uuid4())
    )
    first, second = clients.instances.insert(request=request), clients.instances.insert(request=request)
    assert first.name == second.name
    first.result()
    request.request_id = str(uuid.UUID(int=0))
    expect(exceptions.BadRequest, "invalid", lambda: clients.instances.insert(request=request))
    clients.instances.delete(**on("once")).result()


def instances_are_listed_over_pages_and_zones(clients, state):
    zones = [ZONE, "europe-west4-b"]
    started = [
        insert(clients, instance(f"page-{number:02}", zone=zone, labels={"env": "dev"}), zone=zone)
        for zone in zones
        for number in range(25)
    ]
    for operation in started:
        operation.result()
    request = compute.ListInstancesRequest(project=PROJECT, zone=ZONE, max_results=10)
    pages = list(clients.instances.list(request=request).pages)
    assert [len(page.items) for page in pages] == [10, 10, 6]
    request = compute.AggregatedListInstancesRequest(project=PROJECT, max_results=7, filter="labels.env = dev")
    pager = clients.instances.aggregated_list(request=request)
    found, warned = [], 0
    for scope, part in pager:
        found += [(scope, one.name) for one in part.instances]
        warned += part.warning.code == "NO_RESULTS_ON_PAGE"
    assert len(found) == len(set(found)) == 50, f"{len(found)} found"
    assert {scope for scope, _ in found} == {f"zones/{zone}" for zone in zones} and warned
    by_name = compute.ListInstancesRequest(project=PROJECT, zone=ZONE, filter='(name = "web-1") AND labels.app:*')
    assert [one.name for one in clients.instances.list(request=by_name)] == ["web-1"]
    wrong = compute.ListInstancesRequest(project=PROJECT, zone=ZONE, filter="name =")
    expect(exceptions.BadRequest, "invalid", lambda: list(clients.instances.list(request=wrong)))


def fingerprints_guard_changes(clients, state):
    shown = get(clients, "web-1")
    body = compute.InstancesSetLabelsRequest(labels={"env": "test"}, label_fingerprint=shown.label_fingerprint)
    change = lambda: clients.instances.set_labels(instances_set_labels_request_resource=body, **on("web-1"))
    change().result()
    assert dict(get(clients, "web-1").labels) == {"env": "test"}, "the whole set is replaced"
    expect(exceptions.PreconditionFailed, "conditionNotMet", change)
    tags = compute.Tags(items=["web", "db"], fingerprint=shown.tags.fingerprint)
    clients.instances.set_tags(tags_resource=tags, **on("web-1")).result()
    metadata = compute.Metadata(items=[compute.Items(key="a", value="b")], fingerprint=shown.metadata.fingerprint)
    clients.instances.set_metadata(metadata_resource=metadata, **on("web-1")).result()
    stale = lambda: clients.instances.set_metadata(metadata_resource=metadata, **on("web-1"))
    expect(exceptions.PreconditionFailed, "conditionNotMet", stale)
    assert list(get(clients, "web-1").tags.items) == ["web", "db"]


def instance_is_stopped_resized_and_started(clients, state):
    before = get(clients, "web-1").network_interfaces[0].access_configs[0].nat_i_p
    kind = compute.InstancesSetMachineTypeRequest(machine_type=f"zones/{ZONE}/machineTypes/e2-standard-2")
    resize = lambda: clients.instances.set_machine_type(
        instances_set_machine_type_request_resource=kind, **on("web-1")
    )
    expect(exceptions.BadRequest, "badRequest", resize)
    clients.instances.stop(**on("web-1")).result()
    shown = get(clients, "web-1")
    assert shown.status == "TERMINATED" and not shown.network_interfaces[0].access_configs[0].nat_i_p
    resize().result()
    clients.instances.start(**on("web-1")).result()
    shown = get(clients, "web-1")
    assert shown.status == "RUNNING" and shown.machine_type.endswith("/e2-standard-2")
    assert shown.network_interfaces[0].access_configs[0].nat_i_p not in ("", before), "a fresh address"
    clients.instances.suspend(**on("web-1")).result()
    assert get(clients, "web-1").status == "SUSPENDED"
    expect(exceptions.BadRequest, "badRequest", lambda: clients.instances.start(**on("web-1")))
    clients.instances.resume(**on("web-1")).result()
    clients.instances.reset(**on("web-1")).result()
    output = clients.instances.get_serial_port_output(**on("web-1"))
    assert "login:" in output.contents
    rest = compute.GetSerialPortOutputInstanceRequest(start=output.next_, **on("web-1"))
    assert clients.instances.get_serial_port_output(request=rest).contents == ""


def disks_are_made_attached_grown_and_deleted(clients, state):
    where = {"project": PROJECT, "zone": ZONE}
    kind = f"zones/{ZONE}/diskTypes/pd-ssd"
    disk = compute.Disk(name="data", size_gb=50, type_=kind, labels={"env": "test"})
    clients.disks.insert(disk_resource=disk, **where).result()
    assert clients.disks.get(disk="data", **where).size_gb == 50
    attached = compute.AttachedDisk(source=f"zones/{ZONE}/disks/data", device_name="data")
    attach = lambda: clients.instances.attach_disk(attached_disk_resource=attached, **on("web-1"))
    attach().result()
    expect(exceptions.BadRequest, "resourceInUseByAnotherResource", attach)
    remove = lambda: clients.disks.delete(disk="data", **where)
    expect(exceptions.BadRequest, "resourceInUseByAnotherResource", remove)
    shown = get(clients, "web-1")
    assert [disk.device_name for disk in shown.disks] == ["persistent-disk-0", "data"]
    grow = lambda size: clients.disks.resize(
        disk="data", disks_resize_request_resource=compute.DisksResizeRequest(size_gb=size), **where
    )
    grow(60).result()
    expect(exceptions.BadRequest, "invalid", lambda: grow(55))
    clients.instances.detach_disk(device_name="data", **on("web-1")).result()
    remove().result()
    expect(exceptions.NotFound, "notFound", lambda: clients.disks.get(disk="data", **where))
    request = compute.AggregatedListDisksRequest(project=PROJECT, max_results=9)
    listed = [disk.name for _, scope in clients.disks.aggregated_list(request=request) for disk in scope.disks]
    assert "web-1" in listed and len(listed) == 51


def snapshots_outlive_their_disk(clients, state):
    snapshot = compute.Snapshot(name="snap-1", labels={"env": "test"})
    clients.disks.create_snapshot(
        project=PROJECT, zone=ZONE, disk="web-1", snapshot_resource=snapshot
    ).result()
    shown = clients.snapshots.get(project=PROJECT, snapshot="snap-1")
    assert shown.status == "READY" and shown.disk_size_gb == 20
    resource = instance("restored")
    resource.disks[0].initialize_params.source_image = ""
    resource.disks[0].initialize_params.source_snapshot = "global/snapshots/snap-1"
    insert(clients, resource).result()
    clients.snapshots.delete(project=PROJECT, snapshot="snap-1").result()
    assert not list(clients.snapshots.list(project=PROJECT))
    clients.instances.delete(**on("restored")).result()


def firewalls_are_made_patched_and_deleted(clients, state):
    allowed = compute.Allowed(I_p_protocol="tcp", ports=["22", "80-443"])
    firewall = compute.Firewall(name="web", allowed=[allowed], target_tags=["web"], source_ranges=["0.0.0.0/0"])
    clients.firewalls.insert(project=PROJECT, firewall_resource=firewall).result()
    shown = clients.firewalls.get(project=PROJECT, firewall="web")
    assert shown.direction == "INGRESS" and list(shown.allowed[0].ports) == ["22", "80-443"]
    more = compute.Firewall(allowed=[compute.Allowed(I_p_protocol="udp", ports=["53"])])
    clients.firewalls.patch(project=PROJECT, firewall="web", firewall_resource=more).result()
    shown = clients.firewalls.get(project=PROJECT, firewall="web")
    assert shown.allowed[0].I_p_protocol == "udp" and list(shown.target_tags) == ["web"]
    bad = compute.Firewall(name="bad", allowed=[compute.Allowed(I_p_protocol="tcp", ports=["99999"])])
    expect(
        exceptions.BadRequest,
        "invalid",
        lambda: clients.firewalls.insert(project=PROJECT, firewall_resource=bad),
    )
    clients.firewalls.delete(project=PROJECT, firewall="web").result()
    assert not list(clients.firewalls.list(project=PROJECT))


def reserved_addresses_outlive_their_instance(clients, state):
    where = {"project": PROJECT, "region": REGION}
    clients.addresses.insert(address_resource=compute.Address(name="fixed"), **where).result()
    address = clients.addresses.get(address="fixed", **where)
    assert address.status == "RESERVED"
    resource = instance("fixed-1")
    resource.network_interfaces[0].access_configs[0].nat_i_p = address.address
    insert(clients, resource).result()
    remove = lambda: clients.addresses.delete(address="fixed", **where)
    expect(exceptions.BadRequest, "resourceInUseByAnotherResource", remove)
    clients.instances.delete(**on("fixed-1")).result()
    assert clients.addresses.get(address="fixed", **where).status == "RESERVED"
    remove().result()


def spot_and_accelerators_keep_their_rules(clients, state):
    spot = compute.Scheduling(provisioning_model="SPOT", instance_termination_action="DELETE")
    insert(clients, instance("spot-1", scheduling=spot)).result()
    shown = get(clients, "spot-1").scheduling
    assert (shown.provisioning_model, shown.on_host_maintenance) == ("SPOT", "TERMINATE")
    clients.instances.delete(**on("spot-1")).result()
    refused = lambda resource, reason: expect(exceptions.BadRequest, reason, lambda: insert(clients, resource))
    refused(instance("gpu-1", machine="g2-standard-4"), "invalid")
    ends = compute.Scheduling(on_host_maintenance="TERMINATE")
    insert(clients, instance("gpu-1", machine="g2-standard-4", scheduling=ends)).result()
    clients.instances.delete(**on("gpu-1")).result()
    refused(instance("n4-1", machine="n4-standard-2"), "badRequest")
    insert(clients, instance("n4-1", machine="n4-standard-2", disk_type="hyperdisk-balanced")).result()
    clients.instances.delete(**on("n4-1")).result()
    refused(instance("arm-1", machine="t2a-standard-1"), "badRequest")


def wrong_requests_are_refused(clients, state):
    refused = lambda resource: expect(exceptions.BadRequest, "invalid", lambda: insert(clients, resource))
    refused(instance("Bad_Name"))
    refused(instance("x", machine="none"))
    refused(instance("x", labels={"Big": "x"}))
    refused(instance("x", tags=compute.Tags(items=["-x"])))
    refused(instance("x", metadata=compute.Metadata(items=[compute.Items(key="a", value="b" * 300_000)])))
    elsewhere = lambda: insert(clients, instance("x"), zone="moon-1-a")
    expect(exceptions.NotFound, "notFound", elsewhere)
    expect(exceptions.NotFound, "notFound", lambda: get(clients, "none"))


def failures_lie_inside_operations(clients, state):
    path = "/projects/{project}/zones/{zone}/instances"
    inject(state, {"fault": {"no_capacity": 20.0}, "method": "POST", "path": path, "count": 1})
    full = insert(clients, instance("no-room", zone="us-east1-b"), zone="us-east1-b")
    expect_failure("ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", 503, full)
    gone = lambda: get(clients, "no-room", zone="us-east1-b")
    expect(exceptions.NotFound, "notFound", gone)
    inject(state, {"fault": {"quota_full": 20.0}, "method": "POST", "path": path, "count": 1})
    expect_failure("QUOTA_EXCEEDED", 403, insert(clients, instance("no-quota")))
    inject(state, {"fault": {"status": [429, "before"]}, "method": "GET", "path": path, "count": 1})
    expect(exceptions.Forbidden, "rateLimitExceeded", lambda: list(clients.instances.list(project=PROJECT, zone=ZONE)))


def everything_goes(clients, state):
    started = [
        clients.instances.delete(project=PROJECT, zone=scope.split("/")[1], instance=one.name)
        for scope, part in clients.instances.aggregated_list(project=PROJECT)
        for one in part.instances
    ]
    for operation in started:
        operation.result()
    with urllib.request.urlopen(f"{state['url']}/_sim/world") as answer:
        counts = json.load(answer)["counts"]
    assert counts == {}, f"left behind: {counts}"


STEPS = [
    catalog_is_readable,
    instance_is_inserted_and_runs,
    a_request_id_makes_an_insert_happen_once,
    instances_are_listed_over_pages_and_zones,
    fingerprints_guard_changes,
    instance_is_stopped_resized_and_started,
    disks_are_made_attached_grown_and_deleted,
    snapshots_outlive_their_disk,
    firewalls_are_made_patched_and_deleted,
    reserved_addresses_outlive_their_instance,
    spot_and_accelerators_keep_their_rules,
    wrong_requests_are_refused,
    failures_lie_inside_operations,
    everything_goes,
]

if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (exceptions.GoogleAPIError, Failed, AssertionError, AttributeError) as error:
        traceback.print_exc()
        sys.exit(f"failed: {error}")
