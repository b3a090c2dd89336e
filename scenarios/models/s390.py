"""s390 page tables of 2 KiB, two in a page, and the one rcu_head that both halves share.

The upper byte of `_refcount` says what each half is; the low 24 bits stay a reference count, so that a transient get
disturbs nothing:

    24, 25    A    lower, upper half allocated
    26, 27    H    (drafts only) pending free through the page's rcu_head
    28, 29    P    pending removal

Pages with exactly one half allocated are on the mm's list, linked through the words at 8 and 16; a queued rcu_head
(the next callback, the function's number) lies in the very same words. `LOCK` covers the list and the A bits, not the
P bits.

Source: arch/s390/mm/pgalloc.c of 6.3 and 6.6; "mm: free retracted page table by RCU", Hugh Dickins, June and July 2023,
with the draft of Gerald Schaefer; 8211dad627981 (6.6).
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Param, SpinLock, Word, protocol
from engine.declare import Mem
from engine.memory.page import ENTRIES, frame_of, page_of, refcount

MM: Final = 1
ACTIVE: Final = 1 << 6  # PG_active
LOWER: Final = 0
UPPER: Final = 1
FREE_LOWER: Final = 0x101  # numbers of RCU callbacks
FREE_UPPER: Final = 0x102
FREE_PAGE: Final = 0x103

DEFER = Param("defer", 4, names={0: "naive: call_rcu of the page", 1: "the half is free at once, the page by RCU",
                                 2: "the draft", 3: "the draft without its status word", 4: "PG_active (6.6)"})
PENDING_MASK = Param("pending_mask", 1, names={0: "only A bits count as taken", 1: "P bits count too"})
SHIFTED = Param("shifted", 0, names={0: "the draft as posted", 1: "with the missing shift"})

LIST = Word("pgtable_list", 2)  # the list's head: next, prev
LOCK = SpinLock("context_lock")
CALLBACKS = Word("rcu_callbacks")  # the first queued rcu_head, 0 for none
READERS = Word("rcu_readers")  # how many are inside rcu_read_lock

TAKEN = Counter("taken", "halves allocated", operation=True)
RETURNED = Counter("returned", "halves freed or deferred", operation=True)
CALLED = Counter("called", "RCU callbacks run")
PAGES_FREED = Counter("pages_freed", "pages freed")


@protocol
def node_of(page: int) -> int:
    """The list node, or rcu_head, of a page (its descriptor)."""
    return page + 8


@protocol
def list_init(mem: Mem, node: int) -> None:
    mem.write_once(node, node)
    mem.write_once(node + 8, node)


@protocol
def list_add(mem: Mem, node: int) -> None:
    """Behind the head of the mm's list."""
    following = mem.read_once(LIST)
    mem.write_once(following + 8, node)
    mem.write_once(node, following)
    mem.write_once(node + 8, LIST)
    mem.write_once(LIST, node)
    note_listed(mem, node, 1)


@protocol
def list_add_tail(mem: Mem, node: int) -> None:
    """Before the head of the mm's list."""
    before = mem.read_once(LIST + 8)
    mem.write_once(LIST + 8, node)
    mem.write_once(node, LIST)
    mem.write_once(node + 8, before)
    mem.write_once(before, node)
    note_listed(mem, node, 1)


@protocol
def list_del(mem: Mem, node: int) -> None:
    """list_del_init() where that is what makes a second one harmless, else list_del()."""
    following = mem.read_once(node)
    before = mem.read_once(node + 8)
    mem.write_once(following + 8, before)
    mem.write_once(before, following)
    if DEFER == 4:
        list_init(mem, node)
    note_listed(mem, node, 0)


@protocol
def note_listed(mem: Mem, node: int, listed: int) -> None:
    """The draft's status word: pt_frag_refcount as "is on the list"."""
    if DEFER == 2:
        mem.write_once32(node + 24, listed)


@protocol
def bits(mem: Mem, page: int, mask: int) -> int:
    """atomic_xor_bits(): the upper byte after mask was flipped in it (R5 is checked on the way)."""
    flipped: int = mem.atomic_xor_return(page + 52, mask << 24) >> 24
    mem.check((flipped & (flipped >> 4) & 3) == 0, "check", "a half is allocated and pending removal at once")
    return flipped


@protocol
def half_of(page: int, bit: int) -> int:
    """The address of a half."""
    return frame_of(page) + bit * (ENTRIES << 2)


@protocol
def take_listed(mem: Mem) -> int:
    """A free half of the first page on the list, 0 if there is none. With the lock held."""
    node = mem.read_once(LIST)
    if node == LIST:
        return 0
    page = node - 8
    mask = mem.atomic_read(page + 52) >> 24
    if PENDING_MASK:
        mask = mask | (mask >> 4)
    mask = mask & 3
    if mask == 3:
        return 0
    bit = mask & 1
    bits(mem, page, 1 << bit)
    list_del(mem, node)
    return half_of(page, bit)


@protocol
def alloc_half(mem: Mem) -> int:
    """page_table_alloc(): a half of a page on the list, or of a new page."""
    mem.count(TAKEN)
    mem.spin_lock(LOCK)
    half = take_listed(mem)
    mem.spin_unlock(LOCK)
    if half == 0:
        half = mem.alloc_page(MM)
        page = page_of(half)
        bits(mem, page, 1)
        mem.spin_lock(LOCK)
        list_add(mem, node_of(page))
        mem.spin_unlock(LOCK)
    return half


