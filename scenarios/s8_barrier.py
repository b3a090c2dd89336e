"""S8, continued: GUP-fast against whoever counts a page's pins before taking something away from it.

S8-g: 088b8aa537c2 "mm: fix PageAnonExclusive clearing racing with concurrent RCU GUP-fast" (6.1). S8-h: KSM's write
protection, discussed in August 2022. Both are store buffering (SB): each side writes its own word and then reads the
other's. On x86 GUP's side is ordered by its atomic instruction, so that only the clearing of the entry can be late: for
as long as it takes to get the entry's cache line, some ten nanoseconds.

One collision in so short a time is seldom. A native round therefore is many instances, as in a litmus test: as many
pages, which both sides go through in the same order, meeting at each. In a search one execution is one page.
"""

from __future__ import annotations

from typing import Final

from engine import CLEAN, Counter, Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import page_of, refcount
from scenarios.models.cow import (
    EXCLUSIVE,
    OLD,
    PARENT,
    PIN,
    TABLE_LOCK,
    WRITABLE,
    drop,
    exclusive,
    new_page,
    page_in,
)
from scenarios.models.litmus import CELLS, instances, meet_now, route

CLEAR = Param("clear", 1, names={0: "a plain store", 1: "an atomic exchange", 2: "a plain store and smp_mb"})
MERGES = Param("merges", 0, names={0: "PG_anon_exclusive is taken away", 1: "KSM: the page becomes read-only"})
AFTER_PIN = Param("after_pin", 0, names={0: "no barrier after the pin", 1: "smp_mb"})

ENTRY = Word("pte", CELLS)
PAGES = Word("page", CELLS)
PINNED = Word("pinned", CELLS)
MERGED = Word("merged", CELLS)

FAST_PINS = Counter("fast_pins", "pins that GUP-fast took")
UNDONE = Counter("undone", "pins that GUP-fast undid")
TAKEN_AWAY = Counter("taken_away", "pages that are no longer exclusive, or writable", operation=True)
MISSED = Counter("missed", "pages whose two users did not see each other")

MANY: Final = Geometry(entries=8, levels=1, frames=CELLS + 8)
ONE: Final = Geometry(entries=2, levels=1, frames=4)


@protocol
def own_pages(mem: Mem) -> None:
    """The parent's own pages."""
    for i in range(instances()):
        page = new_page(mem, OLD)
        mem.atomic64_or(page_of(page), EXCLUSIVE)
        mem.write_once(PAGES[i], page)
        mem.write_once(ENTRY[i], page | WRITABLE)


@protocol
def at(mem: Mem, me: int, n: int, start: int, stride: int) -> int:
    """The instance that is next, once both are there: the two must meet within nanoseconds."""
    meet_now(mem, me, n)
    return start + n * stride & instances() - 1


@protocol
def clear_entry(mem: Mem, i: int) -> None:
    """Clear the entry before the pins are counted."""
    if CLEAR == 1:
        mem.xchg(ENTRY[i], 0)
    else:
        mem.write_once(ENTRY[i], 0)
        if CLEAR == 2:
            mem.smp_mb()


@protocol
def take_away(mem: Mem, i: int) -> None:
    """An exclusive page that nobody has pinned is no longer its owner's alone; KSM makes it read-only and merges it."""
    mem.spin_lock(TABLE_LOCK[PARENT])
    pte = mem.read_once(ENTRY[i])
    page = page_in(pte)
    if exclusive(mem, page):
        clear_entry(mem, i)
        count = mem.atomic_read(refcount(page))
        if (count == 1) if MERGES else (count < PIN):
            if not MERGES:
                mem.atomic64_and(page_of(page), ~EXCLUSIVE)
            mem.write_once(ENTRY[i], page)
            if MERGES:
                mem.write_once(MERGED[i], 1)
            mem.count(TAKEN_AWAY)
        else:
            mem.write_once(ENTRY[i], pte)
    mem.spin_unlock(TABLE_LOCK[PARENT])


@protocol
def take_all(mem: Mem, me: int) -> None:
    """A role: swapout, migration, KSM."""
    start, stride = route(mem, me)
    for n in range(instances()):
        take_away(mem, at(mem, me, n, start, stride))


