"""S4, continued: pointers kept across a dropped lock, sleeping under a spinning one, and flushes that are too narrow.

Of the posted series: S4-b (a recycled frame), S4-e (iova_to_phys), S4-f (GFP_KERNEL under `rwlock_t`), S4-g (the range
of the invalidation); of its surroundings: S4-k (teardown beside debugfs).
"""

from __future__ import annotations

from typing import Final

from engine import Param, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES
from scenarios.forms import PTDESC_FORM, RFC_V1, RFC_V2
from scenarios.models.domain import PGD_LOCK, ROOT
from scenarios.models.radix import DEVICE_PFN, entry_at, present
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.table import create_domain, destroy_domain, map_pages, walk
from scenarios.models.unmap import unmap_pages
from scenarios.models.walker import dma
from scenarios.s1_refcount import REAL, SMALL, SOURCE, map_one, unmap_one
from scenarios.s4_lock import DEEP, map_two_tables, unmap_second_table
from scenarios.s4_lock import REAL as REAL_DEEP

# --- S4-b ---

_ANYBODY: Final = 9  # owner of pages that are no tables


@protocol
def two_domains(mem: Mem) -> None:
    """Domain 0 as for S4-a; domain 1 is empty."""
    map_two_tables(mem)
    create_domain(mem, 1)


@protocol
def map_other_domain(mem: Mem) -> None:
    """A role: somebody else needs tables just now."""
    map_pages(mem, 1, 0, 1, DEVICE_PFN)


@protocol
def other_is_mapped(mem: Mem) -> None:
    check_mapped(mem, 1, 0, DEVICE_PFN)
    check_unmapped(mem, 0, 0)
    check_unmapped(mem, 0, ENTRIES)


@protocol
def take_page(mem: Mem) -> None:
    """A role: somebody needs two pages, for whatever it is, and the other domain its tables."""
    for _ in range(2):
        mem.write_once(mem.alloc_page(_ANYBODY), DEVICE_PFN)
    map_other_domain(mem)


#: A coherent walker, and nobody looks into a parent that may be gone: only its descriptor is read, which is always
#: there. Whatever is found now is not S4-a.
_PEEKED: Final = {"peek": 1, "flush": 0}
_ANY_USER: Final = (Role("unmapA", unmap_one, (0,)), Role("unmapB", unmap_second_table), Role("page", take_page))
#: The search knows which page a pointer was made for; natively what is next is seen: the parent's entry is empty.
_SEEN_LATER: Final = (((("executor", "native"),), "warning"), ((("executor", "python"),), "warning"))

RECYCLED = Scenario(
    name="recycled-parent",
    about="The parent that was freed in the gap is a fresh table of another domain by now, and looks just as empty.",
    source=SOURCE,
    setup=two_domains,
    roles=(Role("unmapA", unmap_one, (0,)), Role("unmapB", unmap_second_table), Role("map2", map_other_domain)),
    at_rest=other_is_mapped,
    geometry=REAL_DEEP,
    small=DEEP,
    variants=(
        Variant("rfc-v2", "the stale pointer passes the test for empty", "S4-b", "race", "use-after-free",
                RFC_V2, needs=("unmaps", "gaps")),
        Variant("peek-v2", "v2's count says empty again: the page is another domain's table by now", "S2-f", "race",
                "stale-pointer", {**RFC_V2, **_PEEKED}, _SEEN_LATER, needs=("unmaps", "gaps", "maps")),
        Variant("peek-v1", "v1's count says empty of a new page of any user", "S4-b.any-user", "race", "stale-pointer",
                {**RFC_V1, **_PEEKED, "range_check": 0}, _SEEN_LATER, needs=("unmaps", "gaps"), roles=_ANY_USER),
        Variant("peek-ptdesc", "offset 32 is not reset: it says empty of the free page already", "S4-b.not-reset",
                "mutation", "use-after-free", {**PTDESC_FORM, **_PEEKED}, needs=("unmaps", "gaps")),
        Variant("peek-pin", "the parent is counted while it is held", params={**PTDESC_FORM, **_PEEKED, "pin": 1},
                needs=("unmaps", "maps")),
        Variant("restart", "back to the root after every write section",
                params={**PTDESC_FORM, "restart": 1, "flush": 2}, needs=("unmaps", "maps")),
    ),
)

# --- S4-e ---

