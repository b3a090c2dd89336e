"""What is watched besides the crew: the disk, and the clocks.

Time limits count monotonic seconds, which neither a clock that is set nor a suspended machine changes.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import MachineError

JUMP: Final = 2.0  # seconds that the clocks may part before it is worth a word
EVERY: Final = 5.0  # seconds between two looks at the disk


@dataclass
class Clocks:
    """Notices that the wall clock was set, or that the machine slept. The functions give seconds."""

    wall: Callable[[], float] = time.time
    running: Callable[[], float] = time.monotonic
    slept: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    _set: float | None = None
    _slept: float = 0.0

    def look(self) -> str:
        """What has happened since the last look, "" if nothing."""
        slept, offset = self.slept(), self.wall() - self.running()
        if self._set is None:
            self._set, self._slept = offset, slept
            return ""
        away, jump = slept - self._slept, offset - self._set
        self._set, self._slept = offset, slept
        if away > JUMP:
            return f"the machine was suspended for {away:,.0f} s"
        if abs(jump) > JUMP:
            return f"the clock was set {'forward' if jump > 0 else 'back'} by {abs(jump):,.0f} s"
        return ""


@dataclass
class Disk:
    """Ends a campaign in good order before its disk is full. `least`: bytes that stay free."""

    folder: Path
    least: int
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    _next: float = field(default=0.0)

    def look(self) -> None:
        """Raises MachineError: too little is free."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        if (free := self.free(self.folder)) < self.least:
            raise MachineError(f"only {free / 1e6:,.0f} MB are free for {self.folder}, the campaign leaves "
                               f"{self.least / 1e6:,.0f} MB; make room and go on with --resume")
