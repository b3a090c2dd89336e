"""`pttorture run --explain`: why a violation happened, from a search for the same one.

Stress finds that it breaks, the search says how. Each violation, of the same variant, under the same lock, on the same
geometry, is looked for with 0, 1, 2, ... preemptions; where the real geometry is too large for the time, on the small
one. What is found is attached to the violation, drawn, and kept beside the journal as a schedule file.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from engine.declare import Geometry
from engine.errors import PttortureError
from engine.language.program import Program, build
from engine.text import count
from engine.violations import BY_NAME
from stress.drawing import draw
from stress.interrupts import Interrupted, deferred
from stress.job import TRACE, Job, scenario_of
from stress.replaying import saved
from stress.report.places import short
from stress.report.text import wrap
from stress.report.write import write
from stress.running import Run, home
from stress.searching import minimised, waiting

if TYPE_CHECKING:
    from engine.explore.hunting import Hunt

SECONDS: Final = 20.0  # for one violation; the first half on the real geometry
SHORTEN: Final = 5.0  # to make what was found smaller


def explain(run: Run) -> None:
    """Explain the violations of all jobs that ended, each one once. What is there is in the journal at any moment.

    Raises:
        Interrupted: after what was found has been written.
    """
    known: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, job, result in run.done:
        drawn = False
        for index, violation in _in_order(job, result):
            key = (job.source, job.title, job.lock, violation["kind"], violation["where"])
            found = None if key in known else _searched_for(run, job, violation, result["threads"])
            with deferred():
                if found is not None:
                    known[key] = _described(run, job, found, len(known))
                    _tell(run, job, violation, known[key], draws=not drawn)
                    drawn = True
                run.journal.explained(number, index, known[key])
            if isinstance(found, _Found) and found.hunt.interrupted:
                raise Interrupted


def _in_order(job: Job, result: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The violations that a search can look for; the expected kind first, it is the one that is drawn."""
    able = [(index, violation) for index, violation in enumerate(result["violations"])
            if not job.source.startswith(TRACE) and violation["kind"] in BY_NAME]
    return sorted(able, key=lambda each: each[1]["kind"] != result["expected"])


@dataclass(frozen=True)
class _Found:
    program: Program
    hunt: Hunt
    real: bool  # on the geometry of the run


def _searched_for(run: Run, job: Job, violation: dict[str, Any], threads: int) -> _Found | PttortureError:
    """What the search for a violation came to, or why there was none."""
    try:
        with waiting(run.console, f"explaining {job.title}"):
            return _hunted(job, threads, violation)
    except PttortureError as error:
        return error


def _hunted(job: Job, threads: int, violation: dict[str, Any]) -> _Found:
    """First on the run's own geometry, then on the small one; the nearer of the two."""
    scenario = scenario_of(job)
    found = _on(job, threads, violation, scenario.geometry, real=True)
    if found.hunt.rank != _exact() and not found.hunt.interrupted and scenario.geometry != scenario.small:
        second = _on(job, threads, violation, scenario.small, real=False)
        found = second if second.hunt.rank > found.hunt.rank or second.hunt.interrupted else found
    if found.hunt.interrupted:
        return found
    small = minimised(found.hunt.result, seconds=SHORTEN)
    return replace(found, hunt=replace(found.hunt, result=small, interrupted=small.interrupted))


def _on(job: Job, threads: int, violation: dict[str, Any], geometry: Geometry, *, real: bool) -> _Found:
    from engine.explore.hunting import Wanted, hunt

    program = build(scenario_of(job), job.variant, geometry=geometry, threads=threads, params=job.params)
    wanted = Wanted(violation["kind"], violation["where"])
    return _Found(program, hunt(program, wanted, seconds=SECONDS / 2, lock=job.lock), real)


def _exact() -> int:
    from engine.explore.hunting import EXACT

    return EXACT


def _described(run: Run, job: Job, found: _Found | PttortureError, number: int) -> dict[str, Any]:
    """What is attached to the violation."""
    if isinstance(found, PttortureError):
        return {"explained": f"not explained: {found}", "schedule": None}
    hunt, schedule = found.hunt, found.hunt.result.schedule
    if schedule is None:
        return {"explained": f"not explained: nothing breaks in {_searched(found)}", "schedule": None}
    path = run.journal.path.with_name(f"explained-{number}.json")
    program = hunt.result.program or found.program
    shown = "Nothing breaks so with fewer preemptions." if hunt.rank == _exact() and hunt.result.preemptions else ""
    schedule = replace(schedule, bound={**schedule.bound, "smallest": shown})
    schedule = saved(schedule, job.source, str(path))
    try:
        write(str(path), schedule.to_json())
        again = f"pttorture replay {home(path) if ' ' not in str(path) else shlex.quote(str(path))}"
    except PttortureError:  # the journal's disk is full: the report still has the schedule
        again = ""
    return {"explained": _sentence(found), "schedule": schedule.to_json(),
            "preemptions": hunt.result.preemptions, "replay": again,
            "picture": draw(program, schedule, replay=again)}


def _sentence(found: _Found) -> str:
    """How near what was found is to what was seen."""
    from engine.explore.hunting import ALIKE, EXACT

    got = found.hunt.result.violation
    assert got is not None
    geometry = "on the same geometry" if found.real else "on the small geometry, not on the run's own in the time"
    if found.hunt.rank == EXACT:
        return f"breaks with {count(found.hunt.result.preemptions or 0, 'preemption')} {geometry}"
    what = f"{got.kind} at {got.where}"
    nearest = "the same kind elsewhere" if found.hunt.rank == ALIKE else "another violation"
    return f"only {nearest} is found in {_searched(found)}: {what}"


def _searched(found: _Found) -> str:
    """What was searched."""
    hunt, g = found.hunt, found.program.geometry
    if hunt.preemptions is None:
        bound = "all that there are"
    elif hunt.preemptions < 0:
        bound = "not all without a preemption"
    else:
        bound = f"complete with at most {count(hunt.preemptions, 'preemption')}"
    cut = "; interrupted" if hunt.interrupted else ""
    return (f"{count(hunt.executions, 'execution')} in {hunt.seconds:.0f} s ({bound}; {g.entries} entries, "
            f"{count(g.levels, 'level')}{cut})")


def _tell(run: Run, job: Job, violation: dict[str, Any], explanation: dict[str, Any], *, draws: bool) -> None:
    """What a person sees: the picture of the first violation of a job, a line for every other."""
    head = f"{job.title} {violation['kind']} at {violation['where']}: {explanation['explained']}"
    run.console.say("\n" + "\n".join(wrap(short(head), indent=0)))
    if draws and explanation.get("picture"):
        run.console.say("\n" + explanation["picture"].rstrip("\n"))
    elif explanation.get("replay"):
        run.console.say(f"Replay: {explanation['replay']}")
