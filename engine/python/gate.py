"""The gate: threads of one process take their steps one at a time, in the order of a schedule or at random.

A thread that arrives at its next step hands the turn on and waits for its own. So the local work after a step belongs
to that step: nobody else runs meanwhile, as in a search.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace

from engine.errors import DivergedError
from engine.language.program import Program
from engine.python.message import cpu_name
from engine.schedule import Schedule, Turn


class Over(BaseException):
    """The execution has ended elsewhere; this thread leaves."""


class Gate:
    """Passes the turn. `ended` is set when there is nothing more to do: a violation, the last turn, an error.

    Subclasses say whose turn is next, and whether a lock arrival is what they expect.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.turns: list[Turn] = []  # taken, and in a schedule those to come
        self.at = -1
        self.ended = threading.Event()
        self.closed = self.begun = False
        self.error: BaseException | None = None
        n = len(program.threads)
        self.batons = [threading.Semaphore(0) for _ in range(n)]
        self.parked: list[int | None] = [None] * n  # the site at which a thread waits for its turn
        self.finished = [False] * n
        self.settled = [threading.Event() for _ in range(n)]  # set once a thread waits for its first turn, or ends

    def next_thread(self) -> int | None:
        """Whose turn is number `self.at`; None if there is none any more."""
        raise NotImplementedError

    def turn_of(self, thread: int, site: int) -> Turn:
        """The turn that a thread now takes at a site."""
        raise NotImplementedError

    def lock_turn(self, turn: Turn, free: bool, lock: str) -> Turn:
        """The turn of an acquire, now that the lock's rule has said whether it is free."""
        raise NotImplementedError

    def wait(self, thread: int, site: int) -> Turn:
        """Hand the turn on, if it is this thread's; wait for the next one.

        Raises:
            Over: there is none any more.
        """
        self._leave_turn(thread, site)
        self.batons[thread].acquire()
        if self.closed:
            raise Over
        self.parked[thread] = None
        return self.turn_of(thread, site)

    def finish(self, thread: int) -> None:
        """The thread has done all its rounds."""
        self.finished[thread] = True
        self._leave_turn(thread, None)

    def begin(self) -> None:
        """Every thread is parked or finished: the first turn."""
        self.begun = True
        self._pass()

    def _leave_turn(self, thread: int, site: int | None) -> None:
        self.parked[thread] = site
        if not self.begun:
            self.settled[thread].set()
        elif not self.closed:
            self._pass()

    def _pass(self) -> None:
        self.at += 1
        thread = self.next_thread()
        if thread is None:
            self.ended.set()
        elif self.finished[thread]:
            self.fail(self.diverged(thread, None))
        else:
            self.batons[thread].release()

    def fail(self, error: BaseException) -> None:
        """End the execution with an error of the engine or the schedule."""
        if self.error is None and not self.closed:
            self.error = error
        self.close()

    def close(self) -> None:
        """End the execution: everybody who waits leaves."""
        self.closed = True
        self.ended.set()
        for baton in self.batons:
            baton.release()

    def diverged(self, thread: int, site: int | None) -> DivergedError:
        wanted = self.recorded(self.turns[self.at].site)
        found = "has finished" if site is None else f"is at {self.place(site)}"
        return DivergedError(f"step {self.at}: the schedule has {cpu_name(self.program, thread)} at {wanted}, "
                             f"the thread {found}; the program is not the one that was recorded")

    def recorded(self, site: int) -> str:
        """A site of a turn in words."""
        return self.place(site)

    def place(self, site: int) -> str:
        """A site in words."""
        if not 0 <= site < len(self.program.sites):
            return f"site {site}"
        place = self.program.sites[site]
        return f"{place.where} ({place.primitive})"


class ScheduleGate(Gate):
    """The turns of a schedule. What does not follow them diverges."""

    def __init__(self, program: Program, schedule: Schedule) -> None:
        super().__init__(program)
        self.turns, self.schedule = list(schedule.turns), schedule

    def recorded(self, site: int) -> str:
        return self.schedule.place(self.program, site)

    def next_thread(self) -> int | None:
        return self.turns[self.at].thread if self.at < len(self.turns) else None

    def turn_of(self, thread: int, site: int) -> Turn:
        turn = self.turns[self.at]
        if turn.site != site:
            self.fail(self.diverged(thread, site))
            raise Over
        return turn

    def lock_turn(self, turn: Turn, free: bool, lock: str) -> Turn:
        if free == turn.blocked:
            self.fail(DivergedError(
                f"step {self.at}: {cpu_name(self.program, turn.thread)} at {self.place(turn.site)} finds {lock} "
                f"{'free' if free else 'taken'}, the schedule has the opposite; it was recorded under another lock"))
            raise Over
        return turn


class WalkGate(Gate):
    """A random walk: any thread that can take a step may be next. Notes down the turns that it gives."""

    def __init__(self, program: Program, seed: int, steps: int, can_run: Callable[[int], bool]) -> None:
        super().__init__(program)
        self.rng, self.steps, self.can_run = random.Random(seed), steps, can_run

    def next_thread(self) -> int | None:
        able = [t for t, site in enumerate(self.parked) if site is not None and self.can_run(t)]
        return self.rng.choice(able) if able and self.at < self.steps else None

    def turn_of(self, thread: int, site: int) -> Turn:
        self.turns.append(Turn(thread, site))
        return self.turns[-1]

    def lock_turn(self, turn: Turn, free: bool, lock: str) -> Turn:  # noqa: ARG002
        self.turns[-1] = replace(turn, blocked=not free)
        return self.turns[-1]
