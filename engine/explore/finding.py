"""The smallest violation of a program, or a verdict: what a person wants who does not choose a strategy.

Two searches answer two questions. Bounded ones, with 0, 1, 2, ... preemptions, find the violation that is easiest to
understand, and most need no more than two. Where these find none, the search through states says whether there is any:
it sees all executions at once, where a bounded search would see hundreds of thousands of those with four preemptions.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Final

from engine.declare import Scenario
from engine.explore.bound import Bound, narrowed, program_of
from engine.explore.load import Machine
from engine.explore.minimising import Best, Minimiser
from engine.explore.record import follow
from engine.explore.result import Result
from engine.explore.search import Search, described, failed_at_once, own_lock, run
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.language.program import Program

_SECONDS: Final = 20.0
_PREEMPTIONS: Final = 8
_SHORTEN_SECONDS: Final = 3.0
#: When to ask whether there is any violation: a bounded search takes that long, or has had that many preemptions.
_PATIENCE: Final = 1.0
_FEW: Final = 2
#: What a schedule says of smaller ones; a person reads it under the picture.
_SHOWN: Final = "Nothing breaks with fewer preemptions."


def smallest(what: Scenario | Program, variant: str = "", *, bound: Bound | None = None, seconds: float | None = None,
             preemptions: int | None = None, lock: str = "", pool: str = "", model: str = "sc") -> Result:
    """The violation that needs the fewest preemptions, then the fewest rounds, threads and steps.

    Searches with 0, 1, 2, ... up to `preemptions` (8) until one breaks or all executions have been seen, then makes
    what broke smaller while `seconds` (20) last. Without a violation the result is complete for all executions (its
    bound then says preemptions None), or for the last bound.

    Args:
        what, variant, bound, lock, pool, model, preemptions, seconds: as of `explore`.
    """
    bound = narrowed(bound, {"seconds": seconds, "preemptions": preemptions})
    program = program_of(what, variant, bound)
    machine = Machine(program, lock=lock or own_lock(program), pool=pool, model=model, steps=bound.steps)
    if machine.failed:
        return failed_at_once(machine, described("dfs", Options(0), bound.steps))
    return _Finder(machine, bound).find()


class _Finder:
    """Attributes:
        best: the last bound that was searched completely. part: the one after it, as far as it was searched.
        known: a violation that the search through states found.
    """

    def __init__(self, machine: Machine, bound: Bound) -> None:
        self.machine, self.bound = machine, bound
        self.begin = 0.0
        self.best: Result | None = None
        self.part: Result | None = None
        self.known: Result | None = None
        self.asked = False

    def find(self) -> Result:
        """Bound after bound; Ctrl-C gives what is known by then."""
        most = _PREEMPTIONS if self.bound.preemptions is None else self.bound.preemptions
        try:
            for allowed in range(most + 1):
                result = self._within(allowed)
                if result is not None:
                    return result
        except KeyboardInterrupt:
            if (said := self.best or self.part) is None:
                raise
            return replace(said, interrupted=True)
        return self._at_last(None)

    def _within(self, allowed: int) -> Result | None:
        """One bound; a result if it is the last."""
        search = Search(self.machine, "dfs", Options(allowed))
        self.begin = self.begin or time.perf_counter()  # the first search has compiled
        if self.best is not None and self._left() <= 0:
            return self._at_last(None)
        data = described("dfs", Options(allowed), self.bound.steps)
        result = run(search, data, max(self._left() if self.asked else min(self._left(), _PATIENCE), 0.5))
        if not _over(result) and self._left() > 0:
            self.part = result
            if (verdict := self._ask()) is not None:
                return verdict
            result = run(search, data, max(self._left(), 0.5))
        if result.violation is not None:
            return result if result.interrupted else self._small(search, result)
        if not result.complete:
            return self._at_last(result)
        self.best = result
        if search.strategy.count(x.X_CUT) == 0:
            self.best.bound["preemptions"] = None
            return self.best
        return self._ask() if allowed >= _FEW else None

    def _ask(self) -> Result | None:
        """Whether there is a violation at all: a result if there is none, and that is certain. Asked once."""
        if self.asked or self.bound.preemptions is not None:
            return None
        self.asked = True
        m = self.machine
        twin = Machine(m.program, lock=m.lock, pool=m.pool, model=m.model, steps=self.bound.steps)
        begin = time.perf_counter()
        search = Search(twin, "states", Options())
        self.begin += time.perf_counter() - begin  # compiling is not searching
        result = run(search, described("states", Options(), self.bound.steps), max(self._left() / 2, 0.5))
        if result.interrupted:
            raise KeyboardInterrupt
        self.known = result if result.violation is not None else None
        return result if result.complete and result.violation is None else None

    def _at_last(self, result: Result | None) -> Result:
        """No bound has broken it: what is left to say."""
        said = self._simplified() or self.best or result
        assert said is not None
        return replace(said, interrupted=result is not None and result.interrupted)

    def _simplified(self) -> Result | None:
        """A violation that only the search through states has found, not shown to be the smallest.

        A livelock stays as it is: one turn of its cycle is not what breaks when it is cut.
        """
        known = self.known
        if known is None or known.schedule is None or known.violation is None or known.violation.kind == "livelock":
            return known
        task = Minimiser(Best(self.machine, follow(self.machine, known.schedule)), _SHORTEN_SECONDS)
        return task.run([partial(task.simplify, 1.0)])

    def _small(self, search: Search, result: Result) -> Result:
        """Fewer rounds, threads and steps, with as many preemptions as the search has found that it needs."""
        assert result.schedule is not None
        m = search.machine
        twin = Machine(m.program, lock=m.lock, pool=m.pool, model=m.model, steps=self.bound.steps)
        best = Best(m, follow(twin, result.schedule), search)  # the twin: the search goes on where it is
        task = Minimiser(best, min(self._left(), _SHORTEN_SECONDS), minimal=True)
        small = task.run([task.smaller_program, task.fewer_take_part, task.shorten])
        assert small.schedule is not None
        data = {**small.bound, "smallest": _SHOWN if small.preemptions else ""}
        return replace(small, executions=result.executions + small.executions, steps=result.steps + small.steps,
                       seconds=result.seconds + small.seconds, counters=result.counters, bound=data,
                       schedule=replace(small.schedule, bound=data))

    def _left(self) -> float:
        """Seconds."""
        return self.begin + (self.bound.seconds or _SECONDS) - time.perf_counter()


def _over(result: Result) -> bool:
    return result.violation is not None or result.complete or result.interrupted
