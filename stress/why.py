"""Why a violation happened: the smallest interleaving that ends in the same kind at the same place, from a search.

Stress finds that it breaks, the search says how. A violation is looked for with 0, 1, 2, ... preemptions, in the same
variant under the same lock and memory model, on the geometry that it was seen on and on the small one.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.declare import Geometry
from engine.errors import PttortureError
from engine.language.program import Program, build
from engine.text import count
from stress.drawing import draw
from stress.job import Job, scenario_of
from stress.replaying import saved
from stress.report.places import home
from stress.report.write import write
from stress.searching import minimised

if TYPE_CHECKING:
    from engine.explore.hunting import Hunt

SECONDS: Final = 20.0  # for one violation; half of it on each geometry
SHORTEN: Final = 5.0  # to make what was found smaller


@dataclass(frozen=True)
class Answer:
    """What a hunt came to. `real`: on the geometry of native runs. `both`: each geometry was tried."""

    program: Program
    hunt: Hunt
    real: bool
    both: bool = False


def hunted(job: Job, threads: int, violation: Mapping[str, Any], *, small_first: bool = False,
           model: str = "sc", rounds: int = 0) -> Answer:
    """The nearest that a search comes to a violation, made small.

    Args:
        job: what ran: its variant, lock and parameters count. violation: its kind and where.
        small_first: begin on the small geometry, which is quicker; else on that of native runs, which is nearer.

    Raises:
        PttortureError: the program cannot be searched.
    """
    from engine.explore.hunting import EXACT

    best: Answer | None = None
    for geometry in _geometries(job, small_first):
        answer = _on(job, threads, violation, geometry, model, rounds)
        if best is None or answer.hunt.rank > best.hunt.rank or answer.hunt.interrupted:
            best = replace(answer, both=best is not None)
        if answer.hunt.rank == EXACT or answer.hunt.interrupted:
            break
    assert best is not None
    if best.hunt.interrupted:
        return best
    small = minimised(best.hunt.result, seconds=SHORTEN)
    return replace(best, hunt=replace(best.hunt, result=small, interrupted=small.interrupted))


def _geometries(job: Job, small_first: bool) -> Iterator[Geometry]:
    scenario = scenario_of(job)
    both = (scenario.small, scenario.geometry) if small_first else (scenario.geometry, scenario.small)
    yield both[0]
    if both[1] != both[0]:
        yield both[1]


def _on(job: Job, threads: int, violation: Mapping[str, Any], geometry: Geometry, model: str, rounds: int) -> Answer:
    from engine.explore.hunting import Wanted, hunt

    scenario = scenario_of(job)
    program = build(scenario, job.variant, geometry=geometry, threads=threads, rounds=rounds, params=job.params)
    wanted = Wanted(violation["kind"], violation["where"])
    found = hunt(program, wanted, seconds=SECONDS / 2, lock=job.lock, model=model)
    return Answer(program, found, geometry == scenario.geometry)


def attached(found: Answer | PttortureError, source: str, path: Path | None = None) -> dict[str, Any]:
    """What is attached to a violation.

    Args:
        source: the user's FILE.py. path: where the schedule is written, too.

    Returns:
        explained (a sentence) and schedule (JSON text, or None); with a schedule: preemptions, picture, replay (a
        command line, "" without a file), minimal (the same violation, and nothing breaks so with fewer preemptions).
    """
    if isinstance(found, PttortureError):
        return {"explained": f"not explained: {found}", "schedule": None}
    schedule = found.hunt.result.schedule
    if schedule is None:
        return {"explained": f"not explained: nothing breaks in {searched(found)}", "schedule": None}
    result, exact = found.hunt.result, _exact(found)
    shown = "Nothing breaks so with fewer preemptions." if exact and result.preemptions else ""
    schedule = saved(replace(schedule, bound={**schedule.bound, "smallest": shown}), source, str(path or ""))
    again = _again(path, schedule.to_json()) if path else ""
    return {"explained": sentence(found), "schedule": schedule.to_json(), "preemptions": result.preemptions,
            "replay": again, "minimal": exact,
            "picture": draw(result.program or found.program, schedule, replay=again)}


def _again(path: Path, schedule: str) -> str:
    """The command that replays the schedule from its file; "" if that cannot be written."""
    try:
        write(str(path), schedule)
    except PttortureError:  # the disk is full: the report still has the schedule
        return ""
    return f"pttorture replay {home(path) if ' ' not in str(path) else shlex.quote(str(path))}"


def _exact(found: Answer) -> bool:
    from engine.explore.hunting import EXACT

    return found.hunt.rank == EXACT


def sentence(found: Answer) -> str:
    """How near what was found is to what was seen."""
    from engine.explore.hunting import ALIKE

    got = found.hunt.result.violation
    assert got is not None
    small = "on the small geometry" + (", not on the run's own in the time" if found.both else "")
    geometry = "on the same geometry" if found.real else small
    if _exact(found):
        return f"breaks with {count(found.hunt.result.preemptions or 0, 'preemption')} {geometry}"
    what = f"{got.kind} at {got.where}"
    nearest = "the same kind elsewhere" if found.hunt.rank == ALIKE else "another violation"
    return f"only {nearest} is found in {searched(found)}: {what}"


def searched(found: Answer) -> str:
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
