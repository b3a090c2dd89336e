"""The load scenario: owners map, unmap and split for as long as the run lasts, beside a walker, lookups and getters.

Two kinds of traffic share one root:

- *regions*: a large leaf each. Its owner of the moment maps it; then its parts (a small page each) are handed
  out one by one to whoever asks, and unmapped, which splits the leaf while others use it. Whoever finishes the last
  part unmaps the rest, maps the region anew at another device address and hands the parts out again.
- *pages*: each owner maps and unmaps one page of its own in a table that all owners share, so that the table becomes
  empty and full again under everybody's hands.

For every tracked page there is what it should translate to and an epoch: even while that is stable, odd while its owner
is at work. A look at a page counts only between two equal even epochs. Nothing else is assumed: any order of any number
of owners keeps this true, so a wrong translation is the table's fault.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.models.gather import QUEUED, flush_queue
from scenarios.models.gup import gup_load
from scenarios.models.radix import DEVICE_PFN, span
from scenarios.models.rest import check_tables
from scenarios.models.split import BESIDE, NO_FLUSH, PLAIN_STORE, REREAD, SPLITTING
from scenarios.models.table import create_domain, iova_to_phys, map_pages
from scenarios.models.unmap import NEVER, PRUNE, unmap_pages
from scenarios.models.walker import HARDWARE, dma

_REGIONS: Final = 16  # declared; REGIONS of them are used
_OWNERS: Final = 64

REGIONS = Param("regions", 2)
PARTS = Param("parts", 4)  # fewer where a table is too small for them
SHARED_PAGES = Param("shared_pages", 1, names={0: "regions only", 1: "and a page of each owner in shared tables"})

#: Next part to hand out; after the last the region is between two generations.
NEXT = Word("next_part", _REGIONS * 8)  # 8 words a region
DONE = Word("parts_done", _REGIONS * 8)
GENERATION = Word("generation", _REGIONS * 8)
EPOCH = Word("epoch", _REGIONS * 8)
EXPECTED = Word("expected", _REGIONS * 8)
PAGE_EPOCH = Word("page_epoch", _OWNERS)
PAGE_EXPECTED = Word("page_expected", _OWNERS)

REGION_TURNS = Counter("region_turns", "regions unmapped and mapped anew")
COMPARED = Counter("compared", "translations compared in a stable epoch")


@protocol
def parts() -> int:
    """Parts of a region; a page of the rest is tracked too."""
    return min(PARTS, ENTRIES - 2)


@protocol
def region_base(region: int) -> int:
    """First page of a region."""
    return span(2) * (region + 1)


@protocol
def own_page(owner: int) -> int:
    """The page of an owner: in one of two leaf tables that share a parent, which has no other child."""
    return 2 * span(3) + (owner & 1) * span(2) + (owner & ENTRIES - 1)


@protocol
def tracked_page(region: int, part: int) -> int:
    """The page of a part; the one after the last stands for the rest of the region."""
    return region_base(region) + part


@protocol
def device_page(region: int, generation: int) -> int:
    """Where a region is mapped to in its generation: large leaves need aligned pages."""
    return DEVICE_PFN + (generation & 1023) * span(3) + region * span(2)


@protocol
def begin(mem: Mem, at: int) -> None:
    """The translation that word `at` tells about is about to change."""
    mem.atomic64_inc_return(EPOCH[at])


@protocol
def settle(mem: Mem, at: int, pfn: int) -> None:
    """From now on it is `pfn`, 0 for none."""
    mem.write_once(EXPECTED[at], pfn)
    mem.atomic64_inc_return(EPOCH[at])


@protocol
def expect(mem: Mem, vpfn: int, pfn: int) -> None:
    """The device uses a page whose translation nobody else may change now; 0 for an unmapped one."""
    if HARDWARE:
        if pfn != 0:
            mem.check(dma(mem, 0, vpfn) == pfn, "lost-mapping", "a DMA after a map does not reach its page")
        elif not QUEUED:
            mem.check(dma(mem, 0, vpfn) == 0, "stale-translation", "a DMA after an unmap reaches a page")


@protocol
def map_region(mem: Mem, region: int) -> None:
    """Map a region anew; nobody else acts on it until its parts are handed out."""
    generation = mem.read_once(GENERATION[region * 8]) + 1
    mem.write_once(GENERATION[region * 8], generation)
    pfn = device_page(region, generation)
    mapped = map_pages(mem, 0, region_base(region), span(2), pfn)
    mem.check(mapped == span(2), "check", "no memory, or something is in the way of a region")
    for part in range(parts() + 1):
        settle(mem, region * 8 + part, pfn + part)
        expect(mem, tracked_page(region, part), pfn + part)
    mem.write_once(DONE[region * 8], 0)
    mem.smp_store_release(NEXT[region * 8], 0)


@protocol
def begin_region(mem: Mem, region: int) -> None:
    """Every tracked page of the region is about to change."""
    for part in range(parts() + 1):
        begin(mem, region * 8 + part)


@protocol
def take_part(mem: Mem, region: int) -> None:
    """Unmap one part of a region; the last one to finish turns the region over."""
    if mem.read_once(NEXT[region * 8]) >= parts():
        return
    part: int = mem.atomic64_fetch_add(NEXT[region * 8], 1)
    if part >= parts():
        return
    begin(mem, region * 8 + part)
    removed = unmap_pages(mem, 0, tracked_page(region, part), 1)
    mem.check(removed == 1, "check", "an unmap of one page of a split leaf removes another size")
    settle(mem, region * 8 + part, 0)
    expect(mem, tracked_page(region, part), 0)
    if mem.atomic64_inc_return(DONE[region * 8]) == parts():
        begin_region(mem, region)
        unmap_pages(mem, 0, region_base(region), span(2))
        if QUEUED:
            flush_queue(mem)
        map_region(mem, region)
        mem.count(REGION_TURNS)


@protocol
def turn_page(mem: Mem, owner: int) -> None:
    """Map or unmap the owner's own page in the tables that all share."""
    vpfn = own_page(owner)
    pfn = DEVICE_PFN + vpfn
    mem.atomic64_inc_return(PAGE_EPOCH[owner])
    if mem.read_once(PAGE_EXPECTED[owner]) == 0:
        map_pages(mem, 0, vpfn, 1, pfn)
        mem.write_once(PAGE_EXPECTED[owner], pfn)
    else:
        unmap_pages(mem, 0, vpfn, 1)
        mem.write_once(PAGE_EXPECTED[owner], 0)
    mem.atomic64_inc_return(PAGE_EPOCH[owner])


