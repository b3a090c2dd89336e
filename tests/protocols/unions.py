"""Protocols that share the unions of a descriptor, rightly and wrongly; `CONFUSED` says how, 0 is the clean twin."""

from __future__ import annotations

from engine import Param, Role, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.memory.page import page_of, refcount

SLOT = Word("slot")
SEEN = Word("seen")
OWNER = SpinLock("owner")
CONFUSED = Param("confused", 0)


@protocol
def publish(mem: Mem) -> None:
    """One frame for everybody; as a table of the kernel's page tables it is known by its index."""
    page = mem.alloc_page(1)
    mem.write_once(SLOT, page)
    mem.set_member(page_of(page) + 40, "ptl")


@protocol
def as_root(mem: Mem) -> None:
    """The frame is the root of an address space for a while: the word at 32 points to the mm."""
    page = mem.read_once(SLOT)
    word = page_of(page) + 32
    if not CONFUSED:
        mem.spin_lock(OWNER)
    mem.set_member(word, "pt_mm")
    mem.write_once(word, 0x1000)
    mem.use_member(word, "pt_mm")
    mem.write_once(SEEN, mem.read_once(word))
    mem.drop_member(word, "pt_mm")
    if not CONFUSED:
        mem.spin_unlock(OWNER)


@protocol
def as_fragments(mem: Mem) -> None:
    """Another configuration cuts the same frame into fragments and counts them in the same word."""
    page = mem.read_once(SLOT)
    word = page_of(page) + 32
    if not CONFUSED:
        mem.spin_lock(OWNER)
    mem.set_member(word, "pt_frag_refcount")
    mem.atomic_set(word, 1)
    mem.use_member(word, "pt_frag_refcount")
    mem.atomic_inc(word)
    mem.drop_member(word, "pt_frag_refcount")
    if not CONFUSED:
        mem.spin_unlock(OWNER)


@protocol
def wrong(mem: Mem) -> None:
    """One thread, and one way to go wrong each."""
    page = mem.read_once(SLOT)
    at = page_of(page)
    mem.set_member(at + 32, "pt_mm")
    if CONFUSED == 1:
        mem.use_member(at + 32, "pt_frag_refcount")  # another is live
    elif CONFUSED == 2:
        mem.set_member(at + 32, "incoherent")  # two owners, of different widths
    elif CONFUSED == 3:
        mem.drop_member(at + 32, "pt_index")  # not his
    elif CONFUSED == 4:
        mem.drop_member(at + 32, "pt_mm")
        mem.use_member(at + 32, "pt_mm")  # none is live
    elif CONFUSED == 5:
        mem.drop_member(at + 24, "pt_mapping")  # never was
    elif CONFUSED == 6:
        mem.use_member(at + 40, "pt_mm")  # lies elsewhere
    elif CONFUSED == 7:
        mem.use_member(page + 32, "pt_mm")  # contents, not descriptor
    elif CONFUSED == 8:
        mem.set_member(0, "flags")  # NULL
    elif CONFUSED == 9:
        mem.atomic_set(refcount(page), 0)
        mem.free_page(page)
        mem.use_member(at + 32, "pt_mm")  # free
    elif CONFUSED == 10:
        mem.atomic_set(refcount(page), 0)
        mem.free_page(page)
        mem.alloc_page(2)
        mem.use_member(at + 32, "pt_mm")  # the next user of the frame inherits nothing
    mem.use_member(at + 32, "pt_mm")


@protocol
def right(mem: Mem) -> None:
    """What must be silent: halves of one word, the same again, one after the other, a new page."""
    page = mem.read_once(SLOT)
    at = page_of(page)
    mem.use_member(at + 40, "ptl")
    mem.set_member(at + 48, "page_type")
    mem.set_member(at + 52, "pt_refcount")
    mem.set_member(at + 56, "pt_memcg_data")
    mem.use_member(at + 48, "page_type")
    mem.use_member(at + 52, "pt_refcount")
    mem.set_member(at + 32, "pt_mm")
    mem.set_member(at + 32, "pt_mm")
    mem.drop_member(at + 32, "pt_mm")
    mem.set_member(at + 32, "pt_index")
    mem.use_member(at + 32, "pt_index")
    mem.use_member(at + 56, "pt_memcg_data")
    mem.drop_member(at + 48, "page_type")
    mem.use_member(at + 52, "pt_refcount")
    mem.atomic_set(refcount(page), 0)
    mem.free_page(page)
    mem.write_once(SLOT, mem.alloc_page(2))
    for offset in range(0, 48, 8):
        take(mem, page_of(mem.read_once(SLOT)), offset)


@protocol
def take(mem: Mem, at: int, offset: int) -> None:
    """Another member of each union than before."""
    if offset == 0:
        mem.set_member(at, "iopt_flags")
    elif offset == 8:
        mem.set_member(at + 8, "iopt_freelist_next")
    elif offset == 16:
        mem.set_member(at + 16, "pt_rcu_head_func")
    elif offset == 24:
        mem.set_member(at + 24, "mapping")
    elif offset == 32:
        mem.set_member(at + 32, "pt_share_count")
    else:
        mem.set_member(at + 40, "private")


@protocol
def once(mem: Mem) -> None:
    """Leaves another member live than it found: the next round must find the first again."""
    at = page_of(mem.read_once(SLOT))
    mem.drop_member(at + 40, "ptl")
    mem.set_member(at + 40, "iopt_private")


@protocol
def spinner(mem: Mem) -> None:
    """Uses a member in a spin: wakes when the tag changes, although no word does."""
    at = page_of(mem.read_once(SLOT))
    mem.use_member(at + 40, "ptl")
    while mem.read_once(SEEN) == 0:
        mem.use_member(at + 40, "ptl")
        mem.cpu_relax()


@protocol
def taker(mem: Mem) -> None:
    at = page_of(mem.read_once(SLOT))
    if CONFUSED:
        mem.drop_member(at + 40, "ptl")
    mem.write_once(SEEN, 1)


@protocol
def cycle(mem: Mem, begin: int) -> None:
    """Take a page and say what it is for; the other time give it back."""
    if begin:
        page = mem.alloc_page(1)
        mem.set_member(page_of(page) + 32, "pt_index")
        mem.write_once(SLOT, page)
    else:
        last = mem.read_once(SLOT)
        mem.atomic_set(refcount(last), 0)
        mem.free_page(last)


def allocator() -> Scenario:
    """Nothing is allocated before its roles run."""
    roles = (Role("begin", cycle, (1,)), Role("end", cycle, (0,)))
    return Scenario("pages", "tests", roles, (Variant("v", pool="reuse"),), small=Geometry(4, 2, 8))


def scenario(*roles) -> Scenario:
    return Scenario("unions", "tests", tuple(Role(role.name, role) for role in roles), (Variant("v", pool="reuse"),),
                    setup=publish, small=Geometry(4, 2, 8))