RAW = Param("raw_pointer", 0, names={0: "the lock is held over the load", 1: "the entry's address outlives the lock"})
CLEARS_DIRTY = Param("clears_dirty", 0, names={1: "read_and_clear_dirty"})
_DIRTY: Final = 1 << 9


@protocol
def lookup(mem: Mem) -> None:
    """A role: iova_to_phys(), or read_and_clear_dirty(), of a page beside the one that goes."""
    mem.read_lock(PGD_LOCK[0])
    table, level, _entry = walk(mem, 0, 1, 1)
    pte = entry_at(table, 1, level)
    if RAW:
        mem.read_unlock(PGD_LOCK[0])
    if CLEARS_DIRTY:
        mem.test_and_clear_bits(pte, ~_DIRTY)
    else:
        mem.read_once(pte)
    if not RAW:
        mem.read_unlock(PGD_LOCK[0])


@protocol
def first_unmapped(mem: Mem) -> None:
    check_unmapped(mem, 0, 0)
    check_tables(mem, 0)


RAW_LOOKUP = Scenario(
    name="raw-lookup",
    about="A lookup keeps the entry's address, drops the lock and loads; the table has been freed in between.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("unmap", unmap_one, (0,)), Role("lookup", lookup)),
    at_rest=first_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("iova-to-phys", "a load from a free page", "S4-e", "race", "use-after-free",
                {**RFC_V2, "raw_pointer": 1}, needs=("unmaps",), pool="quarantine"),
        Variant("clear-dirty", "a write to a free page", "S4-e", "race", "use-after-free",
                {**RFC_V2, "raw_pointer": 1, "clears_dirty": 1}, needs=("unmaps",), pool="quarantine"),
        Variant("rfc-v1", "what is wrong with the lock is wrong in v1 too, whatever counts", "S1-g", "claim",
                "use-after-free", {**RFC_V1, "raw_pointer": 1}, needs=("unmaps",), pool="quarantine"),
        Variant("locked", "the lock is kept over the dereference", params=RFC_V2, needs=("unmaps", "unlinked"),
                pool="quarantine"),
    ),
)

# --- S4-f ---


@protocol
def empty_domain(mem: Mem) -> None:
    create_domain(mem, 0)


@protocol
def map_first(mem: Mem) -> None:
    """A role: a map call that needs a table."""
    map_pages(mem, 0, 0, 1, DEVICE_PFN)


@protocol
def first_mapped(mem: Mem) -> None:
    check_mapped(mem, 0, 0, DEVICE_PFN)


SLEEPING_MAP = Scenario(
    name="sleeping-map",
    about="map allocates its tables between read_lock and read_unlock, with the flags of a caller who may sleep.",
    source=SOURCE,
    setup=empty_domain,
    roles=(Role("map", map_first),),
    at_rest=first_mapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("gfp-kernel", "VFIO's GFP_KERNEL", "S4-f", "sequential", "sleep-in-atomic", {"count": 48, "gfp": 1},
                needs=("maps",), locks=("qrwlock",)),
        Variant("gfp-atomic", "never sleeps, or allocated before the lock", params={"count": 48},
                needs=("maps", "tables")),
    ),
)

# --- S4-g ---

_WALKER: Final = {"hardware": 1, "iotlb_ways": 8, "check_cached": 1}


@protocol
def two_pages_cached(mem: Mem) -> None:
    """The last page of one table and the first of the next are mapped, and the walker has just used both."""
    create_domain(mem, 0)
    map_pages(mem, 0, ENTRIES - 1, 2, DEVICE_PFN)
    dma(mem, 0, ENTRIES - 1)
    dma(mem, 0, ENTRIES)


@protocol
def unmap_both(mem: Mem) -> None:
    """A role: one unmap of the two pages: it begins inside the first table's span."""
    unmap_pages(mem, 0, ENTRIES - 1, 2)


@protocol
def neither_reached(mem: Mem) -> None:
    mem.check(dma(mem, 0, ENTRIES - 1) == 0, "stale-translation", "a DMA reaches the first page after its unmap")
    mem.check(dma(mem, 0, ENTRIES) == 0, "stale-translation", "a DMA reaches the second page after its unmap")


