"""S8, continued: GUP-fast against fork.

S8-f: 57efa1fe5957 "mm/gup: prevent gup_fast from racing with COW during fork" (5.11).
"""

from __future__ import annotations

from typing import Final

from engine import Counter, Geometry, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import refcount
from scenarios.models.cow import (
    NEW,
    PARENT,
    PIN,
    PTE,
    TABLE_LOCK,
    WRITABLE,
    check_coherent,
    create_page,
    drop,
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
    sequence = 0
    if SEQUENCE:
        sequence = mem.read_once(WRITE_SEQ)
        mem.write_once(WRITE_SEQ, sequence + 1)
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
        mem.smp_store_release(WRITE_SEQ, sequence + 2)


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

SCENARIOS: Final = (GUP_FORK,)
