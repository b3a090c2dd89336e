"""The hardware walker: IOTLB, paging-structure caches, and the invalidations that software sends.

The caches are shared words, because a stale one is what S4-h and S4-i are about. They belong to one translation unit
with its own lock: a walk holds it from the first cache to the last fill, and so does an invalidation. That models what
VT-d promises about draining: an invalidation completes only when every walk that was in flight is over, and no walk
that starts later sees what it removed. The lock orders walks against invalidations only; table memory changes under a
walk as it pleases.

An IOTLB entry keeps the size of its leaf. An invalidation is sure to remove an entry only if it lies inside its range:
the specification asks for an address mask of the leaf's size, and nothing more may be relied upon. A paging-structure
entry for level n holds the address of a table there; it goes unless `ih` says that only leaves have changed.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, SpinLock, Word, protocol
from engine.declare import Mem
from engine.memory.page import LEVELS
from scenarios.models.domain import GROWS, hardware_root
from scenarios.models.radix import entry_at, extent, is_table, last_page, present, span, table_of, translated
from scenarios.models.tags import as_it_is, tag_in_words

_WAYS: Final = 64
_LEVELS: Final = 8

HARDWARE = Param("hardware", 0, names={0: "no walker", 1: "walker with caches"})
IOTLB_WAYS = Param("iotlb_ways", 1)  # a power of two, at most 64
STRICT_CACHES = Param("strict_caches", 0, names={0: "a structure-cache entry goes if it overlaps the range",
                                                 1: "only if it lies inside, as an IOTLB entry"})
CONFLICTS = Param("conflicts", 0, names={1: "two IOTLB entries of different size for a page are an error, as on Arm"})
CHECK_CACHED = Param("check_cached", 0, names={1: "at each free no cache may hold the table"})

UNIT = SpinLock("translation_unit")
IOTLB_TAG = Word("iotlb_tag", _WAYS, tag_in_words)
IOTLB_LEAF = Word("iotlb_leaf", _WAYS, as_it_is)
CACHED_TAG = Word("cached_tag", _LEVELS, tag_in_words)
CACHED_TABLE = Word("cached_table", _LEVELS, as_it_is)

WALKS = Counter("walks", "hardware walks", operation=True)
CACHE_HITS = Counter("cache_hits", "walks that started in a cached table")
IOTLB_HITS = Counter("iotlb_hits", "translations from the IOTLB")
FLUSHES = Counter("flushes", "invalidations")


@protocol
def tag_of(domain: int, vpfn: int, size: int) -> int:
    """What names the aligned `size` pages around `vpfn`: their first, their number as the lowest bit behind it, the
    domain. Never 0."""
    return ((vpfn & ~(size - 1)) << 1 | size) << 4 | domain


@protocol
def size_of(tag: int) -> int:
    """The pages that a tag names."""
    return (tag >> 4) & -(tag >> 4)


@protocol
def overlaps(tag: int, domain: int, first: int, last: int) -> int:
    """Whether a tag names any page of a range."""
    begin = tag >> 5 & ~(size_of(tag) - 1)
    return (tag != 0) & ((tag & 15) == domain) & (first <= begin + size_of(tag) - 1) & (begin <= last)


@protocol
def inside(tag: int, domain: int, first: int, last: int) -> int:
    """Whether all pages that a tag names are in a range."""
    begin = tag >> 5 & ~(size_of(tag) - 1)
    return (tag != 0) & ((tag & 15) == domain) & (first <= begin) & (begin + size_of(tag) - 1 <= last)


@protocol
def dma(mem: Mem, domain: int, vpfn: int) -> int:
    """A DMA to `vpfn`: the page that it reaches, 0 for a fault."""
    mem.count(WALKS)
    mem.spin_lock(UNIT)
    pfn = _iotlb(mem, domain, vpfn)
    if pfn == 0:
        pfn = _walk(mem, domain, vpfn)
    mem.spin_unlock(UNIT)
    return pfn


@protocol
def _iotlb(mem: Mem, domain: int, vpfn: int) -> int:
    way = vpfn & IOTLB_WAYS - 1
    tag = mem.read_once(IOTLB_TAG[way])
    if (tag == 0) or (tag != tag_of(domain, vpfn, size_of(tag))):
        return 0
    mem.count(IOTLB_HITS)
    return translated(mem.read_once(IOTLB_LEAF[way]), vpfn, size_of(tag))


@protocol
def _walk(mem: Mem, domain: int, vpfn: int) -> int:
    """From the longest cached prefix down to a leaf; fills the caches on the way."""
    table, level = _cached(mem, domain, vpfn)
    if GROWS:
        if table == 0:
            return 0
    while True:
        entry = mem.read_once(entry_at(table, vpfn, level))
        if not present(entry):
            return 0
        if not is_table(entry, level):
            way = vpfn & IOTLB_WAYS - 1
            size = extent(entry, level)
            check_conflicts(mem, domain, vpfn, size)
            mem.write_once(IOTLB_LEAF[way], entry)
            mem.write_once(IOTLB_TAG[way], tag_of(domain, vpfn, size))
            return translated(entry, vpfn, size)
        table = table_of(entry)
        mem.write_once(CACHED_TABLE[level - 1], table)
        mem.write_once(CACHED_TAG[level - 1], tag_of(domain, vpfn, span(level)))
        level -= 1


@protocol
def check_conflicts(mem: Mem, domain: int, vpfn: int, size: int) -> None:
    """What break-before-make is for: Arm leaves open which of two entries counts, and may abort."""
    if CONFLICTS:
        for way in range(IOTLB_WAYS):
            tag = mem.read_once(IOTLB_TAG[way])
            mem.check((overlaps(tag, domain, vpfn, vpfn) == 0) | (size_of(tag) == size), "check",
                      "TLB conflict: the IOTLB holds a page in leaves of two sizes")


@protocol
def _cached(mem: Mem, domain: int, vpfn: int) -> tuple[int, int]:
    """Where a walk starts: (table, level); table 0: beyond the root's reach."""
    for level in range(1, LEVELS):
        if mem.read_once(CACHED_TAG[level]) == tag_of(domain, vpfn, span(level + 1)):
            mem.count(CACHE_HITS)
            return mem.read_once(CACHED_TABLE[level]), level
    root, top = hardware_root(mem, domain)
    if GROWS:
        if vpfn > last_page(top):
            return 0, top
    return root, top


