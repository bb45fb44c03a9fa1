#!/usr/bin/python3
"""Has a counting build of baton do what it does most, for profile-guided optimisation.

    train.py FOLDER       leaves FOLDER/*.profraw; started by `./dev profile`, which sets BATON

The work is that of the bench, one short round of each kind: the ways that requests take most often
lie together in the program afterwards, and those of errors out of their way.
"""

import os
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import load  # noqa: E402
import servers  # noqa: E402
from parts import features, proxying  # noqa: E402


class Options:
    programs = ("nginx", "baton", "haproxy")  # the parts compare, so the peers have to be there
    rounds, seconds = 1, 3


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    # Workers run as another user, who may not reach the repository.
    counts = servers.temporary_folder("counts")
    counts.chmod(0o777)
    os.umask(0)  # supervisor and workers add up in one file
    os.environ["LLVM_PROFILE_FILE"] = f"{counts}/%m.profraw"
    load.DISTURBED = float("inf")
    os.sched_setaffinity(0, servers.LOAD_CORES)
    for part in (
        proxying.keepalive, proxying.close, proxying.tutorial, proxying.body, proxying.static,
        features.gzip, features.cache,
    ):  # fmt: skip
        part(Options)
        print(f"{part.__name__}: done", flush=True)
    written = list(counts.glob("*.profraw"))
    for file in written:
        shutil.move(file, folder)
    counts.rmdir()
    if not written:
        sys.exit("no counts were written: is BATON a build that counts?")


main()
