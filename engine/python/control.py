"""Where a python session keeps its state in the arena: all that a harness reads, from this process or another.

    header, from arena.EXECUTOR     counts of rounds, times, the table of violations
    thread area, first page         what the thread does now; its counters
    thread area, private words      evidence: the last steps at the first occurrence of each violation in the table
                                    (this executor keeps private arrays in Python lists)
    thread area, ring               32-byte rows of the last steps
    lock, second line               who holds it
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping
from typing import Any, Final

from engine.errors import UsageError
from engine.language.program import Program
from engine.memory.arena import EXECUTOR, Arena
from engine.memory.layout import PRIVATE_WORDS, THREAD_CONTROL
from engine.python.cpu import World
from engine.schedule import Step

# Header.
ROUNDS: Final = EXECUTOR
OVERLAPPED: Final = EXECUTOR + 8
START_NS: Final = EXECUTOR + 16  # CLOCK_MONOTONIC; 0 before the start
STOP_NS: Final = EXECUTOR + 24
FOUND: Final = EXECUTOR + 32  # entries of the table in use
DRIVER: Final = EXECUTOR + 40  # the process whose threads run the rounds
ROUND_START: Final = EXECUTOR + 48  # sequence of the last step before this round
OPTIONS: Final = 3072  # JSON, its length in the first word
TABLE: Final = 1024
ENTRIES: Final = 16
ENTRY: Final = struct.Struct("<8Q")  # kind, site + 1, thread + 1, count, first round, first ns, address, other place
ENTRY_BYTES: Final = 128
COUNT_IN_ENTRY: Final = 24

# Thread area.
STATE: Final = 0
SITE: Final = 8  # site + 1 of the last step
LOCK: Final = 16
SINCE: Final = 24
WANTS_WRITE: Final = 32
STEPS: Final = 40  # rows ever written to the ring
RELAXED: Final = 48  # site + 1 of a failed turn of a spin loop, 0 after any step but a load
RING: Final = THREAD_CONTROL + PRIVATE_WORDS * 8
COUNTERS: Final = 512
MAX_COUNTERS: Final = (THREAD_CONTROL - COUNTERS) // 8
IDLE, RUNNING, WAITING, DONE = range(4)

ROW: Final = struct.Struct("<2I3Q")  # site, blocked, address, value, sequence
EVIDENCE_ROWS: Final = PRIVATE_WORDS * 8 // ROW.size // ENTRIES

# Lock, second line.
HOLDERS: Final = 64
WRITER: Final = HOLDERS  # thread + 1
READERS: Final = HOLDERS + 8  # one bit a thread


def check_room(program: Program) -> None:
    """Refuse a program with more counters than a thread area holds.

    Raises:
        UsageError: it has.
    """
    if len(program.counters) > MAX_COUNTERS:
        raise UsageError(f"{program.name}: {len(program.counters)} counters; a thread has room for {MAX_COUNTERS}")


def write_options(arena: Arena, options: Mapping[str, Any]) -> None:
    """Leave the session's options for those who attach."""
    text = json.dumps(options).encode()
    arena.store(OPTIONS, len(text))
    arena.bytes[OPTIONS + 8:OPTIONS + 8 + len(text)] = text


def read_options(arena: Arena) -> dict[str, Any]:
    length = arena.load(OPTIONS)
    options: dict[str, Any] = json.loads(bytes(arena.bytes[OPTIONS + 8:OPTIONS + 8 + length]))
    return options


def note_state(world: World, thread: int, state: int) -> None:
    at = world.layout.thread(thread)
    world.words[at + SINCE >> 3] = time.monotonic_ns()
    world.words[at + STATE >> 3] = state
    world.words[at + RELAXED >> 3] = 0


def spins_at(arena: Arena, at: int) -> int:
    """The cpu_relax of a thread (its area) that has only loaded since its last failed turn there, -1 if it works."""
    return arena.load(at + RELAXED) - 1


def note_waiting(world: World, thread: int, lock: int, write: bool) -> None:
    at = world.layout.thread(thread)
    world.words[at + LOCK >> 3] = lock
    world.words[at + WANTS_WRITE >> 3] = int(write)
    note_state(world, thread, WAITING)


def note_holders(world: World, lock: int, writer: int | None, readers: Mapping[int, int]) -> None:
    world.words[lock + WRITER >> 3] = 0 if writer is None else writer + 1
    world.words[lock + READERS >> 3] = sum(1 << thread for thread in readers)


def ring_rows(program: Program, arena: Arena, thread: int, count: int) -> bytes:
    """The last `count` rows of a thread's ring, oldest first."""
    layout = program.layout
    at = layout.thread(thread)
    ring = at + THREAD_CONTROL + PRIVATE_WORDS * 8
    written = arena.load(at + STEPS)
    rows = range(max(0, written - min(count, layout.ring)), written)
    places = [ring + (n % layout.ring) * ROW.size for n in rows]
    return b"".join(bytes(arena.bytes[place:place + ROW.size]) for place in places)


def keep_evidence(program: Program, arena: Arena, entry: int, since: int) -> None:
    """Copy the last steps of every thread to the evidence of one table entry; only those after sequence `since`."""
    size = EVIDENCE_ROWS * ROW.size
    for thread in range(len(program.threads)):
        rows = ring_rows(program, arena, thread, EVIDENCE_ROWS)
        recent = b"".join(ROW.pack(*row) for row in ROW.iter_unpack(rows) if row[4] > since)
        at = _evidence(program, thread, entry)
        arena.bytes[at:at + size] = recent.ljust(size, b"\0")


def evidence(program: Program, arena: Arena, entry: int) -> tuple[Step, ...]:
    """What `keep_evidence` kept, in the order in which it happened."""
    found = []
    for thread in range(len(program.threads)):
        at = _evidence(program, thread, entry)
        for site, blocked, address, value, sequence in ROW.iter_unpack(arena.bytes[at:at + EVIDENCE_ROWS * ROW.size]):
            if sequence:
                found.append((sequence, Step(thread, site, address, value, bool(blocked))))
    return tuple(step for _, step in sorted(found, key=lambda pair: pair[0]))


def _evidence(program: Program, thread: int, entry: int) -> int:
    return program.layout.thread(thread) + THREAD_CONTROL + entry * EVIDENCE_ROWS * ROW.size
