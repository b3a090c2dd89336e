"""Is a round stuck? Told from words that the threads leave in the arena, and from what the kernel says of the workers.

    deadlock   every thread that has not finished waits, for half a second: for a lock, or loading in a loop
    livelock   no round ends, nothing is counted, and the workers burn processor time all the while
    stopped    a worker is stopped by a signal: nothing can be said of the protocol
    hang       nothing moves and nobody works: a worker is stuck outside the protocol

A machine that is busy with other things must not look like any of them: a livelock needs processor time that the
workers really had, and a hang needs much longer. A thread that waits may only not have been given a processor since
what it waits for came: a deadlock needs that each one sleeps in the kernel, or has run since all of them wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from engine.session import Progress, ThreadState

DEADLOCK_AFTER: Final = 0.5
LIMIT: Final = 5.0  # seconds without progress
HANG_FACTOR: Final = 6

#: Thread id -> its letter (see `process_state`), and the clock ticks it has been on a processor. In one tick (10 ms) a
#: thread that waits looks again many times.
Tasks = dict[int, tuple[str, int]]

_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Watch:
    """Looks at one arena again and again.

    Args:
        limit: seconds without a sign of life before it is called stuck. tasks: what the kernel says of all threads of
            some processes.
    """

    def __init__(self, now: float, limit: float = LIMIT, deadlock_after: float = DEADLOCK_AFTER, *,
                 tasks: Callable[[Iterable[int]], Tasks] | None = None) -> None:
        self.limit, self.deadlock_after, self.tasks = limit, deadlock_after, tasks or tasks_of
        self._then: Tasks = {}
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
        if pose != self._pose or self._moved == now:
            self._pose, self._posed = pose, now
            self._then = self.tasks(pids) if all_wait(threads) else {}
        if all_wait(threads) and now - self._posed >= self.deadlock_after and self._all_looked(pids):
            return "deadlock"
        still = now - self._moved
        if still >= self.limit and processor_seconds(pids) - self._burnt >= self.limit / 2:
            return "livelock"
        return "hang" if still >= self.limit * HANG_FACTOR else ""


    def _all_looked(self, pids: Iterable[int]) -> bool:
        """Whether no thread stands in line for a processor, which it has not had since all of them wait."""
        return all(letter != "R" or ran > self._then.get(task, ("", 0))[1]
                   for task, (letter, ran) in self.tasks(pids).items())


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


def _stat(pid: int | str) -> list[str]:
    """The fields of a process, or of a thread of it, behind its name."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text[text.rindex(")") + 1 :].split()


def tasks_of(pids: Iterable[int]) -> Tasks:
    """All threads of the processes that are there now."""
    threads = [task for pid in pids for task in Path(f"/proc/{pid}/task").glob("*")]
    found = {int(task.name): _stat(f"{task.parent.parent.name}/task/{task.name}") for task in threads}
    return {task: (fields[0], int(fields[11]) + int(fields[12])) for task, fields in found.items() if fields}
