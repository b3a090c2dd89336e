"""Copy on write: who shares an anonymous page, and how GUP, fork and write faults find out.

Two processes, one virtual page each. An entry is the address of the page, or 0, with WRITABLE in bit 0. The words of
the page's descriptor:

    0   flags           bit EXCLUSIVE: PG_anon_exclusive
    48  `_mapcount`     mappings - 1
    52  `_refcount`     one for every mapping, PIN for every pin, one for the swap cache or whoever else looks

The first word of the page is its data. A store or load of a process happens with its page table lock held: the hardware
would fault, or be stopped by the TLB flush, where the model would wait.

Source: "mm: COW fixes part 1", David Hildenbrand and Andrea Arcangeli, v1 of 17 Dec 2021, and the thread about it;
09854ba94c6a (5.9), 57efa1fe5957 (5.11), PG_anon_exclusive (5.19).
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, SpinLock, Word, protocol
from engine.declare import Mem
from engine.memory.page import mapcount, page_of, refcount
from scenarios.models.folio import mappings

PARENT: Final = 0
CHILD: Final = 1
OLD: Final = 0x01D
NEW: Final = 0x4E3
WRITABLE: Final = 1
EXCLUSIVE: Final = 1 << 17
PIN: Final = 1024  # GUP_PIN_COUNTING_BIAS
USER: Final = 1  # owner of anonymous pages

REUSE = Param("reuse", 0, names={0: "mapcount is 1 (before 5.9)", 1: "count is 1 (5.9)", 2: "PG_anon_exclusive (5.19)",
                                 3: "a state 'mapped once'"})
UNSHARE = Param("unshare", 0, names={0: "a pin takes the page as it is", 1: "unshared if mapcount > 1 (v1)",
                                     2: "unshared unless PG_anon_exclusive (5.19)"})

PTE = Word("pte", 3)
DATA_PAGE = Word("page")  # the page that all began with
TABLE_LOCK = SpinLock("page_table_lock", 3)
PAGE_LOCK = SpinLock("page_lock")
STATE = Word("mapped_state")  # three-state counter: 1 once, 2 maybe more

PINS = Counter("pins", "pins taken")
REUSED = Counter("reused", "write faults that kept the page")
COPIED = Counter("copied", "write faults that copied", operation=True)
FORKS = Counter("forks", "pages shared with a child")


@protocol
def page_in(pte: int) -> int:
    """The page that an entry leads to, 0 for none."""
    return pte & ~WRITABLE


@protocol
def exclusive(mem: Mem, page: int) -> int:
    """PageAnonExclusive()."""
    flags: int = mem.read_once(page_of(page))
    return (flags & EXCLUSIVE) != 0


@protocol
def new_page(mem: Mem, data: int) -> int:
    """A page with one mapping to come."""
    page: int = mem.alloc_page(USER)
    mem.write_once(page, data)
    mem.atomic_set(mapcount(page), 0)
    return page


@protocol
def drop(mem: Mem, page: int, references: int) -> None:
    """put_page(), unpin_user_page(): the last reference frees."""
    if mem.atomic_sub_and_test(refcount(page), references):
        mem.atomic64_and(page_of(page), ~EXCLUSIVE)
        mem.free_page(page)


@protocol
def unmap(mem: Mem, process: int) -> None:
    """munmap(): entry, flush, mapcount, reference."""
    mem.spin_lock(TABLE_LOCK[process])
    page = page_in(mem.xchg(PTE[process], 0))
    if page != 0:
        mem.atomic_dec(mapcount(page))
    mem.spin_unlock(TABLE_LOCK[process])
    if page != 0:
        drop(mem, page, 1)


@protocol
def share(mem: Mem, source: int, target: int) -> None:
    """fork() of one page, with the parent's page table lock held: both read-only from now on."""
    page = page_in(mem.read_once(PTE[source]))
    mem.write_once(PTE[source], page)
    mem.atomic64_and(page_of(page), ~EXCLUSIVE)
    mem.atomic_inc(refcount(page))
    mem.atomic_inc(mapcount(page))
    mem.write_once(PTE[target], page)
    mem.count(FORKS)


