"""The page table model against a dictionary: random maps, unmaps and lookups, both policies, 3 to 5 levels."""

from __future__ import annotations

import pytest

from engine import Geometry
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.models.count import MAPCOUNT, REFCOUNT, UNCOUNTED
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.split import BESIDE, EXCLUSIVE, SPLITTING, WHOLE
from scenarios.models.unmap import DROP, NEVER, PRUNE
from tests.model_rig import Broken, page_table
from tests.table_model import Model, play

FIXED = {**PTDESC_FORM, "level_first": 0, "trust_level": 0, "widen": 1, "used_entries": 0}
SHAPES = [Geometry(2, 5, 64), Geometry(4, 3, 64), Geometry(4, 4, 128), Geometry(512, 3, 24)]


@pytest.mark.parametrize("geometry", SHAPES, ids=lambda g: f"{g.entries}x{g.levels}")
@pytest.mark.parametrize("policy", [WHOLE, SPLITTING], ids=["whole", "split"])
@pytest.mark.parametrize("free", [DROP, PRUNE], ids=["drop", "prune"])
def test_table_is_a_dictionary(geometry: Geometry, policy: int, free: int) -> None:
    turns = 40 if geometry.entries == 512 else 120
    with page_table(geometry, **{**FIXED, "policy": policy, "free": free}) as table:  # compiling takes longest
        for seed in range(2 if geometry.entries == 512 else 6):
            play(table, Model(geometry, policy == WHOLE), seed, turns)
            assert table.used() == 1, "only the root is left"


@pytest.mark.parametrize("design", [
    {"count": REFCOUNT, "order": 1}, {"count": MAPCOUNT}, {"pin": 1}, {"restart": 1, "flush": 2}, {"upgrade": 1},
    {"split": BESIDE}, {"split": EXCLUSIVE, "pin": 1}, {"sync_inside": 1, "flush": 0},
    {"free": PRUNE, "sync_inside": 1},
], ids=str)
def test_every_design_is_the_same_table(design: dict[str, int]) -> None:
    geometry = Geometry(4, 4, 128)
    with page_table(geometry, **{**FIXED, "policy": SPLITTING, "hardware": 1, "iotlb_ways": 4, "check_cached": 1,
                                 **design}) as table:
        for seed in range(4):
            play(table, Model(geometry, whole=False), seed, 100, hardware=True)
            assert table.used() == 1


@pytest.mark.parametrize("form", [RFC_V1, RFC_V2, PTDESC_FORM], ids=["v1", "v2", "ptdesc"])
def test_posted_forms_on_small_pages(form: dict[str, int]) -> None:
    geometry = Geometry(4, 3, 64)
    with page_table(geometry, **{**form, "used_entries": 0, "largest_leaf": 1}) as table:
        for seed in range(4):
            play(table, Model(geometry, whole=True, largest=1), seed, 100)
            assert table.used() == 1


def test_tables_that_are_never_freed_stay_and_are_used_again() -> None:
    geometry = Geometry(4, 3, 64)
    uncounted = {**FIXED, "free": NEVER, "count": UNCOUNTED, "no_empty": 0, "policy": SPLITTING}
    with page_table(geometry, **uncounted) as table:
        play(table, Model(geometry, whole=False), 1, 100)
        assert table.used() > 1


def test_an_empty_table_that_stays_is_found() -> None:
    with page_table(Geometry(4, 3, 64), **{**FIXED, "free": NEVER}) as table:
        table.map(0, 1, DEVICE_PFN)
        table.unmap(0, 1)
        with pytest.raises(Broken, match="missed-free"):
            table.check()


def test_a_wrong_count_is_found() -> None:
    with page_table(Geometry(4, 3, 64), **FIXED) as table:
        table.map(0, 1, DEVICE_PFN)
        page = table.cpu.world.program.layout.descriptor(2)
        table.cpu.world.arena.words[(page + 32) // 8] += 1
        with pytest.raises(Broken, match="count-drift"):
            table.check()


def test_a_page_that_nothing_leads_to_is_found() -> None:
    with page_table(Geometry(4, 3, 64), **FIXED) as table:
        table.call("alloc_table", 0)
        with pytest.raises(Broken, match="leak"):
            table.check()


def test_flush_queue_frees_only_after_a_flush() -> None:
    with page_table(Geometry(4, 3, 64), **{**FIXED, "queued": 1, "hardware": 1, "check_cached": 1}) as table:
        table.map(0, 4, DEVICE_PFN + 1)  # four small pages: not aligned
        assert table.dma(0) == DEVICE_PFN + 1
        before = table.used()
        table.unmap(0, 16)
        assert table.used() == before
        assert table.dma(0) == DEVICE_PFN + 1, "stale until the flush: that is what the queue is"
        table.call("flush_queue")
        assert table.used() < before
        assert table.dma(0) == 0


def test_running_out_of_pages_is_no_mapping() -> None:
    with page_table(Geometry(4, 3, 3), **FIXED) as table:
        assert table.map(0, 1, DEVICE_PFN) == 0
        assert table.lookup(0) == 0


def test_a_large_leaf_takes_the_place_of_empty_tables_only() -> None:
    with page_table(Geometry(4, 3, 64), **{**FIXED, "free": NEVER, "hardware": 1}) as table:
        table.map(0, 2, DEVICE_PFN)
        table.unmap(1, 1)
        assert table.map(0, 16, DEVICE_PFN) == 0, "page 0 is in the way"
        table.unmap(0, 1)
        assert table.map(0, 16, DEVICE_PFN) == 16
        assert table.used() == 1
        assert [table.dma(p) for p in range(16)] == [DEVICE_PFN + p for p in range(16)]


def test_the_posted_unmap_descends_into_a_leaf_that_it_met_in_the_middle() -> None:
    with page_table(Geometry(4, 3, 64), **RFC_V2) as table:
        table.map(0, 4, DEVICE_PFN)
        with pytest.raises(Broken, match="wild-access"):
            table.unmap(1, 1)
    with page_table(Geometry(4, 3, 64), **{**RFC_V2, "trust_level": 0}) as table:
        table.map(0, 4, DEVICE_PFN)
        assert table.unmap(1, 1) == 4


def test_a_leaf_removed_whole_is_invalidated_whole() -> None:
    with page_table(Geometry(4, 3, 64), **{**FIXED, "policy": WHOLE, "hardware": 1, "iotlb_ways": 4}) as table:
        table.map(0, 16, DEVICE_PFN)
        assert [table.dma(p) for p in range(4)] == [DEVICE_PFN + p for p in range(4)]
        assert table.unmap(6, 1) == 16
        assert [table.dma(p) for p in range(4)] == [0] * 4


@pytest.mark.parametrize(("widen", "stale"), [(0, DEVICE_PFN + 1), (1, 0)], ids=["posted", "both-ends"])
def test_the_posted_widening_flushes_too_little(widen: int, stale: int) -> None:
    """S4-g: the start is aligned down to the freed table and the size only rounded up, so the end is not covered."""
    with page_table(Geometry(4, 3, 64), **{**FIXED, "widen": widen, "hardware": 1, "iotlb_ways": 4}) as table:
        table.map(8, 1, DEVICE_PFN)  # keeps the middle table
        table.map(3, 2, DEVICE_PFN)
        assert table.dma(4) == DEVICE_PFN + 1
        table.unmap(3, 2)
        assert table.dma(4) == stale
