"""All the different violations that one search comes past, where `explore` gives the first."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.explore.coverage import Coverage, follows
from engine.explore.load import STEPS_MAX, Machine
from engine.explore.machine import cells as c
from engine.explore.record import Recording
from engine.explore.result import Result
from engine.explore.search import Search, described, failed_at_once, own_lock, result_of, schedule_of
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import MEMORY, Options
from engine.language.program import Program
from engine.schedule import Schedule, Violation

#: Executions with a violation after which a search has shown enough: each one leaves the compiled code.
ENOUGH: Final = 1000


@dataclass(frozen=True)
class Sighting:
    """One violation, by kind and place. `count`: executions that ended in it. `executions`: when it was seen first."""

    violation: Violation
    schedule: Schedule
    preemptions: int
    count: int
    executions: int


@dataclass(frozen=True)
class Survey:
    """A search and what it came past. `result`: as of `explore`, its violation the first one, its coverage that of
    strategies which count on their way."""

    result: Result
    sightings: tuple[Sighting, ...]


def survey(program: Program, *, strategy: str, executions: int, seed: int = 1, depth: int = 3, lock: str = "",
           model: str = "sc", enough: int = ENOUGH, seconds: float = float("inf"), memory: int = MEMORY) -> Survey:
    """Search `executions` at most; a function of its arguments, to the last step, unless its time is over first.

    Args:
        enough: executions with a violation, after which it ends. seconds: after which it ends. memory: as of `explore`.

    Raises:
        UsageError, NotDeterministicError, KeyboardInterrupt: as `explore`.
    """
    counts = not follows(strategy)  # a second run of every execution would cost more than it tells
    machine = Machine(program, lock=lock or own_lock(program), model=model, coverage=counts)
    options = Options(None, executions, seed, depth, memory)
    bound = described(strategy, options, STEPS_MAX)
    if machine.failed:
        result = failed_at_once(machine, bound)
        assert result.violation is not None
        assert result.schedule is not None
        return Survey(result, (Sighting(result.violation, result.schedule, 0, 1, 1),))
    coverage = Coverage(machine, strategy) if counts else None
    return _surveyed(Search(machine, strategy, options, coverage=coverage), bound, enough, seconds)


def _surveyed(search: Search, bound: dict[str, Any], enough: int, seconds: float) -> Survey:
    machine, begin, end, found = search.machine, time.perf_counter(), x.BUDGET, 0
    seen: dict[tuple[int, int], tuple[Recording, int]] = {}
    counts: dict[tuple[int, int], int] = {}
    while end not in (x.COMPLETE, x.ENOUGH, x.LIMIT) and found < enough and time.perf_counter() < begin + seconds:
        end = search.slice(begin + seconds)
        if end == x.FOUND:
            found += 1
            key = int(machine.S[c.S_KIND]), int(machine.S[c.S_PC])
            counts[key] = counts.get(key, 0) + 1
            if key not in seen:
                seen[key] = search.record(), search.strategy.count(x.X_EXECUTIONS)
    first = next(iter(seen.values()))[0] if seen else None
    result = result_of(search, bound, time.perf_counter() - begin, end, first, found)
    sightings = tuple(_sighting(machine, recording, bound, counts[key], at) for key, (recording, at) in seen.items())
    return Survey(replace(result, stopped=_stopped(result, end, found, enough)), sightings)


def _stopped(result: Result, end: int, found: int, enough: int) -> str:
    """Why it ended before its executions were made, "" if it did not."""
    if found >= enough:
        return f"it has come past {found} violations"
    return "its time is over" if end in (x.BUDGET, x.FOUND, x.ENDED) else result.stopped


def _sighting(machine: Machine, recording: Recording, bound: dict[str, Any], count: int, executions: int) -> Sighting:
    assert recording.violation is not None
    schedule = schedule_of(machine, recording, bound)
    return Sighting(recording.violation, schedule, recording.preemptions or 0, count, executions)
