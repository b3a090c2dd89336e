"""Traces replayed in other formats than VT-d: an excerpt of an AMD machine's, and made ones where leaves are cut."""

from __future__ import annotations

import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine import Geometry
from engine.errors import UsageError
from scenarios.forms import PTDESC_FORM
from scenarios.models.formats import AMDV1, FORMATS, X86, Format, arm
from scenarios.models.split import SPLITTING, WHOLE
from stress.trace import MAP, Reference, load, plan, replay
from stress.trace.live import prepare
from stress.trace.reference import Policy
from stress.trace.tables import compare
from tests.model_rig import page_table
from tests.table_model import Model
from tests.test_harness_trace import replayed
from tests.trace_files import GIB, MIB, Map, Unmap, make_trace

EXCERPT = Path(__file__).parent / "data" / "amd-nvme-excerpt.trace"
FIXED = {**PTDESC_FORM, "level_first": 0, "trust_level": 0, "used_entries": 0}
TIB = 1 << 40


def amd(policy: Policy = "whole") -> Reference:
    return Reference(6, policy, runs=True, start_levels=3)


def calls_of_driver() -> list[tuple[int, int, int, Counter[int]]]:
    """(iova, size, paddr, {page size: pages}) of every map, as the kernel called its driver."""
    found, sizes = [], Counter[int]()
    for line in EXCERPT.read_text().splitlines():
        if call := re.search(r" mapb: .*pgsize=(\d+) n=(\d+)", line):
            sizes[int(call[1])] += int(call[2])
        if event := re.search(r" map: IOMMU: iova=(0x\w+) - 0x\w+ paddr=(0x\w+) size=(\d+)", line):
            found.append((int(event[1], 16), int(event[3]), int(event[2], 16), sizes))
            sizes = Counter()
    return found


def test_the_excerpt_has_leaves_of_six_sizes() -> None:
    sizes = sum((sizes for *_, sizes in calls_of_driver()), Counter[int]())
    assert sorted(sizes) == [4096 << n for n in range(6)]


@pytest.mark.parametrize(("iova", "size", "paddr", "sizes"), calls_of_driver())
def test_leaves_are_those_of_the_amd_driver(iova: int, size: int, paddr: int, sizes: Counter[int]) -> None:
    model = amd()
    model.map(0, iova, size, paddr)
    assert Counter(model.leaves(0)[2].tolist()) == sizes
    with page_table(AMDV1.geometry(16), **{**FIXED, **AMDV1.params, "policy": WHOLE}) as table:
        vpfn, end = iova >> 12, iova + size >> 12
        assert table.map(vpfn, end - vpfn, paddr >> 12) == end - vpfn
        removed = Counter[int]()
        while vpfn < end:
            leaf = table.unmap(vpfn, 1)  # takes the leaf whole, as the driver does
            removed[leaf << 12] += 1
            vpfn += leaf
        assert removed == sizes


def test_the_model_removes_what_the_amd_driver_removed() -> None:
    trace = load(EXCERPT, leaves=AMDV1.leaves)
    assert sorted(set(trace.leaf.tolist())) == [4096, 8192, 16384, 32768, 65536, 131072]
    model = amd()
    assert np.array_equal(replay(model, trace, asked=True), trace.removed)
    assert model.tables(0, "empty") == 1


@pytest.mark.parametrize(("name", "policy"), [
    ("amdv1", "split"), ("amdv1", "whole"), ("x86", "split"), ("arm-4k-s1", "split"), ("arm-4k-s2", "whole"),
])
def test_the_excerpt_replays(tmp_path: Path, name: str, policy: Policy) -> None:
    form = FORMATS[name]
    prepared = prepare(load(EXCERPT, leaves=form.leaves), 3, policy, form=form)
    result = replayed(tmp_path, prepared)
    assert result["violations"] == []
    assert (result["outcome"], result["format"]) == ("clean", name)
    runs = int((prepared.trace.leaf > 4096).sum())
    assert bool(result["work"]["splits"]) == (name == "amdv1" and policy == "split" and runs > 0)


def cut_leaves(folder: Path) -> Path:
    """Large leaves and runs of which a part goes, on two CPUs, and addresses that a root of 3 levels does not reach."""
    path = folder / "cut.trace"
    make_trace(
        path, Map(8 * MIB, 8 * MIB, 8 * MIB), Map(64 * 4096, 64 * 4096, 64 * 4096, cpu=1),
        Unmap(64 * 4096, 40 * 4096, cpu=1), Unmap(8 * MIB, 3 * MIB), Map(3 * TIB, 16384, 16384),
        Map(3 * TIB + 2 * GIB, 4 * MIB, 4 * MIB, cpu=1), Unmap(3 * TIB, 4096), Map(8 * MIB, 4096),
    )
    return path


@pytest.mark.parametrize("form", [AMDV1, X86], ids=["amdv1", "x86"])
def test_leaves_that_are_cut_replay(tmp_path: Path, form: Format) -> None:
    prepared = prepare(load(cut_leaves(tmp_path), leaves=form.leaves), 2, "split", form=form)
    result = replayed(tmp_path / "run", prepared)
    assert result["violations"] == []
    assert result["outcome"] == "clean"
    assert result["work"]["splits"] > 0


