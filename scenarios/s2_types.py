"""S2: what the word at offset 48 means to those who only look: page types, "mapped", and the bad-page check.

RFC v2 of 26 Apr 2024 counts entries in `_mapcount`, which is also `page_type`. The walkers here read the word without
any lock, as compaction, memory failure and /proc/kpagecount do. Encodings: include/linux/page-flags.h of each release.
"""

from __future__ import annotations

from typing import Final

from engine import CLEAN, Counter, Geometry, Param, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import LEVELS, mapcount, page_at
from engine.memory.pagetype import ENCODINGS, UNTYPED, word_of
from scenarios.forms import PTDESC_FORM, RFC_V2
from scenarios.models.radix import DEVICE_PFN
from scenarios.models.rest import check_mapped, check_tables, check_unmapped
from scenarios.models.table import map_pages
from scenarios.models.unmap import unmap_pages
from scenarios.s1_refcount import REAL, SMALL, map_one, one_unmapped, unmap_one

SOURCE: Final = "https://lore.kernel.org/all/20240426034323.417219-1-pasha.tatashin@soleen.com/"
ONE_PAGE: Final = Geometry(entries=4, levels=1, frames=4)

TYPED_TABLE = Param("typed_table", word_of("table", "6.9"))
TYPE_BASE = Param("type_base", 0xF0000000)
BUDDY = Param("buddy", 0x80, names={0xF0: "0xf0 in the top byte"})
OFFLINE = Param("offline", 0x100)
BY_VALUE = Param("by_value", 0, names={0: "inverted bits", 1: "the top byte is a number (since 6.12)"})
LOOKS = Counter("looks", "page types read by a passer-by", operation=True)
COUNT_FIRST = Param("count_first", 0, names={1: "the count is stored before the type is set"})


@protocol
def has_type(word: int, kind: int) -> int:
    """PageBuddy(), PageOffline(): by the kernel's own reading of the word."""
    if BY_VALUE:
        return word >> 24 == kind
    return word & (TYPE_BASE | kind) == TYPE_BASE


@protocol
def typed_page(mem: Mem) -> None:
    """A page table with the type set: pagetable_ctor()."""
    mem.atomic_set(mapcount(mem.alloc_page(1)), TYPED_TABLE)


@protocol
def construct(mem: Mem) -> None:
    """A role: a second table: the count's base is stored before the type is set, or after it."""
    page = mem.alloc_page(1)
    if COUNT_FIRST:
        mem.atomic_set(mapcount(page), 0)
    mem.warn_on(mem.atomic_read(mapcount(page)) != UNTYPED, "__SetPageTable: the page has a type or a count")
    mem.atomic_set(mapcount(page), TYPED_TABLE)
    mem.count(LOOKS)


@protocol
def count_entry(mem: Mem) -> None:
    """A role: set_pte() of RFC v2 counts an entry in the typed word, and clear_pte() takes it back."""
    word = page_at(1) + 48
    mem.atomic_inc(word)
    mem.atomic_dec(word)


@protocol
def look(mem: Mem) -> None:
    """A role: compaction, memory failure, the offline walker."""
    mem.count(LOOKS)
    word = mem.read_page_type(page_at(1) + 48)
    mem.check(not has_type(word, BUDDY), "check", "a page table in use reads as a free buddy page")
    mem.check(not has_type(word, OFFLINE), "check", "a page table in use reads as offline")


def _encoding(kernel: str) -> dict[str, int]:
    """The parameters of one release's encoding."""
    row = ENCODINGS[kernel]
    types = row.values or row.bits
    return {"typed_table": word_of("table", kernel), "type_base": row.base, "buddy": types["buddy"],
            "offline": types["offline"], "by_value": int(bool(row.values))}


TYPE_ALIAS = Scenario(
    name="type-alias",
    about="A count in a typed word turns the page table's type into another one for whoever looks in between.",
    source=SOURCE,
    setup=typed_page,
    roles=(Role("set_pte", count_entry), Role("walker", look)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("6.9", "-513 + 1 reads as buddy and offline, and as no table", "S2-a", "race", "check",
                _encoding("6.9"), needs=("looks",)),
        Variant("6.8", "the same bits", "S2-a", "race", "check", _encoding("6.8"), needs=("looks",)),
        Variant("6.11", "the bits moved up: +1 reads as guard, hugetlb and more, not as buddy",
                "S2-a.moved", "claim", CLEAN, _encoding("6.11"), needs=("looks",)),
        Variant("6.12", "a type is a number, and the low 24 bits are the owner's", params=_encoding("6.12"),
                needs=("looks",)),
        Variant("count-first", "the setter asserts that the page has no type yet", "S2-a.reverse", "sequential",
                "warning", {"typed_table": word_of("table", "6.9"), "count_first": 1}, needs=("looks",),
                roles=(Role("ctor", construct),)),
        Variant("type-first", "on an untyped page the setter is content",
                params={"typed_table": word_of("table", "6.9")}, needs=("looks",), roles=(Role("ctor", construct),)),
    ),
)


