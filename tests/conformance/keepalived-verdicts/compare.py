#!/usr/bin/env python3
"""Holds baton's `keepalived -t` against keepalived's own, over every file of this folder and the samples beside it.

    compare.py BATON [KEEPALIVED]

verdicts.tsv names the exit code of both for each file and, where they differ on purpose, why. With KEEPALIVED
(2.2.7 is what the table was made with) its codes are checked too. Both look for the interfaces that the files
name, and run in a network namespace of our own that has them. Needs root."""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def verdicts():
    for line in (HERE / "verdicts.tsv").read_text().splitlines():
        if not line.startswith("#"):
            name, keepalived, baton, *why = line.split("\t")
            # What baton refuses by name today is judged as by keepalived once it has it.
            ours = {int(baton), int(keepalived)} if why == ["not in baton yet"] else {int(baton)}
            yield HERE / f"{name}.conf", {int(keepalived)}, ours


def run(command, config):
    done = subprocess.run([*command, "-t", "-f", str(config)], capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout + done.stderr


class Namespace:
    """A network namespace with ens33 in it, up and with an address."""

    def __init__(self):
        self.name = f"verdicts-{pathlib.Path(tempfile.mktemp()).name}"

    def __enter__(self):
        self._ip("netns", "add", self.name)
        self._ip("-n", self.name, "link", "add", "ens33", "type", "veth", "peer", "name", "peer33")
        self._ip("-n", self.name, "addr", "add", "192.168.175.101/24", "dev", "ens33")
        for link in ("lo", "ens33", "peer33"):
            self._ip("-n", self.name, "link", "set", link, "up")
        return ["ip", "netns", "exec", self.name]

    def __exit__(self, *_):
        self._ip("netns", "del", self.name)

    @staticmethod
    def _ip(*words):
        subprocess.run(["ip", *words], check=True)


def judge(who, config, expected, got):
    code, text = got
    if code in expected:
        return 0
    print(f"{config.name}: {who} ended with {code}, expected {sorted(expected)}\n{text}")
    return 1


def main():
    baton = pathlib.Path(sys.argv[1]).resolve()
    keepalived = sys.argv[2] if len(sys.argv) > 2 else None
    wrong = count = 0
    with tempfile.TemporaryDirectory() as folder, Namespace() as inside:
        # baton behaves as keepalived when it is started under that name.
        link = pathlib.Path(folder) / "keepalived"
        link.symlink_to(baton)
        for config, theirs, ours in verdicts():
            count += 1
            wrong += judge("baton", config, ours, run([*inside, str(link)], config))
            if keepalived:
                wrong += judge("keepalived", config, theirs, run([*inside, keepalived], config))
    print(f"{count} configurations, {wrong} unexpected verdicts")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
