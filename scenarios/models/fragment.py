"""powerpc page table fragments: one page cut into several tables, and the word that counts them.

A 64 KiB page holds PTE_FRAG_NR tables. Each mm remembers where its next fragment lies; to take one only moves that
pointer. How many fragments of the page are out, or still to be handed out, is counted in the page's descriptor:

    52  `_refcount`           until 2018, by a plain store of PTE_FRAG_NR: speculative getters use the same word
    32  `pt_frag_refcount`    since 4231aba000f5; nobody else touches it, and nobody zeroes it either

Source: 4231aba000f5 "powerpc/64s: Fix page table fragment refcount race vs speculative references", Nicholas Piggin,
27 Jul 2018, and the fragment allocator it changes (arch/powerpc/mm/pgtable-book3s64.c).
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, SpinLock, Word, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES, FRAME_SHIFT, frame_at, mapcount, page_of, pfn_of, refcount
from engine.memory.pagetype import UNTYPED, word_of

MM: Final = 1  # owner of page table pages
OTHER: Final = 2  # owner of everything else

COUNTER = Param("frag_counter", 52, names={52: "_refcount", 32: "pt_frag_refcount"})
INSTALL = Param("install", 0, names={0: "a store of PTE_FRAG_NR", 1: "an add of PTE_FRAG_NR - 1"})
TYPED = Param("typed", 1, names={0: "before 4.18: no page type", 1: "a table has a page type"})
LAST = Param("last_free", 0, names={0: "__free_page", 1: "free_unref_page: whatever the count"})

PAGE_TABLE_LOCK = SpinLock("page_table_lock")
PTE_FRAG = Word("pte_frag")  # mm->context.pte_frag: the next fragment, 0 for none
CONSTRUCTED = Word("constructed")
DESTROYED = Word("destroyed")

TAKEN = Counter("taken", "fragments taken", operation=True)
RETURNED = Counter("returned", "fragments freed")
PAGES_FREED = Counter("pages_freed", "pages whose last fragment was freed")

_TABLE_TYPE: Final = word_of("table", "5.4")
_NO_TYPE: Final = UNTYPED


@protocol
def fragments() -> int:
    """PTE_FRAG_NR: 16, or what fits into a page of few entries."""
    return min(16, ENTRIES >> 1)


@protocol
def fragment_bytes() -> int:
    """PTE_FRAG_SIZE."""
    return (ENTRIES // fragments()) << 3


@protocol
def counter_of(fragment: int) -> int:
    """The address of the counter of the page that a fragment lies in."""
    return page_of(fragment) + COUNTER


@protocol
def page_start(fragment: int) -> int:
    """The first byte of the page that a fragment lies in."""
    return frame_at(pfn_of(fragment))


@protocol
def construct(mem: Mem, frame: int) -> None:
    """pgtable_page_ctor()."""
    mem.atomic64_inc(CONSTRUCTED)
    if TYPED:
        mem.write_once32(mapcount(frame), _TABLE_TYPE)


@protocol
def destruct(mem: Mem, frame: int) -> None:
    """pgtable_page_dtor()."""
    mem.atomic64_inc(DESTROYED)
    if TYPED:
        mem.write_once32(mapcount(frame), _NO_TYPE)


@protocol
def new_page(mem: Mem) -> int:
    """A constructed page with nothing handed out: its counter is 1. 0 if there is none."""
    frame: int = mem.alloc_page(MM)
    if frame != 0:
        if COUNTER == 32:
            mem.atomic_set(counter_of(frame), 1)
        construct(mem, frame)
    return frame


@protocol
def take_next(mem: Mem, fragment: int) -> None:
    """With the lock held: what comes after `fragment` is the next one to be handed out, if it lies in the same page."""
    following = fragment + fragment_bytes()
    if following & ((1 << FRAME_SHIFT) - 1) == 0:
        following = 0
    mem.write_once(PTE_FRAG, following)


@protocol
def alloc_fragment(mem: Mem) -> int:
    """pte_fragment_alloc(): the mm's next fragment, or the first of a new page; 0 if there is no page."""
    mem.spin_lock(PAGE_TABLE_LOCK)
    fragment: int = mem.read_once(PTE_FRAG)
    if fragment != 0:
        take_next(mem, fragment)
    mem.spin_unlock(PAGE_TABLE_LOCK)
    if fragment == 0:
        fragment = new_page(mem)
        if fragment != 0:
            install(mem, fragment)
    if fragment != 0:
        mem.count(TAKEN)
    return fragment


@protocol
def install(mem: Mem, frame: int) -> None:
    """Make a new page the mm's, unless another thread was faster: then it stays a page of one fragment."""
    mem.spin_lock(PAGE_TABLE_LOCK)
    if mem.read_once(PTE_FRAG) == 0:
        if INSTALL:
            mem.atomic_add(counter_of(frame), fragments() - 1)
        else:
            mem.atomic_set(counter_of(frame), fragments())
        take_next(mem, frame)
    mem.spin_unlock(PAGE_TABLE_LOCK)


@protocol
def free_page_of(mem: Mem, fragment: int) -> None:
    """The last fragment is gone: destructor, then the page."""
    frame = page_start(fragment)
    destruct(mem, frame)
    mem.count(PAGES_FREED)
    if COUNTER == 52:
        mem.free_page(frame)
    elif LAST:
        mem.atomic_set(refcount(frame), 0)
        mem.free_page(frame)
    elif mem.atomic_dec_and_test(refcount(frame)):
        mem.free_page(frame)


@protocol
def put_fragments(mem: Mem, fragment: int, number: int) -> None:
    """Give back `number` fragments of a page, issued or not."""
    counter = counter_of(fragment)
    if COUNTER == 32:
        count = mem.atomic_read(counter)
        mem.warn_on((count == 0) | (count >> 31), "pte_fragment_free: BUG_ON(pt_frag_refcount <= 0)")
    if mem.atomic_sub_and_test(counter, number):
        free_page_of(mem, fragment)


@protocol
def free_fragment(mem: Mem, fragment: int) -> None:
    """pte_fragment_free()."""
    mem.count(RETURNED)
    put_fragments(mem, fragment, 1)


@protocol
def exit_mm(mem: Mem) -> None:
    """destroy_pagetable_cache(): give back what was never handed out."""
    fragment = mem.read_once(PTE_FRAG)
    if fragment != 0:
        used = (fragment - page_start(fragment)) // fragment_bytes()
        mem.write_once(PTE_FRAG, 0)
        put_fragments(mem, fragment, fragments() - used)

