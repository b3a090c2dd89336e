"""What a page table must say: a dictionary of pages, and random operations that hold a table to it."""

from __future__ import annotations

import random
from collections.abc import Sequence

from engine import Geometry
from scenarios.models.radix import DEVICE_PFN
from tests.model_rig import Table


class Model:
    """Page -> device page, and the leaf that each page is in.

    Args:
        whole: an unmap of part of a leaf takes all of it; otherwise it is split as far as needed.
        largest: level of the largest leaf. runs: whether a leaf may have any power of two of pages up to there.
        sizes: pages of every leaf, where a run has a fixed number of entries.
    """

    def __init__(self, geometry: Geometry, whole: bool, largest: int = 3, runs: bool = False,
                 sizes: Sequence[int] = ()) -> None:
        self.geometry, self.whole = geometry, whole
        self.spans = [geometry.entries ** n for n in range(min(largest, geometry.levels))]
        powers = range((self.spans[-1] * geometry.entries).bit_length() - 1)
        self.sizes: Sequence[int] = sizes or ([1 << n for n in powers] if runs else self.spans)
        self.pages: dict[int, int] = {}
        self.leaf: dict[int, tuple[int, int]] = {}  # page -> (first page, pages) of its leaf

    def map(self, vpfn: int, pages: int, pfn: int) -> None:
        end = vpfn + pages
        while vpfn < end:
            size = max(n for n in self.sizes if (vpfn | pfn) % n == 0 and end - vpfn >= n)
            for i in range(size):
                self.pages[vpfn + i], self.leaf[vpfn + i] = pfn + i, (vpfn, size)
            vpfn, pfn = vpfn + size, pfn + size

    def unmap(self, vpfn: int, pages: int) -> int:
        gone = {p for p in range(vpfn, vpfn + pages) if p in self.pages}
        if self.whole:
            gone |= {q for p in gone for q in range(self.leaf[p][0], sum(self.leaf[p]))}
        for page in {p for p in gone if self.leaf[p][1] > 1}:
            self._split(page, gone)
        for page in gone:
            del self.pages[page], self.leaf[page]
        return len(gone)

    def _split(self, page: int, gone: set[int]) -> None:
        """Make the leaf of a page smaller, step by step, until it lies inside what goes or is one page."""
        first, pages = self.leaf[page]
        if set(range(first, first + pages)) <= gone or pages == 1:
            return
        smaller = max(n for n in self.spans if n < pages)  # a run becomes leaves of one entry, a leaf a table of them
        for p in range(first, first + pages):
            self.leaf[p] = (p - (p - first) % smaller, smaller)
        for p in range(first, first + pages, smaller):
            if gone & set(range(p, p + smaller)):
                self._split(p, gone)


def play(table: Table, model: Model, seed: int, turns: int, hardware: bool = False) -> None:
    """Random operations; after each the table must say what the model says."""
    rng = random.Random(seed)
    geometry = model.geometry
    limit = min(geometry.entries ** geometry.levels, 4 * geometry.entries)
    far = geometry.entries ** (geometry.levels - 1)  # the same again under another entry of the root
    for turn in range(turns):
        vpfn = rng.randrange(limit) + rng.choice([0, far])
        size = rng.choice([1, 1, 2, geometry.entries, rng.randrange(1, limit)])
        size = min(size, far - vpfn % far)
        if rng.random() < 0.6:
            vpfn = rng.choice([vpfn, vpfn - vpfn % size if size & size - 1 == 0 else vpfn])
            if any(p in model.pages for p in range(vpfn, vpfn + size)):
                continue
            pfn = DEVICE_PFN + turn * 4 * far + rng.choice([vpfn, vpfn, vpfn + 1])
            assert table.map(vpfn, size, pfn) == size
            model.map(vpfn, size, pfn)
        else:
            assert table.unmap(vpfn, size) == model.unmap(vpfn, size)
        for page in {vpfn, vpfn + size - 1, *rng.sample(range(limit), min(limit, 6))}:
            assert table.lookup(page) == model.pages.get(page, 0)
            if hardware:
                assert table.dma(page) == model.pages.get(page, 0)
    table.check()
    while model.pages:
        first = min(model.pages)
        assert table.unmap(first, 1) == model.unmap(first, 1)
    assert table.lookup(0) == 0
    table.check()
