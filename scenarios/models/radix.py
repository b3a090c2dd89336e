"""Entries of a radix page table: where an address finds its entry, and what an entry means. The format is data.

A table has ENTRIES entries of 64 bits; the root is at level LEVELS, leaves of one page at level 1. An entry at level n
covers ENTRIES ** (n - 1) pages. IOVAs are handled as page numbers throughout: `vpfn` is iova >> PAGE_SHIFT, `pfn` a
physical address >> PAGE_SHIFT, and a page is the granule of the format (4, 16 or 64 KiB). Tables are numbered frames of
the arena, whatever the geometry.

The parameters below are the encoding; `scenarios.models.formats` has their values for each format, and their defaults
are VT-d's second stage. Two mechanisms are not plain encoding, and cost nothing where a format has no use for them:

- a *run* of entries that are one leaf: in AMD v1 of 2**n entries, each of which says the size of the whole, in the low
  bits of its address; with Arm's contiguous bit of a fixed number of entries, each with its own address;
- a *wide root* (Arm, stage 2): up to 16 tables side by side in the place of one more level.
"""

from __future__ import annotations

from typing import Final

from engine import Param, protocol
from engine.memory.page import ENTRIES, ENTRY_SHIFT, FRAME_SHIFT, FRAMES, LEVELS, pfn_of

PAGE_SHIFT = Param("page_shift", 12)
ADDRESS = Param("address_mask", 0x000FFFFFFFFFF000)
PRESENT = Param("present_bits", 3)  # any of them

#: A present entry above level 1 is a leaf if ((entry + TYPE_CARRY) & TYPE_MASK) == TYPE_LEAF. The carry turns AMD's two
#: values that mean a leaf, 0 and 7, into neighbours.
TYPE_CARRY = Param("type_carry", 0)
TYPE_MASK = Param("type_mask", 1 << 7)
TYPE_LEAF = Param("type_leaf", 1 << 7)

TABLE_BITS = Param("table_bits", 3)
TABLE_LEVEL = Param("table_level", 0)  # times the level of the table that the entry leads to
PAGE_BITS = Param("page_bits", 0)  # of a leaf at level 1
LARGE_BITS = Param("large_bits", 1 << 7)  # of a leaf above
READ_WRITE = Param("read_write", 3)  # attributes of an ordinary mapping

RUN_BITS = Param("run_bits", 0, names={0: "a leaf is one entry"})
CONT_SHIFT = Param("cont_shift", 0, names={0: "a run says its size"})  # log2 of the entries of any run at level 1
CONT_ABOVE = Param("cont_above", 0)  # and above
HIGH_SHIFT = Param("high_shift", 0, names={0: "an address lies where it is",
                                           36: "bits 48 to 51 of an address lie in bits 12 to 15"})
ROOT_SHIFT = Param("root_shift", 0, names={0: "the root is one table"})  # log2 of a wide root's entries

#: Device pages are numbered from here, far above every frame: an entry that is followed by mistake leads nowhere.
DEVICE_PFN: Final = 1 << 30


@protocol
def present(entry: int) -> int:
    """Whether an entry is in use."""
    return (entry & PRESENT) != 0


@protocol
def is_table(entry: int, level: int) -> int:
    """Whether a present entry at `level` leads to a table of the level below."""
    return (level > 1) & ((entry + TYPE_CARRY & TYPE_MASK) != TYPE_LEAF)


@protocol
def span(level: int) -> int:
    """Pages that one entry at `level` covers."""
    return 1 << ENTRY_SHIFT * (level - 1)


@protocol
def extent(entry: int, level: int) -> int:
    """Pages that the leaf covers which `entry` is, or is part of; of any other entry, pages that it covers itself."""
    if RUN_BITS:
        if (entry & RUN_BITS) == RUN_BITS:
            if CONT_SHIFT:
                return cont_pages(level)
            size = (entry & ADDRESS) >> PAGE_SHIFT  # n - 1 ones and a zero at its end say 2**n pages
            return (size ^ size + 1) + 1
    return 1 << ENTRY_SHIFT * (level - 1)


