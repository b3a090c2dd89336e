"""The search as its users see it: explore a program, replay a schedule, find the smallest schedule that breaks it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from engine.errors import UsageError
from engine.explore import strategies
from engine.explore.load import STEPS_MAX, Machine
from engine.explore.machine import cells as c
from engine.explore.progress import Look, listener
from engine.explore.record import Recording, follow, record
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.jit import HAVE_NUMBA
from engine.language.program import Program
from engine.schedule import Execution, Schedule, Violation
from engine.violations import BY_NAME

if TYPE_CHECKING:
    from engine.explore.strategies.dfs import DepthFirst

#: A slice is compiled code that Ctrl-C and a time limit wait for.
_SLICE_SECONDS: Final = 0.04
_SHORTEN_SECONDS: Final = 3.0
_FIRST_BUDGET: Final = 2_000 if HAVE_NUMBA else 100


@dataclass(frozen=True)
class Result:
    """What a search found, and within which bound.

    Attributes:
        executions: complete ones. redundant, blocked: those that told nothing new .
        steps: steps taken, those repeated after backtracking included. states: distinct ones, None if not counted.
        complete: every execution within `bound` was seen. seconds: of the search, compiling excluded.
        violation, schedule, preemptions: of the first violation found. found: executions that ended in a violation.
        counters: `mem.count` over the whole search. interrupted: by Ctrl-C; the rest is what it found so far.
    """

    executions: int
    redundant: int
    blocked: int
    steps: int
    states: int | None
    complete: bool
    seconds: float
    bound: dict[str, Any]
    model: str
    violation: Violation | None = None
    schedule: Schedule | None = None
    preemptions: int | None = None
    found: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    interrupted: bool = False


class _Search:
    """One strategy on one machine, in slices as long as people wait for."""

    def __init__(self, machine: Machine, name: str, options: Options) -> None:
        row = strategies.find(name)
        if options.preemptions is not None and "preemptions" not in row.options:
            raise UsageError(f"a bound on preemptions is for strategy dfs; {name} does not keep to it")
        self.machine, self.budget, self.name = machine, _FIRST_BUDGET, name
        self.strategy = strategies.load(name)(machine, options)

    def slice(self, until: float) -> int:
        """Run one slice; why it ended. The next one is as long as `_SLICE_SECONDS` allow, and not beyond `until`."""
        begin = time.perf_counter()
        end = self.strategy.run(self.budget)
        now = time.perf_counter()
        if (tell := listener()) is not None:
            tell(self._look())
        if end == x.BUDGET:
            wanted = min(_SLICE_SECONDS, max(until - now, 0.001))
            self.budget = int(min(max(self.budget * wanted / max(now - begin, 1e-6), 50), 4 * self.budget, 1 << 30))
        return end

    def _look(self) -> Look:
        strategy, count = self.strategy, self.strategy.count
        return Look(self.name, strategy.options.preemptions, count(x.X_EXECUTIONS), count(x.X_STEPS),
                    count(x.X_STATES), strategy.depth)

    def record(self) -> Recording:
        """The present execution again, with recording; the search can go on afterwards."""
        m = self.machine
        state, log = m.S.copy(), m.U[:m.mark].copy()
        try:
            return record(m, self.strategy.picks())
        finally:
            m.S[:], m.U[:len(log)] = state, log


def explore(program: Program, *, strategy: str = "dfs", preemptions: int | None = None, executions: int | None = None,
            seconds: float | None = None, seed: int = 1, lock: str = "qrwlock", pool: str = "", model: str = "sc",
            stop_at_first: bool = True, steps: int = STEPS_MAX) -> Result:
    """Search a program's executions.

    Args:
        preemptions: bound for `dfs`, None for all executions. executions, seconds: when to give up, None for never.
        seed: of `random`. pool: the variant's own if empty. stop_at_first: stop at the first violation.
        steps: in one execution; more are a violation of kind step-limit.

    Raises:
        UsageError: an unknown name, or a limit so small that no execution was completed.
        KeyboardInterrupt: before an execution was completed; later the result is returned as far as it goes.
    """
    row = strategies.find(strategy)
    if not row.ends and executions is None and seconds is None:
        raise UsageError(f"a {strategy} search ends by itself only with a number of executions or seconds")
    machine = Machine(program, lock=lock, pool=pool, model=model, steps=steps)
    bound: dict[str, Any] = {"strategy": strategy, "preemptions": preemptions, "steps": steps}
    if "seed" in row.options:
        bound |= {"seed": seed}
    if machine.failed:
        return _failed_at_once(machine, bound)
    search = _Search(machine, strategy, Options(preemptions, executions, seed))
    return _run(search, bound, seconds, stop_at_first)


def _run(search: _Search, bound: dict[str, Any], seconds: float | None, stop_at_first: bool) -> Result:
    begin = time.perf_counter()
    until = begin + seconds if seconds is not None else float("inf")
    first: Recording | None = None
    found = 0
    end = x.BUDGET
    interrupted = False
    try:
        while end not in (x.COMPLETE, x.ENOUGH) and time.perf_counter() < until:
            end = search.slice(until)
            if end == x.FOUND:
                found += 1
                first = first or search.record()
                if stop_at_first:
                    break
    except KeyboardInterrupt:
        if search.strategy.count(x.X_EXECUTIONS) == 0:
            raise
        interrupted = True
        if found and first is None:
            first = search.record()  # it came while the violation was being recorded
    result = _result(search, bound, time.perf_counter() - begin, end, first, found)
    return replace(result, interrupted=interrupted)


def _result(search: _Search, bound: dict[str, Any], seconds: float, end: int, first: Recording | None,
            found: int) -> Result:
    m, count = search.machine, search.strategy.count
    executions = count(x.X_EXECUTIONS)
    if executions == 0:
        raise UsageError(f"{m.program.name}: no execution was completed in {seconds:.1f} s; give the search more time")
    return Result(executions, count(x.X_REDUNDANT), count(x.X_BLOCKED), count(x.X_STEPS), count(x.X_STATES) or None,
                  end == x.COMPLETE, seconds, bound, m.model,
                  first.violation if first else None, _schedule(m, first, bound) if first else None,
                  first.preemptions if first else None, found, m.counters())


def _schedule(machine: Machine, recording: Recording, bound: dict[str, Any]) -> Schedule:
    return Schedule.of(machine.program, tuple(recording.turns), tuple(map(tuple, recording.choices)),
                       lock=machine.lock, pool=machine.pool, model=machine.model, violation=recording.violation,
                       bound=bound)


def _failed_at_once(machine: Machine, bound: dict[str, Any]) -> Result:
    """Set-up, or a thread's work before its first step, is a violation whatever the schedule."""
    recording = record(machine, ())
    return Result(1, 0, 0, 0, None, True, 0.0, bound, machine.model, recording.violation,
                  _schedule(machine, recording, bound), 0, 1, machine.counters())


