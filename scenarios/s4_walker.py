"""S4: the hardware walker beside map and unmap. Its caches outlive what software unlinks, until an invalidation.

`stale-structure-cache` (S4-h): a table is unlinked, its invalidation is still to come, and a mapping of the same region
is made in a new table: the walker goes on in the old one and faults. `free-before-flush` (S4-i): the table's page goes
back to the allocator before the invalidation, and the walker reads it there.
"""

from __future__ import annotations

from typing import Final

from engine import Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.models.count import clear_pte
from scenarios.models.gather import QUEUED, flush_queue
from scenarios.models.radix import DEVICE_PFN, span
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.table import create_domain, map_pages, walk
from scenarios.models.unmap import NEVER, PRUNE, unmap_pages
from scenarios.models.walker import dma, invalidate
from scenarios.s1_refcount import unmap_one

SOURCE: Final = "https://lore.kernel.org/all/20231221031915.619337-3-pasha.tatashin@soleen.com/"
SMALL: Final = Geometry(entries=4, levels=2, frames=8)
REAL: Final = Geometry(entries=512, levels=2, frames=16)

#: 1 when the map call of the new page has returned.
MAPPED = Word("mapped")
_NEW: Final = 1  # the page that the mapper maps, in the region of page 0

SUPER_PAGE = Param("super_page", 0, names={1: "a large leaf takes the place of an empty table"})


