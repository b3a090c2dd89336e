"""The search for one violation that is already known: by its kind and place, as a native run saw it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from engine.explore.load import STEPS_MAX, Machine
from engine.explore.machine import cells as c
from engine.explore.result import Result
from engine.explore.search import Search, described, failed_at_once, result_of
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.language.program import Program
from engine.violations import ANYWHERE, BY_NAME

EXACT, ALIKE, OTHER, NOTHING = 3, 2, 1, 0


@dataclass(frozen=True)
class Wanted:
    """What to look for. `where`: file:line."""

    kind: str
    where: str

    def rank(self, machine: Machine) -> int:
        """How near the violation that the machine has come to is."""
        if int(machine.S[c.S_KIND]) != BY_NAME[self.kind].code:
            return OTHER
        same = self.kind in ANYWHERE or machine.code.where(int(machine.S[c.S_PC])) == self.where
        return EXACT if same else ALIKE


@dataclass(frozen=True)
class Hunt:
    """How a hunt ended.

    Attributes:
        result: of the search that came nearest. rank: how near: EXACT, ALIKE (the kind elsewhere), OTHER, NOTHING.
        executions: of all searches. preemptions: the largest bound that was searched completely, -1 for none; None if
            every execution was seen.
    """

    result: Result
    rank: int
    executions: int
    preemptions: int | None
    seconds: float
    interrupted: bool


def hunt(program: Program, wanted: Wanted, *, seconds: float, lock: str = "qrwlock", model: str = "sc",
         preemptions: int = 8) -> Hunt:
    """Look for what is wanted with 0, 1, 2, ... preemptions, past other violations, until it is found.

    Raises:
        KeyboardInterrupt: before an execution was completed; later the hunt is `interrupted`.
    """
    machine = Machine(program, lock=lock, model=model)
    if machine.failed:
        result = failed_at_once(machine, described("dfs", Options(0), STEPS_MAX))
        return Hunt(result, wanted.rank(machine), 1, None, 0.0, False)
    best: Result | None = None
    rank, begin, executions = NOTHING, 0.0, 0
    complete: int | None = -1
    for allowed in range(preemptions + 1):
        try:
            search = Search(machine, "dfs", Options(allowed))
            begin = begin or time.perf_counter()  # the first one has compiled
            result, near = _within(search, allowed, wanted, begin + seconds, rank)
        except KeyboardInterrupt:
            if best is None:
                raise
            result = replace(result, interrupted=True)
            break
        executions += result.executions
        if best is None or near > rank or rank == NOTHING:
            best, rank = result, max(near, rank)
        if not result.complete:
            break
        complete = allowed if search.strategy.count(x.X_CUT) else None
        if rank == EXACT or complete is None:
            break
    assert best is not None
    return Hunt(best, rank, executions, complete, time.perf_counter() - begin, result.interrupted)


def _within(search: Search, allowed: int, wanted: Wanted, until: float, least: int) -> tuple[Result, int]:
    """One bound; only what is nearer than `least` counts."""
    bound = described("dfs", Options(allowed), STEPS_MAX)
    recording, rank, end, interrupted = None, least, x.BUDGET, False
    try:
        while end != x.COMPLETE and rank != EXACT and (time.perf_counter() < until or not _ended(search)):
            end = search.slice(until)
            if end == x.FOUND and (near := wanted.rank(search.machine)) > rank:
                recording, rank = search.record(), near
    except KeyboardInterrupt:
        if not _ended(search):
            raise
        interrupted = True
    result = result_of(search, bound, 0.0, end, recording, int(recording is not None))
    return replace(result, interrupted=interrupted), rank if recording else NOTHING


def _ended(search: Search) -> int:
    return search.strategy.count(x.X_EXECUTIONS)
