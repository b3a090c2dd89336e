"""S8, continued: GUP-fast against fork, and against whoever takes a page's exclusiveness away.

S8-f: 57efa1fe5957 "mm/gup: prevent gup_fast from racing with COW during fork" (5.11). S8-g: 088b8aa537c2 "mm: fix
PageAnonExclusive clearing racing with concurrent RCU GUP-fast" (6.1). S8-h: KSM's write protection, discussed in August
2022. The last two are store buffering (SB): each side writes its own word and then reads the other's.
"""

from __future__ import annotations

from typing import Final

from engine import CLEAN, Counter, Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import page_of, refcount
from scenarios.models.cow import (
    DATA_PAGE,
    EXCLUSIVE,
    NEW,
    PARENT,
    PIN,
    PTE,
    TABLE_LOCK,
    WRITABLE,
    check_coherent,
    create_page,
    drop,
    exclusive,
    new_page,
    page_in,
    share,
    write,
)

SOURCE: Final = "https://lore.kernel.org/all/0-v1-4973c2d8c8f8+1f-gup_fork_jgg@nvidia.com/"
ONE_PAGE: Final = Geometry(entries=4, levels=1, frames=6)

SEQUENCE = Param("write_protect_seq", 0, names={0: "none (before 5.11)", 1: "GUP-fast gives up beside fork"})
HAS_PINNED = Word("has_pinned")
WRITE_SEQ = Word("write_protect_seq_word")
FAST_PINS = Counter("fast_pins", "pins that GUP-fast took")
UNDONE = Counter("undone", "pins that GUP-fast undid")
PROTECTED = Counter("protected", "pages that fork shared with the child")
COPIED_NOW = Counter("copied_now", "pages that fork copied at once")


@protocol
def mapped(mem: Mem) -> None:
    create_page(mem, WRITABLE)


@protocol
def grab(mem: Mem) -> int:
    """try_grab_folio() and the look back at the entry: the page, or 0."""
    pte = mem.read_once(PTE[PARENT])
    page = page_in(pte)
    if page == 0 or not pte & WRITABLE:
        return 0
    if not mem.page_ref_add_unless(refcount(page), PIN, 0):
        return 0
    if mem.read_once(PTE[PARENT]) != pte:
        mem.count(UNDONE)
        drop(mem, page, PIN)
        return 0
    return page


@protocol
def pin_fast(mem: Mem) -> int:
    """GUP-fast for writing: the pinned page, or 0 for the slow path."""
    mem.write_once(HAS_PINNED, 1)
    sequence = 0
    if SEQUENCE:
        sequence = mem.smp_load_acquire(WRITE_SEQ)
        if sequence & 1:
            return 0
    page: int = grab(mem)
    if SEQUENCE:
        if page != 0 and mem.read_once(WRITE_SEQ) != sequence:
            mem.count(UNDONE)
            drop(mem, page, PIN)
            page = 0
    if page != 0:
        mem.count(FAST_PINS)
    return page


@protocol
def gup_write(mem: Mem) -> None:
    """A role: pin for writing, let the device work, unpin."""
    page = pin_fast(mem)
    if page != 0:
        check_coherent(mem, PARENT, page)
        drop(mem, page, PIN)


@protocol
def copy_page_range(mem: Mem) -> None:
    """fork(): a page that may be pinned is copied for the child now, any other becomes read-only."""
    if SEQUENCE:
        mem.write_once(WRITE_SEQ, 1)
        mem.smp_mb()
    mem.spin_lock(TABLE_LOCK[PARENT])
    page = page_in(mem.read_once(PTE[PARENT]))
    pinned = 0
    if mem.read_once(HAS_PINNED):
        pinned = mem.atomic_read(refcount(page)) >= PIN
    if pinned:
        mem.write_once(PTE[1], new_page(mem, mem.read_once(page)))
        mem.count(COPIED_NOW)
    else:
        share(mem, PARENT, 1)
        mem.count(PROTECTED)
    mem.spin_unlock(TABLE_LOCK[PARENT])
    if SEQUENCE:
        mem.smp_store_release(WRITE_SEQ, 2)


@protocol
def fork_and_write(mem: Mem) -> None:
    """A role: fork, then a store of the parent."""
    copy_page_range(mem)
    write(mem, PARENT, NEW)


GUP_FORK = Scenario(
    name="gup-fork",
    about="fork has looked for pins and found none; GUP-fast pins; fork makes the page read-only.",
    source=SOURCE,
    setup=mapped,
    roles=(Role("fork", fork_and_write), Role("gup", gup_write)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("no-sequence", "before 5.11", "S8-f", "race", "lost-mapping",
                {"write_protect_seq": 0, "reuse": 1}, needs=("fast_pins", "protected")),
        Variant("sequence", "the pin is undone if fork was at work", params={"write_protect_seq": 1, "reuse": 1},
                needs=("fast_pins", "protected")),
    ),
)

