"""One thread keeps a pointer to a page over its free and reallocation; `HOW` says through what the pointer goes."""

from __future__ import annotations

from engine import Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.memory.page import frame_at, page_of, pfn_of, refcount

SLOT = Word("slot")
OTHER = Word("other")
TABLE = Word("table", 16)
HOW = Param("how", 0)


@protocol
def keep(mem: Mem, page: int) -> int:
    """The pointer after a detour."""
    if HOW == 1:  # through memory
        mem.write_once(SLOT, page)
        return mem.read_once(SLOT)
    if HOW == 2:  # through an entry
        mem.write_once(SLOT, (pfn_of(page) << 12) | 7)
        return frame_at(mem.read_once(SLOT) >> 12)
    if HOW == 3:  # through a private array
        a = array(2)  # noqa: F821
        a[1] = page
        return a[1]
    if HOW == 4:  # through xchg and cmpxchg
        mem.xchg(SLOT, page)
        mem.cmpxchg(SLOT, page, page + 0)
        return mem.xchg(SLOT, 0)
    if HOW == 5:  # by arithmetic on it, and bits
        return ((page + 24) | 1) & ~7
    return page


@protocol
def free_and_allocate(mem: Mem, page: int) -> int:
    mem.atomic_set(refcount(page), 0)
    mem.free_page(page)
    return mem.alloc_page(2)


@protocol
def stale(mem: Mem) -> None:
    page = mem.alloc_page(1)
    pointer = keep(mem, page)
    free_and_allocate(mem, page)
    mem.read_once(pointer)


@protocol
def fresh(mem: Mem) -> None:
    """The new pointer to the same frame, on the same detours."""
    page = mem.alloc_page(1)
    again = free_and_allocate(mem, page)
    mem.warn_on(again != page)
    mem.read_once(keep(mem, again))


@protocol
def compared(mem: Mem) -> None:
    """What a comparison or a cmpxchg says about an old pointer is no pointer: ABA goes unseen, as in the kernel."""
    page = mem.alloc_page(1)
    again = free_and_allocate(mem, page)
    mem.write_once(SLOT, again)
    mem.warn_on(mem.cmpxchg(SLOT, page, 0) != again)
    mem.read_once(TABLE[page == again])
    mem.read_once(again + (page == again) * 8)


@protocol
def distance(mem: Mem) -> None:
    """The distance between two pointers into one page points nowhere: it may index that frame's next user."""
    page = mem.alloc_page(1)
    offset = (page + 16) - page
    twisted = (page + 8) ^ page
    again = free_and_allocate(mem, page)
    mem.warn_on(again != frame_at(1))
    mem.read_once(frame_at(1) + offset)
    mem.read_once(frame_at(1) + twisted)


@protocol
def index(mem: Mem) -> None:
    """A pointer's bits may index another object after its page is gone."""
    page = mem.alloc_page(1)
    free_and_allocate(mem, page)
    mem.read_once(TABLE[pfn_of(page) & 15])


@protocol
def descriptor(mem: Mem) -> None:
    """The descriptor of a frame by an old pointer: stale, unless the access is speculative."""
    page = mem.alloc_page(1)
    at = page_of(page)
    free_and_allocate(mem, page)
    if HOW:
        mem.atomic_inc(at + 52)
    elif mem.page_ref_add_unless(at + 52, 1, 0):
        mem.page_ref_sub_and_test(at + 52, 1)


@protocol
def scratch(mem: Mem, size_left: int) -> None:
    a = array(300)  # noqa: F821
    a[299] = mem.read_once(SLOT)
    if size_left:
        scratch(mem, size_left - 1)


@protocol
def many_arrays(mem: Mem) -> None:
    """One after the other they fit, one inside the other (with HOW) they do not."""
    for _ in range(20):
        scratch(mem, HOW * 3)


def scenario(run) -> Scenario:
    return Scenario("pointers", "tests", (Role("r", run),), (Variant("v", pool="reuse"),), small=Geometry(4, 2, 8))
