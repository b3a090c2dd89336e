"""From the names on the command line to variants, and from variants and options to jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.declare import CLEAN, Scenario, Variant
from engine.errors import UsageError
from engine.text import count
from stress.job import Job, from_source
from stress.options import LOCKS, MAX_THREADS, PERTURB

DEFAULT_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Chosen:
    """A variant, and the user's file it is from ("" for one of ours)."""

    scenario: Scenario
    variant: Variant
    source: str = ""

    @property
    def title(self) -> str:
        return f"{self.scenario.name}:{self.variant.name}"


def choose(name: str, *, first: bool = False) -> list[Chosen]:
    """What a NAME means: a scenario, SCENARIO:VARIANT, a race, FILE.py, FILE.py:VARIANT.

    Args:
        first: of a scenario or a file without a variant, only the first variant.

    Raises:
        UsageError: nothing has that name; says what is close.
    """
    path, colon, variant = name.partition(".py:")
    if name.endswith(".py") or colon:
        return _from_file(path + ".py" if colon else name, variant, first)
    from scenarios import find

    try:
        scenario, picked = find(name)
    except UsageError as error:
        raise UsageError(_meant(name) or str(error)) from error
    if name != scenario.name or first:
        return [Chosen(scenario, picked)]
    return [Chosen(scenario, each) for each in scenario.variants]


def _meant(name: str) -> str:
    """What to say of a name that is that of a file, or nearly; "" if it is not."""
    base, colon, variant = name.partition(":")
    if base and Path(base + ".py").is_file():
        return f"no scenario or race is called {name!r}, did you mean {base}.py{colon}{variant}?"
    if name.endswith(".json"):
        return f"{name}: no scenario; a schedule is run again by: pttorture replay {name}"
    if "/" in base or Path(base).exists():
        return f"{name}: no scenario; a file of yours has a name that ends in .py"
    return ""


def _from_file(path: str, variant: str, first: bool) -> list[Chosen]:
    path = str(Path(path).resolve())
    scenarios = from_source(path)
    chosen = [Chosen(s, v, path) for s in scenarios for v in s.variants if variant in ("", v.name)]
    if not chosen:
        known = ", ".join(v.name for s in scenarios for v in s.variants)
        raise UsageError(f"{path}: no variant {variant!r}; there is: {known}")
    return chosen[:1] if first else chosen


def lock_for(variant: Variant, executor: str, wanted: str = "") -> str:
    """The RW lock that a variant runs on; "" if it makes no sense on any that the executor has."""
    usable = [lock for lock in LOCKS[executor] if not variant.locks or lock in variant.locks]
    if wanted:
        return wanted if wanted in usable else ""
    return usable[0] if usable else ""


def model_that_breaks(scenario: Scenario, variant: Variant, lock: str) -> str:
    """The strongest memory model under which a search is expected to find a violation; "" if there is none."""
    from engine.explore.load import MODELS

    return next((model for model in MODELS
                 if scenario.expected(variant, executor="explore", lock=lock, model=model) != CLEAN), "")


def check_mode(executor: str, lock: str, processes: int) -> None:
    """Refuse combinations that do not exist.

    Raises:
        UsageError: says which there are.
    """
    if lock and lock not in LOCKS[executor]:
        known = ", ".join(LOCKS[executor])
        raise UsageError(f"--lock {lock}: the {executor} executor has no such lock; it has: {known}")
    if executor == "python" and processes > 1:
        raise UsageError(f"--processes {processes}: the python executor runs in one process; use --executor native")
    if not 1 <= processes <= MAX_THREADS:
        raise UsageError(f"--processes {processes} is not in 1..{MAX_THREADS}")


def jobs(chosen: Sequence[Chosen], *, executor: str, lock: str, threads: int, processes: int, seconds: float, seed: int,
         perturb: str) -> list[Job]:
    """A job for each chosen variant.

    Raises:
        UsageError: a combination that does not exist; more processes than threads; a lock that none accepts.
    """
    check_mode(executor, lock, processes)
    made = []
    for each in chosen:
        used = lock_for(each.variant, executor, lock)
        if not used:
            continue
        roles = max(threads, len(each.scenario.roles_of(each.variant)))
        if processes > roles:
            raise UsageError(f"--processes {processes}: {each.title} has {count(roles, 'thread')}; "
                             "each process needs one")
        made.append(Job(each.scenario.name, each.variant.name, executor, used, each.source, threads, processes,
                        seconds, seed, perturb or PERTURB[executor]))
    if not made:
        only = ", ".join(sorted({lock for each in chosen for lock in each.variant.locks}))
        raise UsageError(f"{chosen[0].title} makes sense on: {only}; not on --executor {executor}"
                         + (f" --lock {lock}" if lock else ""))
    return made
