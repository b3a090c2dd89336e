"""Fixtures that all tests share."""

from __future__ import annotations

import atexit
import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

# A test run leaves no file behind: Hypothesis keeps nothing, and what it writes all the same goes where it is removed.
_HOME = tempfile.mkdtemp(prefix="pttorture-hypothesis-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
set_hypothesis_home_dir(_HOME)
# The same examples in every run, whatever the machine's load: no deadline, no luck.
settings.register_profile("pttorture", database=None, deadline=None, derandomize=True)
settings.load_profile("pttorture")


@pytest.fixture
def cpu_token() -> Iterator[None]:
    """Held by tests that spin: two of them at once, in any workers of a run, would starve each other.

    The lock is on this file, so that there is none to leave behind.
    """
    with Path(__file__).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
