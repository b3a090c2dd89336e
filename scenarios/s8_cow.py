"""S8: copy on write, pins and mapcount: who may write in place, and what the others see.

Linus Torvalds to Matthew Wilcox, 19 Dec 2021, on David Hildenbrand's "mm: COW fixes part 1" (17 Dec 2021, after an
idea of Andrea Arcangeli). C1: after fork no write of one process is visible to the other. C2: while a process holds a
pin its entry leads to the pinned page. C3: no page is freed while somebody refers to it.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Geometry, Param, Role, Scenario, Variant, protocol
from engine.declare import Mem
from engine.memory.page import mapcount, refcount
from scenarios.models.cow import (
    CHILD,
    NEW,
    OLD,
    PARENT,
    PIN,
    PTE,
    STATE,
    TABLE_LOCK,
    WRITABLE,
    check_coherent,
    create_page,
    drop,
    fork,
    isolated,
    new_page,
    page_in,
    pin,
    take_pin,
    unmap,
    write,
)
from scenarios.models.folio import mappings

SOURCE: Final = "https://lore.kernel.org/all/20211217113049.23850-7-david@redhat.com/"
ONE_PAGE: Final = Geometry(entries=4, levels=1, frames=6)

BY_MAPCOUNT: Final = {"reuse": 0}
BY_COUNT: Final = {"reuse": 1}
BY_EXCLUSIVE: Final = {"reuse": 2, "unshare": 2}


@protocol
def forked(mem: Mem) -> None:
    """Parent and child share a page."""
    create_page(mem, WRITABLE)
    fork(mem)


@protocol
def parent_writes(mem: Mem) -> None:
    """A role: the parent stores to its page."""
    write(mem, PARENT, NEW)


@protocol
def splice_and_unmap(mem: Mem) -> None:
    """A role: the child pins the page into a pipe, unmaps it, and reads the pipe."""
    page = pin(mem, CHILD)
    unmap(mem, CHILD)
    mem.check(mem.read_once(page) == OLD, "check", "the child's pipe holds what the parent wrote after the fork")
    drop(mem, page, PIN)


COW_SPLICE = Scenario(
    name="cow-splice",
    about="CVE-2020-29374: a child has unmapped the page, still reads it through a pin, and sees the parent's writes.",
    source=SOURCE,
    setup=forked,
    roles=(Role("parent", parent_writes), Role("child", splice_and_unmap)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("mapcount", "mapcount is 1, so the parent writes in place", "S8-a", "race", "check", BY_MAPCOUNT,
                needs=("pins",)),
        Variant("count", "the pin counts, so the parent copies: closes S8-a, opens S8-b", params=BY_COUNT,
                needs=("pins", "copied")),
        Variant("exclusive", "after a fork the page is nobody's own", params=BY_EXCLUSIVE, needs=("pins", "copied")),
    ),
)


@protocol
def read_only(mem: Mem) -> None:
    """The parent's page is read-only after a fork whose child is gone."""
    forked(mem)
    unmap(mem, CHILD)


@protocol
def dma(mem: Mem) -> None:
    """A role: a long-term pin of the parent's page, for a device."""
    page = pin(mem, PARENT)
    check_coherent(mem, PARENT, page)
    drop(mem, page, PIN)


COW_PINNED = Scenario(
    name="cow-pinned",
    about="A write fault copies a page that the writer itself has pinned: device and process part ways.",
    source=SOURCE,
    setup=read_only,
    roles=(Role("writer", parent_writes), Role("gup", dma)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("count", "the pin itself is the reason to copy", "S8-b", "race", "lost-mapping", BY_COUNT,
                needs=("pins",)),
        Variant("mapcount", "one mapping: written in place; closes S8-b, leaves S8-a", params=BY_MAPCOUNT,
                needs=("pins", "reused")),
        Variant("exclusive", "a pin makes the page the process's own first", params=BY_EXCLUSIVE,
                needs=("pins", "reused")),
    ),
)

UNUSED_AT = Param("unused_at", 0, names={0: "count is 0", 1: "mapcount is 0"})


@protocol
def unmap_last(mem: Mem) -> None:
    """A role: the last mapping goes; some code calls the page unused then."""
    if UNUSED_AT:
        mem.spin_lock(TABLE_LOCK[PARENT])
        page = page_in(mem.xchg(PTE[PARENT], 0))
        mem.atomic_dec(mapcount(page))
        if mappings(mem, page) == 0:
            mem.atomic_set(refcount(page), 0)
            mem.free_page(page)
        mem.spin_unlock(TABLE_LOCK[PARENT])
    else:
        unmap(mem, PARENT)


@protocol
def dma_data(mem: Mem) -> None:
    """A role: pin, let a device read, unpin."""
    page = pin(mem, PARENT)
    if page != 0:
        mem.check(mem.read_once(page) == OLD, "check", "the device reads what the page held")
        drop(mem, page, PIN)


@protocol
def mapped(mem: Mem) -> None:
    create_page(mem, WRITABLE)


GUP_UNMAP = Scenario(
    name="gup-unmap",
    about="A page that is pinned and mapped nowhere looks unused to whoever asks its mapcount.",
    source=SOURCE,
    setup=mapped,
    roles=(Role("unmap", unmap_last), Role("gup", dma_data)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("mapcount", "freed when nobody maps it", "S8-c", "race", "use-after-free", {"unused_at": 1},
                needs=("pins",)),
        Variant("count", "freed when nobody refers to it", params={"unused_at": 0}, needs=("pins",)),
    ),
)

