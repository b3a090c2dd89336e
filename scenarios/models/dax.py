"""FS-DAX: file blocks that are memory, mapped into processes and pinned by DMA, and who may free them.

One page of a file, one slot of a page table. The block is the page: when it is freed another file gets it and writes to
it, and what a DMA writes afterwards is the damage. The descriptor's words:

    52  `_refcount`    until 6.14 one-based: 1 is idle, a mapping takes no reference; since 6.15 zero-based: a mapping
                       takes one, and so does everybody else
    48  `_mapcount`    mappings - 1

Source: "fs/dax: Fix ZONE_DEVICE page reference counts", Alistair Popple, 2024; 38607c62b34b "fs/dax: properly refcount
fs dax pages" (v6.15); mm/gup.c, fs/dax.c of both.
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, RWLock, SpinLock, Word, protocol
from engine.declare import Mem
from engine.memory.page import mapcount, refcount
from scenarios.models.folio import mappings

DEVICE: Final = 1  # owner of the page: no page allocator ever frees it
OTHER_FILE: Final = 0x0F11E
DMA: Final = 0xD3A

ZERO_BASED = Param("zero_based", 0, names={0: "1 is idle (up to 6.14)", 1: "0 is idle (since 6.15)"})
WAKE_AT = Param("wake_at", 1, names={0: "0, as for any page", 1: "the base"})
RECHECK = Param("recheck", 1, names={0: "none", 1: "GUP-fast loads the PTE again"})
INVALIDATE = Param("no_faults", 1, names={0: "faults go on", 1: "the invalidate lock is held"})
ENTRY_LOCKED = Param("waits_entry", 1, names={0: "a locked entry is not waited for", 1: "it is"})
REFS_FIRST = Param("refs_first", 1, names={0: "mapcount, then references", 1: "references, then mapcount"})
POLLS = Param("polls", 0, names={0: "sleeps until the page is idle", 1: "unmaps and looks again and again"})
RESERVED = Param("skips_reserved", 0, names={1: "a put that skips PG_reserved pages"})
COUNTED = Param("insert_counts", 1, names={0: "the old insert: no reference", 1: "a mapping takes a reference"})

SLOT = Word("pte")  # the page table entry: the page's address, 0 for none
FILE = Word("file")  # the file's entry: the page that holds its block, 0 for a hole
BLOCK = Word("page")  # the page itself, whoever has it
WAITING = Word("waiting")  # the wait queue: 1 while somebody is on it
FILE_LOCK = RWLock("invalidate_lock")
ENTRY_LOCK = SpinLock("entry_lock")  # the locked bit of the page cache entry
TABLE_LOCK = SpinLock("page_table_lock")

PINS = Counter("pins", "GUP references taken")
MISSED = Counter("missed_pins", "GUP that found no page or had to undo")
FAULTS = Counter("faults", "pages mapped")
ZAPS = Counter("zaps", "mappings removed")
WAITS = Counter("waits", "times the truncation had to wait")
PUNCHED = Counter("punched", "blocks freed", operation=True)


@protocol
def base() -> int:
    """What `_refcount` of an idle page is."""
    return not ZERO_BASED


@protocol
def create_block(mem: Mem) -> int:
    """A device page with nobody at it."""
    page: int = mem.alloc_page(DEVICE)
    mem.atomic_set(refcount(page), base())
    mem.write_once(BLOCK, page)
    mem.write_once(FILE, page)
    return page


@protocol
def wake(mem: Mem) -> None:
    """wake_up_var()."""
    mem.write_once(WAITING, 0)


@protocol
def put(mem: Mem, page: int) -> None:
    """put_page() of a device page: nobody frees it, but one count means that somebody may be waiting."""
    if RESERVED:
        return
    left = mem.atomic_dec_return(refcount(page))
    if left == (base() if WAKE_AT else 0):
        wake(mem)


@protocol
def gup(mem: Mem) -> int:
    """GUP-fast: the pinned page, or 0."""
    page: int = mem.read_once(SLOT)
    if page == 0:
        mem.count(MISSED)
        return 0
    if not mem.page_ref_add_unless(refcount(page), 1, 0):
        mem.count(MISSED)
        return 0
    if RECHECK:
        if mem.read_once(SLOT) != page:
            put(mem, page)
            mem.count(MISSED)
            return 0
    mem.count(PINS)
    return page


@protocol
def insert(mem: Mem, page: int) -> None:
    """The slot's entry under the page table lock, with what the new scheme counts."""
    mem.spin_lock(TABLE_LOCK)
    if mem.read_once(SLOT) == 0:
        if ZERO_BASED:
            if COUNTED:
                mem.atomic_inc(refcount(page))
            mem.atomic_inc(mapcount(page))
        mem.write_once(SLOT, page)
        mem.count(FAULTS)
    mem.spin_unlock(TABLE_LOCK)


@protocol
def fault(mem: Mem) -> None:
    """A page fault: lock the entry, hold the page (new scheme), map it; a hole is not mapped."""
    if INVALIDATE:
        mem.read_lock(FILE_LOCK)
    mem.spin_lock(ENTRY_LOCK)
    page = mem.read_once(FILE)
    if page != 0:
        if ZERO_BASED:
            mem.atomic_inc(refcount(page))
        insert(mem, page)
        if ZERO_BASED:
            put(mem, page)
    mem.spin_unlock(ENTRY_LOCK)
    if INVALIDATE:
        mem.read_unlock(FILE_LOCK)


@protocol
def zap(mem: Mem) -> None:
    """Remove the mapping, and what it counted after the TLB flush."""
    page: int = mem.xchg(SLOT, 0)
    if page != 0:
        mem.count(ZAPS)
        if ZERO_BASED:
            mem.atomic_dec(mapcount(page))
            if COUNTED:
                put(mem, page)


@protocol
def counts_differ(mem: Mem, page: int) -> int:
    """Whether somebody other than mappings holds the page: two loads, in either order."""
    mapped = 1
    if ZERO_BASED and not REFS_FIRST:
        mapped = mappings(mem, page)
    references: int = mem.atomic_read(refcount(page))
    if ZERO_BASED and REFS_FIRST:
        mapped = mappings(mem, page)
    return references != mapped


@protocol
def busy(mem: Mem, page: int) -> int:
    """dax_busy_page(): under the entry's lock, so that a fault in flight is over."""
    if ENTRY_LOCKED:
        mem.spin_lock(ENTRY_LOCK)
    found: int = counts_differ(mem, page)
    if ENTRY_LOCKED:
        mem.spin_unlock(ENTRY_LOCK)
    return found


@protocol
def wait_idle(mem: Mem, page: int) -> None:
    """wait_var_event(&page->_refcount, idle): prepare, look, sleep until somebody wakes."""
    mem.count(WAITS)
    mem.xchg(WAITING, 1)
    while mem.atomic_read(refcount(page)) != base():
        while mem.read_once(WAITING):
            mem.cpu_relax()
        mem.xchg(WAITING, 1)
    mem.write_once(WAITING, 0)


@protocol
def break_layout(mem: Mem) -> None:
    """Unmap, wait until nobody holds the page, and give its block to another file."""
    page = mem.read_once(BLOCK)
    if INVALIDATE:
        mem.write_lock(FILE_LOCK)
    zap(mem)
    while busy(mem, page):
        if POLLS:
            mem.cpu_relax()
        else:
            wait_idle(mem, page)
        zap(mem)
    mem.write_once(FILE, 0)
    mem.write_once(page, OTHER_FILE)
    mem.count(PUNCHED)
    if INVALIDATE:
        mem.write_unlock(FILE_LOCK)
