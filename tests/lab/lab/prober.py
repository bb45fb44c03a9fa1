"""A prober: a process on the client that asks again and again and writes down how it went.

Fresh connections (the default): every `interval_ms` a new TCP connection and one GET; a request that
has no whole answer after `timeout_ms` has failed. Kept-alive (`connections=N`): N connections, each
sends a GET every `interval_ms`; a connection that the server announced to close, or closed while it
was idle, is opened anew without counting; one that breaks under a request counts as failed.

The requests do not wait for each other, so an outage of t seconds shows as t/interval failures.
"""

import threading
from dataclasses import dataclass

from .host import PROGRAMS, PYTHON, now
from .waiting import wait_until

OK = "ok"


@dataclass
class Request:
    start: float  # seconds, the machine's clock
    end: float
    outcome: str  # ok, refused, unreachable, timeout, reset, short, http-502, ...
    body: str  # the first word of the answer's body


class Prober:
    def __init__(
        self,
        host,
        address="192.168.175.100",
        interval_ms=20,
        timeout_ms=1000,
        connections=0,
        path="/",
    ):
        self.interval = interval_ms / 1000
        self.requests = []
        self._process = host.popen(
            [
                PYTHON,
                PROGRAMS / "prober_process.py",
                address,
                interval_ms,
                timeout_ms,
                connections,
                path,
            ]
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            start, end, outcome, *body = line.split(maxsplit=3)
            self.requests.append(
                Request(float(start), float(end), outcome, body[0].strip() if body else "")
            )

    def stop(self):
        """Ends it after the requests under way, and returns all that it saw, by start time."""
        if not self._process.stdin.closed:
            self._process.stdin.close()
            self._process.wait(10)
            self._reader.join(5)
            self._process.stdout.close()
            self.requests.sort(key=lambda request: request.start)
        return self.requests

    close = stop

    def await_success(self, since=None, within=10, body=None):
        """Waits for a good answer to a request that started after `since` (default: now)."""
        since = now() if since is None else since

        def found():
            return [
                r
                for r in self.requests[-200:]
                if r.start >= since and r.outcome == OK and body in (None, r.body)
            ]

        return wait_until(
            found, within, f"an answer{' by ' + body if body else ''} after {since:.3f}"
        )[0]

    def await_both(self):
        """Waits for a new answer of each web server."""
        since = now()
        for body in ("web01", "web02"):
            self.await_success(since, body=body)

    # -- what it saw; only after stop() -------------------------------------------------------------

    @property
    def failures(self):
        return [request for request in self.requests if request.outcome != OK]

    @property
    def outage(self):
        """The longest time in seconds between the starts of two neighbouring good requests, beyond the interval."""
        good = [request.start for request in self.requests if request.outcome == OK]
        if len(good) < 2:
            return float("inf")
        return max(
            0.0, max(later - earlier for earlier, later in zip(good, good[1:])) - self.interval
        )

    def summary(self):
        kinds = {}
        for request in self.requests:
            kinds[request.outcome] = kinds.get(request.outcome, 0) + 1
        return f"{len(self.requests)} requests {kinds}, longest outage {self.outage:.3f} s"
