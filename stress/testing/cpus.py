"""Tokens for processors, one each, shared by all processes of a user: those of pytest-xdist, and two runs at once.

Threads that are to race must run at the same time. If each xdist worker hammered beside the others, or on its own part
of the processors (`sched_setaffinity`), two threads would share one, take turns, and never meet: a broken protocol
would pass. So a run takes as many tokens as it has threads, or all there are, and waits for those that others hold; a
search takes one. Nobody is pinned: where a thread runs best is for the system to say.

A token is a byte range of one file, locked. The system unlocks what a process held when it ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from stress.machine import cpus

_NAME: Final = "processors"
_GATE: Final = 1 << 20  # who waits for many is not overtaken for ever by those who want one
_POLL: Final = 0.01  # seconds


class Tokens:
    """The tokens of this machine, for this process. `folder`: where the file lies, the cache by default."""

    def __init__(self, folder: Path | None = None) -> None:
        self._file = -1
        folder = folder or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pttorture"
        with suppress(OSError):  # no place for the file: nobody waits for anybody
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @contextmanager
    def taken(self, wanted: int) -> Iterator[int]:
        """Hold `wanted` processors, or as many as there are; gives how many."""
        number = max(1, min(wanted, cpus()))
        held: list[int] = []
        try:
            if self._file >= 0:
                self._wait(number, held)
            yield number
        finally:
            for token in held:
                self._unlock(token)

    def _wait(self, number: int, held: list[int]) -> None:
        while not self._lock(_GATE):
            time.sleep(_POLL)
        try:
            while True:
                for token in range(cpus()):
                    if len(held) < number and token not in held and self._lock(token):
                        held.append(token)
                if len(held) == number:
                    return
                time.sleep(_POLL)
        finally:
            self._unlock(_GATE)

    def _lock(self, token: int) -> bool:
        """Whether it is had, False if another holds it. Where nothing can be locked nobody waits: it is had."""
        if self._file < 0:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, token)
        except (BlockingIOError, PermissionError):  # EAGAIN, EACCES
            return False
        except OSError:
            self.close()
        return True

    def _unlock(self, token: int) -> None:
        if self._file < 0:
            return
        with suppress(OSError):
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, token)
