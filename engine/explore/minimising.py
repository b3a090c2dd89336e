"""A violation made small: fewest preemptions, then rounds, then threads that take part, then steps.

Small is what a person can follow, and preemptions come first: they are what nobody has thought of. Searches with 0, 1,
2, ... preemptions, each complete, show that nothing smaller exists; a schedule that none of them reaches in time is
made smaller by changing it (`simplifying`). What a violation is, its kind and its place, never changes on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final, cast

from engine.errors import UsageError
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.record import Recording, follow
from engine.explore.replaying import machine_for
from engine.explore.result import Result
from engine.explore.search import Search, described, schedule_of
from engine.explore.simplifying import Target, simplify, taking_part
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.language.program import Program, build
from engine.schedule import ALONE, Schedule

if TYPE_CHECKING:
    from engine.explore.strategies.dfs import DepthFirst

#: Which part of the time is over after simple changes, bounded searches, smaller programs; the rest is for steps.
_SIMPLE, _PREEMPTIONS, _SMALLER = 0.15, 0.6, 0.8
#: What a schedule says when searches have shown it; a person reads it under the picture.
_SHOWN: Final = "Nothing breaks so with fewer preemptions."


def minimise(program: Program, schedule: Schedule, *, seconds: float = 20.0) -> Result:
    """The smallest schedule that breaks as this one does: the same kind at the same place.

    The schedule may be anybody's: a sampler's, or one written down from a native run. The result's `minimal` says
    whether the searches with fewer preemptions were complete; its schedule may be of a program with fewer rounds or
    threads, which is the result's `program`.

    Raises:
        UsageError: the schedule ends in no violation. DivergedError: the program does not follow it.
    """
    machine = machine_for(program, schedule)
    Search(machine, "dfs", Options())  # compiles, before the clock starts
    recording = follow(machine, schedule)
    if recording.violation is None:
        raise UsageError(f"{program.name}: the schedule breaks nothing; there is nothing to minimise")
    task = Minimiser(Best(machine, recording), seconds)
    return task.run([task.simplify, task.fewest_preemptions, task.smaller_program, task.fewer_take_part, task.shorten])


@dataclass(frozen=True)
class Best:
    """The smallest execution so far. `search`: what found it, and can go on behind it."""

    machine: Machine
    recording: Recording
    search: Search | None = None


class Minimiser:
    """One violation on its way to its smallest schedule.

    Attributes:
        minimal: nothing breaks so with fewer preemptions.
        executions, steps: of all searches for it.
    """

    def __init__(self, best: Best, seconds: float, *, minimal: bool = False) -> None:
        assert best.recording.violation is not None
        self.target, self.best, self.minimal = Target.of(best.recording.violation), best, minimal
        self.begin, self.seconds = time.perf_counter(), seconds
        self.executions, self.steps = 1, len(best.recording.turns)

    def run(self, phases: Sequence[Callable[[], None]]) -> Result:
        """The phases one after the other, and what they came to; Ctrl-C ends them."""
        interrupted = False
        try:
            for phase in phases if self.best.recording.turns else ():
                phase()
        except KeyboardInterrupt:
            interrupted = True
        return replace(self._result(), interrupted=interrupted)

    def simplify(self, share: float = _SIMPLE) -> None:
        """Simple changes: not the smallest, but soon small."""
        best = self.best
        self.best = Best(best.machine, simplify(best.machine, best.recording, self.target, self._until(share)))

    def fewest_preemptions(self) -> None:
        """Complete searches from 0 up; the first that breaks has the fewest."""
        for allowed in range(self.best.recording.preemptions):
            found, complete = self._hunt(self.best.machine.program, allowed, _PREEMPTIONS)
            self.best = found or self.best
            if found or not complete:
                self.minimal = found is not None
                return
        self.minimal = True

    def smaller_program(self) -> None:
        """Fewer rounds, or fewer threads of the roles that repeat."""
        for program in _smaller_programs(self.best.machine.program):
            if found := self._breaks_in(program):
                self.best = found
                return

    def _breaks_in(self, program: Program) -> Best | None:
        """How a smaller program breaks alike, with as many preemptions.

        One that breaks with fewer does so for another reason: its check at rest makes no sense on it.
        """
        allowed = self.best.recording.preemptions
        if allowed:
            found, complete = self._hunt(program, allowed - 1, _SMALLER)
            if found or not complete:
                return None
        return self._hunt(program, allowed, _SMALLER)[0]

    def fewer_take_part(self) -> None:
        """Up to a violation in mid-execution a thread need not take a step. Elsewhere all of them must finish."""
        recording = self.best.recording
        if not self._in_mid_execution():
            return
        assert recording.violation is not None
        threads = sorted(taking_part(recording))
        for some in (some for count in range(1, len(threads)) for some in combinations(threads, count)):
            if recording.violation.thread in some:
                found, _ = self._hunt(self.best.machine.program, recording.preemptions, _SMALLER, some)
                if found:
                    self.best = found
                    return

    def _in_mid_execution(self) -> bool:
        violation = self.best.recording.violation
        assert violation is not None
        return violation.thread != ALONE and violation.kind != "deadlock"

    def shorten(self) -> None:
        """Only along executions with fewer choices than the best one that breaks alike."""
        best = self.best
        search = best.search or self._search(best.machine.program, best.recording.preemptions)
        dfs = cast("DepthFirst", search.strategy)
        if self._in_mid_execution():
            _only(search, taking_part(best.recording))
        found: Best | None = best
        while found:
            self.best = found
            dfs.shorten(len(found.recording.turns) + sum(map(len, found.recording.choices)) - 1)
            found, _ = self._go_on(search, self._until(1.0))

    def _hunt(self, program: Program, allowed: int, share: float,
              threads: Sequence[int] = ()) -> tuple[Best | None, bool]:
        """The first execution with at most that many preemptions that breaks alike, if any; whether all were seen."""
        search = self._search(program, allowed)
        if threads:
            _only(search, threads)
        return self._go_on(search, self._until(share))

    def _search(self, program: Program, allowed: int) -> Search:
        old = self.best.machine
        machine = Machine(program, lock=old.lock, pool=old.pool, model=old.model, steps=int(old.C[c.C_LIMIT]))
        return Search(machine, "dfs", Options(allowed))

    def _go_on(self, search: Search, until: float) -> tuple[Best | None, bool]:
        count = search.strategy.count
        before = count(x.X_EXECUTIONS), count(x.X_STEPS)
        try:
            while time.perf_counter() < until:
                end = search.slice(until)
                if end == x.COMPLETE:
                    return None, True
                if end == x.FOUND and self.target.hit(search.machine):
                    return Best(search.machine, search.record(), search), False
            return None, False
        finally:
            self.executions += count(x.X_EXECUTIONS) - before[0]
            self.steps += count(x.X_STEPS) - before[1]

    def _until(self, share: float) -> float:
        return self.begin + share * self.seconds

    def _result(self) -> Result:
        machine, recording = self.best.machine, self.best.recording
        bound = described("dfs", Options(recording.preemptions), int(machine.C[c.C_LIMIT]))
        bound["smallest"] = _SHOWN if self.minimal and recording.preemptions else ""
        return Result(self.executions, 0, 0, self.steps, None, False, time.perf_counter() - self.begin, bound,
                      machine.model, recording.violation, schedule_of(machine, recording, bound),
                      recording.preemptions, 1, machine.counters(), program=machine.program, minimal=self.minimal)


def _only(search: Search, threads: Collection[int]) -> None:
    """Only these threads take part, and their flushers."""
    m = search.machine
    processes = [p for p in range(int(m.C[c.C_PROCESSES])) if m.thread_of(p)[0] in threads]
    cast("DepthFirst", search.strategy).only(processes)


def _smaller_programs(program: Program) -> Iterator[Program]:
    """The same program with fewer rounds, or fewer threads of the roles that repeat; the smallest first."""
    given = {name: value for name, value in program.params.items() if name not in program.layout.builtins()}
    least = len(program.scenario.roles_of(program.variant))
    for rounds in range(1, program.rounds + 1):
        for threads in range(least, len(program.threads) + 1):
            if (rounds, threads) != (program.rounds, len(program.threads)):
                yield build(program.scenario, program.variant.name, geometry=program.geometry, threads=threads,
                            rounds=rounds, params=given)
