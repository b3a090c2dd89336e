"""The main job, `pttorture run` without a name: everything briefly, within 90 seconds on two cores.

    every variant of the IOMMU's tables on native threads, then on native processes
    those that upgrade a lock on Python threads too, with each of readerwriterlock's locks
    a real trace, with splits, beside walkers and getters
    one race, its smallest interleaving drawn

Compilation comes first and is not counted. The time is shared out as it goes: a race that is seen gives the rest of its
time back, and what follows gets more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from engine.declare import CLEAN, Scenario, Variant
from engine.language.program import build
from engine.text import count
from stress import selection
from stress.job import Job
from stress.options import LOCKS
from stress.results import expected
from stress.runner import Runner
from stress.running import Run, runner
from stress.searching import smallest
from stress.selection import DEFAULT_SECONDS, Chosen
from stress.supervisor import Supervisor
from stress.trace import load, shipped
from stress.trace.live import Prepared, prepare
from stress.tracing import replay

if TYPE_CHECKING:
    from engine.explore import Result

BUDGET: Final = 65.0  # seconds for the jobs; the trace and the picture have the rest of the 90
OVERHEAD: Final = 0.15  # seconds for an arena and its workers, before it is measured
LEAST: Final = 0.1
MOST: Final = 1.0
RACES: Final = 4.0  # a race may take so many shares before it counts as missed
TRACE: Final = "vfio-hugepage"
DRAWN: Final = "S4-a"
#: Scenarios whose protocol turns a read hold into a write hold.
UPGRADING: Final = ("both-give-up", "parent-freed")


@dataclass(frozen=True)
class MainJob:
    """What there is to do: the jobs, and the trace."""

    jobs: tuple[Job, ...]
    trace: Prepared


def plan(seed: int, perturb: str = "") -> MainJob:
    """All jobs, scenario by scenario, so that a person sees a broken design next to its fix."""
    from scenarios import iommu_scenarios

    jobs: list[Job] = []
    for scenario in iommu_scenarios():
        chosen = [Chosen(scenario, variant) for variant in scenario.variants]
        for processes in (1, 2):
            enough = [each for each in chosen if _roles(scenario, each.variant) >= processes]
            jobs += selection.jobs(enough, executor="native", lock="", threads=0, processes=processes,
                                   seconds=MOST, seed=seed, perturb=perturb)
        if scenario.name in UPGRADING:
            for lock in LOCKS["python"]:
                jobs += selection.jobs(chosen, executor="python", lock=lock, threads=0, processes=1, seconds=MOST,
                                       seed=seed, perturb=perturb)
    return MainJob(tuple(jobs), prepare(load(shipped()[TRACE]), 2, "split"))


def _roles(scenario: Scenario, variant: Variant) -> int:
    return len(scenario.roles_of(variant))


def main_job(run: Run) -> None:
    """Run it."""
    args = run.args
    todo = plan(run.seed, args.perturb or "")
    search = _Search()
    with runner(run) as made:
        search.start()
        seconds = made.prepare([*todo.jobs, todo.trace.job()])
        search.join()  # compiled beside the rest, and not counted either
        run.console.say(f"compiled in {seconds:.0f} s" if seconds > 5 else
                        f"compiled code loaded in {seconds:.1f} s")
        begin = time.monotonic()
        _jobs(run, made, todo.jobs, args.seconds)
        run.show(replay(run, made, todo.trace, seconds=3.0))
    run.extra["drawn"] = _draw(run, search)
    run.extra["seconds"] = round(time.monotonic() - begin, 1)
    run.console.say(f"main job: {run.extra['seconds']} s, compilation not counted")
    if args.explain:
        from stress.explaining import explain

        explain(run)


def _jobs(run: Run, made: Runner, jobs: Sequence[Job], seconds: float | None) -> None:
    begin = time.monotonic()
    running = 0.0  # seconds in which rounds ran; the rest is what starting and ending workers takes here and now
    for number, job in enumerate(jobs):
        spent = time.monotonic() - begin
        overhead = (OVERHEAD * 10 + spent - running) / (10 + number)
        share = min(MOST, max(LEAST, (BUDGET - spent) / (len(jobs) - number) - overhead))
        kind = expected(job, made.program(job))
        time_for = seconds or (share if kind == CLEAN else min(share * RACES, DEFAULT_SECONDS))
        timed = replace(job, seconds=time_for)
        enough = "" if kind == CLEAN or seconds else kind
        supervise = partial(Supervisor, timed, made.program(timed), enough=enough, most_hangs=1)
        result = made.run(timed, supervise=supervise)
        running += result["seconds"]
        run.ended(timed, result)


class _Search(threading.Thread):
    """Looks for the smallest interleaving of one race; most of its time is compilation. `found`: what it found."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.chosen = selection.choose(DRAWN, first=True)[0]
        self.program = build(self.chosen.scenario, self.chosen.variant.name)
        self.found: Result | None = None

    def run(self) -> None:
        self.found = smallest(self.program, seconds=5.0)


def _draw(run: Run, search: _Search) -> dict[str, Any]:
    """The interleaving that was found, on the screen and as data."""
    from stress.drawing import draw

    found = search.found
    if found is None or found.schedule is None:
        run.console.result(f"{DRAWN}: the search found no interleaving that breaks it")
        return {"race": DRAWN, "schedule": None}
    text = draw(found.program or search.program, found.schedule, replay=f"pttorture replay {DRAWN}")
    run.console.say(f"\n{search.chosen.title} ({DRAWN}), the smallest interleaving: "
                    f"{count(found.preemptions or 0, 'preemption')}, {count(found.executions, 'execution')}\n\n{text}")
    return {"race": DRAWN, "schedule": found.schedule.to_json(), "preemptions": found.preemptions, "picture": text}
