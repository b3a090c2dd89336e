"""Which conflicting accesses surely followed each other, told from recorded steps and what is known of their times.

An access b follows access a of another thread directly where b reads or overwrites what a wrote, or overwrites what a
was the last of its thread to read: as in `engine.explore.machine.coverage`. It counts where there is no doubt: a is
over before b begins, and every other write of the same bytes is over before a or begins after b. Where times say
nothing values may: a load follows the only write that stored what it saw (`engine.values`).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from engine.language.program import Program
from engine.memory.overlay import PAGE, PAGE_BYTES
from engine.schedule import Step
from engine.vocabulary import PRIMITIVES, Primitive

#: Descriptor fields that an allocation writes.
_RESET: Final = ("mapcount", "refcount", "private")
_MANY: Final = 1 << 14  # pairs of accesses of one place that are looked at; a place with more is left out


@dataclass(frozen=True)
class Track:
    """What one thread did: (earliest, latest, step) in program order.

    `begin`, `end`: of its role, on one clock for all threads. `whole`: whether no step before the first is missing.
    """

    steps: Sequence[tuple[float, float, Step]]
    begin: float = -math.inf
    end: float = math.inf
    whole: bool = True


@dataclass(frozen=True)
class Visit:
    """One access to one place. `writes`: None where nobody knows. `site` -1: no access, but it changes the place."""

    thread: int
    index: int
    lo: float
    hi: float
    site: int
    reads: bool
    writes: bool | None
    commutes: str = ""


#: Whether one visit is over before another one begins.
Before = Callable[[Visit, Visit], bool]
Pair = tuple[Visit, Visit]


def following(program: Program, tracks: Sequence[Track],
              initial: Callable[[int, int], int] | None = None) -> Counter[tuple[int, int]]:
    """(first site, second site) -> how often the second surely followed the first.

    Args:
        tracks: one a thread. initial: (address, bytes) -> the value before the first step; None: unknown.
    """
    from engine.values import sources

    before = order(tracks)
    found = {_key(a, b) for visits in places(program, tracks).values() for a, b in _pairs(visits, tracks, before)}
    if initial is not None and all(track.whole for track in tracks):
        found |= {_key(a, b) for a, b in sources(program, tracks, initial, before)}
    return Counter((first, second) for _, _, first, _, _, second in found)


def _key(a: Visit, b: Visit) -> tuple[int, int, int, int, int, int]:
    return a.thread, a.index, a.site, b.thread, b.index, b.site


def order(tracks: Sequence[Track]) -> Before:
    """What comes before what for certain: in one thread by its program, else by time, or if the roles did not meet."""
    apart = {(t, u) for t, a in enumerate(tracks) for u, b in enumerate(tracks) if a.end < b.begin}

    def before(a: Visit, b: Visit) -> bool:
        if a.thread == b.thread:
            return a.index < b.index
        return a.hi < b.lo or (a.thread, b.thread) in apart

    return before


# --- who has been where ---


def writes(row: Primitive, value: int) -> bool | None:
    """Whether a step with this result wrote."""
    if row.op == "cmpxchg":
        return None  # its operands are not recorded
    if row.op == "add_unless":
        return bool(value)
    return row.writes


def places(program: Program, tracks: Sequence[Track]) -> dict[int, list[Visit]]:
    """The visits of every place: a half of a word by its number, a union's live member by its address's complement."""
    found: dict[int, list[Visit]] = defaultdict(list)
    pages: list[tuple[Visit, Step, str]] = []
    for thread, track in enumerate(tracks):
        for index, (lo, hi, step) in enumerate(track.steps):
            site = program.sites[step.site]
            row = PRIMITIVES[site.primitive]
            visit = Visit(thread, index, lo, hi, step.site, row.reads, writes(row, step.value), row.commutes)
            if row.access in ("load", "store", "rmw"):
                visit = visit if not row.commutes else Visit(*_key(visit, visit)[:2], lo, hi, step.site, False, True,
                                                             row.commutes)
                for half in range(step.address >> 2, (step.address + row.width) >> 2):
                    found[half].append(visit)
            elif row.access == "member":
                found[~step.address].append(visit)
            elif site.primitive in ("alloc_page", "fill_page"):
                pages.append((visit, step, site.primitive))
    for visit, step, name in pages:
        _whole_page(program, found, visit, step, name)
    return found


def _whole_page(program: Program, found: dict[int, list[Visit]], visit: Visit, step: Step, name: str) -> None:
    """A page that is allocated or filled, wherever somebody else has been on it. An allocation is not an access."""
    layout = program.layout
    page = step.value if name == "alloc_page" else step.address
    if not layout.FRAMES <= page < layout.END:
        return
    changed = range(page >> 2, (page + layout.frame_bytes) >> 2)
    site = visit.site if name == "fill_page" else -1
    visits = Visit(visit.thread, visit.index, visit.lo, visit.hi, site, False, True)
    descriptor = layout.descriptor((page - layout.FRAMES) // layout.frame_bytes)
    reset = {half for field in _RESET for half in _halves(descriptor, field)} if name == "alloc_page" else set()
    for place in list(found):
        member = place < 0 and name == "alloc_page" and descriptor <= ~place < descriptor + PAGE_BYTES
        if place in changed or place in reset or member:
            found[place].append(visits)


def _halves(descriptor: int, name: str) -> range:
    first = descriptor + PAGE[name].offset
    return range(first >> 2, (first + max(PAGE[name].width, 4)) >> 2)


# --- who followed whom ---


def _pairs(visits: Sequence[Visit], tracks: Sequence[Track], before: Before) -> Iterator[Pair]:
    """The pairs of one place."""
    changes = [visit for visit in visits if visit.writes is not False]
    if len({visit.thread for visit in visits}) < 2 or len(changes) * len(visits) > _MANY:
        return
    for b in visits:
        if b.site < 0:
            continue
        for a in _candidates(visits, b, before):
            clear = all(x is a or x is b or before(x, a) or before(b, x) for x in changes)
            if clear and _nothing_missing(a, tracks) and not (a.commutes and a.commutes == b.commutes):
                yield a, b


def _candidates(visits: Sequence[Visit], b: Visit, before: Before) -> Iterator[Visit]:
    """The last write before b; if b writes, the last read of each other thread, if its next one comes after b."""
    earlier = [a for a in visits if a.site >= 0 and a.thread != b.thread and before(a, b)]
    written = [a for a in earlier if a.writes]
    if written:
        yield max(written, key=lambda a: (a.hi, a.lo, a.index))
    if not b.writes:
        return
    for thread in {a.thread for a in earlier}:
        last = max((a for a in earlier if a.thread == thread), key=lambda a: a.index)
        later = [x for x in visits if x.thread == thread and x.index > last.index]
        if last.reads and last.writes is False and all(before(b, x) for x in later):
            yield last


def _nothing_missing(a: Visit, tracks: Sequence[Track]) -> bool:
    """Whether every step that was not recorded is over before a: it could have come between."""
    return all(track.whole or thread == a.thread or (track.steps and track.steps[0][1] < a.lo)
               for thread, track in enumerate(tracks))
