"""Bounded waiting: the only way in which the lab waits for something to happen."""

import time


def wait_until(condition, within, what, every=0.03):
    """Returns the first true value of condition(); fails, saying `what`, after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}")
        time.sleep(every)


def stays(condition, seconds, what, every=0.1):
    """Fails, saying `what`, as soon as condition() is false during the next `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"did not last {seconds} s: {what}"
        time.sleep(every)
