"""One address space of the sequential model: which tables exist, and what is in their entries.

Large leaves are one entry each and a table of 4 KiB entries is one array, so nothing is expanded to pages before
somebody asks for it. A *run* is a leaf of 2**n entries that say so (AMD v1); here they are entries with a note.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stress.trace.history import PAGE, U64

ENTRIES: Final = 512
SPAN: Final = {1: 4096, 2: 2 << 20, 3: 1 << 30}  # bytes of an entry at each level that has leaves
ABSENT: Final = np.uint64(1)  # no page address is odd; 0 is one


class Space:
    """One address space.

    Attributes:
        small: tables of level 1: uint64[512] of paddr or ABSENT, by iova >> 21.
        large: for level 2 and 3 the leaves {iova >> 21 or 30: paddr}.
        used: for each level the entries in use of each table that has any, by the number of the table (iova
            >> 21 at level 1, 9 bits less at each level above).
            A table that is linked and has none stands there with 0: the old root, where a new one was put above.
        ever: for each level the tables that exist if none is freed for being empty.
        runs: for each entry of a run, by level and number (iova >> 12, 21 or 30), log2 of how many there are.
        levels: of the root; it grows up to `most`.
    """

    def __init__(self, levels: int, most: int = 0) -> None:
        self.levels, self.most = levels, max(levels, most)
        self.small: dict[int, U64] = {}
        self.large: dict[int, dict[int, int]] = {2: {}, 3: {}}
        self.used: list[dict[int, int]] = [{} for _ in range(self.most + 1)]
        self.ever: list[set[int]] = [set() for _ in range(self.most + 1)]
        self.runs: dict[tuple[int, int], int] = {}

    def leaf_at(self, iova: int) -> tuple[int, int] | None:
        """(level, paddr of the leaf) that translates iova."""
        table = self.small.get(iova >> 21)
        if table is not None:
            paddr = int(table[iova >> 12 & 511])
            return None if paddr == ABSENT else (1, paddr)
        for level, shift in ((2, 21), (3, 30)):
            large = self.large[level].get(iova >> shift)
            if large is not None:
                return level, large
        return None

    def add(self, level: int, number: int, entries: int) -> None:
        """`entries` more entries are in use in a table; links it to its parents if it had none."""
        while True:
            linked = number in self.used[level]
            self.used[level][number] = self.used[level].get(number, 0) + entries
            if linked or level == self.levels:
                return
            self.ever[level].add(number)
            level, number, entries = level + 1, number >> 9, 1

    def remove(self, level: int, number: int, entries: int) -> None:
        """The opposite of `add`."""
        while True:
            left = self.used[level][number] - entries
            if left:
                self.used[level][number] = left
                return
            del self.used[level][number]
            if level == self.levels:
                return
            level, number, entries = level + 1, number >> 9, 1

    def grow(self, end: int) -> None:
        """Put roots above the root until it reaches the byte before `end`."""
        while self.levels < self.most and end - 1 >> 12 + 9 * self.levels:
            self.used[self.levels].setdefault(0, 0)
            self.ever[self.levels].add(0)
            self.levels += 1
            self.used[self.levels][0] = 1

    def drop_hollow(self, iova: int) -> None:
        """An unmap at iova comes by the tables above it and frees those that have no entry."""
        for level in range(1, self.levels):
            if self.used[level].get(0) == 0 and not iova >> 12 + 9 * level:
                self.remove(level, 0, 0)

    def put_large(self, level: int, number: int, paddr: int) -> None:
        """A large leaf takes its slot; empty tables that were kept below it go."""
        self.large[level][number] = paddr
        self.add(level, number >> 9, 1)
        gone = {number}
        for below in range(level - 1, 0, -1):
            gone &= self.ever[below]
            if not gone:
                break
            self.ever[below] -= gone
            gone = {child for table in gone for child in range(table << 9, (table + 1) << 9)}

    def drop_large(self, level: int, number: int) -> int:
        paddr = self.large[level].pop(number)
        self.remove(level, number >> 9, 1)
        return paddr

    def put_small(self, iova: int, pages: int, paddr: int) -> None:
        """Fill entries of one level-1 table."""
        table = self.small.get(iova >> 21)
        if table is None:
            table = self.small[iova >> 21] = np.full(ENTRIES, ABSENT, dtype=np.uint64)
        first = iova >> 12 & 511
        if pages == 1:
            table[first] = paddr
        else:
            table[first : first + pages] = np.arange(paddr, paddr + pages * PAGE, PAGE, dtype=np.uint64)
        self.add(1, iova >> 21, pages)

    def clear_small(self, iova: int, limit: int) -> int:
        """Clear present entries of one level-1 table from iova on, at most to `limit`; returns how many."""
        number = iova >> 21
        table = self.small[number]
        first = iova >> 12 & 511
        last = min(ENTRIES, first + ((limit - iova) >> 12))
        pages = last - first
        if pages > 1:  # the first entry is present, the caller has looked
            holes = np.flatnonzero(table[first:last] == ABSENT)
            pages = int(holes[0]) if len(holes) else pages
        table[first : first + pages] = ABSENT
        if self.used[1][number] == pages:
            del self.small[number]
        self.remove(1, number, pages)
        return pages
