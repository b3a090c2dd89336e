"""Replay: one execution of a schedule on native threads, or on native processes, through the gate.

Every thread waits before each of its steps until the turn is its own, and hands it on when it arrives at its next one.
The locks are the real ones. A turn marked `blocked` only notes that the thread waits; at its second turn the lock must
be free. Where the schedule ends in a deadlock the threads that wait then take the real lock, in order of arrival, and
hang.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.errors import DivergedError, InternalError, MachineError
from engine.language.program import Program
from engine.memory.arena import Arena
from engine.native import build, require
from engine.native import evidence as e
from engine.native import words as w
from engine.python.message import cpu_name, violation
from engine.schedule import Execution, Schedule, Step, Turn, Violation

SECONDS = 10.0  # for a turn that nobody takes
ALONE_ROWS = 1 << 15  # steps of the check at rest
BLOCKED = 1 << 48
HANG_SHIFT = 49


def replay(program: Program, schedule: Schedule, lock: str = "", *, processes: bool = False,
           folder: Path | None = None) -> Execution:
    """Run `schedule` on `program`.

    Args:
        lock: qrwlock, pthread or pthread-writer; "" for the schedule's own, and qrwlock where that is a lock of another
            executor. processes: one process a thread, instead of one thread. folder: where the arena's file goes.

    Raises:
        DivergedError: the program does not follow the schedule; the message says at which step.
        UsageError: a store of the schedule becomes visible late, which only a search can force.
    """
    require()
    schedule = schedule.fitted(program).unbuffered(program)
    from engine.native.prepare import new_arena

    wanted = lock or schedule.lock
    real = wanted if wanted in w.LOCK_RULES or lock else "qrwlock"
    entry = build.prepare(program)
    choices = max((len(each) for each in schedule.choices), default=0)
    tail = w.tail(program.layout, len(schedule.turns), len(schedule.turns) + ALONE_ROWS, choices * len(program.threads))
    arena = new_arena(program, entry, tail, folder=folder, lock=real, pool=schedule.pool, seed=1,
                      mode=w.MODE_GATE | w.MODE_LOG)
    try:
        arena.store(w.H_UPGRADES, int(wanted == "qrwlock"))
        _write_schedule(program, schedule, arena, tail, choices)
        run = _Run(program, schedule, arena, tail, entry)
        return run.execution(processes)
    finally:
        arena.close()
        arena.unlink()


def turn_words(turns: Sequence[Turn]) -> list[int]:
    """The turns as the gate reads them: site, thread, whether blocked, and 1 + the place among those that hang."""
    last: dict[int, int] = {turn.thread: number for number, turn in enumerate(turns)}
    hanging = [n for n, turn in enumerate(turns) if turn.blocked and last[turn.thread] == n]
    order = {number: place + 1 for place, number in enumerate(hanging)}
    return [turn.site | turn.thread << 32 | (BLOCKED if turn.blocked else 0) | order.get(number, 0) << HANG_SHIFT
            for number, turn in enumerate(turns)]


def _write_schedule(program: Program, schedule: Schedule, arena: Arena, tail: w.Tail, choices: int) -> None:
    for number, word in enumerate(turn_words(schedule.turns)):
        arena.store(tail.TURNS + number * 8, word)
    kind = schedule.violation["kind"] if schedule.violation else ""
    values = {
        w.H_N_TURNS: len(schedule.turns), w.H_LOG_ROWS: len(schedule.turns) + ALONE_ROWS,
        w.H_OPEN_END: {"": 0, "deadlock": 2}.get(kind, 1),
        w.H_DEADLINE: time.monotonic_ns() + int(SECONDS * 1e9), tail.ALONE + w.T_MODE: w.MODE_LOG,
    }
    for offset, value in values.items():
        arena.store(offset, value)
    for thread in range(len(program.threads)):
        area, place = program.layout.thread(thread), tail.CHOICES + thread * choices * 8
        mine = schedule.choices[thread] if thread < len(schedule.choices) else ()
        for number, choice in enumerate(mine):
            arena.store(place + number * 8, choice)
        arena.store(area + w.T_CHOICES, place)
        arena.store(area + w.T_N_CHOICES, len(mine))
        arena.store(area + w.T_ROUND, program.rounds)


class _Run:
    def __init__(self, program: Program, schedule: Schedule, arena: Arena, tail: w.Tail, entry: build.Entry) -> None:
        self.program, self.schedule, self.arena, self.tail, self.entry = program, schedule, arena, tail, entry

    def execution(self, processes: bool) -> Execution:
        from engine.native.source import REST

        run = self._on_processes if processes else self._on_threads
        run()
        self._check_followed()
        found = e.round_violation(self.program, self.arena)
        if found is None and not self.arena.load(w.H_HALT):
            self.entry(REST, self.arena.address, self.tail.ALONE, self.tail.ALONE)
            found = e.round_violation(self.program, self.arena)
        elif found is not None and found.kind == "deadlock":
            found = self._deadlock(found)
        layout, words = self.program.layout, self.arena.words
        final = {i * 8: words[i] for i in range(layout.GLOBALS // 8, layout.END // 8) if words[i]}
        return Execution(self._steps(), found, final)

    # --- running ---

    def _role(self, thread: int) -> None:
        from engine.native.source import REPLAY

        self.entry(REPLAY, self.arena.address, self.program.layout.thread(thread), self.tail.ALONE)

    def _on_threads(self) -> None:
        threads = [threading.Thread(target=self._role, args=(i,), daemon=True)
                   for i in range(len(self.program.threads))]
        for thread in threads:
            thread.start()
        limit = time.monotonic() + 2 * SECONDS
        for thread in threads:
            thread.join(max(0.0, limit - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            self._stop()
            for thread in threads:  # the arena must not go while one is in it
                thread.join(SECONDS)
            raise self._stuck()

    def _on_processes(self) -> None:
        """Forked, because everything is compiled here already. A child runs native code only, then leaves."""
        children = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads: none of them matters
            for thread in range(len(self.program.threads)):
                child = os.fork()
                if child == 0:
                    try:
                        self._role(thread)
                    finally:
                        os._exit(0)
                children.append(child)
        limit, stuck = time.monotonic() + 2 * SECONDS, False
        while children:
            children = [child for child in children if os.waitpid(child, os.WNOHANG) == (0, 0)]
            if children and time.monotonic() > limit:
                self._stop()
                for child in children if stuck else ():
                    os.kill(child, signal.SIGKILL)
                limit, stuck = limit + SECONDS, True
            time.sleep(0.0002)
        if stuck:
            raise self._stuck()

    def _stop(self) -> None:
        """Everything that waits or loops looks at this word."""
        self.arena.store(w.H_HALT, self.arena.load(w.H_HALT) or w.HALT_OVER)
        self.arena.stop()

    def _stuck(self) -> MachineError:
        return MachineError(f"a replay of {self.program.name} made no step for {2 * SECONDS:.0f} s")

    # --- what came of it ---

    def _check_followed(self) -> None:
        """Raise DivergedError if a thread left the schedule or a turn was left over."""
        load, turns = self.arena.load, self.schedule.turns
        why, at = load(w.H_DIVERGED), load(w.H_DIVERGED_AT)
        if why == w.DIVERGED_EXTRA:
            last = f"; its last step is at {self.schedule.place(self.program, turns[-1].site)}" if turns else ""
            raise DivergedError(f"step {at}: the schedule has ended, {self._at_site(load(w.H_DIVERGED_THREAD))}{last}")
        if why == w.DIVERGED_SITE:
            raise self._diverged(at, f"the thread is at {self._place(load(w.H_DIVERGED_SITE))}")
        if why in (w.DIVERGED_LATE, w.DIVERGED_FINISHED):
            found = "has finished" if why == w.DIVERGED_FINISHED else "does not come"
            raise self._diverged(at, f"the thread {found}")
        at = load(w.H_POSITION)
        if at < len(turns) and not load(w.H_HALT):
            raise self._diverged(at, "the thread has finished")
        if load(w.H_OPEN_END) != 2 and load(w.H_HALT) == w.HALT_VOID:
            violated = e.round_violation(self.program, self.arena)
            if violated is not None and violated.kind == "deadlock" and violated.thread >= 0:
                raise self._diverged(min(at, len(turns) - 1), f"its lock is not free: {violated.message}")

    def _diverged(self, at: int, found: str) -> DivergedError:
        turn = self.schedule.turns[at]
        return DivergedError(f"step {at}: the schedule has {cpu_name(self.program, turn.thread)} at "
                             f"{self.schedule.place(self.program, turn.site)}, {found}; "
                             "the program is not the one that was recorded")

    def _at_site(self, thread: int) -> str:
        return f"{cpu_name(self.program, thread)} is at {self._place(self.arena.load(w.H_DIVERGED_SITE))}"

    def _place(self, site: int) -> str:
        known = self.program.sites[site] if 0 <= site < len(self.program.sites) else None
        return f"{known.where} ({known.primitive})" if known else f"site {site}"

    def _deadlock(self, found: Violation) -> Violation:
        """As every executor says it: of the first thread that is not done."""
        for thread in range(len(self.program.threads)):
            block = self.program.layout.thread(thread) + w.T_COPY
            if self.arena.load(block + w.W_HOW):
                each = e.waiting(self.arena, thread, block)
                first = violation(self.program, "deadlock", each.site, thread, each.lock)
                return replace(first, message=found.message)
        return found

    def _steps(self) -> list[Step]:
        load, rows = self.arena.load, self.arena.load(w.H_LOGGED)
        if rows > load(w.H_LOG_ROWS):
            raise InternalError(f"{self.program.name}: a replay of {rows} steps, its log holds {load(w.H_LOG_ROWS)}")
        steps = []
        for row in range(self.tail.LOG, self.tail.LOG + rows * w.ROW, w.ROW):
            word = load(row + 8)
            steps.append(Step(e.thread_number(load(row)), e.site_number(word), load(row + 16), load(row + 24),
                              bool(word >> 32)))
        return steps