@protocol
def invalidate(mem: Mem, domain: int, first: int, last: int, ih: int) -> None:
    """Invalidate pages `first` to `last` of a domain, and wait for the completion."""
    if HARDWARE:
        mem.count(FLUSHES)
        mem.spin_lock(UNIT)
        for way in range(IOTLB_WAYS):
            if inside(mem.read_once(IOTLB_TAG[way]), domain, first, last):
                mem.write_once(IOTLB_TAG[way], 0)
        if not ih:
            _invalidate_tables(mem, domain, first, last)
        mem.spin_unlock(UNIT)


@protocol
def _invalidate_tables(mem: Mem, domain: int, first: int, last: int) -> None:
    for level in range(1, LEVELS):
        tag = mem.read_once(CACHED_TAG[level])
        if inside(tag, domain, first, last) if STRICT_CACHES else overlaps(tag, domain, first, last):
            mem.write_once(CACHED_TAG[level], 0)


@protocol
def check_not_cached(mem: Mem, frame: int) -> None:
    """L1 for the hardware, stated where it must hold: at the free, no cache leads to the table."""
    if CHECK_CACHED:
        for level in range(1, LEVELS):
            stale = (mem.read_once(CACHED_TABLE[level]) == frame) and (mem.read_once(CACHED_TAG[level]) != 0)
            mem.check(not stale, "stale-translation", "a table is freed while a paging-structure cache leads to it")