@protocol
def owner_turn(mem: Mem, owner: int) -> None:
    take_part(mem, mem.choose(REGIONS))
    if SHARED_PAGES:
        turn_page(mem, owner)


@protocol
def owner_load(mem: Mem, owner: int) -> None:
    """A role: an owner of regions and of a page."""
    owner_turn(mem, owner)
    while mem.running():
        owner_turn(mem, owner)


@protocol
def look(mem: Mem, vpfn: int, through_hardware: int) -> int:
    if through_hardware:
        return dma(mem, 0, vpfn)
    return iova_to_phys(mem, 0, vpfn)


@protocol
def compare(mem: Mem, epoch_at: int, expected_at: int, vpfn: int, through_hardware: int) -> None:
    """Look at a page; the answer counts if its epoch was even and is the same afterwards."""
    before = mem.smp_load_acquire(epoch_at)
    expected = mem.smp_load_acquire(expected_at)
    found = look(mem, vpfn, through_hardware)
    after = mem.smp_load_acquire(epoch_at)
    if (before == after) & (before & 1 == 0):
        mem.count(COMPARED)
        if expected == 0:
            if not QUEUED:
                mem.check(found == 0, "stale-translation", "an unmapped page translates")
        else:
            mem.check(found == expected, "lost-mapping", "a mapped page does not translate to its page")


@protocol
def compare_any(mem: Mem, through_hardware: int) -> None:
    """One page of some region, and one owner's page."""
    region = mem.choose(REGIONS)
    part = mem.choose(parts() + 1)
    at = region * 8 + part
    compare(mem, EPOCH[at], EXPECTED[at], tracked_page(region, part), through_hardware)
    if SHARED_PAGES:
        owner = mem.choose(2)
        compare(mem, PAGE_EPOCH[owner], PAGE_EXPECTED[owner], own_page(owner), through_hardware)


