"""Drives a running Hetzner simulator with the official `hcloud` package through a host's whole life.

Usage: python hetzner.py http://127.0.0.1:PORT
The caller installs `hcloud`. The simulator should run fast (`--speed 200`) and without faults.
Prints one line a step and exits non-zero with the reason when a step fails.
"""

import base64
import hashlib
import sys
import traceback
from datetime import datetime, timedelta, timezone

from hcloud import APIException, Client
from hcloud.actions import ActionFailedException
from hcloud.firewalls import FirewallResource, FirewallResourceLabelSelector, FirewallRule
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType
from hcloud.servers import ServerCreatePublicNetwork
from hcloud.ssh_keys import SSHKey

UBUNTU = Image(name="ubuntu-24.04")
HERE = Location(name="fsn1")


def main(url):
    client = Client(token="interop", api_endpoint=f"{url}/v1", poll_interval=0.02)
    state = {}
    for step in STEPS:
        step(client, state)
        print(f"ok {step.__name__}")


def expect_error(code, call):
    """Runs `call` and checks that the API refuses it with `code`."""
    try:
        call()
    except APIException as error:
        assert error.code == code, f"expected {code}, got {error.code}: {error.message}"
        return error
    raise AssertionError(f"expected {code}, but the call succeeded")


def create(client, name, **more):
    more.setdefault("location", HERE)
    more.setdefault("image", UBUNTU)
    more.setdefault("server_type", ServerType(name="cx22"))
    return client.servers.create(name=name, **more)


def public_key(number):
    """An ed25519 key that differs for each `number`."""
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes([number]) * 32
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} me@example"


def finish(response):
    """Waits for all actions of a create answer."""
    response.action.wait_until_finished()
    for action in response.next_actions:
        action.wait_until_finished()


def catalog_is_readable(client, state):
    names = {location.name for location in client.locations.get_all()}
    assert names == {"fsn1", "nbg1", "hel1", "ash", "hil", "sin"}, names
    kind = client.server_types.get_by_name("cx22")
    assert kind.cores == 2 and kind.memory == 4 and kind.architecture == "x86"
    assert any(price["location"] == "fsn1" for price in kind.prices)
    images = client.images.get_all(type="system", architecture="arm")
    assert images and all(image.architecture == "arm" for image in images)
    image = client.images.get_by_name_and_architecture("ubuntu-24.04", "arm")
    assert image.architecture == "arm"
    assert len(client.server_types.get_all()) > 25, "the pages are followed"


def ssh_key_life(client, state):
    key = client.ssh_keys.create("deploy", public_key(1), labels={"env": "test"})
    blob = base64.b64decode(key.public_key.split()[1])
    assert key.fingerprint.replace(":", "") == hashlib.md5(blob).hexdigest()
    assert client.ssh_keys.get_by_fingerprint(key.fingerprint).id == key.id
    assert client.ssh_keys.get_by_name("deploy").id == key.id
    key = key.update(name="deploy-2", labels={"env": "test", "more": "yes"})
    assert key.name == "deploy-2" and key.labels["more"] == "yes"
    same_name = lambda: client.ssh_keys.create("deploy-2", public_key(2))
    expect_error("uniqueness_error", same_name)
    expect_error("uniqueness_error", lambda: client.ssh_keys.create("x", key.public_key))
    expect_error("invalid_input", lambda: client.ssh_keys.create("bad", "no key at all"))
    state["key"] = key


def server_is_created_and_runs(client, state):
    made = create(
        client,
        "web-1",
        ssh_keys=[SSHKey(name="deploy-2")],
        labels={"env": "prod", "app": "web"},
        user_data="#cloud-config\n",
    )
    assert made.root_password is None, "with a key there is no password"
    assert made.server.status == "initializing"
    assert made.server.public_net.ipv4.ip
    finish(made)
    server = client.servers.get_by_id(made.server.id)
    assert server.status == "running" and not server.locked
    assert server.server_type.name == "cx22" and server.image.name == "ubuntu-24.04"
    assert server.location.name == "fsn1"
    assert server.public_net.ipv6.ip.endswith("/64")
    assert server.created.tzinfo is not None
    state["server"] = server


