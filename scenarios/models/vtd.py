"""VT-d second-stage entries (`struct dma_pte`) in a radix table whose geometry is a parameter.

A table has ENTRIES entries of 64 bits; the root is at level LEVELS, leaves of one 4 KiB page at level 1. A leaf at
level n covers ENTRIES ** (n - 1) pages. Addresses in entries are page frame numbers << 12, whatever the geometry.

IOVAs are handled as page numbers throughout: `vpfn` is iova >> 12, `pfn` a physical address >> 12.

Source: drivers/iommu/intel/iommu.h (dma_pte_present, dma_pte_superpage, pfn_level_offset, level_size).
"""

from __future__ import annotations

from typing import Final

from engine import protocol
from engine.memory.page import ENTRIES, ENTRY_SHIFT, FRAME_SHIFT, FRAMES, pfn_of

READ: Final = 1 << 0
WRITE: Final = 1 << 1
ACCESS: Final = READ | WRITE
LARGE: Final = 1 << 7
ADDRESS: Final = 0x000FFFFFFFFFF000  # bits 12..51

#: Device pages are numbered from here, far above every frame: an entry that is followed by mistake leads nowhere.
DEVICE_PFN: Final = 1 << 30


@protocol
def present(entry: int) -> int:
    """dma_pte_present: readable or writable."""
    return (entry & ACCESS) != 0


@protocol
def is_table(entry: int, level: int) -> int:
    """Whether a present entry at `level` leads to a table of the level below."""
    return (level > 1) & ((entry & LARGE) == 0)


@protocol
def span(level: int) -> int:
    """Pages that one entry at `level` covers."""
    return 1 << ENTRY_SHIFT * (level - 1)


@protocol
def base_of(vpfn: int, level: int) -> int:
    """The first page that the entry at `level` covers."""
    return vpfn & ~((1 << ENTRY_SHIFT * (level - 1)) - 1)


@protocol
def index_of(vpfn: int, level: int) -> int:
    """pfn_level_offset: which entry of a table at `level`."""
    return vpfn >> ENTRY_SHIFT * (level - 1) & ENTRIES - 1


@protocol
def entry_at(table: int, vpfn: int, level: int) -> int:
    """The address of the entry of `table`, which is at `level`, for `vpfn`."""
    return table + (vpfn >> ENTRY_SHIFT * (level - 1) & ENTRIES - 1) * 8


@protocol
def table_of(entry: int) -> int:
    """The frame of the table that an entry leads to. Of a leaf this is nonsense, as in the kernel."""
    return FRAMES + ((entry & ADDRESS) >> 12 << FRAME_SHIFT)


@protocol
def table_entry(frame: int) -> int:
    """An entry that leads to the table in `frame`."""
    return pfn_of(frame) << 12 | ACCESS


@protocol
def leaf_entry(pfn: int, level: int) -> int:
    """A leaf at `level` that maps from page `pfn` on."""
    return pfn << 12 | ACCESS | (level > 1) * LARGE


@protocol
def translated(entry: int, vpfn: int, level: int) -> int:
    """The page that a leaf at `level` gives for `vpfn`."""
    return ((entry & ADDRESS) >> 12) + (vpfn & (1 << ENTRY_SHIFT * (level - 1)) - 1)