NARROW_FLUSH = Scenario(
    name="narrow-flush",
    about="The invalidation's start is aligned down to the freed table's span, its size only rounded up.",
    source=SOURCE,
    setup=two_pages_cached,
    roles=(Role("unmap", unmap_both),),
    at_rest=neither_reached,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v1", "0x1ff000 + 0x2000 becomes [0, 2 MiB)", "S4-g.size", "sequential", "stale-translation",
                {**RFC_V1, **_WALKER}, needs=("unmaps", "walks")),
        Variant("both-ends", "both ends aligned", params={**PTDESC_FORM, **_WALKER, "widen": 1},
                needs=("unmaps", "walks", "unlinked")),
    ),
)


@protocol
def two_subtrees_cached(mem: Mem) -> None:
    """The last page of subtree X alone; in subtree Y the first page and one that stays. The walker has used all."""
    create_domain(mem, 0)
    pages = ENTRIES * ENTRIES
    map_pages(mem, 0, pages - 1, 2, DEVICE_PFN)
    map_pages(mem, 0, pages + ENTRIES, 1, DEVICE_PFN + 2)
    dma(mem, 0, pages - 1)
    dma(mem, 0, pages)


@protocol
def unmap_across(mem: Mem) -> None:
    """A role: one unmap that frees two levels of X, then one level of Y."""
    unmap_pages(mem, 0, ENTRIES * ENTRIES - 1, 2)


@protocol
def only_the_third(mem: Mem) -> None:
    pages = ENTRIES * ENTRIES
    mem.check(dma(mem, 0, pages - 1) == 0, "stale-translation", "a DMA reaches an unmapped page of X")
    mem.check(dma(mem, 0, pages) == 0, "stale-translation", "a DMA reaches an unmapped page of Y")
    mem.check(dma(mem, 0, pages + ENTRIES) == DEVICE_PFN + 2, "lost-mapping", "a DMA to the page that stays faults")


_STRICT: Final = {**_WALKER, "strict_caches": 1}

LAST_LEVEL = Scenario(
    name="last-level",
    about="The level that the invalidation must cover is that of the last table freed, not of the largest.",
    source=SOURCE,
    setup=two_subtrees_cached,
    roles=(Role("unmap", unmap_across),),
    at_rest=only_the_third,
    geometry=REAL_DEEP,
    small=DEEP,
    variants=(
        Variant("rfc-v1", "X's upper table is still cached, where only entries inside the range are sure to go",
                "S4-g", "sequential", "stale-translation", {**RFC_V1, **_STRICT}, needs=("unmaps", "walks")),
        Variant("largest", "the largest level, both ends", params={**PTDESC_FORM, **_STRICT, "widen": 1},
                needs=("unmaps", "walks", "unlinked")),
    ),
)

# --- S4-k ---

DUMP_LOCKED = Param("dump_locked", 0, names={0: "debugfs takes no lock", 1: "teardown and debugfs exclude each other"})


@protocol
def teardown(mem: Mem) -> None:
    """A role: the last user of the domain goes."""
    if DUMP_LOCKED:
        mem.write_lock(PGD_LOCK[0])
    destroy_domain(mem, 0)
    if DUMP_LOCKED:
        mem.write_unlock(PGD_LOCK[0])


@protocol
def dump(mem: Mem) -> None:
    """A role: debugfs prints the path to page 0."""
    if DUMP_LOCKED:
        mem.read_lock(PGD_LOCK[0])
    if DUMP_LOCKED == 0 or mem.read_once(ROOT[0]) != 0:
        _table, _level, entry = walk(mem, 0, 0, 1)
        mem.check(present(entry), "lost-mapping", "the domain is there and its page is not mapped")
    if DUMP_LOCKED:
        mem.read_unlock(PGD_LOCK[0])


TEARDOWN = Scenario(
    name="teardown",
    about="A domain goes away while a walker that takes no lock is on its way down.",
    source="drivers/iommu/intel/debugfs.c",
    setup=map_one,
    roles=(Role("teardown", teardown), Role("debugfs", dump)),
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("no-lock", "the root is NULL, or a table is free", "S4-k", "race", "wild-access",
                {"count": 32, "dump_locked": 0}, needs=("freed",), pool="quarantine"),
        Variant("locked", "debugfs excludes teardown, and looks for the root first",
                params={"count": 32, "dump_locked": 1}, needs=("freed",), pool="quarantine"),
    ),
)

SCENARIOS: Final = (RECYCLED, RAW_LOOKUP, SLEEPING_MAP, NARROW_FLUSH, LAST_LEVEL, TEARDOWN)