def test_arm_has_no_address_of_60_bits_and_its_large_granules_no_trace(tmp_path: Path) -> None:
    path = make_trace(tmp_path / "t", Map(1 << 50, 4096))
    with pytest.raises(UsageError, match="beyond the 48 bits"):
        prepare(load(path), 1, "split", form=FORMATS["arm-4k-s1"])
    with pytest.raises(UsageError, match="the pages of a trace are of 4 KiB, not 64"):
        prepare(load(path), 1, "split", form=arm("64k"))


def test_two_parts_of_a_run_need_an_order() -> None:
    """In VT-d these are leaves of their own; in AMD's format the first unmap rewrites the entry of the second."""
    with_runs, without = (load_two(leaves) for leaves in (AMDV1.leaves, X86.leaves))
    assert (with_runs, without) == (2, 1)


def load_two(leaves: tuple[int, ...]) -> int:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = make_trace(Path(folder) / "t", Map(0, 16384, 0), Unmap(0, 4096), Unmap(8192, 4096, cpu=1))
        return int(plan(load(path, leaves=leaves), 2).waits[1].max())


# --- the model against a dictionary ---


@pytest.mark.parametrize("policy", ["whole", "split"])
def test_the_model_with_runs_is_a_dictionary(policy: Policy) -> None:
    rng = random.Random(policy)
    geometry = Geometry(512, 3, 2)
    for _ in range(20):
        model, simple = amd(policy), Model(geometry, policy == "whole", 2, runs=True)
        for turn in range(60):
            vpfn, pages = rng.randrange(4096), rng.choice([1, 2, 3, 8, 16, 100, 512, 700, 1024])
            if rng.random() < 0.6:
                vpfn -= vpfn % rng.choice([1, 2, 8, 64, 512, 1024])
                pfn = turn * 8192 + rng.choice([vpfn, vpfn, vpfn + 8])
                if not any(p in simple.pages for p in range(vpfn, vpfn + pages)):
                    simple.map(vpfn, pages, pfn)
                    model.map(0, vpfn << 12, pages << 12, pfn << 12)
            elif simple.pages:
                page = rng.choice(list(simple.pages))
                start = simple.leaf[page][0] if policy == "whole" else page
                live = next(n for n in range(1, pages + 2) if n > pages or start + n not in simple.pages)
                assert model.unmap(0, start << 12, live << 12) == simple.unmap(start, live) << 12
            iova, paddr = model.pages(0)
            assert dict(zip((iova >> 12).tolist(), (paddr >> 12).tolist(), strict=True)) == simple.pages
            iova, _, size = model.leaves(0)
            assert set(zip((iova >> 12).tolist(), (size >> 12).tolist(), strict=True)) == set(simple.leaf.values())


def test_the_model_counts_the_roots_below_a_root() -> None:
    model = amd()
    model.map(0, 0, 4096, 0)
    assert model.tables(0, "empty") == 3
    model.map(0, TIB, 4096, 0)
    assert model.tables(0, "empty") == 7, "the old root and a path of three tables beside it"
    model.unmap(0, TIB, 4096)
    model.unmap(0, 0, 4096)
    assert model.tables(0, "empty") == 1
    model = amd()
    model.map(0, TIB, 4096, 0)
    assert model.tables(0, "empty") == 5, "the old root is empty and stays"
    model.unmap(0, 5 * 4096, 4096)
    assert model.tables(0, "empty") == 4, "until an unmap comes by"
    model.map(0, 0, 4096, 0)
    assert model.tables(0, "empty") == 7


# --- what is left in the arena, read from outside ---


@pytest.mark.parametrize("form", [AMDV1, X86, arm("4k", 1), arm("4k", 2, 42, 42)], ids=lambda f: f.name)
def test_a_difference_is_found_in_every_format(form: Format) -> None:
    model = Reference(form.levels, "split", runs=bool(form.run_bits), start_levels=form.start_levels,
                      bits=form.input_bits)
    with page_table(form.geometry(64), **{**FIXED, **form.params, "policy": SPLITTING}) as table:
        for vpfn, pages, pfn in ((3, 5, 7), (1 << 29, 16, 1 << 20), (1 << 9, 1 << 10, 1 << 10)):
            assert table.map(vpfn, pages, pfn) == pages
            model.map(0, vpfn << 12, pages << 12, pfn << 12)
        world = table.cpu.world
        differs = [compare(world.program, world.arena, model, 1, count_tables=True, form=form)]
        _, level, entry = table.call("walk", 0, (1 << 29) + 1, 1)
        at = int(np.flatnonzero(np.frombuffer(world.arena.bytes, np.uint64) == np.uint64(entry))[-1])
        for wrong in (0, entry ^ 1 << 33):
            world.arena.words[at] = wrong
            differs.append(compare(world.program, world.arena, model, 1, count_tables=True, form=form))
    assert level == 1
    assert differs[0] == []
    assert "1 lost" in differs[1][0]
    assert "1 pages lead elsewhere" in differs[2][0]


def test_kinds_of_the_excerpt() -> None:
    trace = load(EXCERPT)
    assert len(trace) == 17
    assert int((trace.kind == MAP).sum()) == 9
    assert trace.diagnostics == ()
