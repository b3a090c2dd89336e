"""Is a round stuck? Told from words that the threads leave in the arena, and from what the kernel says of the workers.

    deadlock   every thread that has not finished waits, for half a second: for a lock, or loading in a loop
    livelock   no round ends, nothing is counted, and the workers burn processor time all the while
    stopped    a worker is stopped by a signal: nothing can be said of the protocol
    hang       nothing moves and nobody works: a worker is stuck outside the protocol

A machine that is busy with other things must not look like any of them: a livelock needs processor time that the
workers really had, and a hang needs much longer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from engine.session import Progress, ThreadState

DEADLOCK_AFTER: Final = 0.5
LIMIT: Final = 5.0  # seconds without progress
HANG_FACTOR: Final = 6

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Watch:
    """Looks at one arena again and again. `limit`: seconds without a sign of life before it is called stuck."""

    def __init__(self, now: float, limit: float = LIMIT, deadlock_after: float = DEADLOCK_AFTER) -> None:
        self.limit, self.deadlock_after = limit, deadlock_after
        self._moved = self._posed = now
        self._signs: tuple[int, ...] = ()
        self._pose: tuple[object, ...] = ()
        self._burnt = 0.0

    def look(self, now: float, progress: Progress, threads: Sequence[ThreadState], pids: Iterable[int]) -> str:
        """"" while all is well, else one of the words above."""
        pids = list(pids)
        if any(process_state(pid) in "Tt" for pid in pids):
            return "stopped"
        signs = (progress.rounds, progress.operations, sum(progress.counters.values()),
                 sum(found.count for found in progress.violations))
        if signs != self._signs:
            self._signs, self._moved, self._burnt = signs, now, processor_seconds(pids)
        pose = tuple((t.thread, t.state, t.lock, t.since_ns, t.spins) for t in threads)
        if pose != self._pose:
            self._pose, self._posed = pose, now
        if all_wait(threads) and now - max(self._posed, self._moved) >= self.deadlock_after:
            return "deadlock"
        still = now - self._moved
        if still >= self.limit and processor_seconds(pids) - self._burnt >= self.limit / 2:
            return "livelock"
        return "hang" if still >= self.limit * HANG_FACTOR else ""


def all_wait(threads: Sequence[ThreadState]) -> bool:
    """Whether there are unfinished threads and every one of them waits."""
    unfinished = [thread for thread in threads if thread.state in ("running", "waiting")]
    return bool(unfinished) and all(thread.waits for thread in unfinished)


def process_state(pid: int) -> str:
    """The letter of /proc/<pid>/stat: R, S, D, T (stopped), t (traced), Z; "X" if it is gone."""
    fields = _stat(pid)
    return fields[0] if fields else "X"


def processor_seconds(pids: Iterable[int]) -> float:
    """Processor time that the processes have used, all threads together."""
    return sum((int(fields[11]) + int(fields[12])) / _TICKS for pid in pids if (fields := _stat(pid)))


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text[text.rindex(")") + 1 :].split()
