"""Configuration files of the lab: the tutorial's text, verbatim, put into stock main files.

The texts stand in tutorial/ as the tutorial prints them, indentation and Chinese comments included;
the functions here only do what its reader does in an editor.
"""

from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
VIP = "192.168.175.100"


def tutorial(name):
    return (LAB / "tutorial" / name).read_text()


def stock(name):
    return (LAB / "stock" / name).read_text()


def insert_before(text, mark, addition):
    """Puts `addition` in front of the line that holds the first `mark`."""
    assert mark in text, f"{mark!r} is not in the file to be edited"
    position = text.rindex("\n", 0, text.index(mark)) + 1
    return text[:position] + addition + text[position:]


def insert_after(text, mark, addition):
    """Puts `addition` behind the line that holds the first `mark`."""
    assert mark in text, f"{mark!r} is not in the file to be edited"
    position = text.index("\n", text.index(mark)) + 1
    return text[:position] + addition + text[position:]


# -- nginx ------------------------------------------------------------------------------------------


def proxy_centos(location_extra="", http_extra=""):
    """CentOS's main file with the tutorial's upstream in `http` and its location in the default server.
    `location_extra` and `http_extra` are further lines for the location and for `http`."""
    location = tutorial("location.nginx.conf")
    if location_extra:
        location = insert_before(location, "proxy_pass", location_extra.rstrip("\n") + "\n")
    text = stock("centos7-nginx.conf")
    text = text.replace("        location / {\n        }\n", location)
    return insert_before(text, "    server {", http_extra + tutorial("upstream.nginx.conf") + "\n")


def site_debian(default_site):
    """Debian's sites-enabled/default with its `location /` replaced by the tutorial's two blocks."""
    start = default_site.index("\tlocation / {")
    end = default_site.index("\t}\n", start) + len("\t}\n")
    text = default_site[:start] + tutorial("location.nginx.conf") + default_site[end:]
    return tutorial("upstream.nginx.conf") + "\n" + text


# -- keepalived -------------------------------------------------------------------------------------


def failover(node, instance="", before="", changes=()):
    """The tutorial's keepalived.conf of a node. `instance` goes to the end of the vrrp_instance block,
    `before` in front of it; `changes` are (old, new) pairs of text."""
    text = tutorial(f"{node}.keepalived.conf")
    for old, new in changes:
        assert old in text, f"{old!r} is not in {node}'s keepalived.conf"
        text = text.replace(old, new)
    if before:
        text = insert_before(text, "vrrp_instance web_server_group", before)
    if instance:
        text = text.rstrip()
        assert text.endswith("}")
        text = text[:-1].rstrip() + "\n" + instance + "      }\n"
    return text


def failover_unicast(node):
    return failover(node, instance=tutorial(f"{node}.unicast.conf"))


def failover_script1(node):
    """The tutorial's first variant: a script that asks the proxy by curl and stops keepalived."""
    return failover(
        node,
        before=tutorial("script1.vrrp_script.conf") + "\n",
        instance=tutorial("script1.track_script.conf"),
    )


def failover_script2(node, weight=-30):
    """The tutorial's second variant: killall with signal 0 directly in vrrp_script."""
    script = f"""\
      vrrp_script check_nginx_service {{
           script "/usr/bin/killall -0 nginx"
           interval 1
           weight {weight}
      }}

"""
    return failover(node, before=script, instance=tutorial("script1.track_script.conf"))


def failover_nopreempt(node):
    """nopreempt on both; it needs `state BACKUP` on both, as keepalived's manual says."""
    changes = [("state MASTER", "state BACKUP")] if node == "nginx01" else []
    return failover(node, instance="          nopreempt\n", changes=changes)


def failover_notify(node):
    """Four notify scripts that write down what they are called for."""
    lines = "".join(
        f'          notify_{state} "/etc/keepalived/notify.sh {state}"\n'
        for state in ("master", "backup", "fault", "stop")
    )
    return failover(node, instance=lines)


PAIR_KEY = "/etc/baton/pair.key"
REAL_ADDRESSES = {"nginx01": "192.168.175.101", "nginx02": "192.168.175.102"}


def pair_lines(node, extra=""):
    """The words of the pair link, as seen from `node`."""
    other = next(address for name, address in REAL_ADDRESSES.items() if name != node)
    return f"      pair_key {PAIR_KEY}\n      pair_peer {other}\n{extra}"


def failover_pair(node, extra="", **options):
    """The tutorial's file with a pair link; `extra` are further lines of global_defs."""
    return insert_after(failover(node, **options), "global_defs", pair_lines(node, extra))


def share_pair_key(first, second):
    """`baton key` on the first node, the file copied to the second."""
    first.host.run(["/usr/sbin/baton", "key", PAIR_KEY])
    second.host.write(PAIR_KEY, first.host.read(PAIR_KEY), 0o600)


NOTIFY_SCRIPT = "#!/bin/sh\necho $1 >> /var/log/notify.log\n"


# -- httpd ------------------------------------------------------------------------------------------


def httpd(name, modules):
    text = stock("httpd.conf").replace("@MODULES@", str(modules)).replace("@NAME@", name)
    return text.replace("@LOGFORMAT@\n", tutorial("logformat.httpd.conf"))
