"""Every format is the same table: against a dictionary on small pages, and entry for entry on real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Geometry
from engine.errors import UsageError
from scenarios.forms import PTDESC_FORM
from scenarios.models.domain import ONE_WORD, TWO_WORDS
from scenarios.models.formats import (
    AMDV1,
    CACHE,
    FORMATS,
    NOEXEC,
    READ,
    SW_SYNC,
    VTD,
    WRITE,
    X86,
    Format,
    arm,
)
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.split import BESIDE, EXCLUSIVE, SPLITTING, WHOLE
from scenarios.models.unmap import DROP, NEVER, PRUNE
from tests.model_rig import Broken, Table, page_table
from tests.table_model import Model, play

FIXED = {**PTDESC_FORM, "level_first": 0, "trust_level": 0, "widen": 1, "used_entries": 0}
CONCATENATED = arm("4k", 2, 40, 40)
SMALL = [*FORMATS.values(), CONCATENATED]
NAMES = [*FORMATS, "arm-concatenated"]


def model_of(form: Format, geometry: Geometry, whole: bool) -> Model:
    return Model(geometry, whole, form.largest_leaf, bool(form.run_bits))


@pytest.mark.parametrize("form", SMALL, ids=NAMES)
@pytest.mark.parametrize("policy", [WHOLE, SPLITTING], ids=["whole", "split"])
def test_small_tables_are_a_dictionary(form: Format, policy: int) -> None:
    small = form.shrunk(4, 3)
    geometry = small.geometry(128)
    design = {"policy": policy, "hardware": 1, "iotlb_ways": 4, "check_cached": 1}
    for seed, free in enumerate((DROP, PRUNE)):
        with page_table(geometry, **{**FIXED, **small.params, **design, "free": free}) as table:
            reach_all(table, geometry)
            play(table, model_of(form, geometry, policy == WHOLE), seed, 120, hardware=True)
            assert table.used() == (2 if form.root_shift else 1), "only the root is left"


def reach_all(table: Table, geometry: Geometry) -> None:
    """Let a root that grows reach every address; no empty root stays below it."""
    far = geometry.entries ** geometry.levels - 1
    assert table.map(0, 1, DEVICE_PFN + 1) == table.map(far, 1, DEVICE_PFN + 1) == 1
    assert table.unmap(0, 1) == table.unmap(far, 1) == 1


@pytest.mark.parametrize("split", [EXCLUSIVE, BESIDE], ids=["exclusive", "beside"])
@pytest.mark.parametrize("entries", [4, 8])
def test_runs_are_split_in_every_design(split: int, entries: int) -> None:
    small = AMDV1.shrunk(entries, 3)
    geometry = small.geometry(128)
    for seed in range(3):
        params = {**FIXED, **small.params, "policy": SPLITTING, "split": split, "hardware": 1, "iotlb_ways": 8}
        with page_table(geometry, **params) as table:
            reach_all(table, geometry)
            play(table, model_of(AMDV1, geometry, False), seed, 80, hardware=True)


# --- entries, bit for bit ---


def entries_of(table: Table, pfn: int) -> list[int]:
    layout = table.cpu.world.program.layout
    at = layout.frame(pfn) // 8
    return [int(word) for word in table.cpu.world.arena.words[at:at + layout.geometry.entries]]


def written(form: Format, vpfn: int, pages: int, pfn: int, prot: int = READ | WRITE | CACHE) -> list[dict[int, int]]:
    """What one map leaves in each table: index -> value, the root first."""
    geometry = form.geometry(8)
    with page_table(geometry, **{**FIXED, **form.params}) as table:
        assert table.call("map_range", 0, vpfn, pages, pfn, form.attributes(prot)) == pages
        assert table.lookup(vpfn) == pfn
        assert table.lookup(vpfn + pages - 1) == pfn + pages - 1
        tables = [entries_of(table, frame) for frame in range(1, 1 + table.used())]
    return [{index: value for index, value in enumerate(entries) if value} for entries in tables]


VPFN = 0x123456789 & (1 << 27) - 1 | 1 << 30  # a different index at each level
PFN = 0x3FEDCBA98


def indices(shift: int, levels: int, vpfn: int) -> list[int]:
    return [vpfn >> shift * (level - 1) & (1 << shift) - 1 for level in range(levels, 0, -1)]


@pytest.mark.parametrize(("form", "table_bits", "leaf_bits"), [
    (VTD, 0x3, 0x3),
    (X86, 0x67, 0x67),
    (arm("4k", 1), 0x3, 1 << 11 | 1 << 10 | 3 << 8 | 1 << 6 | 1 << 2 | 3),
    (arm("4k", 2), 0x3, 1 << 10 | 3 << 8 | 3 << 6 | 0xF << 2 | 3),
], ids=["vtd", "x86", "arm-s1", "arm-s2"])
def test_the_path_to_a_page(form: Format, table_bits: int, leaf_bits: int) -> None:
    root, second, third, leaf = indices(9, 4, VPFN)
    assert written(form, VPFN, 1, PFN) == [
        {root: 2 << 12 | table_bits}, {second: 3 << 12 | table_bits}, {third: 4 << 12 | table_bits},
        {leaf: PFN << 12 | leaf_bits},
    ]


@pytest.mark.parametrize(("granule", "page", "per_table"), [("16k", 14, 11), ("64k", 16, 13)])
@pytest.mark.parametrize("stage", [1, 2])
def test_the_path_to_a_page_of_another_granule(granule: str, page: int, per_table: int, stage: int) -> None:
    form = arm(granule, stage, 44 if granule == "16k" else 48)
    assert (form.page_shift, form.entry_shift) == (page, per_table)
    vpfn, pfn = VPFN & (1 << 44 - page) - 1, PFN >> page - 12
    found = written(form, vpfn, 1, pfn)
    where = indices(per_table, form.levels, vpfn)
    attributes = form.attributes(READ | WRITE | CACHE)
    assert found == [*({index: n + 2 << page | 3} for n, index in enumerate(where[:-1])),
                     {where[-1]: pfn << page | attributes | 3}]
    assert attributes == (1 << 11 | 1 << 10 | 3 << 8 | 1 << 6 | 1 << 2 if stage == 1 else
                          1 << 10 | 3 << 8 | 3 << 6 | 0xF << 2)


@pytest.mark.parametrize(("form", "level", "large"), [
    (VTD, 2, 1 << 7), (VTD, 3, 1 << 7), (X86, 2, 1 << 7), (X86, 3, 1 << 7), (arm("4k"), 2, 1), (arm("4k"), 3, 1),
    (arm("16k"), 2, 1), (arm("64k"), 2, 1), (AMDV1, 2, 0), (AMDV1, 3, 0),
], ids=lambda x: getattr(x, "name", str(x)))
def test_a_large_leaf_is_one_entry(form: Format, level: int, large: int) -> None:
    pages = 1 << form.entry_shift * (level - 1)
    tables = written(form, 3 * pages, pages, 5 * pages)
    assert tables[-1] == {3: 5 * pages << form.page_shift | form.attributes(READ | WRITE | CACHE) | large}
    assert sum(map(len, tables)) == (form.start_levels or form.levels) - level + 1


def test_a_leaf_is_never_larger_than_the_format_has() -> None:
    for form, pages in ((arm("16k"), 1 << 22), (arm("64k"), 1 << 26)):
        assert len(written(form, 0, pages, 0)[-1]) == pages >> form.entry_shift, "a run of blocks"


@pytest.mark.parametrize(("pages", "low"), [(2, 0b0), (4, 0b01), (8, 0b011), (64, 0b011111), (256, 0b1111111)])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_leaf_of_a_power_of_two_is_a_run_that_says_its_size(pages: int, low: int, level: int) -> None:
    """AMD: next level 7, and in the address a zero above as many ones as the size has bits, less one."""
    unit = 1 << 9 * (level - 1)
    size = pages * unit
    code = (size >> 1) - 1
    assert code == low * unit | unit - 1
    entry = (7 * size | code) << 12 | 1 | 7 << 9 | 1 << 60 | 1 << 61 | 1 << 62
    tables = written(AMDV1, 3 * size if 3 * pages < 512 else 0, size, 7 * size)
    first = 3 * pages if 3 * pages < 512 else 0
    assert tables[-1] == dict.fromkeys(range(first, first + pages), entry)


def test_there_is_no_leaf_of_512_gib() -> None:
    """AMD: a hardware bug. The largest leaf is a run of half a table at level 3."""
    half = 1 << 26
    with page_table(AMDV1.geometry(16), **{**FIXED, **AMDV1.params, "policy": WHOLE}) as table:
        assert table.map(0, 2 * half, 2 * half) == 2 * half
        assert table.unmap(5, 1) == half


def test_amd_table_entries_name_the_next_level() -> None:
    root, second, leaf = indices(9, 3, VPFN >> 4)
    rights = 1 | 1 << 61 | 1 << 62
    assert written(AMDV1, VPFN >> 4, 1, PFN) == [
        {root: 2 << 12 | 2 << 9 | rights}, {second: 3 << 12 | 1 << 9 | rights},
        {leaf: PFN << 12 | 1 | 1 << 60 | 1 << 61 | 1 << 62},
    ]


def test_what_a_mapping_allows() -> None:
    s1, s2 = arm("4k", 1), arm("4k", 2)
    assert s1.attributes(READ | NOEXEC) & (1 << 7 | 3 << 53) == 1 << 7 | 3 << 53
    assert s1.attributes(WRITE) & (1 << 7 | 3 << 53 | 7 << 2) == 0
    assert s1.attributes(READ) & 3 << 8 == 2 << 8, "outer shareable where not cached"
    assert s2.attributes(WRITE) & (3 << 6 | 0xF << 2) == 2 << 6 | 5 << 2
    assert s2.attributes(READ | CACHE) & (3 << 6 | 0xF << 2) == 1 << 6 | 0xF << 2
    assert AMDV1.attributes(READ) == 1 | 1 << 60 | 1 << 61
    assert X86.attributes(READ | NOEXEC) == 0x25 | 1 << 63
    assert VTD.attributes(WRITE) == 2


@pytest.mark.parametrize("form", [VTD, X86, AMDV1, arm("4k", 1), arm("4k", 2)], ids=lambda f: f.name)
def test_a_split_leaf_keeps_what_it_allows(form: Format) -> None:
    small = form.shrunk(4, 2)
    with page_table(small.geometry(16), **{**FIXED, **small.params, "policy": SPLITTING}) as table:
        allowed = form.attributes(READ | NOEXEC)
        assert table.call("map_range", 0, 4, 4, DEVICE_PFN, allowed) == 4
        assert table.unmap(4, 1) == 1
        rest = [value for frame in range(1, 4) for value in entries_of(table, frame)
                if (value & form.address) >> form.page_shift >= DEVICE_PFN]
        assert [value & ~form.address & ~form.page_bits for value in rest] == [allowed & ~form.page_bits] * 3


def test_a_run_is_mapped_whole_or_not_at_all() -> None:
    small = AMDV1.shrunk(8, 2)
    with page_table(small.geometry(8), **{**FIXED, **small.params}) as table:
        assert table.map(3, 1, DEVICE_PFN) == 1
        assert table.map(0, 4, DEVICE_PFN + 8) == 0
        assert [table.lookup(page) for page in range(5)] == [0, 0, 0, DEVICE_PFN, 0]
        table.check()


def test_a_run_takes_the_place_of_all_the_empty_tables_below_it() -> None:
    small = AMDV1.shrunk(4, 3)
    with page_table(small.geometry(16), **{**FIXED, **small.params, "free": NEVER, "start_levels": 3}) as table:
        for page in (0, 4):
            assert table.map(page, 1, DEVICE_PFN) == table.unmap(page, 1) == 1
        assert table.used() == 4
        assert table.map(0, 8, DEVICE_PFN) == 8
        assert table.used() == 2
        assert [table.lookup(page) for page in range(9)] == [*range(DEVICE_PFN, DEVICE_PFN + 8), 0]
        table.check()
        assert table.map(8, 1, DEVICE_PFN + 8) == 1
        assert table.map(8, 8, DEVICE_PFN + 8) == 0, "a page is in the way"


# --- a root that grows ---


def root(table: Table) -> tuple[int, int]:
    return tuple(map(int, table.call("root_of", 0)))  # type: ignore[return-value]


@pytest.mark.parametrize("grows", [ONE_WORD, TWO_WORDS])
def test_the_root_grows_with_the_addresses(grows: int) -> None:
    with page_table(AMDV1.geometry(32), **{**FIXED, **AMDV1.params, "grows": grows, "hardware": 1}) as table:
        assert root(table)[1] == 3
        assert table.map(5, 1, 77) == 1
        first, _ = root(table)
        beyond = (1 << 27) + 5
        assert table.lookup(beyond) == table.dma(beyond) == table.unmap(beyond, 1) == 0, "it is not page 5"
        assert table.lookup(5) == 77
        assert root(table)[1] == 3, "looking grows nothing"
        assert table.map((1 << 27) - 1, 1, 78) == 1
        assert root(table)[1] == 3
        assert table.map(1 << 27, 1, 79) == 1
        frame, level = root(table)
        assert level == 4
        pfn = (frame - table.cpu.world.program.layout.FRAMES) // 4096
        below = (first - table.cpu.world.program.layout.FRAMES) // 4096
        assert entries_of(table, pfn)[0] == below << 12 | 3 << 9 | 1 | 1 << 61 | 1 << 62
        assert table.map(1 << 51, 1, 80) == 1
        assert root(table)[1] == 6
        for vpfn, page in ((5, 77), ((1 << 27) - 1, 78), (1 << 27, 79), (1 << 51, 80)):
            assert table.lookup(vpfn) == table.dma(vpfn) == page
        assert table.unmap(0, 1 << 52) == 4
        assert table.used() == 1


def test_the_root_grows_for_a_large_leaf() -> None:
    small = AMDV1.shrunk(4, 4)
    with page_table(small.geometry(32), **{**FIXED, **small.params, "start_levels": 1}) as table:
        assert table.map(0, 4, DEVICE_PFN) == 4
        assert root(table)[1] == 2
        assert table.map(16, 16, DEVICE_PFN + 16) == 16
        assert root(table)[1] == 3


def test_no_root_is_above_the_last_level() -> None:
    small = AMDV1.shrunk(4, 3)
    with page_table(small.geometry(32), **{**FIXED, **small.params}) as table:
        assert table.map(64, 1, DEVICE_PFN) == 0
        assert table.lookup(64) == 0


def test_an_empty_root_that_was_grown_over_stays() -> None:
    """Counting and growing do not know of each other: the old root is linked empty, and nobody looks at it again."""
    small = AMDV1.shrunk(4, 3)
    with page_table(small.geometry(32), **{**FIXED, **small.params}) as table:
        assert table.map(16, 1, DEVICE_PFN) == 1
        with pytest.raises(Broken, match="missed-free"):
            table.check()
        assert table.unmap(0, 1) == 0
        table.check()


# --- Arm's roots and ranges ---


@pytest.mark.parametrize(("granule", "stage", "ias", "oas", "levels", "root_shift"), [
    ("4k", 1, 48, 48, 4, 0), ("4k", 1, 40, 40, 4, 0), ("4k", 1, 39, 48, 3, 0), ("4k", 1, 32, 32, 3, 0),
    ("4k", 2, 40, 40, 3, 10), ("4k", 2, 42, 42, 3, 12), ("4k", 2, 40, 42, 3, 10), ("4k", 2, 44, 44, 4, 0),
    ("4k", 2, 48, 48, 4, 0), ("4k", 2, 40, 44, 4, 0), ("16k", 1, 48, 48, 4, 0), ("16k", 2, 48, 48, 3, 12),
    ("16k", 1, 40, 40, 3, 0), ("16k", 2, 40, 40, 2, 15), ("16k", 2, 36, 40, 2, 0), ("16k", 2, 40, 44, 3, 0),
    ("64k", 1, 48, 48, 3, 0), ("64k", 2, 42, 42, 2, 0), ("64k", 2, 32, 48, 2, 0),
])
def test_levels_and_root_of_arm(granule: str, stage: int, ias: int, oas: int, levels: int, root_shift: int) -> None:
    form = arm(granule, stage, ias, oas)
    assert (form.levels, form.root_shift) == (levels, root_shift)


def test_addresses_beyond_the_format_are_not_mapped() -> None:
    form = arm("4k", 2, 32, 36)
    with page_table(form.geometry(8), **{**FIXED, **form.params}) as table:
        assert table.map(1 << 20, 1, 5) == 0
        assert table.map((1 << 20) - 1, 2, 5) == 0
        assert table.map(5, 1, 1 << 24) == 0
        assert table.map((1 << 20) - 1, 1, (1 << 24) - 1) == 1
        assert table.lookup((1 << 20) - 1) == (1 << 24) - 1


def test_a_table_entry_says_that_it_was_written_back() -> None:
    """SW_SYNC: only for a walker that is not coherent, only in table entries."""
    form = arm("4k", 1, 32, 32, coherent=False)
    root_index, second, leaf = indices(9, 3, 0x4321)
    found = written(form, 0x4321, 1, 7)
    assert found == [{root_index: 2 << 12 | 3 | SW_SYNC}, {second: 3 << 12 | 3 | SW_SYNC},
                     {leaf: 7 << 12 | 3 | form.attributes(READ | WRITE | CACHE)}]


def test_what_is_no_arm_format() -> None:
    for wrong in (("8k", 1, 48, 48), ("4k", 3, 48, 48), ("4k", 1, 31, 48), ("4k", 1, 48, 52), ("64k", 1, 53, 48)):
        with pytest.raises(UsageError, match="one is not there"):
            arm(*wrong)


def test_shifts_and_leaves_are_data() -> None:
    assert VTD.shifts == (12, 21, 30, 39)
    assert arm("16k", 2, 48).shifts == (14, 25, 36)
    assert arm("64k").leaves == (1 << 16, 1 << 29)
    assert AMDV1.leaves == tuple(1 << n for n in range(12, 39))


def test_a_wide_root_is_wide() -> None:
    """Two addresses that differ only in the bits that a root of one table does not have."""
    form = arm("4k", 2, 42, 42)
    assert form.root_shift == 12
    with page_table(form.geometry(32), **{**FIXED, **form.params, "hardware": 1}) as table:
        assert table.used() == 8, "eight tables side by side"
        for n in range(8):
            assert table.map(5 | n << 27, 1, 100 + n) == 1
        for n in range(8):
            assert table.lookup(5 | n << 27) == table.dma(5 | n << 27) == 100 + n
            assert [index for index, entry in enumerate(entries_of(table, 1 + n)) if entry] == [0]
        assert table.unmap(0, 1 << 30) == 8
        table.check()
        table.call("destroy_domain", 0)
        assert table.used() == 0


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_addresses_and_attributes_have_bits_of_their_own(form: Format) -> None:
    top = 48 if form.name.startswith("arm") else 52
    assert form.address == (1 << top) - (1 << form.page_shift)
    assert form.attributes(WRITE) | form.page_bits != 0
    for prot in range(1, 16):
        assert form.attributes(prot) & form.address == 0
        if prot & (READ | WRITE):
            assert (form.attributes(prot) | form.page_bits) & form.present, "a mapping is present"


def size_text(size: int) -> str:
    unit = (size.bit_length() - 1) // 10
    return f"{size >> 10 * unit} {('B', 'KiB', 'MiB', 'GiB')[unit]}"


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_the_page_has_the_row_of_every_format(form: Format) -> None:
    leaves = [size_text(size) for size in form.leaves]
    sizes = f"{leaves[0]} to {leaves[-1]}" if form.run_bits else ", ".join(leaves)
    levels = f"{form.start_levels} to {form.levels}" if form.start_levels else str(form.levels)
    row = f"| `{form.name}` | {form.about} | {leaves[0]} | {levels} | {sizes} |"
    page = Path(__file__).parent.parent / "docs" / "formats.md"
    assert row in page.read_text().splitlines()
