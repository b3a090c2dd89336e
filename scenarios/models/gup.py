"""Speculative getters: GUP-fast and page-cache lookup, which may raise the count of any page for a short time.

They touch pages that are not theirs, free ones too, and whoever drops the last reference frees the page (S0.5). They
never look at the contents.
"""

from __future__ import annotations

from engine import Counter, Param, protocol
from engine.declare import Mem
from engine.memory.page import N_FRAMES, frame_at, refcount

PAUSE = Param("gup_pause", 16)  # turns of cpu_relax between two gets of the load role: its rate

GETS = Counter("gets", "transient gets that hit a page in use")
MISSES = Counter("misses", "transient gets that found a free page")
LAST_PUTS = Counter("last_puts", "pages freed by a speculative getter")


@protocol
def get_unless_zero(mem: Mem, frame: int) -> int:
    """page_ref_add_unless(page, 1, 0)."""
    got: int = mem.page_ref_add_unless(refcount(frame), 1, 0)
    if got:
        mem.count(GETS)
    else:
        mem.count(MISSES)
    return got


@protocol
def put(mem: Mem, frame: int) -> None:
    """put_page(): if it hits 0 the speculative thread frees the page."""
    if mem.page_ref_sub_and_test(refcount(frame), 1):
        mem.count(LAST_PUTS)
        mem.free_page(frame)


@protocol
def bump(mem: Mem, frame: int) -> None:
    """One transient get."""
    if get_unless_zero(mem, frame):
        put(mem, frame)


@protocol
def bump_pfn(mem: Mem, pfn: int) -> None:
    """Transient gets of frame `pfn`: one, and more while the other roles are at work."""
    bump(mem, frame_at(pfn))
    while mem.running():
        bump(mem, frame_at(pfn))
        mem.cpu_relax()


@protocol
def gup_load(mem: Mem) -> None:
    """A role: transient gets of any page, at a rate."""
    bump(mem, frame_at(1 + mem.choose(N_FRAMES - 1)))
    while mem.running():
        bump(mem, frame_at(1 + mem.choose(N_FRAMES - 1)))
        for _ in range(PAUSE):
            mem.cpu_relax()
