"""Interleaving coverage: which conflicting accesses of two threads followed each other, by source line, in each order.

A pair (a, b) says that the access at b directly followed the conflicting access at a, of another thread: b saw or
overwrote what a wrote, or overwrote what a had read. Of a search it is all that its executions did; of threads a
sample, so only what is there counts, never what is not. Counts of different runs are added.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from engine.language.program import Program, build

if TYPE_CHECKING:
    from engine.explore import Result
    from stress.faces import Session

#: A pair of places, "file:line" each: what came first, what followed.
Pair = tuple[str, str]

_SHARE: Final = 0.02  # of the harness's time that may go into looking at samples
SECONDS: Final = 10.0


def of_result(result: Result) -> list[list[Any]]:
    """[first, second, count] of a search with `coverage=True`; nothing of another one."""
    return listed(result.coverage or {})


def of_arena(session: Session, program: Program) -> list[list[Any]]:
    """[first, second, count] of what a running or ended session shows now."""
    return listed(places(session.coverage() or {}, program))


def listed(counts: Mapping[Pair, int]) -> list[list[Any]]:
    """Counts as results keep them."""
    return [[first, second, count] for (first, second), count in sorted(counts.items())]


def summed(lists: Iterable[Iterable[tuple[str, str, int]]]) -> Counter[Pair]:
    """Any number of such lists in one."""
    counts: Counter[Pair] = Counter()
    for each in lists:
        for first, second, count in each:
            counts[first, second] += count
    return counts


def places(counts: Mapping[tuple[int, int], int], program: Program) -> Counter[Pair]:
    """Counts by source line instead of site."""
    found: Counter[Pair] = Counter()
    for (first, second), count in counts.items():
        found[program.sites[first].where, program.sites[second].where] += count
    return found


class Sampler:
    """Looks at sessions while they run, as often as it costs next to nothing. `counts`: where it adds what it sees."""

    def __init__(self, program: Program, counts: Counter[Pair]) -> None:
        self.program, self.counts = program, counts
        self._due = 0.0

    def look(self, session: Session, *, last: bool = False) -> None:
        """Take the sample that is there, if it is time or this is the `last` one. A torn arena has none."""
        if time.monotonic() < self._due and not last:
            return
        begin = time.thread_time()
        try:
            self.counts.update(places(session.coverage() or {}, self.program))
        except (AttributeError, KeyError, ValueError, IndexError, struct.error):
            return
        self._due = time.monotonic() + (time.thread_time() - begin) / _SHARE


# --- what there is to be seen ---


@dataclass(frozen=True)
class Possible:
    """The pairs that a search of every execution has come past. Not `complete`: it had not seen all, so at least these.

    It holds for the scenario's small geometry and number of rounds, under sc.
    """

    pairs: frozenset[Pair]
    complete: bool


def possible(program: Program, *, seconds: float = SECONDS) -> Possible:
    """What coverage is measured against: by a search of a program's variant, with its parameters and threads."""
    from engine.explore import explore

    own = {name: value for name, value in program.params.items() if name in program.variant.params}
    small = build(program.scenario, program.variant.name, threads=len(program.threads), params=own)
    result = explore(small, strategy="dpor", coverage=True, stop_at_first=False, seconds=seconds)
    return Possible(frozenset(result.coverage or ()), result.complete)


def both(pairs: Iterable[Pair]) -> set[frozenset[str]]:
    """The pairs of lines that are there in both orders."""
    every = set(pairs)
    return {frozenset(pair) for pair in every if pair[::-1] in every}


def share(seen: Iterable[Pair], of: Possible) -> str:
    """How much of what is possible was seen, in words."""
    seen = set(seen)
    least = "" if of.complete else "at least "
    orders, pairs = both(of.pairs), both(seen & of.pairs)
    beyond = len(seen - of.pairs)
    return (f"{len(seen & of.pairs)} of {least}{len(of.pairs)} ordered pairs, "
            f"{len(pairs)} of {least}{len(orders)} in both orders"
            + (f"; {beyond} more outside the search's bound" if beyond else ""))