def servers_are_listed_over_pages(client, state):
    made = [create(client, f"page-{number:03}", labels={"env": "dev"}) for number in range(60)]
    for response in made:
        assert response.root_password, "without a key there is a password"
    assert len(client.servers.get_all()) == 61
    page = client.servers.get_list(page=2, per_page=25)
    assert len(page.servers) == 25 and page.meta.pagination.next_page == 3
    assert page.meta.pagination.total_entries == 61
    state["many"] = made


def label_selectors_select(client, state):
    count = lambda selector: len(client.servers.get_all(label_selector=selector))
    assert count("env=prod") == 1
    assert count("env in (prod,dev)") == 61
    assert count("env!=prod") == 60
    assert count("app") == 1 and count("!app") == 60
    assert count("env notin (dev),app=web") == 1
    expect_error("invalid_input", lambda: count("env in prod"))
    assert client.servers.get_by_name("web-1").id == state["server"].id
    assert len(client.servers.get_all(status=["running"])) >= 1


def many_servers_are_deleted(client, state):
    for response in state.pop("many"):
        finish(response)
        action = response.server.delete()
        action.wait_until_finished()
        assert action.command == "delete_server"
    assert len(client.servers.get_all()) == 1
    assert len(client.primary_ips.get_all()) == 2, "fresh addresses go with their server"


def server_is_renamed_and_relabelled(client, state):
    server = state["server"].update(name="web-2", labels={"env": "staging"})
    assert server.name == "web-2" and server.labels == {"env": "staging"}
    expect_error("invalid_input", lambda: server.update(name="not a hostname"))
    state["server"] = server


def power_is_switched(client, state):
    server = state["server"]
    server.shutdown().wait_until_finished()
    while client.servers.get_by_id(server.id).status != "off":
        pass
    server.power_on().wait_until_finished()
    server.reboot().wait_until_finished()
    server.reset().wait_until_finished()
    server.power_off().wait_until_finished()
    assert client.servers.get_by_id(server.id).status == "off"


def server_is_resized(client, state):
    server = state["server"]
    change = lambda name, disk: server.change_type(ServerType(name=name), upgrade_disk=disk)
    expect_error("invalid_server_type", lambda: change("cax21", False))
    change("cx32", False).wait_until_finished()
    server = client.servers.get_by_id(server.id)
    assert server.status == "running", "a resized server is started"
    assert server.server_type.name == "cx32" and server.primary_disk_size == 40
    expect_error("server_not_stopped", lambda: change("cx42", False))
    server.power_off().wait_until_finished()
    change("cx42", True).wait_until_finished()
    assert client.servers.get_by_id(server.id).primary_disk_size == 160


def snapshot_is_made_and_restored(client, state):
    server = state["server"]
    made = server.create_image(description="before", type="snapshot", labels={"keep": "no"})
    assert made.image.type == "snapshot" and made.image.status == "creating"
    made.action.wait_until_finished()
    image = client.images.get_by_id(made.image.id)
    assert image.status == "available" and image.created_from.id == server.id
    assert [one.id for one in client.images.get_all(label_selector="keep")] == [image.id]
    restored = create(client, "restored", image=image, server_type=ServerType(name="cx42"))
    finish(restored)
    restored.server.delete()
    small = lambda: create(client, "small", image=image, server_type=ServerType(name="cx22"))
    expect_error("invalid_input", small)
    image = image.update(description="after", labels={})
    assert image.description == "after"
    image.change_protection(delete=True).wait_until_finished()
    expect_error("protected", image.delete)
    image.change_protection(delete=False).wait_until_finished()
    image.delete()
    expect_error("not_found", lambda: client.images.get_by_id(image.id))


def server_is_rebuilt(client, state):
    server = state["server"]
    rebuilt = server.rebuild(Image(name="debian-12"))
    rebuilt.action.wait_until_finished()
    assert client.servers.get_by_id(server.id).image.name == "debian-12"


