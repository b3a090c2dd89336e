"""The search on small tables of every format: the races of S1 and S4 are there too, and so are their fixes.

What only AMD's format has is searched by itself: leaves of several entries (a root that grows: `scenarios.s4_growth`).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine import Geometry, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.explore import Result, explore
from engine.language.program import build
from engine.memory.page import ENTRIES
from scenarios import find
from scenarios.forms import PTDESC_FORM
from scenarios.models.formats import AMDV1, FORMATS, Format, arm
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.rest import check_tables, check_unmapped
from scenarios.models.split import BESIDE, EXCLUSIVE, NO_FLUSH, SPLITTING, WHOLE
from scenarios.models.table import create_domain, map_pages
from scenarios.models.unmap import NEVER
from scenarios.models.walker import dma
from scenarios.s4_split import unmap_and_dma

OTHERS = {name: form for name, form in FORMATS.items() if name != "vtd"} | {"arm-wide": arm("4k", 2, 40, 40)}

#: Pages 0 and 1 are one leaf in AMD's format, which the posted code does not look out for.
CUT = {"policy": SPLITTING, "level_first": 0, "trust_level": 0}
#: Variant, what is changed, preemptions within which it is searched, what it gives in every format.
RACES: list[tuple[str, dict[str, int], int, str | None]] = [
    ("both-give-up:rfc-v1", CUT, 2, "missed-free"),
    ("both-give-up:rfc-v2", CUT, 2, None),
    ("parent-freed:rfc-v2", {}, 1, "use-after-free"),
    ("parent-freed:pin", {}, 1, None),
    ("split:unmap-beside", {}, 1, "stale-translation"),
    ("split:exclusive", {}, 1, None),
    ("descend-into-leaf:rfc-v2", {}, 1, "wild-access"),
    ("stale-structure-cache:rfc-v2", {}, 1, "lost-mapping"),
    ("stale-structure-cache:sync-inside", {}, 1, None),
]


def kind(result: Result) -> str | None:
    assert result.violation or result.complete
    return result.violation and result.violation.kind


@pytest.mark.parametrize("form", OTHERS.values(), ids=OTHERS)
def test_a_race_is_a_race_in_every_format(form: Format) -> None:
    for name, changed, preemptions, expected in RACES:
        scenario, variant = find(name)
        small = form.shrunk(scenario.small.entries, scenario.small.levels)
        small = replace(small, start_levels=small.start_levels and small.levels)
        frames = scenario.small.frames + small.tables_wide
        program = build(scenario, variant.name, geometry=small.geometry(frames), params={**small.params, **changed})
        assert (name, kind(explore(program, preemptions=preemptions))) == (name, expected)


# --- leaves of several entries (AMD) ---


@protocol
def map_run(mem: Mem) -> None:
    """A run of two entries, and the walker has just used it."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, ENTRIES // 2, DEVICE_PFN)
    dma(mem, 0, 0)


@protocol
def run_gone(mem: Mem) -> None:
    check_unmapped(mem, 0, 0)
    check_unmapped(mem, 0, 1)
    check_tables(mem, 0)


_RUN = {**PTDESC_FORM, **replace(AMDV1.shrunk(4, 2), start_levels=2).params, "policy": SPLITTING, "level_first": 0,
        "trust_level": 0, "widen": 1, "used_entries": 0, "hardware": 1}
_ROLES = (Role("unmap0", unmap_and_dma, (0,)), Role("unmap1", unmap_and_dma, (1,)))
RUN = Scenario(
    "run", "Two threads unmap the two entries of one leaf.", _ROLES,
    (
        Variant("exclusive", params={**_RUN, "split": EXCLUSIVE}),
        Variant("no-flush", kind="sequential", expects="stale-translation", params={**_RUN, "split": NO_FLUSH}),
        Variant("beside", kind="race", expects="stale-translation", params={**_RUN, "split": BESIDE}),
        Variant("whole", kind="claim", expects="warning", params={**_RUN, "policy": WHOLE, "hardware": 0}),
        Variant("never-freed", params={**_RUN, "split": EXCLUSIVE, "free": NEVER, "no_empty": 0}),
    ),
    setup=map_run, at_rest=run_gone, small=Geometry(4, 2, 8),
)


@pytest.mark.parametrize(("variant", "preemptions", "expected"), [
    ("exclusive", 2, None), ("no-flush", 0, "stale-translation"), ("beside", 1, "stale-translation"),
    ("beside", 0, None), ("whole", 1, "warning"), ("never-freed", 2, None),
])
def test_a_run_is_cut_like_a_leaf(variant: str, preemptions: int, expected: str | None) -> None:
    assert kind(explore(RUN, variant, preemptions=preemptions)) == expected