@protocol
def call_rcu(mem: Mem, page: int, function: int) -> None:
    """Queue the page's rcu_head: next at 8, the function at 16."""
    node = node_of(page)
    first = mem.read_once(CALLBACKS)
    mem.write_once(node, first)
    mem.write_once(node + 8, function)
    while mem.cmpxchg(CALLBACKS, first, node) != first:
        first = mem.read_once(CALLBACKS)
        mem.write_once(node, first)


@protocol
def free_whole(mem: Mem, page: int) -> None:
    """__free_page()."""
    mem.count(PAGES_FREED)
    if mem.atomic_dec_and_test(page + 52):
        mem.free_page(frame_of(page))


@protocol
def removed(mem: Mem, page: int) -> None:
    """Neither half is anything any more: free the page, after a grace period if one was asked for."""
    deferred: int = DEFER == 1
    if DEFER == 4:
        deferred = mem.test_and_clear_bits(page, ~ACTIVE) & ACTIVE
    if deferred:
        call_rcu(mem, page, FREE_PAGE)
    else:
        free_whole(mem, page)


@protocol
def free_half(mem: Mem, page: int, bit: int) -> None:
    """page_table_free(): A off and P on in one step under the lock, P off without it."""
    mem.spin_lock(LOCK)
    mask = bits(mem, page, 0x11 << bit)
    listed = mask & 3
    if DEFER == 4 and listed and mem.read_once(page) & ACTIVE:
        listed = 0
    if listed:
        list_add(mem, node_of(page))
    elif DEFER != 2 or mem.read_once32(page + 32):
        list_del(mem, node_of(page))
    mem.spin_unlock(LOCK)
    if bits(mem, page, 0x10 << bit) == 0:
        removed(mem, page)


@protocol
def gather_half(mem: Mem, page: int, bit: int) -> None:
    """page_table_free_rcu(): the half is pending from here on; the page comes last on the list."""
    mem.spin_lock(LOCK)
    if bits(mem, page, 0x11 << bit) & 3:
        list_add_tail(mem, node_of(page))
    else:
        list_del(mem, node_of(page))
    mem.spin_unlock(LOCK)


@protocol
def free_gathered(mem: Mem, page: int, bit: int) -> None:
    """__tlb_remove_table(), when the gather is flushed and its grace period is over."""
    if bits(mem, page, 0x10 << bit) == 0:
        removed(mem, page)


@protocol
def defer_draft(mem: Mem, page: int, bit: int) -> None:
    """The draft: A off, H and P on; never back to the list; one callback for whoever comes first."""
    mem.spin_lock(LOCK)
    mask = bits(mem, page, 0x15 << bit)
    if DEFER == 2:
        if mem.read_once32(page + 32):
            list_del(mem, node_of(page))
    elif mask & 3 == 0:
        list_del(mem, node_of(page))
    mem.spin_unlock(LOCK)
    if mask & 0x0C != 0x0C:
        call_rcu(mem, page, FREE_LOWER + bit)


@protocol
def pte_free_defer(mem: Mem, page: int, bit: int) -> None:
    """Free a half after a grace period."""
    mem.count(RETURNED)
    if DEFER == 0:
        call_rcu(mem, page, FREE_LOWER + bit)
    elif DEFER == 1:
        free_half(mem, page, bit)
    elif DEFER == 4:
        mem.test_and_set_bits(page, ACTIVE)
        free_half(mem, page, bit)
    else:
        defer_draft(mem, page, bit)


@protocol
def free_now(mem: Mem, page: int, bit: int) -> None:
    """The draft's callback: its own H off, P off, and the other half's turn if it came in meanwhile."""
    mask = bits(mem, page, 0x04 << bit)
    if SHIFTED == 0:
        mask = mask << 24  # as posted: the word is tested, not its upper byte
    if bits(mem, page, 0x10 << bit) == 0:
        free_whole(mem, page)
    if mask & 0x0C:
        call_rcu(mem, page, FREE_LOWER + (1 - bit))


@protocol
def run_callback(mem: Mem, node: int, function: int) -> None:
    """Call what the rcu_head says."""
    page = node - 8
    known = (function == FREE_LOWER) | (function == FREE_UPPER) | (function == FREE_PAGE)
    mem.check(known, "check", "the function of an rcu_head is none: somebody wrote over it")
    mem.count(CALLED)
    if function == FREE_PAGE:
        free_whole(mem, page)
    elif DEFER == 0:
        free_half(mem, page, function - FREE_LOWER)
    else:
        free_now(mem, page, function - FREE_LOWER)


@protocol
def grace_period(mem: Mem) -> None:
    """Take the queued callbacks, wait for those who are inside, run them from their words."""
    node = mem.xchg(CALLBACKS, 0)
    if node != 0:
        while mem.read_once(READERS) != 0:
            mem.cpu_relax()
    while node != 0:
        following = mem.read_once(node)
        mem.check(following != node, "check", "an rcu_head was queued twice: the list of callbacks is a ring")
        run_callback(mem, node, mem.read_once(node + 8))
        node = following


@protocol
def rcu_barrier(mem: Mem) -> None:
    """At rest: run what is queued, and what that queues."""
    while mem.read_once(CALLBACKS) != 0:
        grace_period(mem)


@protocol
def still_used(mem: Mem, page: int) -> int:
    """Whether the page is not free."""
    used: int = mem.page_ref_add_unless(refcount(frame_of(page)), 0, 0)
    return used
