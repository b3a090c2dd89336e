"""What only Arm's formats have: addresses of 52 bits, the contiguous bit, and an unmap that refuses a part."""

from __future__ import annotations

import pytest

from engine import Geometry, Scenario, Variant
from engine.explore import explore
from scenarios.forms import PTDESC_FORM
from scenarios.models.formats import CACHE, CONTIGUOUS, CONTIGUOUS_BIT, READ, WRITE, Format, arm
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.split import BESIDE, EXCLUSIVE, NO_FLUSH, REFUSING, SPLITTING, WHOLE
from tests.model_rig import page_table
from tests.table_model import Model, play
from tests.test_formats_explored import _ROLES, kind, map_run, run_gone
from tests.test_formats_table import FIXED, written

ALLOWED = READ | WRITE | CACHE


# --- 52 bits ---

WIDE = arm("64k", 1, 48, 52)
FAR = 0xA_F012_3456  # a page number of 36 bits


@pytest.mark.parametrize("stage", [1, 2])
def test_the_top_of_an_address_lies_in_bits_12_to_15(stage: int) -> None:
    form = arm("64k", stage, 48, 52)
    leaf = written(form, 5, 1, FAR)[-1][5]
    assert leaf & form.address == (FAR << 16 & (1 << 48) - 1) | FAR >> 32 << 12
    assert leaf & ~form.address == form.attributes(ALLOWED) | form.page_bits
    assert FAR >> 32 == 0xA


def test_what_has_48_bits_lies_as_ever() -> None:
    assert written(WIDE, 5, 1, 77)[-1] == written(arm("64k", 1), 5, 1, 77)[-1]


def test_a_block_far_up_is_mapped_looked_up_split_and_walked() -> None:
    pages = WIDE.span(2) >> 16
    base = 0xF << 32 | 3 * pages
    with page_table(WIDE.geometry(16), **{**FIXED, **WIDE.params, "policy": SPLITTING, "hardware": 1}) as table:
        assert table.map(2 * pages, pages, base) == pages
        assert table.lookup(2 * pages + 9) == table.dma(2 * pages + 9) == base + 9
        assert table.unmap(2 * pages + 8, 1) == 1
        assert table.lookup(2 * pages + 9) == table.dma(2 * pages + 9) == base + 9
        assert table.lookup(2 * pages + 8) == table.dma(2 * pages + 8) == 0


def test_beyond_52_bits_nothing_is_mapped() -> None:
    wide = arm("64k", 1, 52, 52)
    assert (wide.levels, arm("64k", 1, 48, 48).levels) == (3, 3)
    with page_table(wide.geometry(8), **{**FIXED, **wide.params}) as table:
        assert table.map(1 << 36, 1, 5) == table.map(5, 1, 1 << 36) == 0
        assert table.map((1 << 36) - 1, 1, (1 << 36) - 1) == 1
        assert table.lookup((1 << 36) - 1) == (1 << 36) - 1


# --- the contiguous bit ---


@pytest.mark.parametrize("granule", CONTIGUOUS)
def test_a_run_has_the_entries_that_the_granule_says(granule: str) -> None:
    form = arm(granule, contiguous=True)
    plain = arm(granule)
    for level, shift in zip((1, 2), CONTIGUOUS[granule], strict=True):
        unit = form.span(level) >> form.page_shift
        size = unit << shift
        found = written(form, 3 * size, size, 5 * size)[-1]
        one = written(plain, 0, unit, 0)[-1][0]
        first = (3 << shift) & (1 << form.entry_shift) - 1
        assert found == {first + n: one | CONTIGUOUS_BIT | 5 * size + n * unit << form.page_shift
                         for n in range(1 << shift)}
        less = written(form, 3 * size, size - unit, 5 * size)[-1]
        assert not any(entry & CONTIGUOUS_BIT for entry in less.values()), "a part is no run"


