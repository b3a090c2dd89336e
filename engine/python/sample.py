"""Which accesses followed which on CPython threads, read from the recorders while they run.

Every row has its number among all steps, so what is there without a gap is the whole truth about that stretch.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Final

from engine.follow import Track, following
from engine.language.program import Program
from engine.memory.arena import Arena
from engine.python import control
from engine.schedule import Step

ROWS: Final = 64  # of each thread


def sampled(program: Program, arena: Arena) -> Counter[tuple[int, int]] | None:
    """What the running round's last rows show, as `engine.follow.following`; None: the round ended meanwhile."""
    start = arena.load(control.ROUND_START)
    ends = [arena.load(program.layout.thread(t) + control.STEPS) for t in range(len(program.threads))]
    rows = [row for thread, end in enumerate(ends) for row in _rows(program, arena, thread, end, start)]
    if arena.load(control.ROUND_START) != start:
        return None
    return following(program, tracks(program, rows))


def tracks(program: Program, rows: list[tuple[int, Step]]) -> list[Track]:
    """The longest stretch of rows (number, step) without a gap."""
    rows = sorted(rows, key=lambda row: row[0])
    runs = [[row for _, row in run] for _, run in groupby(enumerate(rows), key=lambda each: each[1][0] - each[0])]
    longest = max(runs, key=len, default=[])
    return [Track([(number, number, step) for number, step in longest if step.thread == thread])
            for thread in range(len(program.threads))]


def _rows(program: Program, arena: Arena, thread: int, end: int, start: int) -> list[tuple[int, Step]]:
    """The last rows of one thread that belong to the round and were not overwritten while they were read."""
    at, ring = program.layout.thread(thread), program.layout.ring
    place = at + control.RING
    first = max(0, end - ROWS)
    found = [control.ROW.unpack_from(arena.bytes, place + n % ring * control.ROW.size) for n in range(first, end)]
    lost = max(0, arena.load(at + control.STEPS) + 1 - ring - first)
    return [(sequence, Step(thread, site, address, value, bool(blocked)))
            for site, blocked, address, value, sequence in found[lost:] if sequence > start]
