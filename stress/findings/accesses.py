"""The conflicting accesses that matter to a finding: those that follow each other in its smallest schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.language.program import Program
    from engine.schedule import Schedule


def accesses(program: Program, schedule: Schedule) -> list[list[str]]:
    """[first, second] of "file:line": the access at `second` followed the conflicting one of another thread at `first`.

    Raises:
        DivergedError: the program does not follow the schedule.
    """
    from engine.explore.load import STEPS_MAX, Machine
    from engine.explore.record import follow

    machine = Machine(program, lock=schedule.lock, pool=schedule.pool, model=schedule.model,
                      steps=schedule.bound.get("steps", STEPS_MAX), coverage=True)
    follow(machine, schedule.fitted(program))
    sites = program.sites
    return sorted([sites[first].where, sites[second].where] for first, second in machine.covered())