def secrets_are_handed_out(client, state):
    server = state["server"]
    reset = server.reset_password()
    reset.action.wait_until_finished()
    assert reset.root_password
    console = server.request_console()
    console.action.wait_until_finished()
    assert console.wss_url.startswith("wss://") and console.password
    rescue = server.enable_rescue(type="linux64", ssh_keys=[state["key"].id])
    rescue.action.wait_until_finished()
    assert rescue.root_password and client.servers.get_by_id(server.id).rescue_enabled
    server.disable_rescue().wait_until_finished()


def backups_and_names(client, state):
    server = state["server"]
    server.enable_backup().wait_until_finished()
    backup = server.create_image(type="backup")
    backup.action.wait_until_finished()
    assert client.images.get_by_id(backup.image.id).bound_to.id == server.id
    server.disable_backup().wait_until_finished()
    ip = server.public_net.ipv4.ip
    server.change_dns_ptr(ip=ip, dns_ptr="web.example.com").wait_until_finished()
    assert client.servers.get_by_id(server.id).public_net.ipv4.dns_ptr == "web.example.com"


def server_metrics_have_their_shape(client, state):
    end = datetime.now(timezone.utc)
    start = end - timedelta(hours=1)
    metrics = state["server"].get_metrics(["cpu", "network"], start, end, step=60).metrics
    assert "cpu" in metrics.time_series and "network.0.pps.in" in metrics.time_series


def volume_life(client, state):
    server = state["server"]
    made = client.volumes.create(size=10, name="data", location=HERE, format="ext4")
    made.action.wait_until_finished()
    volume = client.volumes.get_by_id(made.volume.id)
    assert volume.status == "available" and volume.server is None
    volume.attach(server, automount=False).wait_until_finished()
    assert client.volumes.get_by_id(volume.id).server.id == server.id
    expect_error("resource_in_use", volume.delete)
    volume.resize(20).wait_until_finished()
    expect_error("invalid_input", lambda: volume.resize(10))
    volume.detach().wait_until_finished()
    volume.change_protection(delete=True).wait_until_finished()
    expect_error("protected", volume.delete)
    volume.change_protection(delete=False).wait_until_finished()
    other = client.volumes.create(size=10, name="near", server=server, format="xfs")
    finish(other)
    expect_error("uniqueness_error", lambda: volume.update(name="near"))
    too_small = lambda: client.volumes.create(size=1, name="tiny", location=HERE)
    expect_error("invalid_input", too_small)
    client.volumes.get_by_id(other.volume.id).detach().wait_until_finished()
    other.volume.delete()
    volume.delete()


def firewall_life(client, state):
    server = state["server"]
    rule = FirewallRule(
        direction="in", protocol="tcp", port="443", source_ips=["0.0.0.0/0", "::/0"]
    )
    on_server = FirewallResource(type=FirewallResource.TYPE_SERVER, server=server)
    made = client.firewalls.create(name="web", rules=[rule], resources=[on_server])
    for action in made.actions:
        action.wait_until_finished()
    firewall = client.firewalls.get_by_id(made.firewall.id)
    assert firewall.rules[0].port == "443" and firewall.applied_to[0].server.id == server.id
    shown = client.servers.get_by_id(server.id).public_net.firewalls
    assert [one.firewall.id for one in shown] == [firewall.id]
    expect_error("resource_in_use", firewall.delete)
    expect_error("firewall_already_applied", lambda: firewall.apply_to_resources([on_server]))
    by_label = FirewallResource(
        type=FirewallResource.TYPE_LABEL_SELECTOR,
        label_selector=FirewallResourceLabelSelector(selector="env=staging"),
    )
    actions = firewall.apply_to_resources([by_label])
    actions += firewall.set_rules([])
    actions += firewall.remove_from_resources([by_label, on_server])
    for action in actions:
        action.wait_until_finished()
    assert client.firewalls.get_by_name("web").rules == []
    bad_rule = FirewallRule(direction="in", protocol="tcp", source_ips=["0.0.0.0/0"])
    expect_error("invalid_input", lambda: firewall.set_rules([bad_rule]))
    firewall.delete()


