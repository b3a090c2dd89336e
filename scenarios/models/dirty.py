"""Accessed and dirty bits, which the walker itself sets in a leaf, and what a live migration makes of them.

The hardware sets both by a locked read-modify-write of the leaf, before the data goes out, and then keeps the leaf in
its IOTLB: as long as it is there it is not marked again. Whoever clears the dirty bit must therefore invalidate before
the page is copied, and whoever changes anything else in a present leaf must do so by an atomic instruction too.

Source: Intel VT-d specification, second-stage accessed and dirty flags; read_and_clear_dirty() of
drivers/iommu/intel/iommu.c and iommufd's dirty tracking (6.7); ptep_get_and_clear() for what an unmap must look at.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, Word, protocol
from engine.declare import Mem
from scenarios.models.count import clear_pte
from scenarios.models.radix import entry_at, present
from scenarios.models.table import walk
from scenarios.models.walker import IOTLB_LEAF, IOTLB_TAG, UNIT, invalidate, size_of, tag_of

ACCESSED: Final = 1 << 8
DIRTY: Final = 1 << 9

AGING = Param("aging", 1, names={0: "a load and a plain store", 1: "an atomic and"})
HARVEST = Param("harvest", 2, names={0: "does not invalidate", 1: "copies first", 2: "invalidates, then copies"})
TAKES = Param("takes", 1, names={0: "the dirty bit that it saw before", 1: "the one that the exchange returns"})

DATA = Word("data")  # what the device wrote last
COPY = Word("copy")  # what the migration has sent

WRITES = Counter("writes", "DMA writes that arrived", operation=True)
MARKED = Counter("marked", "leaves that the walker marked dirty")
COPIED = Counter("copied", "pages copied because they were dirty")
AGED = Counter("aged", "accessed bits cleared")


@protocol
def mark(mem: Mem, domain: int, vpfn: int) -> int:
    """The walker's part: set both bits of the leaf. Returns the leaf as it is now, 0 for a fault."""
    table, level, entry = walk(mem, domain, vpfn, 1)
    while present(entry):
        marked = entry | ACCESSED | DIRTY
        if marked == entry:
            return marked
        seen = mem.cmpxchg(entry_at(table, vpfn, level), entry, marked)
        if seen == entry:
            mem.count(MARKED)
            return marked
        entry = seen
    return 0


@protocol
def dma_write(mem: Mem, domain: int, vpfn: int, data: int) -> None:
    """A DMA write: marked dirty first, unless the IOTLB says that it is; then the data."""
    mem.spin_lock(UNIT)
    tag = mem.read_once(IOTLB_TAG)
    leaf = mem.read_once(IOTLB_LEAF)
    if (tag == 0) | (tag != tag_of(domain, vpfn, size_of(tag))) | (leaf & DIRTY == 0):
        leaf = mark(mem, domain, vpfn)
        if leaf != 0:
            mem.write_once(IOTLB_LEAF, leaf)
            mem.write_once(IOTLB_TAG, tag_of(domain, vpfn, 1))
    if leaf != 0:
        mem.write_once(DATA, data)
        mem.count(WRITES)
    mem.spin_unlock(UNIT)


@protocol
def copy(mem: Mem) -> None:
    """Send the page."""
    mem.write_once(COPY, mem.read_once(DATA))
    mem.count(COPIED)


@protocol
def harvest(mem: Mem, domain: int, vpfn: int) -> None:
    """read_and_clear_dirty() of one page, and its copy."""
    table, level, entry = walk(mem, domain, vpfn, 1)
    if present(entry):
        if mem.test_and_clear_bits(entry_at(table, vpfn, level), ~DIRTY) & DIRTY:
            if HARVEST == 2:
                invalidate(mem, domain, vpfn, vpfn, 1)
            copy(mem)
            if HARVEST == 1:
                invalidate(mem, domain, vpfn, vpfn, 1)


@protocol
def age(mem: Mem, domain: int, vpfn: int) -> None:
    """Clear the accessed bit, to see later whether the page is used."""
    table, level, entry = walk(mem, domain, vpfn, 1)
    if present(entry) & (entry & ACCESSED != 0):
        if AGING:
            mem.test_and_clear_bits(entry_at(table, vpfn, level), ~ACCESSED)
        else:
            mem.write_once(entry_at(table, vpfn, level), entry & ~ACCESSED)
        mem.count(AGED)


@protocol
def unmap_dirty(mem: Mem, domain: int, vpfn: int) -> None:
    """Unmap a page, and copy it for the last time if it was dirty."""
    table, level, entry = walk(mem, domain, vpfn, 1)
    old = clear_pte(mem, entry_at(table, vpfn, level), table)
    if not TAKES:
        old = entry
    invalidate(mem, domain, vpfn, vpfn, 1)
    if old & DIRTY:
        copy(mem)
