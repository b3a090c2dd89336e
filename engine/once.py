"""What several processes need and one can make for all."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

_log: Final = logging.getLogger(__name__)
_SILENT: Final = 1.0  # seconds of waiting of which nothing is said
_LOOK: Final = 0.02  # seconds between two tries in that time


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """One process at a time: the others wait, then they find what it has made. The lock's file stays."""
    with open(path, "w") as file:
        _lock(file)
        os.utime(file.fileno())  # when it was used last: the oldest are removed one day
        yield


def _lock(file: IO[str]) -> None:
    """Wait for the lock. A wait that lasts is said on stderr: it may be minutes, for a process nobody thinks of."""
    until = time.monotonic() + _SILENT
    while time.monotonic() < until:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno != errno.EWOULDBLOCK:
                raise
            time.sleep(_LOOK)
        else:
            return
    _log.warning("waiting for another process that compiles the same (it holds %s)", file.name)
    fcntl.flock(file, fcntl.LOCK_EX)