def test_leaves_of_each_granule() -> None:
    kib, mib, gib = 1 << 10, 1 << 20, 1 << 30
    assert arm("4k", contiguous=True).leaves == (4 * kib, 64 * kib, 2 * mib, 32 * mib, gib, 16 * gib)
    assert arm("16k", contiguous=True).leaves == (16 * kib, 2 * mib, 32 * mib, gib)
    assert arm("64k", contiguous=True).leaves == (64 * kib, 2 * mib, 512 * mib, 16 * gib)


CONT: Format = arm("4k", contiguous=True)


@pytest.mark.parametrize("policy", [WHOLE, SPLITTING], ids=["whole", "split"])
def test_small_contiguous_tables_are_a_dictionary(policy: int) -> None:
    small = CONT.shrunk(8, 3)
    assert (small.cont_shift, small.cont_above) == (2, 2)
    geometry = small.geometry(64)
    sizes = [size >> 12 for size in small.leaves]
    for seed in range(2):
        params = {**FIXED, **small.params, "policy": policy, "hardware": 1, "iotlb_ways": 4, "check_cached": 1}
        with page_table(geometry, **params) as table:
            play(table, Model(geometry, policy == WHOLE, sizes=sizes), seed, 80, hardware=True)


_CUT = {**PTDESC_FORM, **CONT.shrunk(4, 2).params, "policy": SPLITTING, "level_first": 0, "trust_level": 0, "widen": 1,
        "used_entries": 0, "hardware": 1}
CUT = Scenario(
    "contiguous", "Two threads unmap two entries of one contiguous leaf.", _ROLES,
    (
        Variant("exclusive", params={**_CUT, "split": EXCLUSIVE}),
        Variant("no-flush", kind="sequential", expects="stale-translation", params={**_CUT, "split": NO_FLUSH}),
        Variant("beside", kind="race", expects="stale-translation", params={**_CUT, "split": BESIDE}),
    ),
    setup=map_run, at_rest=run_gone, small=Geometry(4, 2, 8),
)


@pytest.mark.parametrize(("variant", "preemptions", "expected"), [
    ("exclusive", 2, None), ("no-flush", 0, "stale-translation"), ("beside", 1, "stale-translation"),
    ("beside", 0, None),
])
def test_a_contiguous_leaf_is_cut_like_a_run(variant: str, preemptions: int, expected: str | None) -> None:
    assert kind(explore(CUT, variant, preemptions=preemptions)) == expected


# --- a part of a block ---


@pytest.mark.parametrize("form", [arm("4k"), arm("64k", 2), CONT], ids=lambda form: form.name)
def test_a_part_of_a_block_is_not_unmapped(form: Format) -> None:
    pages = form.span(2) >> form.page_shift
    with page_table(form.geometry(16), **{**FIXED, **form.params, "policy": REFUSING, "hardware": 1}) as table:
        assert table.map(0, pages, DEVICE_PFN) == pages
        for first, count in ((0, 1), (5, 1), (0, pages - 1), (pages - 1, 1)):
            assert table.unmap(first, count) == 0
            assert table.lookup(first) == table.dma(first) == DEVICE_PFN + first
        table.check()
        assert table.unmap(0, pages) == pages
        table.check()
        assert table.used() == 1


@pytest.mark.parametrize("granule", ["4k", "16k", "64k"])
def test_older_kernels_cut_a_page_out_of_a_block(granule: str) -> None:
    """The step that the boot self-test had before 33729a5fc0ca: unmap the second page of a block, map it elsewhere."""
    form = arm(granule)
    pages = form.span(2) >> form.page_shift
    for policy, removed in ((SPLITTING, 1), (REFUSING, 0)):
        with page_table(form.geometry(16), **{**FIXED, **form.params, "policy": policy, "hardware": 1}) as table:
            assert table.map(pages, pages, pages) == pages
            assert table.unmap(pages + 1, 1) == removed
            assert table.map(pages + 1, 1, 1) == removed
            assert table.lookup(pages + 1) == table.dma(pages + 1) == (1 if removed else pages + 1)
            assert table.lookup(pages + 2) == pages + 2