@protocol
def walker_load(mem: Mem) -> None:
    """A role: the hardware walker under load; lookups where there is none."""
    compare_any(mem, HARDWARE)
    while mem.running():
        compare_any(mem, HARDWARE)


@protocol
def set_up(mem: Mem) -> None:
    """Every region is mapped, every owner's page is not."""
    create_domain(mem, 0)
    for region in range(REGIONS):
        begin_region(mem, region)
        map_region(mem, region)


@protocol
def all_settled(mem: Mem) -> None:
    """Every translation is the expected one, through software and hardware, and the tables are in order."""
    if QUEUED:
        flush_queue(mem)
    for region in range(REGIONS):
        for part in range(parts() + 1):
            at = region * 8 + part
            compare(mem, EPOCH[at], EXPECTED[at], tracked_page(region, part), 0)
            if HARDWARE:
                compare(mem, EPOCH[at], EXPECTED[at], tracked_page(region, part), 1)
    check_tables(mem, 0)


_BASE: Final = {**PTDESC_FORM, "policy": SPLITTING, "level_first": 0, "trust_level": 0, "widen": 1, "used_entries": 0,
                "hardware": 1, "iotlb_ways": 4, "sync_inside": 1, "pin": 1}
_WORK: Final = ("maps", "unmaps", "splits", "freed", "gets", "walks", "compared")

HAMMER = Scenario(
    name="hammer",
    about="Load: owners map, unmap and split in shared tables beside the walker and transient gets.",
    setup=set_up,
    roles=(Role("owner", owner_load, scale=True), Role("owner", owner_load, scale=True),
           Role("walker", walker_load, (), "hardware"), Role("gup", gup_load)),
    at_rest=all_settled,
    geometry=Geometry(entries=512, levels=4, frames=64),
    small=Geometry(entries=4, levels=3, frames=16),
    variants=(
        Variant("split", "exclusive splits; pins; invalidation inside the write section", params=_BASE, needs=_WORK),
        Variant("prune", "exclusive splits; one pruning pass that invalidates before it unlocks",
                params={**_BASE, "pin": 0, "free": PRUNE}, needs=_WORK),
        Variant("own-range", "exclusive splits; only tables whole in the caller's range are freed",
                params={**_BASE, "pin": 0, "free": NEVER, "no_empty": 0}, needs=_WORK),
        Variant("try-upgrade", "as split, with an upgrade in place where the lock can",
                params={**_BASE, "upgrade": 1}, needs=_WORK),
        Variant("reread", "the child is built from a value read after the check", "S4-j.reread", "race",
                "stale-translation", {**_BASE, "split": REREAD, "no_leak": 0}, needs=_WORK),
        Variant("plain-store", "the child is published by a plain store", "S4-j.plain-store", "race",
                "stale-translation", {**_BASE, "split": PLAIN_STORE, "no_leak": 0}, needs=_WORK),
        Variant("no-flush", "the old leaf is not flushed", "S4-j.no-flush", "race", "stale-translation",
                {**_BASE, "split": NO_FLUSH}, needs=_WORK),
        Variant("unmap-beside", "splits under the read lock", "S4-j.beside", "race", "stale-translation",
                {**_BASE, "split": BESIDE}, needs=_WORK),
        Variant("rfc-v1", "v1's counts and order: nothing is pinned but the child", "S4-a", "race", "use-after-free",
                {**_BASE, **RFC_V1, "policy": SPLITTING, "level_first": 0, "trust_level": 0, "pin": 0},
                needs=_WORK, pool="quarantine"),
        Variant("rfc-v2", "the same in v2", "S4-a", "race", "use-after-free",
                {**_BASE, **RFC_V2, "policy": SPLITTING, "level_first": 0, "trust_level": 0, "pin": 0},
                needs=_WORK, pool="quarantine"),
    ),
)

SCENARIOS: Final = (HAMMER,)
