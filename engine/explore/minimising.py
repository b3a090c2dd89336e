"""The smallest schedule that breaks a program."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from engine.explore.load import STEPS_MAX, Machine
from engine.explore.machine import cells as c
from engine.explore.result import Result
from engine.explore.search import Search, failed_at_once, result_of, run
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.language.program import Program
from engine.violations import BY_NAME

if TYPE_CHECKING:
    from engine.explore.strategies.dfs import DepthFirst

_SHORTEN_SECONDS: Final = 3.0


def smallest(program: Program, *, seconds: float = 20.0, lock: str = "qrwlock", pool: str = "", model: str = "sc",
             preemptions: int = 8) -> Result:
    """The violation that needs the fewest preemptions, then the fewest steps.

    Searches with 0, 1, 2, ... up to `preemptions` until one breaks or a bound cuts nothing, then tries to shorten
    within the same bound while `seconds` last. Without a violation the result is complete for the last bound, or, if
    that bound cut nothing, for all executions (its bound then says preemptions None).
    """
    machine = Machine(program, lock=lock, pool=pool, model=model)
    if machine.failed:
        return failed_at_once(machine, {"strategy": "dfs", "preemptions": 0, "steps": STEPS_MAX})
    best: Result | None = None
    begin = 0.0
    for allowed in range(preemptions + 1):
        bound: dict[str, Any] = {"strategy": "dfs", "preemptions": allowed, "steps": STEPS_MAX}
        try:
            search = Search(machine, "dfs", Options(allowed))
            begin = begin or time.perf_counter()  # the first search has compiled
            left = begin + seconds - time.perf_counter()
            if best is not None and left <= 0:
                break
            result = run(search, bound, max(left, 0.5), True)
        except KeyboardInterrupt:
            if best is None:
                raise
            return replace(best, interrupted=True)
        if result.violation is not None:
            until = min(begin + seconds, time.perf_counter() + _SHORTEN_SECONDS)
            return result if result.interrupted else _shorten(search, bound, result, until)
        if not result.complete:
            return replace(best or result, interrupted=result.interrupted)
        best = result
        if search.strategy.count(x.X_CUT) == 0:
            best.bound["preemptions"] = None
            break
    assert best is not None
    return best


def _shorten(search: Search, bound: dict[str, Any], result: Result, until: float) -> Result:
    """Go on with the search, but only along executions with fewer choices than the best one that breaks alike."""
    violation, dfs = result.violation, cast("DepthFirst", search.strategy)
    assert violation is not None
    try:
        dfs.shorten()
        while time.perf_counter() < until:
            end = search.slice(until)
            if end == x.COMPLETE:
                break
            if end == x.FOUND and search.machine.S[c.S_KIND] == BY_NAME[violation.kind].code:
                recording = search.record()
                dfs.shorten()
                result = result_of(search, bound, result.seconds, end, recording, 1)
    except KeyboardInterrupt:
        return replace(result, interrupted=True)
    return result
