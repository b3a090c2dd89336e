"""The search on small tables of every format: the races of S1 and S4 are there too, and so are their fixes.

What only AMD's format has is searched by itself: a root that grows, and leaves of several entries.
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
from scenarios.models.count import PTDESC
from scenarios.models.domain import ONE_WORD, SEQUENCED, TWO_WORDS
from scenarios.models.formats import AMDV1, FORMATS, Format, arm
from scenarios.models.radix import DEVICE_PFN, last_page
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.split import BESIDE, EXCLUSIVE, NO_FLUSH, SPLITTING, WHOLE
from scenarios.models.table import create_domain, iova_to_phys, map_pages
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


# --- a root that grows (AMD) ---


@protocol
def map_first(mem: Mem) -> None:
    create_domain(mem, 0)
    map_pages(mem, 0, 1, 1, DEVICE_PFN)


@protocol
def map_far(mem: Mem, n: int) -> None:
    """A role: map a page that the first root does not reach, and use it."""
    vpfn = last_page(2) + 1 + n
    mem.check(map_pages(mem, 0, vpfn, 1, DEVICE_PFN + vpfn) == 1, "check", "a page cannot be mapped")
    mem.check(dma(mem, 0, vpfn) == DEVICE_PFN + vpfn, "lost-mapping", "a DMA after a map does not arrive")


@protocol
def look_near(mem: Mem) -> None:
    """A role: look up the page that was mapped before and is not touched."""
    mem.check(iova_to_phys(mem, 0, 1) == DEVICE_PFN, "lost-mapping", "a mapped page does not translate")


@protocol
def map_near(mem: Mem) -> None:
    """A role: map a page that the first root reaches, into a table that is not there yet, and use it."""
    mem.check(map_pages(mem, 0, ENTRIES, 1, DEVICE_PFN + 1) == 1, "check", "a page cannot be mapped")
    mem.check(dma(mem, 0, ENTRIES) == DEVICE_PFN + 1, "lost-mapping", "a DMA after a map does not arrive")


@protocol
def all_mapped(mem: Mem) -> None:
    check_mapped(mem, 0, 1, DEVICE_PFN)
    check_mapped(mem, 0, last_page(2) + 1, DEVICE_PFN + last_page(2) + 1)
    check_tables(mem, 0)


SMALL = AMDV1.shrunk(4, 3)
GROWING = {**SMALL.params, "count": PTDESC, "hardware": 1, "used_entries": 0}
_BOTH_FAR = (Role("far", map_far, (0,)), Role("far-too", map_far, (1,)))
_BOTH_NEAR = (Role("far", map_far, (0,)), Role("near", map_near))
GROWTH = Scenario(
    "growth", "A root grows beside a lookup and beside another map that needs it to grow.",
    (Role("far", map_far, (0,)), Role("near", look_near)),
    (
        Variant("two-words", kind="race", expects="lost-mapping", params={**GROWING, "grows": TWO_WORDS}),
        Variant("one-word", params={**GROWING, "grows": ONE_WORD}),
        Variant("two-growers", params={**GROWING, "grows": ONE_WORD}, roles=_BOTH_FAR),
        Variant("near-two-words", kind="race", expects="lost-mapping", params={**GROWING, "grows": TWO_WORDS},
                roles=_BOTH_NEAR),
        Variant("near-one-word", params={**GROWING, "grows": ONE_WORD}, roles=_BOTH_NEAR),
        Variant("sequence", params={**GROWING, "grows": SEQUENCED}),
        Variant("no-retry", kind="mutation", expects="lost-mapping",
                params={**GROWING, "grows": SEQUENCED, "retries": 0}),
        Variant("two-growers-sequence", params={**GROWING, "grows": SEQUENCED}, roles=_BOTH_FAR),
        Variant("near-sequence", params={**GROWING, "grows": SEQUENCED}, roles=_BOTH_NEAR),
        Variant("sequence-as-merged", kind="race", expects="lost-mapping",
                params={**GROWING, "grows": SEQUENCED, "dte_last": 1}, roles=_BOTH_FAR),
    ),
    setup=map_first, at_rest=all_mapped, small=SMALL.geometry(16),
)


@pytest.mark.parametrize(("variant", "preemptions", "expected"), [
    ("two-words", 0, None), ("two-words", 1, "lost-mapping"), ("one-word", 2, None), ("two-growers", 2, None),
    ("near-two-words", 1, "lost-mapping"), ("near-one-word", 2, None), ("sequence", 2, None),
    ("no-retry", 1, "lost-mapping"), ("two-growers-sequence", 2, None), ("near-sequence", 2, None),
    ("sequence-as-merged", 0, None), ("sequence-as-merged", 1, "lost-mapping"),
])
def test_a_root_that_grows_is_read_in_one_step(variant: str, preemptions: int, expected: str | None) -> None:
    """Root and mode are two fields of the driver: read one by one they may be of two roots, unless under the seqcount
    of "iommu/amd/pgtbl: Fix possible race while increase page table level" (Sep 2025). As merged it tells the hardware
    last: who maps through the new root may be back before a DMA can follow (Jason Gunthorpe's answer to it)."""
    assert kind(explore(GROWTH, variant, preemptions=preemptions)) == expected


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
