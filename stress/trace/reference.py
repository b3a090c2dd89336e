"""The sequential model that a replay is compared with: the page tables of a format, one operation at a time.

512 entries a table, 3 to 6 levels, leaves of 4 KiB, 2 MiB and 1 GiB, or of every power of two. A map chooses its
leaves as the kernel's iommu_pgsize() does: the largest page that fits the alignment of iova | paddr and what is left
of the size. An unmap is iommu_unmap()'s loop: remove the leaf at iova, go on at iova + removed, stop at the first
hole or when `size` is reached.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from engine.errors import UsageError
from stress.trace.history import I64, LEAVES, PAGE, U64
from stress.trace.parse import Trace
from stress.trace.space import ABSENT, ENTRIES, SPAN, Space
from stress.trace.spans import MAP

Policy = Literal["whole", "split"]
FreePolicy = Literal["never", "empty"]

class Reference:
    """Page tables of any number of domains.

    Args:
        levels: 3, 4 or 5: 39, 48 or 57 bits of iova.
        policy: what an unmap of part of a large leaf does: `whole` removes the leaf and returns its size
            (Linux VT-d); `split` replaces it by smaller leaves first and removes what was asked.
        largest_leaf: bytes of the largest leaf of one entry: 4096, 2 MiB or 1 GiB.
        runs: whether there are also leaves of several entries, of every power of two (AMD v1).
        start_levels: levels at first, where the root grows, up to 6; 0: it does not.
        bits: of an iova, where they are not those of the levels: fewer, or more in a root of several tables.
    Raises:
        UsageError: a bad argument, here or in any method: a range that is empty, unaligned or beyond the
            levels, a map of what is mapped.
    """

    def __init__(self, levels: int = 4, policy: Policy = "whole", largest_leaf: int = LEAVES[2], *,
                 runs: bool = False, start_levels: int = 0, bits: int = 0) -> None:
        if levels not in (3, 4, 5) and not start_levels:
            raise UsageError(f"page tables have 3, 4 or 5 levels, not {levels}")
        if policy not in ("whole", "split"):
            raise UsageError(f"the policy is 'whole' or 'split', not {policy!r}")
        if largest_leaf not in LEAVES:
            raise UsageError(f"the largest leaf must be 4096, 2097152 or 1073741824 bytes, not {largest_leaf}")
        self.levels, self.policy, self.largest_leaf = levels, policy, largest_leaf
        self.runs, self.start_levels = runs, start_levels or levels
        self.bits = bits or min(64, 12 + 9 * levels)
        self._domains: dict[int, Space] = {}

    def map(self, domain: int, iova: int, size: int, paddr: int) -> None:
        """Map [iova, iova + size) to [paddr, paddr + size); all in bytes."""
        self._check(iova, size, paddr)
        space = self._space(domain)
        end = iova + size
        self._check_free(space, domain, iova, end)
        space.grow(end)
        while iova < end:
            level = self._level(iova, paddr, end - iova)
            if self.runs:
                step = self._put_run(space, level, iova, paddr, end - iova)
            elif level == 1:
                step = min(end, (iova | (SPAN[2] - 1)) + 1) - iova
                space.put_small(iova, step // PAGE, paddr)
            else:
                step = SPAN[level]
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
        space.drop_hollow(iova)
        while removed < size and (found := space.leaf_at(iova + removed)):
            here, end = iova + removed, iova + size
            level, _ = found
            if self.runs and (order := space.runs.get((level, here // SPAN[level]), 0)):
                removed += self._unmap_run(space, level, order, here, end)
                continue
            if level == 1:
                end = here + PAGE if self.runs else end
                removed += space.clear_small(here, end) * PAGE
                continue
            span = SPAN[level]
            if self.policy == "split" and (here % span or end - here < span):
                self._split(space, level, here // span)
            else:
                space.drop_large(level, here // span)
                removed += span
        return removed

    def lookup(self, domain: int, iova: int) -> int | None:
        """The physical address of the byte at iova, None if it is not mapped."""
        found = self._space(domain).leaf_at(iova)
        return found and found[1] + iova % SPAN[found[0]]

    def leaves(self, domain: int) -> tuple[U64, U64, U64]:
        """(iova, paddr, size) of all leaves, uint64[n] each, by iova."""
        space = self._space(domain)
        rows: list[U64] = []
        for number, table in space.small.items():
            index = np.flatnonzero(table != ABSENT).astype(np.uint64)
            iova = (index << np.uint64(12)) + np.uint64(number << 21)
            rows.append(np.stack([iova, table[index], np.full(len(index), PAGE, dtype=np.uint64)]))
        for level, large in space.large.items():
            span = SPAN[level]
            packed = [(number * span, paddr, span) for number, paddr in large.items()]
            rows.append(np.array(packed, dtype=np.uint64).reshape(-1, 3).T)
        iova, paddr, size = np.concatenate(rows, axis=1)
        in_order = np.argsort(iova)
        iova, paddr, size = iova[in_order], paddr[in_order], size[in_order]
        whole = np.ones(len(iova), dtype=bool)
        for (level, number), order in space.runs.items():
            at = np.searchsorted(iova, number * SPAN[level])
            size[at] <<= np.uint64(order)
            whole[at] = number % (1 << order) == 0
        return iova[whole], paddr[whole], size[whole]

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
        return 1 + sum(len(tables) for tables in below_root[: space.levels])

    def _space(self, domain: int) -> Space:
        space = self._domains.get(domain)
        if space is None:
            space = self._domains[domain] = Space(self.start_levels, self.levels)
        return space

    def _put_run(self, space: Space, level: int, iova: int, paddr: int, left: int) -> int:
        """One leaf with entries at `level`, as many as fit; returns its bytes."""
        size = SPAN[level]
        while 2 * size < SPAN[level] << 9 and left >= 2 * size and not (iova | paddr) % (2 * size):
            size *= 2
        entries, number = size // SPAN[level], iova // SPAN[level]
        if level == 1:
            space.put_small(iova, entries, paddr)
        else:
            for i in range(entries):
                space.put_large(level, number + i, paddr + i * SPAN[level])
        if entries > 1:
            space.runs.update(dict.fromkeys(((level, number + i) for i in range(entries)), entries.bit_length() - 1))
        return size

    def _unmap_run(self, space: Space, level: int, order: int, here: int, end: int) -> int:
        """Take the run that has `here`, or make leaves of one entry of it; returns the bytes removed."""
        span = SPAN[level] << order
        first = here - here % span
        for number in range(first // SPAN[level], (first + span) // SPAN[level]):
            del space.runs[level, number]
        if self.policy == "split" and (here != first or end - here < span):
            return 0
        if level == 1:
            space.clear_small(first, first + span)
        else:
            for number in range(first // SPAN[level], (first + span) // SPAN[level]):
                space.drop_large(level, number)
        return span

    def _level(self, iova: int, paddr: int, left: int) -> int:
        for level in (3, 2):
            span = SPAN[level]
            if span <= self.largest_leaf and left >= span and not (iova | paddr) % span:
                return level
        return 1

    @staticmethod
    def _split(space: Space, level: int, number: int) -> None:
        """Replace a large leaf by 512 leaves of the level below."""
        paddr = space.drop_large(level, number)
        if level == 2:
            space.put_small(number << 21, ENTRIES, paddr)
            return
        for entry in range(ENTRIES):
            space.put_large(level - 1, (number << 9) + entry, paddr + entry * SPAN[level - 1])

    def _check(self, iova: int, size: int, paddr: int) -> None:
        if size <= 0 or (iova | size | paddr) % PAGE:
            raise UsageError(f"not a range of pages: iova 0x{iova:x}, size {size}, paddr 0x{paddr:x}")
        if iova + size > 1 << self.bits:
            raise UsageError(f"iova 0x{iova:x} + {size} is beyond the {self.bits} bits of {self.levels} levels")

    @staticmethod
    def _check_free(space: Space, domain: int, iova: int, end: int) -> None:
        """Refuse a map over something: looked at by 2 MiB, for a leaf is found in a table, or as large as that."""
        position = iova
        while position < end:
            after = min(end, (position | (SPAN[2] - 1)) + 1)
            table = space.small.get(position >> 21)
            if table is None:
                taken = space.leaf_at(position) is not None
            else:
                taken = bool((table[position >> 12 & 511 :][: (after - position) >> 12] != ABSENT).any())
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
