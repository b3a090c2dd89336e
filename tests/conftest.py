"""Fixtures that all tests share."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def cpu_token() -> Iterator[None]:
    """Held by tests that spin: two of them at once, in any workers of any run of this user, would starve each other."""
    with open(Path(tempfile.gettempdir()) / f"pttorture-cpu-{os.getuid()}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
