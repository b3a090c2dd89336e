"""A check that is a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from engine.errors import UsageError
from engine.language.program import Program, build
from engine.schedule import Schedule
from stress import verdict
from stress.drawing import draw
from stress.exploring import described, lines
from stress.searching import SECONDS, minimised, smallest
from stress.testing.check import Check
from stress.testing.result import Drawn, Result

if TYPE_CHECKING:
    from engine.explore import Result as Found

_ALWAYS: Final = ("model", "rounds", "threads", "lock", "executions", "seconds", "seed")


def explore(check: Check, *, seed: int, seconds: float) -> Result:
    """Search the interleavings of a variant.

    Args:
        seconds: how long a sampler samples.

    Raises:
        UsageError: an option that has no effect, a protocol outside the language. KeyboardInterrupt.
    """
    given = check.given
    program = build(check.scenario, check.variant.name, threads=given.get("threads", 0), rounds=given.get("rounds", 0))
    found = _search(program, check, check.lock, seed, seconds)
    if found.interrupted:
        raise KeyboardInterrupt
    return _result(check, program, found, check.lock, seed)


def _search(program: Program, check: Check, lock: str, seed: int, seconds: float) -> Found:
    import engine.explore as search
    from engine.explore.strategies import TABLE

    given, strategy = check.given, check.strategy
    takes = {"preemptions"} if strategy == "smallest" else set(TABLE[strategy].options)
    for option in given:
        if option not in takes and option not in _ALWAYS:
            raise UsageError(f"{option} has no effect with strategy {strategy}")
    model, preemptions = given.get("model", "sc"), given.get("preemptions")
    if strategy == "smallest":
        if "executions" in given:
            raise UsageError("executions has no effect when the smallest violation is looked for; add strategy='dfs'")
        most = {} if preemptions is None else {"preemptions": preemptions}
        return smallest(program, seconds=given.get("seconds", SECONDS), lock=lock, model=model, **most)
    sampler = not TABLE[strategy].ends
    limit = seconds if sampler and "executions" not in given else given.get("seconds", None if sampler else SECONDS)
    found = search.explore(program, strategy=strategy, preemptions=preemptions, executions=given.get("executions"),
                           seconds=limit, seed=seed, depth=given.get("depth", 3), lock=lock, model=model)
    return minimised(found) if sampler and not found.interrupted else found


def _result(check: Check, program: Program, found: Found, lock: str, seed: int) -> Result:
    data = described(check.chosen, program, found, lock)
    violation = data["violation"]
    data |= {"executor": "explore", "violations": [violation] if violation else [], "seed": seed,
             "preemptions": found.preemptions, "expected": check.expect or data["expected"]}
    data |= _judged(check, data)
    schedule = found.schedule

    def drawn() -> Drawn:
        assert schedule is not None
        return Drawn(schedule, draw(found.program or program, schedule))

    return Result(check, data, lines(data), seed, drawn)


def _judged(check: Check, data: Mapping[str, Any]) -> dict[str, str]:
    """The verdict. A sampler never sees all: a test that names one rests on as many as it has seen."""
    from engine.explore.strategies import TABLE

    samples = check.strategy in TABLE and not TABLE[check.strategy].ends
    said = verdict.judge(data["expected"], [violation["kind"] for violation in data["violations"]],
                         rounds=data["executions"], work={"all within the bound": data["complete"]},
                         needs=() if samples else ("all within the bound",))
    cut = said.outcome == "inconclusive" and not (data["complete"] or samples)
    why = "nothing found, but not all was searched; give it more seconds, or a bound" if cut else said.why
    return {"outcome": said.outcome, "verdict": said.verdict, "why": why}


def replay(check: Check, recorded: Schedule, seed: int) -> Result | None:
    """A schedule that broke the variant once: what it ends in now, None if it ends well.

    Raises:
        DivergedError, UsageError: the program does not follow it.
    """
    from engine.explore import replay as replayed

    _same_parameters(recorded, build(check.scenario, check.variant.name))
    program = recorded.program(lambda _: check.scenario)
    schedule = recorded.fitted(program)
    violation = replayed(program, schedule).violation
    if violation is None:
        return None
    expected = check.expect or check.scenario.expected(check.variant, executor="explore", lock=schedule.lock,
                                                       model=schedule.model)
    said = verdict.judge(expected, [violation.kind], rounds=1, work={})
    data = {"executor": "explore", "lock": schedule.lock, "model": schedule.model, "expected": expected,
            "executions": 1, "seconds": 0.0, "complete": False, "outcome": said.outcome, "verdict": said.verdict,
            "why": said.why, "seed": seed,
            "violations": [{**asdict(violation), "count": 1, "schedule": schedule.to_json()}]}
    return Result(check, data, (), seed, lambda: Drawn(schedule, draw(program, schedule)))


def _same_parameters(recorded: Schedule, program: Program) -> None:
    """A schedule runs with the parameters that it was recorded with: those of a variant may be others now."""
    for name, value in recorded.params.items():
        if program.params.get(name, value) != value:
            raise UsageError(f"it was recorded with {name} = {value}, and that is {program.params[name]} now")
