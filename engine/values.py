"""What followed what, told from recorded values.

A read saw the only write that stored its value, if there is only one. And a write that is known to have replaced a
value followed those that had read it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.follow import Before, Pair, Track, Visit, places, writes
from engine.language.program import Program
from engine.vocabulary import PRIMITIVES, Primitive


@dataclass(frozen=True, eq=False)
class _Word:
    """One access to bytes that everybody accesses in one piece. `saw`, `stored`: None where it is not recorded."""

    visit: Visit
    saw: int | None
    stored: int | None


def sources(program: Program, tracks: Sequence[Track], initial: Callable[[int, int], int],
            before: Before) -> Iterator[Pair]:
    """Accesses and what followed them, from whole tracks. `initial`: (address, bytes) -> the value at first."""
    for (address, width), words in _words(program, tracks).items():
        changes = [word for word in words if word.visit.writes is not False]
        first = initial(address, width)
        saw = {id(word): _source(word, changes, first, before) for word in words}
        for word in words:
            source = saw[id(word)]
            if isinstance(source, _Word) and source.visit.thread != word.visit.thread:
                yield source.visit, word.visit
        for source, change in _overwritten(changes, saw):
            yield from _readers(source, change, words, saw)


#: Where a value came from: a write, `_FIRST`, the value at first, or None: nobody knows.
_Source = _Word | str | None
_FIRST: Final = "first"


def _source(read: _Word, changes: Sequence[_Word], first: int, before: Before) -> _Source:
    """What a read has seen."""
    able = [word for word in changes if word is not read and not before(read.visit, word.visit)]
    if read.saw is None or any(word.stored is None for word in able):
        return None
    wrote: list[_Source] = [word for word in able if word.stored == read.saw]
    wrote += [_FIRST] if first == read.saw else []
    return wrote[0] if len(wrote) == 1 else None


def _overwritten(changes: Sequence[_Word], saw: Mapping[int, _Source]) -> Iterator[tuple[_Source, _Word]]:
    """(what was there, the write that replaced it), where that is known."""
    for change in changes:
        if change.visit.writes and (source := saw[id(change)]) is not None:
            yield source, change
        elif change.visit.writes and len(changes) == 1:
            yield _FIRST, change


def _readers(source: _Source, change: _Word, words: Sequence[_Word], saw: Mapping[int, _Source]) -> Iterator[Pair]:
    """The last read that each other thread made of what a write replaced."""
    threads = {word.visit.thread for word in words} - {change.visit.thread}
    for thread in threads:
        reads = [word for word in words if word.visit.thread == thread and word.visit.reads]
        last = max((n for n, word in enumerate(reads) if saw[id(word)] == source), default=-1)
        if last >= 0 and reads[last].visit.writes is False and all(saw[id(word)] for word in reads[last:]):
            yield reads[last].visit, change.visit


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
