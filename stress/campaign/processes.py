"""What the kernel says of a process and its descendants."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stress.watch import process_state

_PATIENCE: Final = 5.0  # seconds for the kernel to end a process that was killed


def tree(pid: int) -> list[int]:
    """The process and all its descendants that are there now, the process first."""
    found, waiting = [], [pid]
    while waiting:
        each = waiting.pop()
        found.append(each)
        try:
            tasks = list(Path(f"/proc/{each}/task").iterdir())
            waiting += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def end(pids: Sequence[int]) -> None:
    """Kill the processes; returns when they are gone, or dead and not yet noticed by their parent."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + _PATIENCE
    while any(process_state(pid) not in "XZ" for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)


def memory(pids: list[int]) -> int:
    """Bytes that the processes take together; what they share counts once (proportional set size)."""
    return sum(map(_proportional, pids))


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