@protocol
def map_and_cache(mem: Mem) -> None:
    """Page 0 is mapped and the walker has just used it: the path to its table is cached."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, 1, DEVICE_PFN)
    mem.check(dma(mem, 0, 0) == DEVICE_PFN, "lost-mapping", "set-up: a DMA to the mapped page")


@protocol
def map_new(mem: Mem) -> None:
    """A role: map another page of the region, and say so when the call has returned."""
    map_pages(mem, 0, _NEW, 1, DEVICE_PFN + _NEW)
    mem.smp_store_release(MAPPED, 1)


@protocol
def dma_to_new(mem: Mem) -> None:
    """A role: DMAs to the new page; once its map call has returned they must arrive."""
    one_dma_to_new(mem)
    while mem.running():
        one_dma_to_new(mem)
        mem.cpu_relax()


@protocol
def one_dma_to_new(mem: Mem) -> None:
    mapped = mem.smp_load_acquire(MAPPED)
    reached = dma(mem, 0, _NEW)
    if mapped:
        mem.check(reached == DEVICE_PFN + _NEW, "lost-mapping", "a DMA to a mapped page faults or goes elsewhere")


@protocol
def new_is_mapped(mem: Mem) -> None:
    check_unmapped(mem, 0, 0)
    check_mapped(mem, 0, _NEW, DEVICE_PFN + _NEW)
    mem.check(dma(mem, 0, 0) == 0, "stale-translation", "a DMA reaches a page after unmap and invalidation")
    mem.check(dma(mem, 0, _NEW) == DEVICE_PFN + _NEW, "lost-mapping", "a DMA to a mapped page faults at rest")
    check_tables(mem, 0)


_HW: Final = {"hardware": 1}

STALE_CACHE = Scenario(
    name="stale-structure-cache",
    about="A new mapping lies behind a paging-structure cache that still leads to an unlinked table.",
    source=SOURCE,
    setup=map_and_cache,
    roles=(Role("unmap", unmap_one, (0,)), Role("map", map_new), Role("dma", dma_to_new, (), "hardware")),
    at_rest=new_is_mapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v1", "the invalidation comes after the write section", "S4-h", "race", "lost-mapping",
                {**RFC_V1, **_HW}, needs=("maps", "unmaps", "walks")),
        Variant("rfc-v2", "the same in v2", "S4-h", "race", "lost-mapping", {**RFC_V2, **_HW},
                needs=("maps", "unmaps", "walks")),
        Variant("prune", "pruning alone does not help", "S4-h", "race", "lost-mapping",
                {**PTDESC_FORM, **_HW, "free": PRUNE}, needs=("maps", "unmaps", "walks")),
        Variant("sync-inside", "the invalidation comes before the write lock is released",
                params={**PTDESC_FORM, **_HW, "sync_inside": 1}, needs=("maps", "unmaps", "walks", "unlinked")),
        Variant("prune-sync-inside", "one pruning pass that invalidates before it unlocks",
                params={**PTDESC_FORM, **_HW, "free": PRUNE, "sync_inside": 1},
                needs=("maps", "unmaps", "walks", "unlinked")),
        Variant("own-range", "no table outside the caller's range is unlinked",
                params={**PTDESC_FORM, **_HW, "free": NEVER}, needs=("maps", "unmaps", "walks"),
                forbids=("unlinked",)),
    ),
)


@protocol
def prepare_old(mem: Mem) -> None:
    """Two pages are mapped and the path to their table is cached; or the table is empty and still cached."""
    create_domain(mem, 0)
    map_pages(mem, 0, 0, 2, DEVICE_PFN)
    dma(mem, 0, 0)
    if SUPER_PAGE:
        for page in range(2):
            clear_pte(mem, table_at(mem, page) + page * 8, table_at(mem, page))
        invalidate(mem, 0, 0, 1, 1)


@protocol
def table_at(mem: Mem, vpfn: int) -> int:
    """The frame of the level-1 table of a page."""
    table, _level, _entry = walk(mem, 0, vpfn, 1)
    return table


@protocol
def remove_old(mem: Mem) -> None:
    """A role: take the table of pages 0 and 1 out of use, in the way that the variant says."""
    if SUPER_PAGE:
        map_pages(mem, 0, 0, span(2), DEVICE_PFN)
    else:
        unmap_pages(mem, 0, 0, span(2) if QUEUED else 2)
        if QUEUED:
            flush_queue(mem)


@protocol
def dma_to_old(mem: Mem) -> None:
    """A role: DMAs to page 1, which is on its way out: they arrive or fault."""
    one_dma_to_old(mem)
    while mem.running():
        one_dma_to_old(mem)
        mem.cpu_relax()


@protocol
def one_dma_to_old(mem: Mem) -> None:
    reached = dma(mem, 0, 1)
    mem.check((reached == 0) | (reached == DEVICE_PFN + 1), "stale-translation", "a DMA goes where nothing was mapped")


@protocol
def old_is_gone(mem: Mem) -> None:
    for page in range(2):
        reached = dma(mem, 0, page)
        if SUPER_PAGE:
            mem.check(reached == DEVICE_PFN + page, "lost-mapping", "a DMA to the large leaf faults at rest")
        else:
            mem.check(reached == 0, "stale-translation", "a DMA reaches a page after unmap and invalidation")
    check_tables(mem, 0)


_EARLY: Final = {**PTDESC_FORM, **_HW}

FREE_BEFORE_FLUSH = Scenario(
    name="free-before-flush",
    about="A table's page is returned to the allocator while the walker may still read it.",
    source=SOURCE,
    setup=prepare_old,
    roles=(Role("unmap", remove_old), Role("dma", dma_to_old, (), "hardware")),
    at_rest=old_is_gone,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("write-section", "freed inside the write section", "S4-i", "mutation", "use-after-free",
                {**_EARLY, "free_at": 1}, needs=("unmaps", "walks"), pool="quarantine"),
        Variant("before-flush", "freed from the gather, before its invalidation", "S4-i", "mutation",
                "use-after-free", {**_EARLY, "free_at": 2}, needs=("unmaps", "walks"), pool="quarantine"),
        Variant("early-queue", "a flush-queue entry is recycled early", "S4-i", "mutation", "use-after-free",
                {**_EARLY, "free_at": 2, "queued": 1}, needs=("unmaps", "walks"), pool="quarantine"),
        Variant("super-page", "switch-to-super-page frees the tables in its way before it flushes", "S4-i", "race",
                "use-after-free", {**_EARLY, "free_at": 2, "super_page": 1}, needs=("maps", "walks", "replaced"),
                pool="quarantine"),
        Variant("cached-at-free", "the same seen by the freeing thread: a cache still leads to the table", "S4-i",
                "mutation", "stale-translation", {**_EARLY, "free_at": 2, "check_cached": 1}, needs=("unmaps",),
                pool="quarantine"),
        Variant("rfc-v1", "freed after the invalidation", params={**RFC_V1, **_HW, "check_cached": 1},
                needs=("unmaps", "walks", "freed"), pool="quarantine"),
        Variant("rfc-v2", "freed after the invalidation", params={**RFC_V2, **_HW, "check_cached": 1},
                needs=("unmaps", "walks", "freed"), pool="quarantine"),
        Variant("queue", "flush queue, freed after the domain's invalidation",
                params={**_EARLY, "queued": 1, "check_cached": 1}, needs=("unmaps", "walks", "freed"),
                pool="quarantine"),
        Variant("super-page-flushed", "tables in the way are freed after the flush",
                params={**_EARLY, "super_page": 1, "check_cached": 1}, needs=("maps", "walks", "replaced"),
                pool="quarantine"),
    ),
)

SCENARIOS: Final = (STALE_CACHE, FREE_BEFORE_FLUSH)
