"""A round of native threads, kept by the last one to arrive when somebody asked for it: which accesses followed which.

Nothing is added to a step. A round's end looks at one word, and where a sample is wanted copies the recorders, while
nobody runs; so nothing in it is torn, and a round that a violation ended is never one.
"""

from __future__ import annotations

import struct
from collections import Counter
from functools import partial
from typing import Final

from engine.follow import Track, following
from engine.language.program import Program
from engine.memory.arena import Arena
from engine.native import evidence as e
from engine.native import words as w

ROWS: Final = 64  # of each thread, the last ones: what is looked at grows with their square
_HEAD: Final = struct.Struct("<4Q")
_ROW: Final = struct.Struct(f"<3Q{w.ROW - 24}x")


def sampled(program: Program, arena: Arena) -> Counter[tuple[int, int]] | None:
    """What the sample that was asked for shows, as `engine.follow.following`; None: it is not there yet.

    Asks for the next one.
    """
    counts = None
    if arena.load(w.H_SAMPLED) == w.SAMPLE_THERE:
        counts = following(program, tracks(program, arena), partial(_initial, program, arena))
    arena.store(w.H_SAMPLED, w.SAMPLE_WANTED)
    return counts


def tracks(program: Program, arena: Arena) -> list[Track]:
    """The sample's rows, of every thread."""
    ring = program.layout.ring
    place = arena.load(w.H_SAMPLE)
    found = []
    for thread in range(len(program.threads)):
        first, end, begin, finish = _HEAD.unpack_from(arena.bytes, place)
        kept = max(first, end - min(ring, ROWS))
        steps = []
        for number in range(kept, end):
            site, address, value = _ROW.unpack_from(arena.bytes, place + w.ROW + number % ring * w.ROW)
            steps.append(e.step_of(thread, site, address, value))
        found.append(Track(e.spans(steps), begin, finish, kept == first))
        place += (1 + ring) * w.ROW
    return found


def _initial(program: Program, arena: Arena, address: int, width: int) -> int:
    """What set-up has left in a word."""
    at = w.tail(program.layout).SNAPSHOT + address - program.layout.LOCKS
    return int.from_bytes(arena.bytes[at:at + width], "little")
