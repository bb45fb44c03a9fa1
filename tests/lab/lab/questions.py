"""What a scenario asks baton on a host."""

import json


def find(value, key):
    """All values under a key, however deep it stands."""
    found = []
    if isinstance(value, dict):
        found += [value[key]] if key in value else []
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            found += find(part, key)
    return found


def status(proxy):
    return json.loads(proxy.host.output(["baton", "status", "--json"]))


def instance(proxy):
    """The first vrrp_instance of the failover process that runs there."""
    return find(status(proxy), "instances")[0][0]


def history(proxy, count=5):
    """Its last transitions, oldest first."""
    shown = proxy.host.output(["baton", "history", str(count), "--json"])
    return json.loads(shown)["transitions"]