@protocol
def pin(mem: Mem, i: int) -> None:
    """GUP-fast: pin, look at the entry again, and then whether the page is exclusive; beside KSM: pin for writing."""
    pte = mem.read_once(ENTRY[i])
    page = page_in(pte)
    if page != 0 and (not MERGES or pte & WRITABLE) and mem.page_ref_add_unless(refcount(page), PIN, 0):
        if AFTER_PIN:
            mem.smp_mb()
        if mem.read_once(ENTRY[i]) == pte and (MERGES or exclusive(mem, page)):
            mem.write_once(PINNED[i], 1)
            mem.count(FAST_PINS)
        else:
            mem.count(UNDONE)
            drop(mem, page, PIN)


@protocol
def gup(mem: Mem, me: int) -> None:
    """A role."""
    start, stride = route(mem, me)
    for n in range(instances()):
        pin(mem, at(mem, me, n, start, stride))


@protocol
def taken(mem: Mem, i: int) -> int:
    """Whether page `i` is no longer exclusive, or is merged."""
    merged: int = mem.read_once(MERGED[i]) if MERGES else not exclusive(mem, mem.read_once(PAGES[i]))
    return merged


@protocol
def not_both(mem: Mem) -> None:
    """A pinned page is its owner's alone and writable, or the next write copies it (S8-b)."""
    missed = 0
    for i in range(instances()):
        if mem.read_once(PINNED[i]) and taken(mem, i):
            mem.count(MISSED)
            missed += 1
    mem.check(missed == 0, "check", "a page is pinned and no longer its owner's alone: the next write copies it")


_STORE_BUFFERING: Final = (((("model", "tso"),), "check"), ((("model", "pso"),), "check"),
                           ((("executor", "native"),), "check"))

EXCLUSIVE_GUP = Scenario(
    name="exclusive-gup",
    about="Clearing PG_anon_exclusive beside GUP-fast: the entry's clearing must be visible before pins are counted.",
    source="088b8aa537c2 (6.1)",
    setup=own_pages,
    roles=(Role("swapout", take_all, (0,)), Role("gup", gup, (1,))),
    at_rest=not_both,
    geometry=MANY,
    small=ONE,
    variants=(
        Variant("plain-store", "cleared by a plain store: breaks where stores are buffered", "S8-g", "race",
                CLEAN, {"clear": 0}, _STORE_BUFFERING, needs=("taken_away",)),
        Variant("exchange", "cleared by an atomic exchange", params={"clear": 1}, needs=("taken_away", "fast_pins")),
        Variant("barrier", "cleared by a plain store, then a full barrier", params={"clear": 2},
                needs=("taken_away", "fast_pins")),
        Variant("both-barriers", "6.1: a full barrier after the pin too, which arm64 needs and no model here shows",
                "S8-g.after-pin", "claim", params={"clear": 1, "after_pin": 1}, needs=("taken_away", "fast_pins")),
    ),
)


KSM_GUP = Scenario(
    name="ksm-gup",
    about="KSM clears the entry and counts references; GUP-fast takes one and looks at the entry again.",
    source="KSM write protection and GUP-fast, linux-mm, August 2022",
    setup=own_pages,
    roles=(Role("ksm", take_all, (0,)), Role("gup", gup, (1,))),
    at_rest=not_both,
    geometry=MANY,
    small=ONE,
    variants=(
        Variant("plain-store", "cleared by a plain store: breaks where stores are buffered", "S8-h", "race",
                CLEAN, {"clear": 0, "merges": 1}, _STORE_BUFFERING, needs=("taken_away",)),
        Variant("exchange", "cleared by an atomic exchange", params={"clear": 1, "merges": 1},
                needs=("taken_away", "fast_pins")),
        Variant("barrier", "cleared by a plain store, then a full barrier", params={"clear": 2, "merges": 1},
                needs=("taken_away", "fast_pins")),
    ),
)

SCENARIOS: Final = (EXCLUSIVE_GUP, KSM_GUP)
