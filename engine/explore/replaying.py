"""A schedule run again on the machine."""

from __future__ import annotations

from engine.explore.load import STEPS_MAX, Machine
from engine.explore.record import Recording, follow
from engine.language.program import Program
from engine.schedule import Execution, Schedule


def replay(program: Program, schedule: Schedule, *, lock: str = "") -> Execution:
    """Run a schedule.

    Raises:
        DivergedError: the program does not follow it.
    """
    machine = machine_for(program, schedule, lock)
    return follow(machine, schedule.fitted(program)).execution(program, machine)


def machine_for(program: Program, schedule: Schedule, lock: str = "") -> Machine:
    """The machine that a schedule was recorded on."""
    return Machine(program, lock=lock or schedule.lock, pool=schedule.pool, model=schedule.model,
                   steps=schedule.bound.get("steps", STEPS_MAX))


def recording_of(program: Program, schedule: Schedule) -> tuple[Machine, Recording]:
    """A schedule with old and new values, for a picture; the machine is left at its end."""
    machine = machine_for(program, schedule)
    return machine, follow(machine, schedule.fitted(program))
