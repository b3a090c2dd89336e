"""io-pgtable-arm's boot self-test on our Arm tables: 3 granules, 21 pairs of address sizes, both stages.

The sequence is that of drivers/iommu/io-pgtable-arm-selftests.c; where that hands flushed ranges to a stub, here a
walker with caches uses the mappings. Sequential: run by the search's machine, a sample by the other executors.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.explore import explore
from engine.language.program import Program, build
from scenarios.forms import PTDESC_FORM
from scenarios.models.formats import CACHE, GRANULES, NOEXEC, READ, WRITE, Format, arm
from scenarios.models.radix import PAGE_SHIFT, span
from scenarios.models.rest import check_mapped, check_unmapped, pages_in_use
from scenarios.models.table import INPUT_BITS, LARGEST, create_domain, destroy_domain, map_pages, map_range
from scenarios.models.unmap import NEVER, unmap_pages
from scenarios.models.walker import dma
from tests.model_rig import alone

SIZES = (32, 36, 40, 42, 44, 48)
CONFIGS = [(granule, ias, oas) for granule in GRANULES for oas in SIZES for ias in SIZES if ias <= oas]


@protocol
def set_up(mem: Mem) -> None:
    create_domain(mem, 0)


@protocol
def page_at_gib(n: int) -> int:
    """The page at n GiB."""
    return n << 30 - PAGE_SHIFT


@protocol
def translates(mem: Mem, vpfn: int) -> None:
    """`vpfn` is mapped to itself, in software and hardware."""
    check_mapped(mem, 0, vpfn, vpfn)
    mem.check(dma(mem, 0, vpfn) == vpfn, "lost-mapping", "a DMA does not reach the page")


@protocol
def translates_not(mem: Mem, vpfn: int) -> None:
    check_unmapped(mem, 0, vpfn)
    mem.check(dma(mem, 0, vpfn) == 0, "stale-translation", "a DMA reaches an unmapped page")


@protocol
def map_one(mem: Mem, vpfn: int, pages: int, pfn: int, attributes: int) -> int:
    """Map one leaf; whether that was possible."""
    return map_range(mem, 0, vpfn, pages, pfn, attributes) == pages


@protocol
def self_test(mem: Mem, full: int, read_only: int, write_only: int) -> None:
    """A role: the sequence for one table. The arguments are attributes."""
    for n in range(3):
        translates_not(mem, page_at_gib(n))
    for level in range(1, LARGEST + 1):
        vpfn = page_at_gib(level - 1)
        mem.check(map_one(mem, vpfn, span(level), vpfn, full), "check", "a leaf of this size cannot be mapped")
        again = map_range(mem, 0, vpfn, span(level), vpfn + span(level), read_only)
        mem.check(again == 0, "check", "a mapped leaf is mapped again")
        translates(mem, vpfn)
    for level in range(1, LARGEST + 1):
        vpfn = page_at_gib(level - 1)
        mem.check(unmap_pages(mem, 0, vpfn, span(level)) == span(level), "check", "unmap removes another size")
        translates_not(mem, vpfn)
        mem.check(map_one(mem, vpfn, span(level), vpfn, write_only), "check", "a leaf cannot be mapped again")
        translates(mem, vpfn)
    size = span(LARGEST)
    last = (1 << INPUT_BITS - PAGE_SHIFT) - size
    mem.check(map_one(mem, last, size, last, full), "check", "the last leaf cannot be mapped")
    translates(mem, last + size - 1)
    mem.check(unmap_pages(mem, 0, last, size) == size, "check", "unmap of the last leaf removes another size")
    mem.check(map_pages(mem, 0, last, size, last) == size, "check", "the last leaf cannot be mapped by default")
    destroy_domain(mem, 0)
    mem.check(pages_in_use(mem) == 0, "leak", "a page is in use and the table is gone")


SEQUENCE = [READ | WRITE | NOEXEC | CACHE, READ | NOEXEC, WRITE]


def program_of(form: Format) -> Program:
    args = tuple(form.attributes(prot) for prot in SEQUENCE)
    design = {**PTDESC_FORM, "level_first": 0, "trust_level": 0, "free": NEVER, "hardware": 1, "iotlb_ways": 4}
    scenario = Scenario("self-test", "io-pgtable-arm's boot self-test", (Role("test", self_test, args),),
                        (Variant("arm", params={**design, **form.params}),), setup=set_up)
    return build(scenario, geometry=form.geometry(10 + form.tables_wide))


def test_there_are_63_configurations() -> None:
    assert len(CONFIGS) == len(set(CONFIGS)) == 63


@pytest.mark.parametrize("stage", [1, 2])
@pytest.mark.parametrize(("granule", "ias", "oas"), CONFIGS)
def test_a_configuration_passes(granule: str, ias: int, oas: int, stage: int) -> None:
    result = explore(program_of(arm(granule, stage, ias, oas)), steps=1 << 20)
    assert result.violation is None
    assert result.complete
    assert result.executions == 1
    assert result.counters["maps"] == 3 * GRANULES[granule][1] + 2


SAMPLE = [("4k", 1, 40, 44), ("16k", 2, 40, 40), ("64k", 2, 42, 48)]


@pytest.mark.parametrize(("granule", "stage", "ias", "oas"), SAMPLE)
def test_a_sample_passes_in_plain_python(granule: str, stage: int, ias: int, oas: int) -> None:
    program = program_of(arm(granule, stage, ias, oas))
    with alone(program) as table:
        table.call("set_up")
        table.call("self_test", *program.threads[0].args)


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
@pytest.mark.parametrize(("granule", "stage", "ias", "oas"), SAMPLE[:2])
def test_a_sample_passes_natively(granule: str, stage: int, ias: int, oas: int, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    from tests.native_help import Alone

    native = Alone(program_of(arm(granule, stage, ias, oas)), tmp_path)
    try:
        assert native.run() is None
    finally:
        native.close()