@protocol
def fork(mem: Mem) -> None:
    """The child gets the parent's page."""
    mem.spin_lock(TABLE_LOCK[PARENT])
    if REUSE == 3:
        mem.write_once(STATE, 2)
    share(mem, PARENT, CHILD)
    mem.spin_unlock(TABLE_LOCK[PARENT])


@protocol
def may_reuse(mem: Mem, page: int) -> int:
    """do_wp_page(): whether the writer is the only one, by the rule of the day."""
    found = 1
    if REUSE == 0:
        found = mappings(mem, page)
    elif REUSE == 1:
        found = mem.atomic_read(refcount(page))
    elif REUSE == 3:
        found = mem.read_once(STATE)
    elif not exclusive(mem, page):
        found = mem.atomic_read(refcount(page))
        if found == 1:
            mem.atomic64_or(page_of(page), EXCLUSIVE)
    return found == 1


@protocol
def replace(mem: Mem, process: int, page: int, data: int, flags: int) -> None:
    """Map a copy in the place of `page`, with the page table lock held."""
    copy = new_page(mem, data)
    mem.atomic64_or(page_of(copy), EXCLUSIVE)
    mem.xchg(PTE[process], 0)
    mem.atomic_dec(mapcount(page))
    drop(mem, page, 1)
    mem.write_once(PTE[process], copy | flags)


@protocol
def write(mem: Mem, process: int, data: int) -> None:
    """A store of a process: a write fault if its entry is read-only."""
    mem.spin_lock(TABLE_LOCK[process])
    pte = mem.read_once(PTE[process])
    page = page_in(pte)
    if page != 0:
        if pte & WRITABLE:
            mem.write_once(page, data)
        elif may_reuse(mem, page):
            mem.write_once(PTE[process], page | WRITABLE)
            mem.write_once(page, data)
            mem.count(REUSED)
        else:
            replace(mem, process, page, data, WRITABLE)
            mem.count(COPIED)
    mem.spin_unlock(TABLE_LOCK[process])


@protocol
def read(mem: Mem, process: int) -> int:
    """A load of a process; OLD if it maps nothing."""
    mem.spin_lock(TABLE_LOCK[process])
    page = page_in(mem.read_once(PTE[process]))
    data: int = OLD
    if page != 0:
        data = mem.read_once(page)
    mem.spin_unlock(TABLE_LOCK[process])
    return data


@protocol
def isolated(mem: Mem) -> None:
    """C1, at rest: the child reads what was there when it was forked."""
    mem.check(read(mem, CHILD) == OLD, "check", "the child sees what the parent wrote after the fork")


@protocol
def take_pin(mem: Mem, page: int) -> None:
    """The pin itself, with the page table lock held."""
    mem.atomic_add(refcount(page), PIN)
    mem.count(PINS)


@protocol
def pin(mem: Mem, process: int) -> int:
    """Slow GUP, read-only, long-term: the pinned page, or 0 if nothing is mapped."""
    mem.spin_lock(TABLE_LOCK[process])
    page = page_in(mem.read_once(PTE[process]))
    if page != 0:
        if UNSHARE == 2:
            if not exclusive(mem, page):
                if mem.atomic_read(refcount(page)) == 1:
                    mem.atomic64_or(page_of(page), EXCLUSIVE)
                else:
                    replace(mem, process, page, mem.read_once(page), 0)
                    page = page_in(mem.read_once(PTE[process]))
        take_pin(mem, page)
    mem.spin_unlock(TABLE_LOCK[process])
    return page


@protocol
def check_coherent(mem: Mem, process: int, page: int) -> None:
    """C2: while it is pinned the process still maps the page, or nothing at all."""
    now = page_in(mem.read_once(PTE[process]))
    mem.check((now == 0) | (now == page), "lost-mapping", "the process maps another page than the one it has pinned")


@protocol
def create_page(mem: Mem, flags: int) -> None:
    """The parent maps one page that holds OLD."""
    page = new_page(mem, OLD)
    if REUSE == 2:
        mem.atomic64_or(page_of(page), EXCLUSIVE)
    mem.write_once(DATA_PAGE, page)
    mem.write_once(PTE[PARENT], page | flags)
    mem.write_once(STATE, 1)
