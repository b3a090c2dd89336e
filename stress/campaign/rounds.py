"""Runs one round, and explains one violation. What comes back is plain data, a function of the round's description.

Threads run in children of zygotes of ours, as in `pttorture run`; searches run in this process.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from engine.declare import CLEAN
from engine.errors import ProtocolError, PttortureError, UsageError
from engine.language.program import Program, build
from engine.places import short_file
from stress import verdict
from stress.campaign.cell import Cell, Round
from stress.console import Console
from stress.findings.accesses import accesses
from stress.job import Job, scenario_of
from stress.runner import Runner
from stress.supervisor import Supervisor
from stress.why import attached, hunted

if TYPE_CHECKING:
    from engine.explore.surveying import Survey

#: A search ends in good order after so many seconds, or when it has set so many MB aside; both are far below what makes
#: a member of the crew suspect.
SECONDS: Final = 240.0
MEMORY: Final = 256
#: The first rounds of a cell end when what is expected has been seen; later ones look for something else as well.
BRIEF: Final = 2

Beat = Callable[[str], None]
Find = Callable[[dict[str, Any]], None]


class Rounds:
    """Runs rounds one after the other; keeps what is compiled. A context manager that leaves nothing behind.

    Args:
        logs: a folder for the logs of zygotes. beat: called some times a second with what goes on. find: called with
            each violation and fault of threads as soon as it is seen.
    """

    def __init__(self, logs: Path, *, beat: Beat = lambda _: None, find: Find = lambda _: None) -> None:
        self.beat, self.find = beat, find
        self.runner = Runner(_Notes(logs / "rounds", self), _Beats(self), zygotes=1)

    def __enter__(self) -> Rounds:
        self.runner.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.runner.__exit__(kind, error, trace)

    def run(self, each: Round) -> dict[str, Any]:
        """One round: `seconds`, `outcome`, `verdict`, `expected`, `violations`, `faults`, `work`, ...

        A protocol that cannot be run is a fault of the round, not an exception.
        """
        try:
            return _portable(self._search(each) if each.cell.searches else self._hammer(each))
        except PttortureError as error:
            return {**failed(each, str(error)), "hopeless": isinstance(error, UsageError | ProtocolError)}

    def _hammer(self, each: Round) -> dict[str, Any]:
        job = job_of(each)
        program = self.runner.program(job)
        expected = expectation(each.cell)
        enough = expected if expected != CLEAN and each.number < BRIEF else ""
        return self.runner.run(job, supervise=partial(Supervisor, job, program, enough=enough, most_hangs=1))

    def _search(self, each: Round) -> dict[str, Any]:
        from engine.explore.progress import told
        from engine.explore.surveying import survey

        cell = each.cell
        program = searched(cell)
        with told(lambda look: self.beat(f"{look.executions} executions")):
            found = survey(program, strategy=cell.strategy, executions=each.executions, seed=each.seed, lock=cell.lock,
                           model=cell.model, seconds=SECONDS, memory=MEMORY)
        return _surveyed(cell, program, found)

    def explain(self, cell: Cell, violation: Mapping[str, Any]) -> dict[str, Any]:
        """Why: see `stress.why.attached`; and `accesses`, those that matter. The small geometry first: it is quick."""
        from engine.explore.progress import told

        try:
            with told(lambda look: self.beat(f"{look.executions} executions")):
                found = hunted(_job(cell), cell.threads, violation, small_first=True, model=cell.model,
                               rounds=cell.rounds)
            schedule, program = found.hunt.result.schedule, found.hunt.result.program or found.program
            pairs = accesses(program, schedule) if schedule is not None else []
            return {**attached(found, cell.source), "accesses": pairs}
        except PttortureError as error:
            return attached(error, cell.source)


def job_of(each: Round) -> Job:
    """A round of threads as a job."""
    return replace(_job(each.cell), seconds=each.seconds, seed=each.seed)


def _job(cell: Cell) -> Job:
    return Job(cell.scenario, cell.variant, cell.executor, cell.lock, cell.source, cell.threads, cell.processes,
               perturb=cell.perturb)


def searched(cell: Cell) -> Program:
    """The program of a cell that is searched: on the small geometry."""
    return build(scenario_of(_job(cell)), cell.variant, threads=cell.threads, rounds=cell.rounds)


def expectation(cell: Cell) -> str:
    """What the variant's table says of the cell: clean, or a violation's kind."""
    scenario = scenario_of(_job(cell))
    return scenario.expected(scenario.variant(cell.variant), executor=cell.executor, lock=cell.lock, model=cell.model)


def _surveyed(cell: Cell, program: Program, found: Survey) -> dict[str, Any]:
    """A search's result in the shape of a job's."""
    result = found.result
    expected = expectation(cell)
    violations = [_violation(each, result.executions, result.seconds) for each in found.sightings]
    said = verdict.judge(expected, {each["kind"] for each in violations}, rounds=result.executions,
                         work=result.counters)
    return {
        "scenario": cell.scenario, "variant": cell.variant, "race": program.variant.item or None,
        "kind": program.variant.kind, "executor": cell.executor, "expected": expected, "outcome": said.outcome,
        "verdict": said.verdict, "why": said.why, "seconds": round(result.seconds, 3), "rounds": result.executions,
        "operations": 0, "steps": result.steps, "states": result.states, "complete": result.complete,
        "stopped": result.stopped, "bound": {**result.bound, "rounds": program.rounds, **asdict(program.geometry)},
        "work": dict(result.counters), "overlap": None, "hangs": 0, "violations": violations, "faults": [],
        "coverage": [[first, second, number] for (first, second), number in (result.coverage or {}).items()],
        "threads": len(program.threads), "processes": 1,
    }


def _violation(each: Any, executions: int, seconds: float) -> dict[str, Any]:
    found = each.violation
    return {"kind": found.kind, "message": found.message, "where": found.where, "other": found.other,
            "count": each.count, "seconds": round(seconds * each.executions / max(executions, 1), 4), "thread": "",
            "round": each.executions, "evidence": [], "schedule": each.schedule.to_json(),
            "preemptions": each.preemptions}


def _portable(result: dict[str, Any]) -> dict[str, Any]:
    """The result with its coverage named as on every machine: shards are added up."""
    pairs = [[_place(first), _place(second), number] for first, second, number in result.get("coverage", ())]
    return {**result, "coverage": pairs}


def _place(where: str) -> str:
    file, _, line = where.rpartition(":")
    return f"{short_file(file)}:{line}"


def failed(each: Round, why: str, seen: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """The result of a round that could not be run to its end.

    Args:
        seen: the violations, and the faults, until then.
    """
    cell, expected, race = each.cell, CLEAN, None
    with contextlib.suppress(PttortureError):  # the protocol cannot be read: nothing is expected of it
        expected, race = expectation(cell), scenario_of(_job(cell)).variant(cell.variant).item or None
    violations = [violation for violation in seen if "kind" in violation]
    faults = [fault for fault in seen if "kind" not in fault]
    return {"scenario": cell.scenario, "variant": cell.variant, "race": race, "kind": "", "executor": cell.executor,
            "expected": expected, "outcome": "fault", "verdict": "inconclusive", "why": why, "seconds": 0.0,
            "rounds": 0, "operations": 0, "steps": 0, "complete": False, "work": {}, "overlap": None, "hangs": 0,
            "violations": violations, "faults": [*faults, {"what": why, "seconds": 0.0, "last_steps": []}]}


class _Notes:
    """A runner's journal whose findings go to whoever runs the rounds, at once."""

    def __init__(self, path: Path, rounds: Rounds) -> None:
        self.path, self.rounds = path, rounds

    def started(self, job: Mapping[str, Any]) -> int:  # noqa: ARG002
        return 0

    def finding(self, number: int, finding: Mapping[str, Any]) -> None:  # noqa: ARG002
        self.rounds.find(json.loads(json.dumps(finding)))

    def finished(self, number: int, result: Mapping[str, Any]) -> None:
        """The result is what `run` returns."""


class _Beats(Console):
    """A console whose progress goes to whoever runs the rounds; nothing is written."""

    def __init__(self, rounds: Rounds) -> None:
        super().__init__(io.StringIO(), quiet=True, environment={})
        self.rounds = rounds

    def progress(self, text: str) -> None:
        self.rounds.beat(text)
