"""Which programs meet in a scenario: decorators that give it its networks, one after the other.

(first, second, web): what nginx01, nginx02 and the web servers are played by; see roles.py. The real
programs on all hosts stand in every list that they can pass; they only run with --selfcheck.
"""

import pytest

SELFCHECK = ("keepalived", "keepalived")


def is_selfcheck(made_of):
    return made_of is not None and made_of[:2] == SELFCHECK


def made_of(*lists):
    names = [entry for entries in lists for entry in entries]
    return pytest.mark.parametrize("made_of", names, ids=["+".join(entry) for entry in names])


_real = [(*SELFCHECK, "apache")]
_both_webs = [
    (first, second, web)
    for first, second in (("baton", "baton"), ("baton", "keepalived"), ("keepalived", "baton"))
    for web in ("apache", "baton")
]
# Where the web servers do not matter, one kind for each pairing keeps both in use.
_every = [
    ("baton", "baton", "apache"),
    ("baton", "keepalived", "baton"),
    ("keepalived", "baton", "apache"),
]
_first_baton = [("baton", "baton", "apache"), ("baton", "keepalived", "baton")]
_first_tree = [("tree", "tree", "baton"), ("tree", "keepalived", "apache")]
_proxies = [("baton", "baton", "apache"), ("tree", "tree", "baton")]

# The three pairings, each with Apache httpd and with baton as the web servers.
every_pairing_and_web = made_of(_both_webs, _real, [(*SELFCHECK, "nginx")])
# The three pairings.
every_pairing = made_of(_every, _real)
# What the master has to do: baton as nginx01, under its two aliases.
master_is_baton = made_of(_first_baton)
# The same with `baton run` on nginx01.
master_is_a_tree = made_of(_first_tree)
# Both forms of baton as nginx01.
master_is_baton_in_any_form = made_of(_first_baton, _first_tree)
# What a proxy does by itself, without a partner: baton under both forms and both kinds of web servers.
single_proxy = made_of(_proxies, _real)
# The same where the real nginx is known to fail.
single_proxy_of_baton = made_of(_proxies)
# Command lines: the old programs' own, and baton's.
old_command_lines = made_of([("baton", "baton", "baton")], _real)
a_tree_on_both = made_of([("tree", "tree", "baton")])