RECOUNT_LOCKED = Param("recount_locked", 0, names={0: "without the lock that fork holds", 1: "with it"})
RECOUNTS = Counter("recounts", "times the state was lowered")


@protocol
def recount(mem: Mem) -> None:
    """A role: count the mappings and lower the state to "once"."""
    if RECOUNT_LOCKED:
        mem.spin_lock(TABLE_LOCK[PARENT])
    if (mem.read_once(PTE[PARENT]) != 0) + (mem.read_once(PTE[CHILD]) != 0) == 1:
        mem.write_once(STATE, 1)
        mem.count(RECOUNTS)
    if RECOUNT_LOCKED:
        mem.spin_unlock(TABLE_LOCK[PARENT])


@protocol
def fork_and_write(mem: Mem) -> None:
    """A role: the parent forks, then writes."""
    fork(mem)
    write(mem, PARENT, NEW)


@protocol
def write_protected(mem: Mem) -> None:
    """Mapped once, and read-only."""
    create_page(mem, 0)


THREE_STATES = Scenario(
    name="three-states",
    about="Not mapped, once, maybe more: lowering 'maybe more' to 'once' is a recount that races with fork.",
    source=SOURCE,
    setup=write_protected,
    roles=(Role("recount", recount), Role("parent", fork_and_write)),
    at_rest=isolated,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("recount", "fork comes between the count and the store", "S8-d", "race", "check",
                {"reuse": 3, "recount_locked": 0}, needs=("forks", "recounts")),
        Variant("recount-locked", "the recount excludes fork", params={"reuse": 3, "recount_locked": 1},
                needs=("forks", "recounts")),
        Variant("count", "no state: the reference count decides", params=BY_COUNT, needs=("forks", "copied")),
    ),
)

STICKY_STATE = Scenario(
    name="sticky-state",
    about="A state that never goes down again: one fork, and every later write copies, pins or not.",
    source=SOURCE,
    setup=read_only,
    roles=(Role("writer", parent_writes), Role("gup", dma)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("sticky", "the child is gone, the state is still 'maybe more'", "S8-d.sticky", "race", "lost-mapping",
                {"reuse": 3}, needs=("pins",)),
        Variant("exclusive", "a pin makes the page the process's own first", params=BY_EXCLUSIVE,
                needs=("pins", "reused")),
    ),
)

RECHECK = Param("recheck", 0, names={0: "the check is made once", 1: "and again with the entry cleared"})
UNSHARED = Counter("unshared", "pages copied before a pin")


@protocol
def unshare_pin(mem: Mem) -> None:
    """A role: a read-only long-term pin by the rule of v1: copy first if the page is mapped more than once."""
    mem.spin_lock(TABLE_LOCK[PARENT])
    page = page_in(mem.read_once(PTE[PARENT]))
    if mappings(mem, page) > 1:
        mem.atomic_inc(refcount(page))
        mem.spin_unlock(TABLE_LOCK[PARENT])
        unshare(mem, page)
        drop(mem, page, 1)
        mem.spin_lock(TABLE_LOCK[PARENT])
        page = page_in(mem.read_once(PTE[PARENT]))
    take_pin(mem, page)
    mem.spin_unlock(TABLE_LOCK[PARENT])
    check_coherent(mem, PARENT, page)
    drop(mem, page, PIN)


@protocol
def unshare(mem: Mem, page: int) -> None:
    """The unshare fault: copy, then put the copy where the page was, if it still is there."""
    copy = new_page(mem, mem.read_once(page))
    mem.spin_lock(TABLE_LOCK[PARENT])
    if page_in(mem.read_once(PTE[PARENT])) == page and still_shared(mem, page):
        mem.xchg(PTE[PARENT], copy)
        mem.atomic_dec(mapcount(page))
        mem.spin_unlock(TABLE_LOCK[PARENT])
        drop(mem, page, 1)
        mem.count(UNSHARED)
    else:
        mem.spin_unlock(TABLE_LOCK[PARENT])
        mem.atomic_set(mapcount(copy), -1)
        drop(mem, copy, 1)


@protocol
def still_shared(mem: Mem, page: int) -> int:
    """The check again, with the entry cleared, so that GUP-fast is stopped too; restored if the page is pinnable."""
    if not RECHECK:
        return 1
    pte = mem.xchg(PTE[PARENT], 0)
    shared: int = mappings(mem, page) > 1
    if not shared:
        mem.write_once(PTE[PARENT], pte)
    return shared


@protocol
def child_exits(mem: Mem) -> None:
    """A role: the child unmaps its page."""
    unmap(mem, CHILD)


UNSHARE_EXIT = Scenario(
    name="unshare-exit",
    about="While one pin copies a shared page, the child exits and another pin takes the page itself.",
    source=SOURCE,
    setup=forked,
    roles=(Role("pin1", unshare_pin), Role("pin2", unshare_pin), Role("child", child_exits)),
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("v1", "the mapcount is looked at once", "S8-e", "race", "lost-mapping", {"recheck": 0},
                needs=("pins", "unshared")),
        Variant("recheck", "and again with the entry cleared; given up if the page is pinnable now",
                params={"recheck": 1}, needs=("pins", "unshared")),
        Variant("exclusive", "5.19: no mapcount; what is not the process's own alone is copied before it is pinned",
                params=BY_EXCLUSIVE, needs=("pins",),
                roles=(Role("pin1", dma), Role("pin2", dma), Role("child", child_exits))),
    ),
)

SCENARIOS: Final = (COW_SPLICE, COW_PINNED, GUP_UNMAP, THREE_STATES, STICKY_STATE, UNSHARE_EXIT)
