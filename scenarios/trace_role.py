"""The replay of a captured trace: each stream of the capture is a role, with walkers and transient gets beside it.

What is to be done lies in shared words, written by the harness before the start: a table of rows for each stream, and
one more with what a loop has to unmap at its end.

    row     +0  kind (0 map, 1 unmap) | domain << 8 | in parts << 16 | has waits << 24
            +1  first page, +2  pages, +3  device page of a map
            +4  written by the stream: pages mapped, or removed
            +5  for every stream: how many of its rows must be done before this one

An unmap *in parts* asks for its first page alone and then goes on where the answer says: a large leaf is split or
removed whole there, as the policy wants. Loops repeat until MORE is 0; the last one leaves its mappings in place, so
that the tables can be compared page for page with a sequential model, and waits until it is stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine import Counter, Param, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.memory.page import N_FRAMES, frame_at
from scenarios.forms import PTDESC_FORM
from scenarios.models.domain import DOMAINS
from scenarios.models.formats import FORMATS
from scenarios.models.gup import PAUSE, bump
from scenarios.models.split import SPLITTING, WHOLE
from scenarios.models.table import create_domain, iova_to_phys, map_pages
from scenarios.models.unmap import NEVER, PRUNE, unmap_pages
from scenarios.models.walker import HARDWARE, dma

MAX_STREAMS: Final = 32
ROW_HEAD: Final = 5
UNMAP: Final = 1
IN_PARTS: Final = 1 << 16
WAITS: Final = 1 << 24
RESULT: Final = 4

STREAMS = Param("streams", 1)
USED_DOMAINS = Param("used_domains", 1)

ROWS = Word("rows", 1)
#: By stream; entry `STREAMS` is the closing table.
FIRST_ROW = Word("first_row", MAX_STREAMS + 1)
ROW_COUNT = Word("row_count", MAX_STREAMS + 1)
#: By stream, on cache lines of their own: rows done in this loop.
PROGRESS = Word("progress", MAX_STREAMS * 8)
ARRIVED = Word("arrived")
LOOP = Word("loop")
MORE = Word("more")
FINISHED = Word("finished")
HOLD = Word("hold")

LOOPS = Counter("loops", "times the whole trace was replayed")


@protocol
def row_at(mem: Mem, table: int, index: int) -> int:
    """The address of a row."""
    first: int = mem.read_once(FIRST_ROW[table])
    return ROWS + (first + index) * (ROW_HEAD + STREAMS) * 8


@protocol
def wait_for_others(mem: Mem, row: int) -> None:
    for stream in range(STREAMS):
        needed = mem.read_once(row + (ROW_HEAD + stream) * 8)
        while mem.smp_load_acquire(PROGRESS[stream * 8]) < needed:
            mem.cpu_relax()


@protocol
def unmap_in_parts(mem: Mem, domain: int, vpfn: int, pages: int) -> int:
    """iommu_unmap() of one page, then of the rest: (what the first removed) decides where the rest begins."""
    removed: int = unmap_pages(mem, domain, vpfn, 1)
    if removed < pages:
        removed += unmap_pages(mem, domain, vpfn + removed, pages - removed)
    return removed


@protocol
def do_row(mem: Mem, row: int) -> None:
    """One operation of the trace."""
    what = mem.read_once(row)
    domain = what >> 8 & 255
    vpfn = mem.read_once(row + 8)
    pages = mem.read_once(row + 16)
    if what & WAITS:
        wait_for_others(mem, row)
    done = 0
    if what & 255 != UNMAP:
        done = map_pages(mem, domain, vpfn, pages, mem.read_once(row + 24))
    elif what & IN_PARTS:
        done = unmap_in_parts(mem, domain, vpfn, pages)
    else:
        done = unmap_pages(mem, domain, vpfn, pages)
    mem.write_once(row + RESULT * 8, done)


@protocol
def close_loop(mem: Mem, loop: int) -> None:
    """By the last stream to arrive, alone: unmap what is left, so that the next loop starts empty."""
    for index in range(mem.read_once(ROW_COUNT[STREAMS])):
        do_row(mem, row_at(mem, STREAMS, index))
    for stream in range(STREAMS):
        mem.write_once(PROGRESS[stream * 8], 0)
    mem.write_once(ARRIVED, 0)
    mem.smp_store_release(LOOP, loop + 1)


@protocol
def play(mem: Mem, stream: int) -> None:
    """A role: one stream, as often as wanted; then hold still until the harness has compared."""
    loop = 0
    again = 1
    while again:
        for index in range(mem.read_once(ROW_COUNT[stream])):
            do_row(mem, row_at(mem, stream, index))
            mem.smp_store_release(PROGRESS[stream * 8], index + 1)
        if mem.atomic64_inc_return(ARRIVED) == STREAMS:
            mem.count(LOOPS)
            if mem.read_once(MORE):
                close_loop(mem, loop)
            else:
                mem.smp_store_release(LOOP, -1)
        while mem.smp_load_acquire(LOOP) == loop:
            mem.cpu_relax()
        loop += 1
        again = mem.read_once(LOOP) == loop
    mem.atomic64_inc_return(FINISHED)
    while mem.read_once(HOLD):
        mem.cpu_relax()


@protocol
def any_page(mem: Mem) -> tuple[int, int]:
    """The first page of some row, and its domain."""
    table = mem.choose(STREAMS)
    row = row_at(mem, table, mem.choose(mem.read_once(ROW_COUNT[table])))
    return mem.read_once(row) >> 8 & 255, mem.read_once(row + 8)


@protocol
def walk_beside(mem: Mem) -> None:
    """A role: the hardware walker and lookups, at pages that the streams map and unmap."""
    while mem.read_once(FINISHED) != STREAMS:
        domain, vpfn = any_page(mem)
        if HARDWARE:
            dma(mem, domain, vpfn)
        iova_to_phys(mem, domain, vpfn)


@protocol
def get_beside(mem: Mem) -> None:
    """A role: transient gets of any page, at a rate."""
    while mem.read_once(FINISHED) != STREAMS:
        bump(mem, frame_at(1 + mem.choose(N_FRAMES - 1)))
        for _ in range(PAUSE):
            mem.cpu_relax()


@protocol
def set_up(mem: Mem) -> None:
    mem.write_once(HOLD, 1)
    for domain in range(USED_DOMAINS):
        create_domain(mem, domain)


def scenario(words: int, streams: int, domains: int, frames: int, *, policy: str = "split", form: str = "vtd",
             bystanders: bool = True, prune: bool = True) -> Scenario:
    """The replay of one trace, as a scenario.

    Args:
        words: of all rows together; the word ROWS gets this size, so one scenario is to be built at a time.
        frames: pages for tables. policy: what an unmap of part of a large leaf does, "whole" or "split".
        form: name of the format.
        bystanders: whether a walker and a getter run beside. prune: whether empty tables are freed.
    """
    ROWS.count = words
    params: Mapping[str, int] = {
        **PTDESC_FORM, **FORMATS[form].params,
        "level_first": 0, "trust_level": 0, "widen": 1, "sync_inside": 1, "iotlb_ways": 8,
        "policy": SPLITTING if policy == "split" else WHOLE, "hardware": int(bystanders),
        "free": PRUNE if prune else NEVER, "streams": streams, "used_domains": domains,
    }
    roles = tuple(Role(f"stream{index}", play, (index,)) for index in range(streams))
    beside = (Role("walker", walk_beside, (), "hardware"), Role("gup", get_beside)) if bystanders else ()
    return Scenario(
        name="trace",
        about="A captured trace of IOMMU map and unmap calls, replayed.",
        setup=set_up,
        roles=roles + beside,
        variants=(Variant(policy, params=params, needs=("maps", "unmaps"), kind="claim"),),
        geometry=FORMATS[form].geometry(frames),
    )


__all__ = ["DOMAINS", "IN_PARTS", "MAX_STREAMS", "RESULT", "ROW_HEAD", "UNMAP", "WAITS", "scenario"]
