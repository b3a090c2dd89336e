"""S2: what a count in the word at offset 48 means to those who only look, and where it must have been reset.

RFC v2 of 26 Apr 2024 counts entries in `_mapcount`. The walkers here read the word without any lock, as
/proc/kpagecount does. What the word means as `page_type`, release by release: `scenarios.s2_encodings`.
"""

from __future__ import annotations

from typing import Final

from engine import Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import LEVELS, page_at
from scenarios.forms import PTDESC_FORM, RFC_V2
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.table import map_pages
from scenarios.models.unmap import unmap_pages
from scenarios.s1_refcount import REAL, SMALL, map_one, one_unmapped, unmap_one

SOURCE: Final = "https://lore.kernel.org/all/20240426034323.417219-1-pasha.tatashin@soleen.com/"

@protocol
def kpagecount(mem: Mem) -> None:
    """A role: page_mapped() of a table, as /proc/kpagecount and rmap walkers ask it."""
    word = mem.read_page_type(page_at(LEVELS) + 48)
    mem.check((word + 1) & 0xFFFFFFFF == 0, "check", "a page table is reported as mapped")


READS_MAPPED = Scenario(
    name="reads-mapped",
    about="With 0 as the base every page table in use has a mapcount of one or more.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("unmap", unmap_one, (0,)), Role("walker", kpagecount)),
    at_rest=one_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v2", "an empty table is mapped once, a full one 513 times", "S2-b", "race", "check", RFC_V2,
                needs=("unmaps",)),
        Variant("ptdesc", "the word stays -1", params=PTDESC_FORM, needs=("unmaps", "unlinked")),
    ),
)

FREE_UNRESET = Scenario(
    name="free-unreset",
    about="A path that frees a table without putting -1 back: the allocator finds a bad page and leaks it.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("unmap", unmap_one, (0,)),),
    at_rest=one_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("no-reset", "one of the free paths forgot it", "S2-c", "sequential", "bad-page",
                {**RFC_V2, "resets": 0}, needs=("unmaps",)),
        Variant("rfc-v2", "reset before every free", params=RFC_V2, needs=("unmaps", "unlinked")),
        Variant("ptdesc", "nothing to reset: offset 32 is not checked", params={**PTDESC_FORM, "resets": 0},
                needs=("unmaps", "unlinked")),
    ),
)


@protocol
def map_and_unmap(mem: Mem) -> None:
    """A role: another page of the table comes and goes."""
    map_pages(mem, 0, 1, 1, DEVICE_PFN + 1)
    unmap_pages(mem, 0, 1, 1)


@protocol
def first_is_mapped(mem: Mem) -> None:
    check_unmapped(mem, 0, 1)
    check_mapped(mem, 0, 0, DEVICE_PFN)
    check_tables(mem, 0)


COUNT_FROM_MINUS_ONE = Scenario(
    name="count-from-minus-one",
    about="A table allocated by a helper that does not store 0 counts one entry as none.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("map", map_and_unmap),),
    at_rest=first_is_mapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("no-store", "one live entry, the word says empty: the table is freed", "S2-d", "sequential",
                "lost-mapping", {**RFC_V2, "initial_store": 0}, needs=("unmaps",)),
        Variant("stored", "0 after every allocation", params=RFC_V2, needs=("maps", "unmaps")),
    ),
)

SCENARIOS: Final = (READS_MAPPED, FREE_UNRESET, COUNT_FROM_MINUS_ONE)