@protocol
def cont_pages(level: int) -> int:
    """Pages of a run at `level` where every run is of the same size."""
    return 1 << ENTRY_SHIFT * (level - 1) + (CONT_SHIFT if level == 1 else CONT_ABOVE)


@protocol
def pfn_in(entry: int) -> int:
    """The page number in an entry."""
    if HIGH_SHIFT:
        return ((entry & ADDRESS | (entry & ADDRESS) << HIGH_SHIFT) & ADDRESS << 4) >> PAGE_SHIFT
    return (entry & ADDRESS) >> PAGE_SHIFT


@protocol
def address_bits(pfn: int) -> int:
    """A page number as it stands in an entry."""
    if HIGH_SHIFT:
        return (pfn << PAGE_SHIFT | pfn << PAGE_SHIFT >> HIGH_SHIFT) & ADDRESS
    return pfn << PAGE_SHIFT


@protocol
def base_of(vpfn: int, level: int) -> int:
    """The first page that the entry at `level` covers."""
    return vpfn & ~((1 << ENTRY_SHIFT * (level - 1)) - 1)


@protocol
def entries_at(level: int) -> int:
    """Entries of a table at `level`."""
    if ROOT_SHIFT:
        if level == LEVELS:
            return 1 << ROOT_SHIFT
    return ENTRIES


@protocol
def index_of(vpfn: int, level: int) -> int:
    """Which entry of a table at `level`."""
    return vpfn >> ENTRY_SHIFT * (level - 1) & entries_at(level) - 1


@protocol
def entry_at(table: int, vpfn: int, level: int) -> int:
    """The address of the entry of `table`, which is at `level`, for `vpfn`."""
    if ROOT_SHIFT:
        return table + index_of(vpfn, level) * 8
    return table + (vpfn >> ENTRY_SHIFT * (level - 1) & ENTRIES - 1) * 8


@protocol
def last_page(level: int) -> int:
    """The last page that a root at `level` reaches."""
    return (1 << ENTRY_SHIFT * level) - 1


@protocol
def table_of(entry: int) -> int:
    """The frame of the table that an entry leads to. Of a leaf this is nonsense, as in the kernel."""
    return FRAMES + (pfn_in(entry) << FRAME_SHIFT)


@protocol
def table_entry(frame: int, level: int) -> int:
    """An entry at `level` that leads to the table in `frame`."""
    return pfn_of(frame) << PAGE_SHIFT | TABLE_BITS | (level - 1) * TABLE_LEVEL


@protocol
def leaf_entry(pfn: int, level: int, attributes: int) -> int:
    """A leaf of one entry at `level` that maps from page `pfn` on."""
    return address_bits(pfn) | attributes | (level > 1) * LARGE_BITS | (level == 1) * PAGE_BITS


@protocol
def run_entry(entry: int, size: int) -> int:
    """The first entry of the run of `size` pages whose first page is that of the leaf `entry`."""
    if CONT_SHIFT:
        return entry | RUN_BITS
    return entry | RUN_BITS | (size >> 1) - 1 << PAGE_SHIFT


@protocol
def run_step(level: int) -> int:
    """By how much the entries of a run differ: not at all, or by the page that each leads to."""
    return span(level) << PAGE_SHIFT if CONT_SHIFT else 0


@protocol
def attributes_of(entry: int) -> int:
    """What a leaf says besides where it leads and how large it is."""
    return entry & ~(ADDRESS | LARGE_BITS | PAGE_BITS | RUN_BITS)


@protocol
def translated(entry: int, vpfn: int, size: int) -> int:
    """The page that `vpfn` has in the leaf `entry`, whose extent is `size` pages."""
    if RUN_BITS:
        return (pfn_in(entry) & ~(size - 1)) + (vpfn & size - 1)
    return pfn_in(entry) + (vpfn & size - 1)