def primary_ip_life(client, state):
    server = client.servers.get_by_id(state["server"].id)
    made = client.primary_ips.create(type="ipv4", name="front", location=HERE)
    address = made.primary_ip
    assign = lambda: address.assign(assignee_id=server.id, assignee_type="server")
    own = server.public_net.primary_ipv4
    own_address = client.primary_ips.get_by_id(own.id)
    expect_error("server_not_stopped", own_address.unassign)
    server.power_off().wait_until_finished()
    expect_error("server_has_ipv4", assign)
    expect_error("must_be_unassigned", own_address.delete)
    own_address.unassign().wait_until_finished()
    own_address.delete()
    assign().wait_until_finished()
    shown = client.servers.get_by_id(server.id)
    assert shown.public_net.ipv4.ip == address.ip
    address.change_protection(delete=True).wait_until_finished()
    address.change_protection(delete=False).wait_until_finished()
    address = address.update(name="front-2", auto_delete=False)
    address.change_dns_ptr(ip=address.ip, dns_ptr="x.example.com").wait_until_finished()
    assert client.primary_ips.get_by_name("front-2").dns_ptr[0]["dns_ptr"] == "x.example.com"
    private = create(
        client,
        "no-address",
        public_net=ServerCreatePublicNetwork(enable_ipv4=False, enable_ipv6=False),
    )
    finish(private)
    assert private.server.public_net.ipv4 is None
    private.server.delete()
    state["address"] = address


def each_error_has_its_code(client, state):
    server = state["server"]
    expect_error("not_found", lambda: client.servers.get_by_id(1))
    expect_error("not_found", lambda: client.actions.get_by_id(1))
    expect_error("uniqueness_error", lambda: create(client, "web-2"))
    unknown = lambda: create(client, "x", server_type=ServerType(name="cx9000"))
    expect_error("invalid_input", unknown)
    expect_error("invalid_input", lambda: create(client, "x", image=Image(name="plan9")))
    expect_error("invalid_input", lambda: create(client, "x", location=Location(name="moon1")))
    expect_error("invalid_input", lambda: create(client, "x", labels={"-bad": "x"}))
    error = expect_error("invalid_input", lambda: create(client, "x", user_data="x" * 40_000))
    assert error.details["fields"][0]["name"] == "user_data"
    assert error.correlation_id
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    expect_error("protected", server.delete)
    server.change_protection(delete=False, rebuild=False).wait_until_finished()
    made = create(client, "locked")
    expect_error("locked", made.server.delete)
    finish(made)
    made.server.delete()


def everything_is_deleted(client, state):
    server = state["server"]
    server.delete().wait_until_finished()
    expect_error("not_found", lambda: client.servers.get_by_id(server.id))
    state["address"].delete()
    state["key"].delete()
    assert client.servers.get_all() == []
    assert client.volumes.get_all() == []
    assert client.primary_ips.get_all() == []
    assert client.firewalls.get_all() == []
    assert client.ssh_keys.get_all() == []
    assert client.images.get_all(type=["snapshot", "backup"]) == []


STEPS = [
    catalog_is_readable,
    ssh_key_life,
    server_is_created_and_runs,
    servers_are_listed_over_pages,
    label_selectors_select,
    many_servers_are_deleted,
    server_is_renamed_and_relabelled,
    power_is_switched,
    server_is_resized,
    snapshot_is_made_and_restored,
    server_is_rebuilt,
    secrets_are_handed_out,
    backups_and_names,
    server_metrics_have_their_shape,
    volume_life,
    firewall_life,
    primary_ip_life,
    each_error_has_its_code,
    everything_is_deleted,
]

if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (APIException, ActionFailedException, AssertionError, AttributeError) as error:
        traceback.print_exc()
        sys.exit(f"failed: {error}")
