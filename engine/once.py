"""What several processes need and one can make for all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """One process at a time: the others wait, then they find what it has made. The lock's file stays."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.utime(file.fileno())  # when it was used last: the oldest are removed one day
        yield
