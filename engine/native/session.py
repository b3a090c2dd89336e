"""A session on native threads and processes: the face of `engine.session`.

Whoever creates it runs set-up; any process that has the same program may drive any of its threads, each on a Python
thread of its own, which gives up the GIL until the session is stopped. Everything that is shared is in the arena.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np

from engine.language.program import Program
from engine.memory.arena import STOP, Arena
from engine.native import build, require
from engine.native import evidence as e
from engine.native import words as w
from engine.native.sample import sampled
from engine.python.message import spin_lines
from engine.schedule import Step
from engine.session import STATES, Progress, ThreadState

LAST_STEPS = 64  # of each thread


def prepare(program: Program) -> None:
    """Compile, or load from the cache, all that a session of this program runs, with checks.

    Raises:
        UsageError: Numba is missing. MachineError: the cache cannot be written.
    """
    build.prepare(program)


class Session:
    """See the module's text. Make one with `create` or `attach`."""

    def __init__(self, program: Program, arena: Arena, created: bool) -> None:
        self.program, self.arena, self.created = program, arena, created
        self.tail = w.tail(program.layout)
        self._entry: build.Entry | None = None

    @classmethod
    def create(cls, program: Program, *, folder: Path | None = None, lock: str = "qrwlock", seed: int = 1,
               perturb: str = "", checks: bool = True, recorder: bool = True) -> Session:
        """Make the arena, run set-up once, keep what it made.

        Args:
            folder: where the arena's file goes; None: shared memory.
            lock: qrwlock, pthread or pthread-writer. perturb: see `engine.native.prepare.perturbation`.
            seed: of perturbation and choices. checks: whether accesses are checked; without, they are single
                instructions. recorder: whether each thread keeps its last steps.

        Raises:
            UsageError: an option has no meaning here, or set-up itself breaks a rule. MachineError: no room.
        """
        require()
        from engine.native.prepare import new_arena, perturbation

        mode, chance, delay = perturbation(perturb)
        entry = build.prepare(program, checks=checks)
        arena = new_arena(program, entry, w.tail(program.layout), folder=folder, lock=lock, pool=program.variant.pool,
                          seed=seed, mode=mode | (w.MODE_RING if recorder else 0))
        for thread in range(len(program.threads)):
            arena.store(program.layout.thread(thread) + w.T_CHANCE, chance)
            arena.store(program.layout.thread(thread) + w.T_DELAY, delay)
        arena.store(w.H_CHECKED, int(checks))
        session = cls(program, arena, True)
        session._entry = entry
        return session

    @classmethod
    def attach(cls, path: Path, program: Program) -> Session:
        """Attach to the session in an arena's file, to drive it or to look at it.

        Raises:
            UsageError: there is no such arena.
        """
        return cls(program, Arena.attach(path), False)

    @property
    def entry(self) -> build.Entry:
        if self._entry is None:
            self._entry = build.prepare(self.program, checks=bool(self.arena.load(w.H_CHECKED)))
        return self._entry

    # --- running ---

    def start(self) -> None:
        """Release the first round. After a `stop` the session goes on from the set-up's snapshot."""
        from engine.native.source import START

        store = self.arena.store
        if self.arena.load(w.H_STOPPED):
            self._rewind()
        store(w.H_STARTED, time.monotonic_ns())
        self.entry(START, self.arena.address, self.tail.ALONE, self.tail.ALONE)

    def _rewind(self) -> None:
        """Whole memory as after set-up: the round that was stopped may have left anything."""
        layout, store = self.program.layout, self.arena.store
        words = np.frombuffer(self.arena.bytes, dtype=np.uint64)
        size, first, snapshot = (layout.END - layout.LOCKS) // 8, layout.LOCKS // 8, self.tail.SNAPSHOT // 8
        words[first:first + size] = words[snapshot:snapshot + size]
        for offset in (w.H_STOPPED, STOP, w.H_HALT, w.H_ARRIVED):
            store(offset, 0)
        for thread in range(len(self.program.threads)):
            store(layout.thread(thread) + w.T_ROUND, self.arena.load(w.H_GENERATION))

    def drive(self, thread: int) -> None:
        """Run rounds as one thread until the session is stopped; returns promptly then, unless stuck in a lock."""
        from engine.native.source import DRIVE

        self.entry(DRIVE, self.arena.address, self.program.layout.thread(thread), self.tail.ALONE)

    def stop(self) -> None:
        """Ask all threads to end; a round that runs is left."""
        if not self.arena.load(w.H_STOPPED):
            self.arena.store(w.H_STOPPED, time.monotonic_ns())
        self.arena.stop()

    def close(self, keep: bool = False) -> None:
        """Unmap; the creator also removes the file, unless it is to be kept."""
        self.arena.close()
        if self.created and not keep:
            self.arena.unlink()

    # --- what a harness reads ---

    def progress(self) -> Progress:
        load, layout = self.arena.load, self.program.layout
        areas = [*map(layout.thread, range(len(self.program.threads))), self.tail.ALONE]
        counters = {name: sum(load(area + w.T_COUNTERS + i * 8) for area in areas)
                    for i, name in enumerate(self.program.counters)}
        start, stop = load(w.H_STARTED), load(w.H_STOPPED)
        seconds = ((stop or time.monotonic_ns()) - start) / 1e9 if start else 0.0
        operations = sum(counters[name] for name in self.program.operations)
        return Progress(load(w.H_ROUNDS) + load(w.H_VOID), seconds, operations, counters, load(w.H_OVERLAPPED),
                        tuple(e.table(self.program, self.arena)))

    def threads(self) -> list[ThreadState]:
        found = []
        for thread in range(len(self.program.threads)):
            area = self.program.layout.thread(thread)
            state = STATES[self.arena.load(area + w.T_STATUS)]
            lock = self.arena.load(area + w.T_WAIT + w.W_LOCK) if state == "waiting" else 0
            since = {"waiting": w.T_WAIT + w.W_SINCE, "running": w.T_BEGIN}.get(state, w.T_FINISH)
            spins = e.spins_at(self.program, self.arena, thread) if state == "running" else -1
            found.append(ThreadState(thread, state, e.site_number(self.arena.load(area + w.T_SITE)), lock,
                                     self.arena.load(area + since), spins))
        return found

    def who_waits(self) -> list[str]:
        """One line for each thread that waits: for which lock, who holds it, who arrived before; or at which loop."""
        return [*e.wait_lines(self.program, e.current_waits(self.program, self.arena)),
                *spin_lines(self.program, self.threads())]

    def coverage(self) -> Counter[tuple[int, int]] | None:
        """How often an access followed a conflicting one, by sites, in one round; None: none has ended since asked."""
        return sampled(self.program, self.arena)

    def last_steps(self) -> list[Step]:
        """The last steps of every thread, in the order of time where stamps fix it; also of a dead arena."""
        return e.merged([e.ring_steps(self.program, self.arena, thread, LAST_STEPS)
                         for thread in range(len(self.program.threads))])
