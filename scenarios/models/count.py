"""Where a table counts its present entries, and the two functions that keep entry and count together.

The value of `COUNT` is the offset of the counter in the table's `struct page`:

    52  `_refcount`    RFC v1: 1 is an empty table, because the allocation's own reference is in the same word
    48  `_mapcount`    RFC v2: 0 is an empty table; -1 before every free, or the allocator reports a bad page
    32  `pt_mm`        the fix of the thread: a word of struct ptdesc that nobody else touches; garbage when allocated
     0                 nobody counts (generic_pt)

Source: "iommu/intel: Free empty page tables on unmaps", RFC v1 of 21 Dec 2023 and RFC v2 of 26 Apr 2024.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES, mapcount, page_of, refcount
from scenarios.models.radix import PRESENT, present

UNCOUNTED: Final = 0
REFCOUNT: Final = 52
MAPCOUNT: Final = 48
PTDESC: Final = 32

COUNT = Param("count", REFCOUNT, names={0: "none", 52: "_refcount", 48: "_mapcount", 32: "pt_mm"})
INITIAL = Param("initial_store", 1, names={0: "a path that forgets it (multi-page helper)", 1: "0 after allocation"})
RESET = Param("resets", 1, names={0: "a free path that forgets it", 1: "-1 before every free"})
GFP = Param("gfp", 0, names={0: "GFP_ATOMIC, or allocated before", 1: "GFP_KERNEL: may sleep"})
RANGE_CHECK = Param("range_check", 0, names={0: "none", 1: "WARN_ON_ONCE as in v1"})

TABLES = Counter("tables", "page tables allocated")
FREED = Counter("freed", "page tables put by their owner")
LOST_CMPXCHG = Counter("lost_cmpxchg", "cmpxchg that found another value")


@protocol
def count_of(frame: int) -> int:
    """The address of the table's counter."""
    return page_of(frame) + COUNT


@protocol
def base_count() -> int:
    """What the counter of an empty table is."""
    return COUNT == REFCOUNT


@protocol
def alloc_table(mem: Mem, domain: int) -> int:
    """A zeroed table with its counter at the base, not yet published; 0 if there is no page."""
    if GFP:
        mem.might_sleep()
    frame: int = mem.alloc_page(domain + 1)
    if frame != 0:
        if INITIAL & (COUNT == MAPCOUNT) | (COUNT == PTDESC):
            mem.atomic_set(count_of(frame), 0)
        mem.clflush(frame)  # domain_flush_cache() of the new table
        mem.count(TABLES)
    return frame


@protocol
def reset_count(mem: Mem, frame: int) -> None:
    """page_mapcount_reset(): the word has to be -1 when the page is freed. The other counters need nothing."""
    if RESET & (COUNT == MAPCOUNT):
        mem.atomic_set(mapcount(frame), -1)


@protocol
def put_table(mem: Mem, frame: int) -> None:
    """The owner's put_page(): free it unless somebody else holds a reference."""
    mem.count(FREED)
    if mem.atomic_dec_and_test(refcount(frame)):
        mem.free_page(frame)


@protocol
def set_pte(mem: Mem, pte: int, table: int, new: int) -> int:
    """Fill an empty entry of `table`. Returns what was there: not 0 means that it was not empty and stays."""
    mem.warn_on((new & PRESENT) == 0, "set_pte: the new entry is not present")
    old: int = mem.cmpxchg(pte, 0, new)
    if old == 0:
        if RANGE_CHECK:
            count = mem.atomic_inc_return(count_of(table))
            mem.warn_on((count > ENTRIES + 1) | (count < 2), "set_pte: the table's count is out of range")
        elif COUNT:
            mem.atomic_inc(count_of(table))
    else:
        mem.count(LOST_CMPXCHG)
    return old


@protocol
def clear_pte(mem: Mem, pte: int, table: int) -> int:
    """Empty an entry of `table`; entry and count change in two steps. Returns what was there."""
    old: int = mem.xchg(pte, 0)
    if present(old):
        if RANGE_CHECK:
            count = mem.atomic_dec_return(count_of(table))
            mem.warn_on((count > ENTRIES) | (count < 1), "clear_pte: the table's count is out of range")
        elif COUNT:
            mem.atomic_dec(count_of(table))
    else:
        mem.warn_on(1, "clear_pte: the entry was not present")
    return old
