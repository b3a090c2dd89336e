"""The sequential model that a replay is compared with: VT-d second-stage tables, one operation at a time.

512 entries a table, 3 to 5 levels, leaves of 4 KiB, 2 MiB and 1 GiB. A map chooses its leaves as the kernel's
iommu_pgsize() does: the largest page that fits the alignment of iova | paddr and what is left of the size. An
unmap is iommu_unmap()'s loop: remove the leaf at iova, go on at iova + removed, stop at the first hole or
when `size` is reached.

Large leaves are one entry each and a table of 4 KiB entries is one array, so nothing is expanded to pages
before `pages` asks for it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.errors import UsageError
from stress.trace.history import I64, LEAVES, PAGE, U64
from stress.trace.parse import Trace
from stress.trace.spans import MAP

Policy = Literal["whole", "split"]
FreePolicy = Literal["never", "empty"]

_ENTRIES = 512
_SPAN = {1: 4096, 2: 2 << 20, 3: 1 << 30}  # bytes of a leaf at each level
_ABSENT = np.uint64(1)  # no page address is odd; 0 is one


class _Domain:
    """One address space.

    Attributes:
        small: tables of level 1: uint64[512] of paddr or _ABSENT, by iova >> 21.
        large: for level 2 and 3 the leaves {iova >> 21 or 30: paddr}.
        used: for each level the entries in use of each table that has any, by the number of the table (iova
            >> 21 at level 1, 9 bits less at each level above).
        ever: for each level the tables that exist if none is freed for being empty.
    """

    def __init__(self, levels: int) -> None:
        self.levels = levels
        self.small: dict[int, U64] = {}
        self.large: dict[int, dict[int, int]] = {2: {}, 3: {}}
        self.used: list[dict[int, int]] = [{} for _ in range(levels + 1)]
        self.ever: list[set[int]] = [set() for _ in range(levels + 1)]

    def leaf_at(self, iova: int) -> tuple[int, int] | None:
        """(level, paddr of the leaf) that translates iova."""
        table = self.small.get(iova >> 21)
        if table is not None:
            paddr = int(table[iova >> 12 & 511])
            return None if paddr == _ABSENT else (1, paddr)
        for level, shift in ((2, 21), (3, 30)):
            large = self.large[level].get(iova >> shift)
            if large is not None:
                return level, large
        return None

    def add(self, level: int, number: int, entries: int) -> None:
        """`entries` more entries are in use in a table; links it to its parents if it had none."""
        while True:
            before = self.used[level].get(number, 0)
            self.used[level][number] = before + entries
            if before or level == self.levels:
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
            table = self.small[iova >> 21] = np.full(_ENTRIES, _ABSENT, dtype=np.uint64)
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
        last = min(_ENTRIES, first + ((limit - iova) >> 12))
        pages = last - first
        if pages > 1:  # the first entry is present, the caller has looked
            holes = np.flatnonzero(table[first:last] == _ABSENT)
            pages = int(holes[0]) if len(holes) else pages
        table[first : first + pages] = _ABSENT
        if self.used[1][number] == pages:
            del self.small[number]
        self.remove(1, number, pages)
        return pages


class Reference:
    """Page tables of any number of domains.

    Args:
        levels: 3, 4 or 5: 39, 48 or 57 bits of iova.
        policy: what an unmap of part of a large leaf does: `whole` removes the leaf and returns its size
            (Linux VT-d); `split` replaces it by smaller leaves first and removes what was asked.
        largest_leaf: bytes: 4096, 2 MiB or 1 GiB.
    Raises:
        UsageError: a bad argument, here or in any method: a range that is empty, unaligned or beyond the
            levels, a map of what is mapped.
    """

    def __init__(self, levels: int = 4, policy: Policy = "whole", largest_leaf: int = LEAVES[2]) -> None:
        if levels not in (3, 4, 5):
            raise UsageError(f"page tables have 3, 4 or 5 levels, not {levels}")
        if policy not in ("whole", "split"):
            raise UsageError(f"the policy is 'whole' or 'split', not {policy!r}")
        if largest_leaf not in LEAVES:
            raise UsageError(f"the largest leaf must be 4096, 2097152 or 1073741824 bytes, not {largest_leaf}")
        self.levels, self.policy, self.largest_leaf = levels, policy, largest_leaf
        self._domains: dict[int, _Domain] = {}

    def map(self, domain: int, iova: int, size: int, paddr: int) -> None:
        """Map [iova, iova + size) to [paddr, paddr + size); all in bytes."""
        self._check(iova, size, paddr)
        space = self._space(domain)
        end = iova + size
        self._check_free(space, domain, iova, end)
        while iova < end:
            level = self._level(iova, paddr, end - iova)
            if level == 1:
                step = min(end, (iova | (_SPAN[2] - 1)) + 1) - iova
                space.put_small(iova, step // PAGE, paddr)
            else:
                step = _SPAN[level]
                space.put_large(level, iova // step, paddr)
            iova, paddr = iova + step, paddr + step

    def unmap(self, domain: int, iova: int, size: int) -> int:
        """Unmap [iova, iova + size) up to the first hole.

        Returns the bytes removed: fewer than `size` where a hole was met, more where `whole` took a leaf that
        is larger than what was left. A leaf met in its middle is taken or split by the same rule, and as in
        iommu_unmap() the loop goes on at iova + removed, not at the end of that leaf.
        """
        self._check(iova, size, 0)
        space = self._space(domain)
        removed = 0
        while removed < size and (found := space.leaf_at(iova + removed)):
            here, end = iova + removed, iova + size
            level, _ = found
            if level == 1:
                removed += space.clear_small(here, end) * PAGE
                continue
            span = _SPAN[level]
            if self.policy == "split" and (here % span or end - here < span):
                self._split(space, level, here // span)
            else:
                space.drop_large(level, here // span)
                removed += span
        return removed

    def lookup(self, domain: int, iova: int) -> int | None:
        """The physical address of the byte at iova, None if it is not mapped."""
        found = self._space(domain).leaf_at(iova)
        return found and found[1] + iova % _SPAN[found[0]]

    def leaves(self, domain: int) -> tuple[U64, U64, U64]:
        """(iova, paddr, size) of all leaves, uint64[n] each, by iova."""
        space = self._space(domain)
        rows: list[U64] = []
        for number, table in space.small.items():
            index = np.flatnonzero(table != _ABSENT).astype(np.uint64)
            iova = (index << np.uint64(12)) + np.uint64(number << 21)
            rows.append(np.stack([iova, table[index], np.full(len(index), PAGE, dtype=np.uint64)]))
        for level, large in space.large.items():
            span = _SPAN[level]
            packed = [(number * span, paddr, span) for number, paddr in large.items()]
            rows.append(np.array(packed, dtype=np.uint64).reshape(-1, 3).T)
        iova, paddr, size = np.concatenate(rows, axis=1)
        order = np.argsort(iova)
        return iova[order], paddr[order], size[order]

    def pages(self, domain: int) -> tuple[U64, U64]:
        """(iova, paddr) of every 4 KiB page that is mapped, uint64[n] each, by iova."""
        iova, paddr, size = self.leaves(domain)
        pages = (size // np.uint64(PAGE)).astype(np.int64)
        first = np.repeat(np.cumsum(pages) - pages, pages)
        offset = (np.arange(len(first)) - first).astype(np.uint64) * np.uint64(PAGE)
        return np.repeat(iova, pages) + offset, np.repeat(paddr, pages) + offset

    def tables(self, domain: int, free_policy: FreePolicy) -> int:
        """How many table pages must exist, the root counted (a domain has it from the start).

        `never`: a table stays for ever, unless a large leaf takes its slot. `empty`: a table other than the
        root goes when its last entry goes.
        """
        if free_policy not in ("never", "empty"):
            raise UsageError(f"the free policy is 'never' or 'empty', not {free_policy!r}")
        space = self._space(domain)
        below_root = space.ever if free_policy == "never" else space.used
        return 1 + sum(len(tables) for tables in below_root[: self.levels])

    def _space(self, domain: int) -> _Domain:
        space = self._domains.get(domain)
        if space is None:
            space = self._domains[domain] = _Domain(self.levels)
        return space

    def _level(self, iova: int, paddr: int, left: int) -> int:
        for level in (3, 2):
            span = _SPAN[level]
            if span <= self.largest_leaf and left >= span and not (iova | paddr) % span:
                return level
        return 1

    @staticmethod
    def _split(space: _Domain, level: int, number: int) -> None:
        """Replace a large leaf by 512 leaves of the level below."""
        paddr = space.drop_large(level, number)
        if level == 2:
            space.put_small(number << 21, _ENTRIES, paddr)
            return
        for entry in range(_ENTRIES):
            space.put_large(level - 1, (number << 9) + entry, paddr + entry * _SPAN[level - 1])

    def _check(self, iova: int, size: int, paddr: int) -> None:
        if size <= 0 or (iova | size | paddr) % PAGE:
            raise UsageError(f"not a range of pages: iova 0x{iova:x}, size {size}, paddr 0x{paddr:x}")
        bits = 12 + 9 * self.levels
        if iova + size > 1 << bits:
            raise UsageError(f"iova 0x{iova:x} + {size} is beyond the {bits} bits of {self.levels} levels")

    @staticmethod
    def _check_free(space: _Domain, domain: int, iova: int, end: int) -> None:
        """Refuse a map over something: looked at by 2 MiB, for a leaf is found in a table, or as large as that."""
        position = iova
        while position < end:
            after = min(end, (position | (_SPAN[2] - 1)) + 1)
            table = space.small.get(position >> 21)
            if table is None:
                taken = space.leaf_at(position) is not None
            else:
                taken = bool((table[position >> 12 & 511 :][: (after - position) >> 12] != _ABSENT).any())
            if taken:
                raise UsageError(f"domain {domain}: [0x{position:x}, 0x{after:x}) holds a mapping already")
            position = after


def replay(reference: Reference, trace: Trace, *, asked: bool = False) -> I64:
    """Do the events of `trace` in time order.

    Args:
        asked: unmap with the size that the caller asked for instead of the size that was removed.
    Returns:
        int64[n]: what each unmap returned, 0 for a map; equal to `trace.removed` where the model agrees.
    """
    sizes = trace.size if asked else trace.extent
    returned = np.zeros(len(trace), dtype=np.int64)
    columns = (trace.kind, trace.domain, trace.iova, sizes, trace.paddr)
    for i, (kind, domain, iova, size, paddr) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        if kind == MAP:
            reference.map(domain, iova, size, paddr)
        else:
            returned[i] = reference.unmap(domain, iova, size)
    return returned
