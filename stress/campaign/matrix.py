"""The cells of a campaign: every chosen variant in every mode that makes sense for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.declare import Scenario, Variant
from engine.errors import UsageError
from stress.campaign.cell import EXPLORE, Cell
from stress.campaign.config import Config
from stress.options import LOCKS, PERTURB
from stress.selection import Chosen, choose, lock_for


def cells(names: Sequence[str], config: Config) -> list[Cell]:
    """All cells of the named variants, of every scenario without a name.

    A scenario's cells lie together: what is compiled for one serves the next.

    Raises:
        UsageError: an unknown name; nothing is left to run.
    """
    chosen = list({(c.source, c.title): c for c in _chosen(names)}.values())
    found = [cell for each in chosen for cell in _of(each, config)]
    if not found:
        raise UsageError("the campaign has no cell: no mode of its configuration makes sense for what is named")
    return list(dict.fromkeys(found))


def _chosen(names: Sequence[str]) -> Iterator[Chosen]:
    if names:
        for name in names:
            yield from choose(name)
        return
    from scenarios import all_scenarios

    for scenario in all_scenarios():
        for variant in scenario.variants:
            yield Chosen(scenario, variant)


def _of(each: Chosen, config: Config) -> Iterator[Cell]:
    scenario, variant = each.scenario, each.variant
    base = Cell(scenario.name, variant.name, each.source)
    for executor in config.executors:
        if executor == EXPLORE:
            yield from _searches(base, variant, config)
        else:
            yield from _threads(base, scenario, variant, executor, config)


def _threads(base: Cell, scenario: Scenario, variant: Variant, executor: str, config: Config) -> Iterator[Cell]:
    """Cells on threads and processes."""
    roles = scenario.roles_of(variant)
    scales = any(role.scale for role in roles)
    for lock in _locks(variant, executor, config):
        for threads in config.threads if scales else (0,):
            for processes in config.processes if executor == "native" else (1,):
                for perturb in config.perturb or (PERTURB[executor],):
                    if processes <= max(threads, len(roles)):
                        yield replace(base, executor=executor, lock=lock, processes=processes, perturb=perturb,
                                      threads=threads if threads > len(roles) else 0)


def _searches(base: Cell, variant: Variant, config: Config) -> Iterator[Cell]:
    """Cells that are searched."""
    from engine.explore.strategies import TABLE

    for lock in _locks(variant, "native", config):
        for strategy in config.strategies:
            for model in config.models:
                for rounds in config.rounds:
                    if model in TABLE[strategy].models:
                        yield replace(base, executor=EXPLORE, lock=lock, strategy=strategy, model=model, rounds=rounds)


def _locks(variant: Variant, executor: str, config: Config) -> Sequence[str]:
    """The locks it runs on: the first that makes sense, or every one."""
    usable = [lock for lock in LOCKS[executor] if not variant.locks or lock in variant.locks]
    wanted = [lock for lock in usable if lock in config.locks] if config.locks != ("all",) else usable
    return wanted or ([first] if (first := lock_for(variant, executor)) and config.locks == ("first",) else [])
