"""S3: which word of the descriptor can hold the count? Every candidate beside everybody who might touch it.

`struct ptdesc` (Vishal Moola, v4 of June 2023, merged in 6.6) overlays `struct page`. Matthew Wilcox, 26 Apr 2024: put
the entry count in the union with `pt_mm` and `pt_frag_refcount`; "could even" be the one with `pt_list`. One small
protocol counts in the word that a variant names; `VISITORS` are the other users of the same 64 bytes. A variant is a
pair of them, and what is expected is one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine import CLEAN, Counter, Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import frame_at, mapcount, page_at, page_of
from scenarios.models.gup import bump_pfn

SOURCE: Final = "https://lore.kernel.org/all/20240426034323.417219-1-pasha.tatashin@soleen.com/"
ONE_TABLE: Final = Geometry(entries=4, levels=1, frames=4)

#: word -> its offset in the descriptor.
PLACES: Final[Mapping[str, int]] = {"refcount": 52, "mapcount": 48, "pt_list": 8, "pt_list.prev": 16, "pt_mm": 32,
                                    "private": 40, "type-bits": 48}
#: The count of an empty table, where it is not 0: the allocation's own reference; the type of a page table since 6.12,
#: whose low 24 bits belong to the page's owner.
BASES: Final[Mapping[str, int]] = {"refcount": 1, "type-bits": 0xF2 << 24}

PLACE = Param("place", 32, names={offset: name for name, offset in PLACES.items() if name != "type-bits"})
BASE = Param("base", 0)
TYPED = Param("typed", 0, names={1: "the page has the type of a page table (since 6.12)"})
STORED = Param("stored", 1, names={0: "whatever the allocator left", 1: "0 right after allocation"})
LEAVES = Param("leaves", 0, names={0: "nothing more", 1: "an empty table goes on a freelist", 2: "it is freed by RCU"})

EMPTY = Word("empty")  # 1 when the owner has found the table empty
FREELIST = Word("freelist", 2)  # the list's head
CALLBACK: Final = 0x103
TABLE_TYPE: Final = 0xF2FFFFFF  # __SetPageTable() of 6.12
LINKED: Final = 0x5000  # what the freelist leads to before

CLEARED = Counter("cleared", "entries cleared", operation=True)
VISITS = Counter("visits", "times the other one came by")


@protocol
def counter() -> int:
    """The address of the table's count; the table is frame 1."""
    return page_at(1) + PLACE


@protocol
def two_entries(mem: Mem) -> None:
    """A table with two entries."""
    table = mem.alloc_page(1)
    if TYPED:
        mem.atomic_set(mapcount(table), TABLE_TYPE)
    if STORED and PLACE != 52:
        mem.atomic_set(counter(), BASE)
    for i in range(2):
        mem.write_once(table + i * 8, 0x1003)
        mem.atomic_inc(counter())
    mem.write_once(FREELIST, LINKED)


@protocol
def clear_both(mem: Mem) -> None:
    """A role: clear the entries one by one; whoever finds the table empty takes it out of use."""
    table = frame_at(1)
    for i in range(2):
        if mem.xchg(table + i * 8, 0) != 0:
            mem.atomic_dec(counter())
            mem.count(CLEARED)
            if mem.atomic_read(counter()) == BASE:
                mem.check(mem.read_once(table + 8) == 0, "lost-mapping", "a table with an entry counts as empty")
                mem.write_once(EMPTY, 1)
                leave(mem)


@protocol
def leave(mem: Mem) -> None:
    """list_add() to a freelist, or call_rcu(): both link through the words at 8 and 16."""
    page = page_at(1)
    if LEAVES == 1:
        mem.write_once(page + 8, mem.read_once(FREELIST))
        mem.write_once(page + 16, FREELIST)
    elif LEAVES == 2:
        mem.write_once(page + 8, 0)
        mem.write_once(page + 16, CALLBACK)


@protocol
def settled(mem: Mem) -> None:
    """The links are as they were written; an empty table was found to be empty, and its count says so."""
    page = page_at(1)
    if mem.read_once(EMPTY):
        if LEAVES == 1:
            mem.check(mem.read_once(page + 8) == LINKED, "check", "the freelist's next pointer is overwritten")
            mem.check(mem.read_once(page + 16) == FREELIST, "check", "the freelist's prev pointer is overwritten")
        elif LEAVES == 2:
            mem.check(mem.read_once(page + 8) == 0, "check", "the next pointer of a queued rcu_head is overwritten")
            mem.check(mem.read_once(page + 16) == CALLBACK, "check", "a queued rcu_head calls what is no function")
    if LEAVES == 0:
        mem.check(mem.read_once(EMPTY), "missed-free", "the table is empty and nobody has noticed")


# --- the others ---


@protocol
def getter(mem: Mem) -> None:
    """GUP-fast or a page-cache lookup: `_refcount` goes up and down."""
    bump_pfn(mem, 1)
    mem.count(VISITS)


@protocol
def head_reader(mem: Mem) -> None:
    """compound_head(): bit 0 at 8 makes any page a tail page, and the rest of the word its head."""
    mem.count(VISITS)
    mem.check(mem.read_compound_head(page_at(1) + 8) & 1 == 0, "check", "an order-0 page looks like a tail page")


@protocol
def type_walker(mem: Mem) -> None:
    """A reader of `page_type` and `_mapcount`."""
    mem.count(VISITS)
    word = mem.read_page_type(page_at(1) + 48)
    if TYPED:
        mem.check(word >> 24 == 0xF2, "check", "a page table reads as another type")
    else:
        mem.check(word == 0xFFFFFFFF, "check", "a page table looks mapped, or typed")


