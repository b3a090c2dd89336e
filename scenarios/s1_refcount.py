"""S1: free empty tables, counting in `_refcount` (RFC v1), beside transient gets and beside each other.

"iommu/intel: Free empty page tables on unmaps", Pasha Tatashin, RFC v1 of 21 Dec 2023 and v2 of 26 Apr 2024. Each table
here is small on purpose: one unmapper, one page, so that a search finds the race in few steps.
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Param, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES, LEVELS
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.models.gup import bump_pfn
from scenarios.models.radix import DEVICE_PFN, span
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.table import create_domain, map_pages
from scenarios.models.unmap import unmap_pages

SOURCE: Final = "https://lore.kernel.org/all/20231221031915.619337-1-pasha.tatashin@soleen.com/"
SMALL: Final = Geometry(entries=4, levels=2, frames=8)
REAL: Final = Geometry(entries=512, levels=2, frames=16)  # a third level would add S4-a

LATER = Param("later_unmap", 0, names={0: "none", 1: "through the same parent entry", 2: "elsewhere"})


@protocol
def map_one(mem: Mem) -> None:
    """Page 0 is mapped and nothing else: a table with one entry."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, 1, DEVICE_PFN)


@protocol
def unmap_one(mem: Mem, vpfn: int) -> None:
    """A role: unmap one page."""
    unmap_pages(mem, 0, vpfn, 1)


@protocol
def bump_leaf_table(mem: Mem) -> None:
    """A role: transient gets of the leaf table of page 0, which is frame LEVELS: the root is frame 1."""
    bump_pfn(mem, LEVELS)


@protocol
def one_unmapped(mem: Mem) -> None:
    """After an unmap of something else the empty table may or may not be found: that is the claim under test."""
    if LATER:
        vpfn = 1 if LATER == 1 else span(2)
        map_pages(mem, 0, vpfn, 1, DEVICE_PFN + vpfn)
        unmap_pages(mem, 0, vpfn, 1)
    check_unmapped(mem, 0, 0)
    check_tables(mem, 0)


TRANSIENT_GET = Scenario(
    name="transient-get",
    about="A transient get hides from the last unmapper that its table is empty.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("unmap", unmap_one, (0,)), Role("gup", bump_leaf_table)),
    at_rest=one_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v1", "counting in _refcount: the table is never freed", "S1-a", "race", "missed-free",
                RFC_V1, needs=("unmaps", "gets")),
        Variant("later-same-entry", "the claim 'freed by another unmap' holds through the same parent entry", "S1-a",
                "claim", params={**RFC_V1, "later_unmap": 1}, needs=("unmaps", "gets")),
        Variant("later-elsewhere", "an unmap elsewhere does not free it", "S1-a", "claim", "missed-free",
                {**RFC_V1, "later_unmap": 2}, needs=("unmaps", "gets")),
        Variant("rfc-v2", "counting in _mapcount: the get does not touch the word", params=RFC_V2,
                needs=("unmaps", "gets", "unlinked")),
        Variant("ptdesc", "counting in a word of struct ptdesc", params=PTDESC_FORM,
                needs=("unmaps", "gets", "unlinked")),
    ),
)


@protocol
def map_full(mem: Mem) -> None:
    """The table of page 0 is full."""
    create_domain(mem, 0)
    for vpfn in range(ENTRIES):
        map_pages(mem, 0, vpfn, 1, DEVICE_PFN + vpfn)


@protocol
def remap_one(mem: Mem, vpfn: int) -> None:
    """A role: unmap one page and map it again."""
    unmap_pages(mem, 0, vpfn, 1)
    map_pages(mem, 0, vpfn, 1, DEVICE_PFN + vpfn)


@protocol
def still_full(mem: Mem) -> None:
    check_mapped(mem, 0, 0, DEVICE_PFN)
    check_tables(mem, 0)


_FULL: Final = {"used_entries": 0, "largest_leaf": 1}

FALSE_WARN = Scenario(
    name="false-warn",
    about="A transient get of a full table trips the range check of its count.",
    source=SOURCE,
    setup=map_full,
    roles=(Role("remap", remap_one, (0,)), Role("gup", bump_leaf_table)),
    at_rest=still_full,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v1", "514 is out of range, says the WARN_ON_ONCE", "S1-c", "race", "warning",
                {**RFC_V1, **_FULL}, needs=("unmaps", "gets")),
        Variant("no-warn", "v1 without the range check: closes S1-c, leaves S1-a",
                params={**RFC_V1, **_FULL, "range_check": 0}, needs=("unmaps", "gets")),
        Variant("rfc-v2", "counting in _mapcount, without a range check", params={**RFC_V2, **_FULL},
                needs=("unmaps", "gets")),
        Variant("ptdesc", "counting in a word of struct ptdesc", params={**PTDESC_FORM, **_FULL},
                needs=("unmaps", "gets")),
    ),
)


@protocol
def map_two(mem: Mem) -> None:
    """Pages 0 and 1 are mapped: a table with two entries."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, 2, DEVICE_PFN)


@protocol
def two_unmapped(mem: Mem) -> None:
    check_unmapped(mem, 0, 0)
    check_unmapped(mem, 0, 1)
    check_tables(mem, 0)


BOTH_GIVE_UP = Scenario(
    name="both-give-up",
    about="Two unmappers empty a table, see each other's pin, and leave it to the other.",
    source=SOURCE,
    setup=map_two,
    roles=(Role("unmap0", unmap_one, (0,)), Role("unmap1", unmap_one, (1,))),
    at_rest=two_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v1", "each lets its pin go after it has looked", "S1-d", "race", "missed-free",
                RFC_V1, needs=("unmaps", "gaps")),
        Variant("order-v1-ptdesc", "the order is what breaks it, not the word", "S1-d", "mutation", "missed-free",
                {**PTDESC_FORM, "order": 1}, needs=("unmaps", "gaps")),
        Variant("rfc-v2", "each lets its pin go before it looks", params=RFC_V2,
                needs=("unmaps", "gaps", "unlinked")),
        Variant("wait-upgrade", "v2, with an upgrade that waits for the other reader, who waits for it", "S4-d", "race",
                "deadlock", {**RFC_V2, "upgrade": 2}, needs=("unmaps",), locks=("qrwlock",)),
        Variant("try-upgrade", "v2, with an upgrade in place where the lock can", params={**RFC_V2, "upgrade": 1},
                needs=("unmaps", "unlinked")),
        Variant("ptdesc", "counting in a word of struct ptdesc", params=PTDESC_FORM,
                needs=("unmaps", "gaps", "unlinked")),
    ),
)

SCENARIOS: Final = (TRANSIENT_GET, FALSE_WARN, BOTH_GIVE_UP)
