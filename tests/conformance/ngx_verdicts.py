#!/usr/bin/env python3
"""Holds baton's reading of nginx.conf against nginx's own `nginx -t`, file by file.

    ngx_verdicts.py NGINX NGX_CHECK [FILE...]

Both programs read each file of nginx-verdicts/ and must agree: accepted or refused, and when
refused, in the same words. A first line of the file may say otherwise:

    # words differ: WHY     both refuse, each in its own words
    # baton refuses: WHY    nginx accepts, baton says that it lacks this
    # baton accepts: WHY    nginx refuses, baton knows better

Only texts are compared: nginx's verdict is taken before it opens logs or sockets.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent / "nginx-verdicts"


def run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def ask_nginx(program, path, work):
    output = run([program, "-t", "-p", work, "-c", path, "-e", "stderr"]).stderr
    errors = re.findall(r"\[emerg\] (?:\d+#\d+: )?(.*)", output)
    message = re.sub(r" in \S+:\d+$", "", errors[0]) if errors else ""
    # What comes after reading: nginx would make folders, open logs and sockets.
    errors = [text for text in errors if not re.match(r"(mkdir|open|bind|socket)\(\)", text)]
    return "syntax is ok" in output and not errors, message


def ask_baton(program, path, work):
    done = run([program, path, work])
    if done.returncode not in (0, 1):
        return None, f"ended with {done.returncode}: {done.stderr}"
    errors = re.findall(r"^(?:\S+:\d+:\d+: )?error: (.*)", done.stdout, re.M)
    return done.returncode == 0, errors[0] if errors else ""


def judge(exception, nginx, baton):
    """What is wrong with a pair of (verdict, message), or None."""
    if baton[0] is None:
        return baton[1]
    if exception == "baton refuses":
        right = nginx[0] and not baton[0] and "baton" in baton[1]
        return None if right else "baton was expected to refuse by name what nginx accepts"
    if exception == "baton accepts":
        return None if baton[0] and not nginx[0] else "baton was expected to accept this alone"
    if nginx[0] != baton[0]:
        return "the verdicts differ"
    if not nginx[0] and exception != "words differ" and nginx[1] != baton[1]:
        return "the words differ"
    return None


def main():
    nginx_program, baton_program = sys.argv[1:3]
    files = [pathlib.Path(name) for name in sys.argv[3:]] or sorted(FOLDER.glob("*.conf"))
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        for file in files:
            first = file.read_text(errors="replace").split("\n", 1)[0]
            exception = first.lstrip("# ").split(":")[0]
            nginx = ask_nginx(nginx_program, str(file), work)
            baton = ask_baton(baton_program, str(file), work)
            problem = judge(exception, nginx, baton)
            if problem:
                failures += 1
                print(f"{file.name}: {problem}\n  nginx: {nginx}\n  baton: {baton}")
    print(f"{len(files) - failures} of {len(files)} files agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
