"""Marks of scenarios."""

import pytest


def baton_only(why):
    """Not held against the real nginx; `why` says what makes the difference."""
    assert why
    return pytest.mark.baton_only(why)
