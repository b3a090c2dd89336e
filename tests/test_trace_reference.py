"""The sequential page-table model: leaves, removed sizes, tables; against a model of single pages and real captures."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.errors import UsageError
from stress.trace import LEAVES, PAGE, Reference, load, replay, shipped
from tests.trace_files import GIB, MIB, Map, Unmap, make_trace

LEAF2 = 2 * MIB


def sizes(model: Reference, domain: int = 0) -> dict[int, int]:
    """How many leaves of each size."""
    size, count = np.unique(model.leaves(domain)[2], return_counts=True)
    return dict(zip(size.tolist(), count.tolist(), strict=True))


@pytest.mark.parametrize(("iova", "size", "paddr", "leaves"), [
    (0, PAGE, 0, {PAGE: 1}),
    (0, LEAF2, 0, {LEAF2: 1}),
    (0, LEAF2, PAGE, {PAGE: 512}),
    (PAGE, LEAF2, PAGE, {PAGE: 512}),
    (LEAF2 - PAGE, LEAF2 + 2 * PAGE, LEAF2 - PAGE, {PAGE: 2, LEAF2: 1}),
    (0, GIB, 0, {GIB: 1}),
    (0, GIB, LEAF2, {LEAF2: 512}),
    (GIB - LEAF2, GIB + 2 * LEAF2, 3 * GIB - LEAF2, {LEAF2: 2, GIB: 1}),
])  # fmt: skip
def test_a_map_takes_the_largest_leaves_that_fit(iova, size, paddr, leaves):
    model = Reference()
    model.map(0, iova, size, paddr)
    assert sizes(model) == leaves
    pages = model.pages(0)
    assert np.array_equal(pages[0], np.arange(iova, iova + size, PAGE))
    assert np.array_equal(pages[1] - pages[0], np.full(size // PAGE, np.uint64(paddr) - np.uint64(iova)))


@pytest.mark.parametrize(("largest", "leaves"), [(PAGE, {PAGE: 1 << 18}), (LEAF2, {LEAF2: 512}), (GIB, {GIB: 1})])
def test_the_largest_leaf_is_a_limit(largest, leaves):
    model = Reference(largest_leaf=largest)
    model.map(0, GIB, GIB, 0)
    assert sizes(model) == leaves


def test_lookup_goes_to_the_byte():
    model = Reference()
    model.map(1, LEAF2 - PAGE, LEAF2 + PAGE, 5 * GIB - PAGE)
    for iova in (LEAF2 - PAGE, LEAF2 - 1, LEAF2, LEAF2 + 12345):
        assert model.lookup(1, iova) == iova + 5 * GIB - LEAF2
    assert model.lookup(1, LEAF2 - PAGE - 1) is None
    assert model.lookup(1, 2 * LEAF2) is None
    assert model.lookup(0, LEAF2) is None


def test_the_page_at_physical_address_0_is_a_page():
    model = Reference()
    model.map(0, PAGE, PAGE, 0)
    assert model.lookup(0, PAGE) == 0
    assert model.unmap(0, PAGE, PAGE) == PAGE


def test_whole_removes_the_leaf_and_split_what_was_asked():
    whole, split = Reference(policy="whole"), Reference(policy="split")
    for model in (whole, split):
        model.map(0, GIB, GIB, 0)
    assert whole.unmap(0, GIB + LEAF2, PAGE) == GIB
    assert split.unmap(0, GIB + LEAF2, PAGE) == PAGE
    assert sizes(whole) == {}
    assert sizes(split) == {LEAF2: 511, PAGE: 511}
    assert split.unmap(0, GIB, LEAF2) == LEAF2
    assert sizes(split) == {LEAF2: 510, PAGE: 511}


def test_split_of_a_1_gib_leaf_stops_at_the_level_that_is_asked_for():
    model = Reference(policy="split")
    model.map(0, 0, GIB, 0)
    assert model.unmap(0, LEAF2, 3 * LEAF2) == 3 * LEAF2
    assert sizes(model) == {LEAF2: 509}


@pytest.mark.parametrize("policy", ["whole", "split"])
def test_an_unmap_stops_at_the_first_hole(policy):
    model = Reference(policy=policy)
    model.map(0, 0, 2 * PAGE, 0)
    model.map(0, 3 * PAGE, PAGE, 0)
    assert model.unmap(0, 0, 4 * PAGE) == 2 * PAGE
    assert model.unmap(0, 0, 4 * PAGE) == 0
    assert model.lookup(0, 3 * PAGE) == 0


def test_whole_goes_on_at_iova_plus_removed():
    """iommu_unmap() does not know that the leaf ends before iova + removed."""
    model = Reference()
    model.map(0, 0, LEAF2, 0)
    model.map(0, LEAF2, LEAF2, LEAF2 + PAGE)
    assert model.unmap(0, MIB, 2 * LEAF2) == LEAF2 + LEAF2 - MIB
    assert model.leaves(0)[0].tolist() == list(range(LEAF2, LEAF2 + MIB, PAGE))


def test_tables_that_must_exist():
    model = Reference(levels=4)
    assert [model.tables(0, policy) for policy in ("never", "empty")] == [1, 1]
    model.map(0, 0, PAGE, 0)
    model.map(0, GIB, LEAF2, 0)
    # root, level 3, two of level 2, one of level 1
    assert [model.tables(0, policy) for policy in ("never", "empty")] == [5, 5]
    model.unmap(0, 0, PAGE)
    assert [model.tables(0, policy) for policy in ("never", "empty")] == [5, 3]
    model.unmap(0, GIB, LEAF2)
    assert [model.tables(0, policy) for policy in ("never", "empty")] == [5, 1]
    model.map(0, 0, GIB, 0)  # takes the slot of a table of level 2 with a table of level 1 below
    assert [model.tables(0, policy) for policy in ("never", "empty")] == [3, 2]


@pytest.mark.parametrize(("levels", "tables"), [(3, 3), (4, 4), (5, 5)])
def test_a_page_needs_a_table_a_level(levels, tables):
    model = Reference(levels)
    top = (1 << (12 + 9 * levels)) - PAGE
    model.map(0, top, PAGE, 0)
    assert model.tables(0, "empty") == tables
    with pytest.raises(UsageError, match=f"{levels} levels"):
        model.map(0, top, 2 * PAGE, 0)


def test_split_needs_tables():
    model = Reference(levels=3, policy="split")
    model.map(0, 0, GIB, 0)
    assert model.tables(0, "empty") == 1
    model.unmap(0, 0, PAGE)
    assert model.tables(0, "empty") == 3


def test_what_is_refused():
    model = Reference()
    model.map(0, LEAF2, LEAF2, 0)
    model.map(0, 6 * LEAF2 + PAGE, PAGE, 0)
    for call in (
        lambda: model.map(0, LEAF2 + PAGE, PAGE, 0),
        lambda: model.map(0, 0, GIB, 0),
        lambda: model.map(0, 6 * LEAF2, LEAF2, PAGE),
        lambda: model.map(0, 0, 0, 0),
        lambda: model.map(0, 1, PAGE, 0),
        lambda: model.unmap(0, 0, 100),
        lambda: model.tables(0, "sometimes"),
        lambda: Reference(levels=6),
        lambda: Reference(policy="half"),
        lambda: Reference(largest_leaf=8192),
    ):
        with pytest.raises(UsageError):
            call()
    model.map(1, LEAF2 + PAGE, PAGE, 0)
    assert sizes(model) == {LEAF2: 1, PAGE: 1}


class Pages:
    """The same rules page by page: {page number: (frame number, first page of the leaf, pages of the leaf)}."""

    def __init__(self, policy: str, largest: int) -> None:
        self.policy, self.largest = policy, largest // PAGE
        self.live: dict[int, tuple[int, int, int]] = {}

    def map(self, page: int, count: int, frame: int) -> bool:
        if any(page + i in self.live for i in range(count)):
            return False
        i = 0
        while i < count:
            span = max(
                s for s in (1, 512) if s <= self.largest and s <= count - i and not ((page + i) | (frame + i)) % s
            )
            self.live |= {page + i + k: (frame + i + k, page + i, span) for k in range(span)}
            i += span
        return True

    def unmap(self, page: int, count: int) -> int:
        removed = 0
        while removed < count and page + removed in self.live:
            _, first, span = self.live[page + removed]
            if self.policy == "split" and span > 1 and (first < page + removed or first + span > page + count):
                for k in range(first, first + span):
                    self.live[k] = (self.live[k][0], k, 1)
                continue
            for k in range(first, first + span):
                del self.live[k]
            removed += span
        return removed

    def tables(self) -> int:
        return 1 + len({(n, p >> n) for p, (_, _, s) in self.live.items() for n in (9, 18, 27) if n > 9 or s == 1})


@pytest.mark.parametrize("policy", ["whole", "split"])
@pytest.mark.parametrize("largest", LEAVES[:2])
@pytest.mark.parametrize("seed", range(2))
def test_against_a_model_of_single_pages(policy, largest, seed):
    pick = random.Random(seed)
    model, simple = Reference(4, policy, largest), Pages(policy, largest)
    for _ in range(100):
        grain = pick.choice([1, 64, 512])
        page, count = pick.randrange(2048 // grain) * grain, pick.randint(1, max(2, 1024 // grain)) * grain
        if pick.random() < 0.6:
            frame = pick.randrange(8192 // grain) * grain
            if simple.map(page, count, frame):
                model.map(0, page * PAGE, count * PAGE, frame * PAGE)
            else:
                with pytest.raises(UsageError, match="holds a mapping already"):
                    model.map(0, page * PAGE, count * PAGE, frame * PAGE)
        else:
            assert model.unmap(0, page * PAGE, count * PAGE) == simple.unmap(page, count) * PAGE
        iova, paddr = model.pages(0)
        assert dict(zip((iova // PAGE).tolist(), (paddr // PAGE).tolist(), strict=True)) == {
            p: f for p, (f, _, _) in simple.live.items()
        }
        assert sorted(zip(*(c.tolist() for c in model.leaves(0)[::2]), strict=True)) == sorted(
            {(first * PAGE, span * PAGE) for _, first, span in simple.live.values()}
        )
        assert model.tables(0, "empty") == simple.tables()
        assert model.tables(0, "never") >= model.tables(0, "empty")


@pytest.mark.parametrize("name", ["nvme-lazy-spans", "nvme-strict", "vfio-hugepage"])
def test_whole_removes_what_the_vt_d_driver_removed(name):
    trace = load(shipped()[name])
    model = Reference(levels=4, policy="whole")
    assert np.array_equal(replay(model, trace, asked=True), trace.removed)
    for d in range(len(trace.domain_keys)):
        live = trace.live[trace.live[:, 0] == d]
        expected = [
            np.arange(s, s + n, PAGE, dtype=np.uint64) for column in (1, 3) for s, n in live[:, (column, 2)].tolist()
        ]
        half = len(expected) // 2
        iova, paddr = model.pages(d)
        assert iova.tolist() == [x for part in expected[:half] for x in part.tolist()]
        assert paddr.tolist() == [x for part in expected[half:] for x in part.tolist()]


def test_replay_with_the_removed_size_does_what_another_format_did(tmp_path):
    """An 8 KiB leaf of an AMD table went whole when 4 KiB were asked for; in ours these are two leaves."""
    trace = load(make_trace(tmp_path / "t", Map(0, 8192), Unmap(0, 4096, removed=8192), Map(4096, 4096)))
    model = Reference()
    assert replay(model, trace).tolist() == [0, 8192, 0]
    with pytest.raises(UsageError, match="holds a mapping already"):
        replay(Reference(), trace, asked=True)