@protocol
def kpagecount(mem: Mem) -> None:
    """A role: page_mapped() of a table, as /proc/kpagecount and rmap walkers ask it."""
    word = mem.read_page_type(page_at(LEVELS) + 48)
    mem.check((word + 1) & 0xFFFFFFFF == 0, "check", "a page table is reported as mapped")


READS_MAPPED = Scenario(
    name="reads-mapped",
    about="With 0 as the base every page table in use has a mapcount of one or more.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("unmap", unmap_one, (0,)), Role("walker", kpagecount)),
    at_rest=one_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("rfc-v2", "an empty table is mapped once, a full one 513 times", "S2-b", "race", "check", RFC_V2,
                needs=("unmaps",)),
        Variant("ptdesc", "the word stays -1", params=PTDESC_FORM, needs=("unmaps", "unlinked")),
    ),
)

FREE_UNRESET = Scenario(
    name="free-unreset",
    about="A path that frees a table without putting -1 back: the allocator finds a bad page and leaks it.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("unmap", unmap_one, (0,)),),
    at_rest=one_unmapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("no-reset", "one of the free paths forgot it", "S2-c", "sequential", "bad-page",
                {**RFC_V2, "resets": 0}, needs=("unmaps",)),
        Variant("rfc-v2", "reset before every free", params=RFC_V2, needs=("unmaps", "unlinked")),
        Variant("ptdesc", "nothing to reset: offset 32 is not checked", params={**PTDESC_FORM, "resets": 0},
                needs=("unmaps", "unlinked")),
    ),
)


@protocol
def map_and_unmap(mem: Mem) -> None:
    """A role: another page of the table comes and goes."""
    map_pages(mem, 0, 1, 1, DEVICE_PFN + 1)
    unmap_pages(mem, 0, 1, 1)


@protocol
def first_is_mapped(mem: Mem) -> None:
    check_unmapped(mem, 0, 1)
    check_mapped(mem, 0, 0, DEVICE_PFN)
    check_tables(mem, 0)


COUNT_FROM_MINUS_ONE = Scenario(
    name="count-from-minus-one",
    about="A table allocated by a helper that does not store 0 counts one entry as none.",
    source=SOURCE,
    setup=map_one,
    roles=(Role("map", map_and_unmap),),
    at_rest=first_is_mapped,
    geometry=REAL,
    small=SMALL,
    variants=(
        Variant("no-store", "one live entry, the word says empty: the table is freed", "S2-d", "sequential",
                "lost-mapping", {**RFC_V2, "initial_store": 0}, needs=("unmaps",)),
        Variant("stored", "0 after every allocation", params=RFC_V2, needs=("maps", "unmaps")),
    ),
)

DROPS = Param("drops", 129)


@protocol
def underflow(mem: Mem) -> None:
    """A role: puts without gets on an untyped word, and a look."""
    word = page_at(1) + 48
    for _ in range(DROPS):
        mem.atomic_dec(word)
    look(mem)


@protocol
def untyped_page(mem: Mem) -> None:
    mem.atomic_set(mapcount(mem.alloc_page(1)), 0)


def _reading(kernel: str) -> dict[str, int]:
    """The same for a scenario that sets no type."""
    return {name: value for name, value in _encoding(kernel).items() if name != "typed_table"}


UNDERFLOW = Scenario(
    name="underflow-type",
    about="Unbalanced decrements walk from 0 through -1 into the page types.",
    source=SOURCE,
    setup=untyped_page,
    roles=(Role("put", underflow),),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("6.9", "at -129 it reads as a buddy page", "S2-e", "mutation", "check", _reading("6.9"),
                needs=("looks",)),
        Variant("6.9-reserve", "PAGE_MAPCOUNT_RESERVE: down to -128 it is no type", "S2-e", "claim", CLEAN,
                {**_reading("6.9"), "drops": 128}, needs=("looks",)),
        Variant("6.12", "the top byte 0xff is an underflow, not a type", params=_reading("6.12"), needs=("looks",)),
    ),
)

SCENARIOS: Final = (TYPE_ALIAS, READS_MAPPED, FREE_UNRESET, COUNT_FROM_MINUS_ONE, UNDERFLOW)