@protocol
def late_pin(mem: Mem) -> None:
    """The stale upgrader of S4-b: a pin and its end, on a table that may be unlinked already."""
    mem.atomic_inc(counter())
    mem.atomic_dec(counter())
    mem.count(VISITS)


@protocol
def other_role(mem: Mem) -> None:
    """The same frame in another role, with its own member of the union at 32: x86's pgd, hugetlb's shared PMD table."""
    mem.write_once(page_at(1) + 32, page_of(frame_at(2)))
    mem.count(VISITS)


@protocol
def lock_user(mem: Mem) -> None:
    """A split page table lock lives at 40."""
    mem.xchg(page_at(1) + 40, 1)
    mem.write_once(page_at(1) + 40, 0)
    mem.count(VISITS)


@protocol
def nobody(mem: Mem) -> None:
    mem.atomic_read(mapcount(frame_at(1)))
    mem.count(VISITS)


_FREE: Final = {"leaves": 1}
_RCU: Final = {"leaves": 2}
#: visitor -> (its protocol, the parameters that go with it, one line).
VISITORS: Final = {
    "getter": (getter, {}, "speculative references"),
    "head-reader": (head_reader, {}, "compound_head() of any page"),
    "type-walker": (type_walker, {}, "page_type and _mapcount of any page"),
    "freelist": (late_pin, _FREE, "freelist linkage, and a late pin"),
    "rcu-head": (late_pin, _RCU, "a queued rcu_head, and a late pin"),
    "uninitialised": (nobody, {"stored": 0}, "the initial store is forgotten"),
    "other-role": (other_role, {}, "another member of the union at 32"),
    "ptl": (lock_user, {}, "a split page table lock at 40"),
}

#: The outcomes that are not clean: (word, visitor) -> (violation, item).
OUTCOMES: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("refcount", "getter"): ("missed-free", "S3.refcount"),
    ("mapcount", "type-walker"): ("check", "S3.mapcount"),
    ("mapcount", "uninitialised"): ("lost-mapping", "S3-d.mapcount"),
    ("pt_list", "head-reader"): ("check", "S3-a"),
    ("pt_list", "freelist"): ("check", "S3-b"),
    ("pt_list", "rcu-head"): ("check", "S3-c.next"),
    ("pt_list.prev", "freelist"): ("check", "S3-b.prev"),
    ("pt_list.prev", "rcu-head"): ("check", "S3-c"),
    ("pt_mm", "uninitialised"): ("missed-free", "S3-d"),
    ("pt_mm", "other-role"): ("missed-free", "S3-e"),
    ("private", "ptl"): ("missed-free", "S3.private"),
    ("type-bits", "uninitialised"): ("missed-free", "S3-d.type-bits"),
}


def _variant(place: str, visitor: str) -> Variant:
    run, params, about = VISITORS[visitor]
    kind, item = OUTCOMES.get((place, visitor), (CLEAN, ""))
    label = "fix" if kind == CLEAN else "sequential" if visitor == "uninitialised" else "race"
    return Variant(f"{place}+{visitor}", f"counting in {place}: {about}", item, label, kind,
                   {"place": PLACES[place], "base": BASES.get(place, 0), "typed": int(place == "type-bits"), **params},
                   needs=("cleared", "visits"), roles=(Role("unmap", clear_both), Role(visitor, run)))


PLACEMENT = Scenario(
    name="placement",
    about="The count of a table's entries in each word of its descriptor, beside each other user of the 64 bytes.",
    source=SOURCE,
    setup=two_entries,
    roles=(Role("unmap", clear_both), Role("visitor", getter)),
    at_rest=settled,
    geometry=ONE_TABLE,
    small=ONE_TABLE,
    variants=tuple(_variant(place, visitor) for place in PLACES for visitor in VISITORS),
)

SAME_FRAME = Param("same_frame", 0, names={0: "each kind of table has its own frame", 1: "one frame plays both roles"})


@protocol
def root_and_table(mem: Mem) -> None:
    """A root and a table of another kind."""
    mem.alloc_page(1)
    mem.alloc_page(1)


@protocol
def count_as_fragment(mem: Mem) -> None:
    """A role: frame 1 is a table whose entries are counted in `pt_frag_refcount`."""
    word = page_at(1) + 32
    mem.set_member(word, "pt_frag_refcount")
    mem.atomic_set(word, 0)
    mem.use_member(word, "pt_frag_refcount")
    mem.atomic_inc(word)
    mem.use_member(word, "pt_frag_refcount")
    mem.atomic_dec(word)
    mem.drop_member(word, "pt_frag_refcount")
    mem.count(CLEARED)


@protocol
def use_as_root(mem: Mem) -> None:
    """A role: x86's pgd keeps its mm in `pt_mm`."""
    word = page_at(1 if SAME_FRAME else 2) + 32
    mem.set_member(word, "pt_mm")
    mem.write_once(word, page_of(frame_at(2)))
    mem.use_member(word, "pt_mm")
    mem.read_once(word)
    mem.drop_member(word, "pt_mm")
    mem.count(VISITS)


TWO_ROLES = Scenario(
    name="two-roles",
    about="One member of the union at 32 is right for one kind of table, one for another: which is live is noted.",
    source=SOURCE,
    setup=root_and_table,
    roles=(Role("count", count_as_fragment), Role("root", use_as_root)),
    geometry=ONE_TABLE,
    small=ONE_TABLE,
    variants=(
        Variant("same-frame", "a frame in both roles: two owners write the same word", "S3-e.live-member", "race",
                "union-confusion", {"same_frame": 1}, needs=("cleared", "visits")),
        Variant("own-frames", "each kind of table has frames of its own", params={"same_frame": 0},
                needs=("cleared", "visits")),
    ),
)

SCENARIOS: Final = (PLACEMENT, TWO_ROLES)
