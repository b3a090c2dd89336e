"""The search as its users see it: explore a program with one strategy; every slice of it goes through here."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Final

from engine.declare import Scenario
from engine.errors import NotDeterministicError, UsageError
from engine.explore import strategies
from engine.explore.again import ending, record, repeat
from engine.explore.bound import Bound, narrowed, program_of
from engine.explore.coverage import Coverage, follows
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.progress import Look, Tell, listener, told
from engine.explore.record import Recording
from engine.explore.result import FinalState, Result
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import MEMORY, Options
from engine.jit import HAVE_NUMBA
from engine.language.program import Program
from engine.schedule import Schedule

#: A slice is compiled code that Ctrl-C and a time limit wait for.
_SLICE_SECONDS: Final = 0.04
_FIRST_BUDGET: Final = 2_000 if HAVE_NUMBA else 100
#: How often an execution is run again, to see that it is a function of its choices.
_AGAIN_SECONDS: Final = 1.0


class Search:
    """One strategy on one machine, in slices as long as people wait for."""

    def __init__(self, machine: Machine, name: str, options: Options, *, finals: bool = False,
                 coverage: Coverage | None = None) -> None:
        row = strategies.find(name)
        if options.preemptions is not None and "preemptions" not in row.options:
            raise UsageError(f"a bound on preemptions is for strategy dfs; {name} does not keep to it")
        if machine.model not in row.models:
            raise UsageError(f"strategy {name} does not know model {machine.model}; it knows: {', '.join(row.models)}")
        self.machine, self.budget, self.name = machine, _FIRST_BUDGET, name
        self.finals: set[FinalState] | None = set() if finals else None
        self.strategy = strategies.load(name)(machine, options)
        self.coverage = coverage
        self.each = finals or (coverage is not None and coverage.follows)
        self.strategy.X[x.X_EACH] = 1  # the first execution is run again
        self.again = self.looked = 0.0

    def slice(self, until: float) -> int:
        """Run one slice; why it ended. The next one is as long as `_SLICE_SECONDS` allow, and not beyond `until`.

        FOUND: an execution has ended in a violation; the next slice goes on behind it.

        Raises:
            NotDeterministicError: an execution went another way than one before it.
        """
        begin = time.perf_counter()
        end = self.strategy.run(self.budget)
        now = time.perf_counter()
        if self.strategy.count(x.X_DIVERGED):
            raise NotDeterministicError(f"{self.machine.program.name} is not deterministic under its schedule: in "
                                        f"{self.name} a step was not what an execution before it had foreseen")
        if end in (x.FOUND, x.ENDED):
            self._ended(now)
        if end == x.BUDGET:
            wanted = min(_SLICE_SECONDS, max(until - now, 0.001))
            self.budget = int(min(max(self.budget * wanted / max(now - begin, 1e-6), 50), 4 * self.budget, 1 << 30))
        if end == x.BUDGET or now - self.looked > _SLICE_SECONDS:
            self._tell(now)
        self.strategy.X[x.X_EACH] = int(self.each or now > self.again)
        return end

    def _ended(self, now: float) -> None:
        """An execution has ended, and the machine is where it ended."""
        m = self.machine
        if self.finals is not None and (not m.failed or int(m.S[c.S_THREAD]) == m.alone):
            self.finals.add(tuple(m.memory().items()))
        if self.coverage is not None:
            self.coverage.ended(self.strategy.picks)
        if now > self.again:
            self.again = now + _AGAIN_SECONDS
            with self._kept():
                repeat(m, self.strategy.picks(), ending(m))

    def _tell(self, now: float) -> None:
        self.looked = now
        strategy, count = self.strategy, self.strategy.count
        if (tell := listener()) is not None:
            tell(Look(self.name, strategy.options.preemptions, count(x.X_EXECUTIONS), count(x.X_STEPS),
                      count(x.X_STATES), strategy.depth))

    def record(self) -> Recording:
        """The present execution again, with recording; the search can go on afterwards.

        Raises:
            NotDeterministicError: it did not do what it did in the search.
        """
        with self._kept():
            return record(self.machine, self.strategy.picks(), ending(self.machine))

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """The machine is afterwards where it was, so that the search can go on."""
        m = self.machine
        state, log = m.S.copy(), m.U[:m.mark].copy()
        try:
            yield
        finally:
            m.S[:], m.U[:len(log)] = state, log


def explore(what: Scenario | Program, variant: str = "", *, strategy: str = "dfs", model: str = "sc",
            bound: Bound | None = None, seed: int = 1, depth: int = 3, lock: str = "", pool: str = "",
            stop_at_first: bool = True, finals: bool = False, coverage: bool = False, progress: Tell | None = None,
            preemptions: int | None = None, executions: int | None = None, seconds: float | None = None,
            steps: int | None = None, memory: int | None = None, compact: bool = False) -> Result:
    """Search a program's executions.

    Args:
        what: a scenario (then `variant` is one of its variants, the first if empty), or a program that is built.
        strategy: one of `STRATEGIES`. model: the memory model. bound: how far to go.
        seed: of a sampler. depth: of the bugs that `pct` looks for.
        lock: the queueing rule of the RW locks, the variant's own if empty. pool: the same for the allocator's rule.
        stop_at_first: stop at the first violation. finals: collect the final states; does not stop at a violation.
        coverage: count which conflicting accesses follow each other, in the executions that the search ran.
        memory: MB that `states` or `dpor` may take, then it gives up.
        compact: `states` stores a hash of a state instead of the state.
        progress: called some tens of times a second with a `Look`.
        preemptions, executions, seconds, steps: short for the fields of `bound`.

    Raises:
        UsageError: an unknown name, or a limit so small that no execution was completed.
        NotDeterministicError: an execution that was run again went another way.
        KeyboardInterrupt: before an execution was completed; later the result is returned as far as it goes.
    """
    row = strategies.find(strategy)
    bound = narrowed(bound, {"preemptions": preemptions, "executions": executions, "seconds": seconds, "steps": steps})
    if not row.ends and bound.executions is None and bound.seconds is None:
        raise UsageError(f"a {strategy} search ends by itself only with a number of executions or seconds")
    program = program_of(what, variant, bound)
    machine = Machine(program, lock=lock or own_lock(program), pool=pool, model=model, steps=bound.steps,
                      coverage=coverage and not follows(strategy))
    options = Options(bound.preemptions, bound.executions, seed, depth, memory or MEMORY, compact)
    data = described(strategy, options, bound.steps)
    if machine.failed:
        return failed_at_once(machine, data)
    with told(progress) if progress else nullcontext():
        search = Search(machine, strategy, options, finals=finals,
                        coverage=Coverage(machine, strategy) if coverage else None)
        return run(search, data, bound.seconds, stop_at_first and not finals)


def own_lock(program: Program) -> str:
    """The first lock that the variant makes sense on."""
    return next(iter(program.variant.locks), "qrwlock")


def described(strategy: str, options: Options, steps: int) -> dict[str, Any]:
    """The bound as a schedule file and a verdict give it."""
    data: dict[str, Any] = {"strategy": strategy, "preemptions": options.preemptions, "steps": steps}
    if options.compact:
        data["compact"] = True
    return data | {name: getattr(options, name) for name in ("seed", "depth")
                   if name in strategies.find(strategy).options}


def run(search: Search, bound: dict[str, Any], seconds: float | None, stop_at_first: bool = True) -> Result:
    """Slice after slice until the search is over, or `seconds`, or a violation if that is what it is for."""
    begin = time.perf_counter()
    until = begin + seconds if seconds is not None else float("inf")
    first: Recording | None = None
    found = 0
    end = x.BUDGET
    interrupted = False
    try:
        while end not in (x.COMPLETE, x.ENOUGH, x.LIMIT) and time.perf_counter() < until:
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
    result = result_of(search, bound, time.perf_counter() - begin, end, first, found)
    return replace(result, interrupted=interrupted)


def result_of(search: Search, bound: dict[str, Any], seconds: float, end: int, first: Recording | None,
              found: int) -> Result:
    """What a search has found so far; `end`: why its last slice ended."""
    m, count = search.machine, search.strategy.count
    executions = count(x.X_EXECUTIONS)
    if executions == 0:
        why = search.strategy.stopped or "give the search more time"
        raise UsageError(f"{m.program.name}: no execution was completed in {seconds:.1f} s; {why}")
    return Result(executions, count(x.X_REDUNDANT), count(x.X_BLOCKED), count(x.X_STEPS), count(x.X_STATES) or None,
                  end == x.COMPLETE, seconds, bound, m.model,
                  first.violation if first else None, schedule_of(m, first, bound) if first else None,
                  first.preemptions if first else None, found, m.counters(),
                  finals=None if search.finals is None else frozenset(search.finals), program=m.program,
                  bytes=search.strategy.bytes, peak=count(x.X_PEAK), stopped=search.strategy.stopped,
                  coverage=search.coverage.by_line() if search.coverage else None)


def schedule_of(machine: Machine, recording: Recording, bound: dict[str, Any]) -> Schedule:
    """The schedule of a recorded execution."""
    return Schedule.of(machine.program, tuple(recording.turns), tuple(map(tuple, recording.choices)),
                       lock=machine.lock, pool=machine.pool, model=machine.model, violation=recording.violation,
                       bound=bound)


def failed_at_once(machine: Machine, bound: dict[str, Any]) -> Result:
    """Set-up, or a thread's work before its first step, is a violation whatever the schedule."""
    recording = record(machine, ())
    return Result(1, 0, 0, 0, None, True, 0.0, bound, machine.model, recording.violation,
                  schedule_of(machine, recording, bound), 0, 1, machine.counters(), program=machine.program,
                  minimal=True)