CLEAR = Param("clear", 1, names={0: "a plain store", 1: "an atomic exchange", 2: "a plain store and smp_mb"})
AFTER_PIN = Param("after_pin", 0, names={0: "no barrier after the pin", 1: "smp_mb"})
PINNED = Word("pinned")
TAKEN_AWAY = Counter("taken_away", "pages that are no longer exclusive", operation=True)


@protocol
def own_page(mem: Mem) -> None:
    """The parent's own page."""
    create_page(mem, WRITABLE)
    mem.atomic64_or(page_of(mem.read_once(DATA_PAGE)), EXCLUSIVE)


@protocol
def clear_entry(mem: Mem) -> int:
    """Clear the entry before the pins are counted. Returns it."""
    pte: int = mem.read_once(PTE[PARENT])
    if CLEAR == 1:
        mem.xchg(PTE[PARENT], 0)
    else:
        mem.write_once(PTE[PARENT], 0)
        if CLEAR == 2:
            mem.smp_mb()
    return pte


@protocol
def take_exclusive(mem: Mem) -> None:
    """A role: swapout, migration, KSM: a page that nobody has pinned is no longer its owner's alone."""
    mem.spin_lock(TABLE_LOCK[PARENT])
    page = page_in(clear_entry(mem))
    if mem.atomic_read(refcount(page)) < PIN:
        mem.atomic64_and(page_of(page), ~EXCLUSIVE)
        mem.write_once(PTE[PARENT], page)
        mem.count(TAKEN_AWAY)
    else:
        mem.write_once(PTE[PARENT], page | WRITABLE)
    mem.spin_unlock(TABLE_LOCK[PARENT])


@protocol
def gup_exclusive(mem: Mem) -> None:
    """A role: GUP-fast: pin, look at the entry again, and then whether the page is exclusive."""
    pte = mem.read_once(PTE[PARENT])
    page = page_in(pte)
    if page != 0 and mem.page_ref_add_unless(refcount(page), PIN, 0):
        if AFTER_PIN:
            mem.smp_mb()
        if mem.read_once(PTE[PARENT]) == pte and exclusive(mem, page):
            mem.write_once(PINNED, 1)
            mem.count(FAST_PINS)
        else:
            mem.count(UNDONE)
            drop(mem, page, PIN)


@protocol
def pinned_is_exclusive(mem: Mem) -> None:
    """A pinned page is its owner's alone, or the next write copies it (S8-b)."""
    page = mem.read_once(DATA_PAGE)
    if mem.read_once(PINNED):
        mem.check(exclusive(mem, page), "check", "the page is pinned and not exclusive: the next write copies it")


_STORE_BUFFERING: Final = (((("model", "tso"),), "check"), ((("model", "pso"),), "check"),
                           ((("executor", "native"),), "check"))

EXCLUSIVE_GUP = Scenario(
    name="exclusive-gup",
    about="Clearing PG_anon_exclusive beside GUP-fast: the entry's clearing must be visible before pins are counted.",
    source="088b8aa537c2 (6.1)",
    setup=own_page,
    roles=(Role("swapout", take_exclusive), Role("gup", gup_exclusive)),
    at_rest=pinned_is_exclusive,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
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

SAME = Word("merged")


@protocol
def write_protect(mem: Mem) -> None:
    """A role: KSM's write_protect_page(): nobody but the mapping may hold the page when it becomes read-only."""
    mem.spin_lock(TABLE_LOCK[PARENT])
    page = page_in(clear_entry(mem))
    if mem.atomic_read(refcount(page)) == 1:
        mem.write_once(PTE[PARENT], page)
        mem.write_once(SAME, 1)
        mem.count(TAKEN_AWAY)
    else:
        mem.write_once(PTE[PARENT], page | WRITABLE)
    mem.spin_unlock(TABLE_LOCK[PARENT])


@protocol
def gup_plain(mem: Mem) -> None:
    """A role: GUP-fast for writing, without the test of PG_anon_exclusive."""
    page = grab(mem)
    if page != 0:
        mem.write_once(PINNED, 1)
        mem.count(FAST_PINS)


@protocol
def not_both(mem: Mem) -> None:
    mem.check(not (mem.read_once(SAME) and mem.read_once(PINNED)), "check",
              "a page is pinned for writing and merged as read-only")


KSM_GUP = Scenario(
    name="ksm-gup",
    about="KSM clears the entry and counts references; GUP-fast takes one and looks at the entry again.",
    source="KSM write protection and GUP-fast, linux-mm, August 2022",
    setup=mapped,
    roles=(Role("ksm", write_protect), Role("gup", gup_plain)),
    at_rest=not_both,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("plain-store", "cleared by a plain store: breaks where stores are buffered", "S8-h", "race",
                CLEAN, {"clear": 0}, _STORE_BUFFERING, needs=("taken_away",)),
        Variant("exchange", "cleared by an atomic exchange", params={"clear": 1}, needs=("taken_away", "fast_pins")),
        Variant("barrier", "cleared by a plain store, then a full barrier", params={"clear": 2},
                needs=("taken_away", "fast_pins")),
    ),
)

SCENARIOS: Final = (GUP_FORK, EXCLUSIVE_GUP, KSM_GUP)