def replay(program: Program, schedule: Schedule, *, lock: str = "") -> Execution:
    """Run a schedule.

    Raises:
        DivergedError: the program does not follow it.
    """
    machine = _machine_for(program, schedule, lock)
    return follow(machine, schedule).execution(program, machine)


def _machine_for(program: Program, schedule: Schedule, lock: str = "") -> Machine:
    return Machine(program, lock=lock or schedule.lock, pool=schedule.pool, model=schedule.model,
                   steps=schedule.bound.get("steps", STEPS_MAX))


def recording_of(program: Program, schedule: Schedule) -> tuple[Machine, Recording]:
    """A schedule with old and new values, for a picture; the machine is left at its end."""
    machine = _machine_for(program, schedule)
    return machine, follow(machine, schedule)


def smallest(program: Program, *, seconds: float = 20.0, lock: str = "qrwlock", pool: str = "", model: str = "sc",
             preemptions: int = 8) -> Result:
    """The violation that needs the fewest preemptions, then the fewest steps.

    Searches with 0, 1, 2, ... up to `preemptions` until one breaks or a bound cuts nothing, then tries to shorten
    within the same bound while `seconds` last. Without a violation the result is complete for the last bound, or, if
    that bound cut nothing, for all executions (its bound then says preemptions None).
    """
    machine = Machine(program, lock=lock, pool=pool, model=model)
    if machine.failed:
        return _failed_at_once(machine, {"strategy": "dfs", "preemptions": 0, "steps": STEPS_MAX})
    best: Result | None = None
    begin = 0.0
    for allowed in range(preemptions + 1):
        bound: dict[str, Any] = {"strategy": "dfs", "preemptions": allowed, "steps": STEPS_MAX}
        try:
            search = _Search(machine, "dfs", Options(allowed))
            begin = begin or time.perf_counter()  # the first search has compiled
            left = begin + seconds - time.perf_counter()
            if best is not None and left <= 0:
                break
            result = _run(search, bound, max(left, 0.5), True)
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


def _shorten(search: _Search, bound: dict[str, Any], result: Result, until: float) -> Result:
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
                result = _result(search, bound, result.seconds, end, recording, 1)
    except KeyboardInterrupt:
        return replace(result, interrupted=True)
    return result
