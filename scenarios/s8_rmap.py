"""S8, continued: the swap cache's reference, and walks over all mappings of a page.

The same thread as `s8_cow`. C1 for a page that another process is just taking from the swap cache; C4: a walk that
stops early has found all mappings.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import mapcount, refcount
from scenarios.models.cow import (
    CHILD,
    DATA_PAGE,
    NEW,
    PAGE_LOCK,
    PARENT,
    PTE,
    TABLE_LOCK,
    WRITABLE,
    create_page,
    drop,
    isolated,
    page_in,
    share,
    write,
)
from scenarios.models.folio import mappings

SOURCE: Final = "https://lore.kernel.org/all/20211217113049.23850-7-david@redhat.com/"
ONE_PAGE: Final = Geometry(entries=4, levels=1, frames=6)

BY_COUNT: Final = {"reuse": 1}

SWAP_LOCKED = Param("swap_locked", 0, names={0: "no page lock", 1: "the page lock over decision and swap-in"})
SWAP_SLOT = Word("swap_slot")  # the swap cache: the page, 0 if the slot is free
SWAPPED_IN = Counter("swapped_in", "pages mapped from the swap cache")


@protocol
def in_swap_cache(mem: Mem) -> None:
    """Mapped once, read-only, and in the swap cache, which holds a reference."""
    create_page(mem, 0)
    page = mem.read_once(DATA_PAGE)
    mem.atomic_inc(refcount(page))
    mem.write_once(SWAP_SLOT, page)


@protocol
def swap_in(mem: Mem) -> None:
    """A role: the child, whose entry is a swap entry, finds the page in the swap cache."""
    page = mem.read_once(SWAP_SLOT)
    if page != 0:
        if mem.page_ref_add_unless(refcount(page), 1, 0):
            if SWAP_LOCKED:
                mem.spin_lock(PAGE_LOCK)
            if SWAP_LOCKED == 0 or mem.read_once(SWAP_SLOT) == page:
                mem.atomic_inc(mapcount(page))
                mem.write_once(PTE[CHILD], page)
                mem.count(SWAPPED_IN)
                if SWAP_LOCKED:
                    mem.spin_unlock(PAGE_LOCK)
            else:
                mem.spin_unlock(PAGE_LOCK)
                drop(mem, page, 1)


@protocol
def free_slot(mem: Mem, page: int) -> None:
    """try_to_free_swap(): the swap cache lets the page go."""
    if mem.xchg(SWAP_SLOT, 0) == page:
        drop(mem, page, 1)


@protocol
def write_swapped(mem: Mem) -> None:
    """A role: a write fault on a page in the swap cache; the cache's reference is no reason to copy."""
    page = mem.read_once(DATA_PAGE)
    if SWAP_LOCKED:
        mem.spin_lock(PAGE_LOCK)
        free_slot(mem, page)
        write(mem, PARENT, NEW)
        mem.spin_unlock(PAGE_LOCK)
    else:
        only = mem.atomic_read(refcount(page)) == 1 + (mem.read_once(SWAP_SLOT) == page)
        free_slot(mem, page)
        mem.spin_lock(TABLE_LOCK[PARENT])
        if only:
            mem.write_once(PTE[PARENT], page | WRITABLE)
        mem.spin_unlock(TABLE_LOCK[PARENT])
        write(mem, PARENT, NEW)


SWAP_REUSE = Scenario(
    name="swap-reuse",
    about="A page is the writer's own but for the swap cache, and somebody else is just taking it from there.",
    source=SOURCE,
    setup=in_swap_cache,
    roles=(Role("writer", write_swapped), Role("child", swap_in)),
    at_rest=isolated,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("count-before", "the count is read before the slot is freed, without the page lock", "S8-i", "race",
                "check", {**BY_COUNT, "swap_locked": 0}, needs=("swapped_in",)),
        Variant("page-lock", "the page lock, and the count read again under it",
                params={**BY_COUNT, "swap_locked": 1}, needs=("swapped_in",)),
    ),
)

THIRD: Final = 2
MIGRATION: Final = 1 << 62
VERIFIED = Param("verified", 0, names={0: "stops at the mapcount it read", 1: "and counts again at the end"})
MIGRATED = Counter("migrated", "pages whose every mapping was found", operation=True)
DONE = Word("isolated")


@protocol
def mapped_twice(mem: Mem) -> None:
    """The page is mapped in the second and the third of three places."""
    create_page(mem, 0)
    page = mem.read_once(DATA_PAGE)
    mem.write_once(PTE[PARENT], 0)
    mem.write_once(PTE[CHILD], page)
    mem.write_once(PTE[THIRD], page)
    mem.atomic_inc(mapcount(page))
    mem.atomic_inc(refcount(page))


@protocol
def fork_third(mem: Mem) -> None:
    """A role: the third mapping is forked to the first place, which comes before it."""
    mem.spin_lock(TABLE_LOCK[THIRD])
    if page_in(mem.read_once(PTE[THIRD])) == mem.read_once(DATA_PAGE):
        share(mem, THIRD, PARENT)
    mem.spin_unlock(TABLE_LOCK[THIRD])


@protocol
def visit(mem: Mem, process: int, page: int) -> int:
    """try_to_migrate_one(): 1 if the page was mapped there and is a migration entry now."""
    found = 0
    mem.spin_lock(TABLE_LOCK[process])
    if page_in(mem.read_once(PTE[process])) == page:
        mem.write_once(PTE[process], MIGRATION)
        mem.atomic_dec(mapcount(page))
        found = 1
    mem.spin_unlock(TABLE_LOCK[process])
    return found


@protocol
def migrate(mem: Mem) -> None:
    """A role: replace every mapping of the page; stop when as many were found as there are."""
    page = mem.read_once(DATA_PAGE)
    wanted = mappings(mem, page)
    found = 0
    for process in range(3):
        if found < wanted:
            found += visit(mem, process, page)
    if VERIFIED == 0 or mappings(mem, page) == 0:
        mem.write_once(DONE, 1)
        mem.count(MIGRATED)


@protocol
def all_found(mem: Mem) -> None:
    """C4: a page that counts as unmapped is mapped nowhere."""
    if mem.read_once(DONE):
        for process in range(3):
            mem.check(page_in(mem.read_once(PTE[process])) != mem.read_once(DATA_PAGE), "stale-translation",
                      "a page that was migrated is still mapped")


RMAP_STOP = Scenario(
    name="rmap-stop",
    about="A walk over the mappings stops at the mapcount it read; fork adds one behind its back.",
    source=SOURCE,
    setup=mapped_twice,
    roles=(Role("migrate", migrate), Role("fork", fork_third)),
    at_rest=all_found,
    geometry=ONE_PAGE,
    small=ONE_PAGE,
    variants=(
        Variant("early-stop", "it stops when the number is reached", "S8-j", "race", "stale-translation",
                {"verified": 0}, needs=("migrated", "forks")),
        Variant("verified", "the mapcount must be 0 at the end, or it fails", params={"verified": 1},
                needs=("migrated", "forks")),
    ),
)

SCENARIOS: Final = (SWAP_REUSE, RMAP_STOP)
