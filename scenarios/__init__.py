"""What the kernel threads describe: scenarios, one file a system, and the models they share."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from typing import Final

from engine.declare import Scenario, Variant
from engine.errors import UsageError
from engine.files import load_file

__all__ = ["all_scenarios", "find", "load_file"]

#: Modules with a tuple SCENARIOS, in the order of `pttorture list`. First the IOMMU's tables: the main job.
_IOMMU: Final = ("s1_refcount", "s2_mapcount", "s4_lock", "s4_walker", "s4_split", "load")
_SYSTEMS: Final = ("s1_puts", "s2_encodings", "s2_types", "s3_placement", "s4_gap", "s4_dirty", "s4_growth", "s5_s390",
                   "s6_powerpc", "s7_dax", "s8_cow", "s8_gup", "s8_barrier", "s8_rmap")
#: Those that are about the machine and the memory models, not about page tables.
_BESIDE: Final = ("litmus",)


@cache
def iommu_scenarios() -> tuple[Scenario, ...]:
    """Those of the main job."""
    return _of(_IOMMU)


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    """Every scenario about page tables."""
    return _of(_IOMMU + _SYSTEMS)


@cache
def other_scenarios() -> tuple[Scenario, ...]:
    """Those about no page table."""
    return _of(_BESIDE)


def _of(modules: Sequence[str]) -> tuple[Scenario, ...]:
    found: list[Scenario] = []
    for name in modules:
        found += importlib.import_module(f"scenarios.{name}").SCENARIOS
    return tuple(found)


def find(name: str, among: Sequence[Scenario] = ()) -> tuple[Scenario, Variant]:
    """The scenario and variant that a name means.

    Args:
        name: a scenario ("transient-get": its first variant), NAME:VARIANT, or an item of the catalogue ("S1-a",
            "S4-j.reread", in either case: the first variant that shows it; "S4-j" stands for its first part).
        among: where to look, everything if empty.

    Raises:
        UsageError: there is none; names the closest.
    """
    scenarios = tuple(among) or (*all_scenarios(), *other_scenarios())
    scenario_name, _, variant_name = name.partition(":")
    for scenario in scenarios:
        if scenario.name == scenario_name:
            return scenario, scenario.variant(variant_name)
    for scenario in scenarios:
        for variant in scenario.variants:
            if variant.item and name.lower() in (variant.item.lower(), variant.item.lower().partition(".")[0]):
                return scenario, variant
    raise UsageError(f"no scenario or race is called {name!r}{_closest(name, scenarios)}; see: pttorture list")


def _closest(name: str, scenarios: Sequence[Scenario]) -> str:
    known = {s.name.lower(): s.name for s in scenarios}
    known |= {f"{s.name}:{v.name}".lower(): f"{s.name}:{v.name}" for s in scenarios for v in s.variants}
    known |= {v.item.lower(): v.item for s in scenarios for v in s.variants if v.item}
    close = get_close_matches(name.lower(), known, n=1)
    return f", did you mean {known[close[0]]}?" if close else ""
