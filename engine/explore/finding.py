"""The smallest violation of a program, or a verdict: what a person wants who does not choose a strategy."""

from __future__ import annotations

import time
from dataclasses import replace
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
#: What a schedule says of smaller ones; a person reads it under the picture.
_SHOWN: Final = "Nothing breaks with fewer preemptions."


def smallest(what: Scenario | Program, variant: str = "", *, bound: Bound | None = None, seconds: float | None = None,
             preemptions: int | None = None, lock: str = "", pool: str = "", model: str = "sc") -> Result:
    """The violation that needs the fewest preemptions, then the fewest rounds, threads and steps.

    Searches with 0, 1, 2, ... up to `preemptions` (8) until one breaks or a bound cuts nothing, then makes what broke
    smaller while `seconds` (20) last. Without a violation the result is complete for the last bound, or, if that bound
    cut nothing, for all executions (its bound then says preemptions None).

    Args:
        what, variant, bound, lock, pool, model, preemptions, seconds: as of `explore`.
    """
    bound = narrowed(bound, {"seconds": seconds, "preemptions": preemptions})
    program = program_of(what, variant, bound)
    machine = Machine(program, lock=lock or own_lock(program), pool=pool, model=model, steps=bound.steps)
    if machine.failed:
        return failed_at_once(machine, described("dfs", Options(0), bound.steps))
    best: Result | None = None
    begin = 0.0
    allow = _PREEMPTIONS if bound.preemptions is None else bound.preemptions
    for allowed in range(allow + 1):
        try:
            search = Search(machine, "dfs", Options(allowed))
            begin = begin or time.perf_counter()  # the first search has compiled
            left = begin + (bound.seconds or _SECONDS) - time.perf_counter()
            if best is not None and left <= 0:
                break
            result = run(search, described("dfs", Options(allowed), bound.steps), max(left, 0.5), True)
        except KeyboardInterrupt:
            if best is None:
                raise
            return replace(best, interrupted=True)
        if result.violation is not None:
            left = begin + (bound.seconds or _SECONDS) - time.perf_counter()
            return result if result.interrupted else _made_smaller(search, result, min(left, _SHORTEN_SECONDS))
        if not result.complete:
            return replace(best or result, interrupted=result.interrupted)
        best = result
        if search.strategy.count(x.X_CUT) == 0:
            best.bound["preemptions"] = None
            break
    assert best is not None
    return best


def _made_smaller(search: Search, result: Result, seconds: float) -> Result:
    """Fewer rounds, threads and steps, with as many preemptions as the search has found that it needs."""
    assert result.schedule is not None
    machine = search.machine
    twin = Machine(machine.program, lock=machine.lock, pool=machine.pool, model=machine.model,
                   steps=result.bound["steps"])  # for its events: the search goes on where it is
    task = Minimiser(Best(machine, follow(twin, result.schedule), search), seconds, minimal=True)
    small = task.run([task.smaller_program, task.fewer_take_part, task.shorten])
    assert small.schedule is not None
    data = {**small.bound, "smallest": _SHOWN if small.preemptions else ""}
    return replace(small, executions=result.executions + small.executions, steps=result.steps + small.steps,
                   seconds=result.seconds + small.seconds, counters=result.counters, bound=data,
                   schedule=replace(small.schedule, bound=data))
