"""How far a search goes, and what it knows while it is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.declare import Geometry, Scenario
from engine.errors import UsageError
from engine.explore.load import STEPS_MAX
from engine.language.program import Program, build


@dataclass(frozen=True)
class Bound:
    """What a search is limited to. A verdict holds within it, and says so.

    Attributes:
        preemptions: switches away from a thread that could have gone on, None for any number.
        steps: in one execution; more are a violation of kind step-limit.
        rounds: how often each role runs, 0 for the scenario's own number. threads: 0 for one of each role.
        geometry: the scenario's small one if None.
        executions, seconds: after which the search gives up, None for never.
    """

    preemptions: int | None = None
    steps: int = STEPS_MAX
    rounds: int = 0
    threads: int = 0
    executions: int | None = None
    seconds: float | None = None
    geometry: Geometry | None = None


_DEFAULT: Final = Bound()


def narrowed(bound: Bound | None, limits: Mapping[str, Any]) -> Bound:
    """`bound` with the limits that were given apart from it.

    Raises:
        UsageError: a limit was given in both places.
    """
    bound = bound or _DEFAULT
    given = {name: value for name, value in limits.items() if value is not None}
    for name, value in given.items():
        if getattr(bound, name) not in (getattr(_DEFAULT, name), value):
            raise UsageError(f"{name} is given twice: {value}, and {getattr(bound, name)} in the bound")
    return replace(bound, **given)


def program_of(what: Scenario | Program, variant: str, bound: Bound) -> Program:
    """The program to search: one that is built already, or a scenario's.

    Raises:
        UsageError: a built program, and something that is decided when it is built.
    """
    if isinstance(what, Scenario):
        return build(what, variant, geometry=bound.geometry, threads=bound.threads, rounds=bound.rounds)
    if not isinstance(what, Program):
        raise UsageError(f"a search wants a Scenario or a Program, not {what!r}; a file is read with engine.load_file")
    for name, given in (("variant", variant), ("rounds", bound.rounds), ("threads", bound.threads),
                        ("geometry", bound.geometry)):
        if given:
            raise UsageError(f"{name}={given!r} has no effect on a program that is built; give its scenario instead")
    return what
