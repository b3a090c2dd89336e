"""Which write a read saw, told from recorded values: the only one that stored that value, if there is only one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from engine.follow import Before, Pair, Track, Visit, places, writes
from engine.language.program import Program
from engine.vocabulary import PRIMITIVES, Primitive


@dataclass(frozen=True)
class _Word:
    """One access to bytes that everybody accesses in one piece. `saw`, `stored`: None where it is not recorded."""

    visit: Visit
    saw: int | None
    stored: int | None


def sources(program: Program, tracks: Sequence[Track], initial: Callable[[int, int], int],
            before: Before) -> Iterator[Pair]:
    """(write, read) of different threads, from whole tracks. `initial`: (address, bytes) -> the value at first."""
    for (address, width), words in _words(program, tracks).items():
        changes = [word for word in words if word.visit.writes is not False]
        for read in words:
            if read.saw is None:
                continue
            able = [word for word in changes if word is not read and not before(read.visit, word.visit)]
            if any(word.stored is None for word in able):
                continue
            wrote = [word.visit for word in able if word.stored == read.saw]
            if len(wrote) == 1 and initial(address, width) != read.saw and wrote[0].thread != read.visit.thread:
                yield wrote[0], read.visit


def _words(program: Program, tracks: Sequence[Track]) -> dict[tuple[int, int], list[_Word]]:
    """By address and width; nothing that is also accessed in another width, or with its page."""
    found: dict[tuple[int, int], list[_Word]] = defaultdict(list)
    for thread, track in enumerate(tracks):
        for index, (lo, hi, step) in enumerate(track.steps):
            row = PRIMITIVES[program.sites[step.site].primitive]
            if row.access in ("load", "store", "rmw"):
                visit = Visit(thread, index, lo, hi, step.site, row.reads, writes(row, step.value), row.commutes)
                found[step.address, row.width].append(_Word(visit, *_values(row, step.value)))
    visits = {half: len(each) for half, each in places(program, tracks).items()}
    return {(address, width): words for (address, width), words in found.items()
            if all(visits[half] == len(words) for half in range(address >> 2, (address + width) >> 2))}


def _values(row: Primitive, value: int) -> tuple[int | None, int | None]:
    """What a step saw and what it stored, as far as its recorded value says."""
    mask = (1 << row.width * 8) - 1
    if row.access == "load":
        return (value if row.result else None), None
    if row.access == "store":
        return None, value & mask
    saw = value if row.returns == "old" else None
    stored = value & mask if row.returns in ("", "new") else 0 if row.returns == "zero" and value else None
    if row.op in ("add", "sub") and row.fixed:  # one says the other
        step = row.fixed[0] if row.op == "add" else -row.fixed[0]
        if saw is not None:
            stored = saw + step & mask
        elif stored is not None:
            saw = stored - step & mask
    return saw, stored
