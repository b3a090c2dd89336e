"""Where everything lies in the arena: one pure function from what a program needs to offsets.

    HEADER | PARAMS | THREADS | LOCKS | STATES | RECORDS | MEMBERS | POOL | GLOBALS | DESCRIPTORS | FRAMES

Everything a protocol can address (the *modelled* memory) is the contiguous part from GLOBALS to the end, plus lock
addresses as names. The same scenario and geometry give the same layout, and so the same pointer values, under all three
executors: that is what lets one schedule be compared word by word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.declare import Geometry
from engine.errors import UsageError
from engine.memory.overlay import PAGE_BYTES

HEADER_BYTES: Final = 4096
LOCK_BYTES: Final = 128  # 64 for the lock itself, 64 for who holds it and who waits
LINE: Final = 64  # a cache line: words of their own do not share one
THREAD_CONTROL: Final = 4096  # counters, status, first violation
PRIVATE_WORDS: Final = 1024  # private arrays of one thread
STATE_BYTES: Final = 8  # per frame: see engine.memory.shadow
RECORD_BYTES: Final = 32  # per frame: who allocated and freed it, and where
MEMBER_BYTES: Final = 24  # per frame: the live members of its descriptor's unions, see engine.memory.members
PFN_SHIFT: Final = 12  # an entry stores pfn << 12, whatever the geometry
MAX_THREADS: Final = 64


def _up(value: int, to: int) -> int:
    return -(-value // to) * to


@dataclass(frozen=True)
class Layout:
    """Offsets in bytes from the start of the arena. `words` and `locks` give each declaration its address."""

    geometry: Geometry
    threads: int
    ring: int  # entries of each thread's flight recorder
    params: int
    thread_bytes: int
    n_locks: int
    locks: Mapping[str, int]
    words: Mapping[str, int]
    PARAMS: int
    THREADS: int
    LOCKS: int
    STATES: int
    RECORDS: int
    MEMBERS: int
    POOL: int
    GLOBALS: int
    DESCRIPTORS: int
    FRAMES: int
    END: int

    @property
    def frame_bytes(self) -> int:
        return self.geometry.entries * 8

    def thread(self, index: int) -> int:
        """Offset of the area of thread `index`."""
        return self.THREADS + index * self.thread_bytes

    def frame(self, pfn: int) -> int:
        """Address of the contents of frame `pfn`."""
        return self.FRAMES + pfn * self.frame_bytes

    def descriptor(self, pfn: int) -> int:
        """Address of the `struct page` of frame `pfn`."""
        return self.DESCRIPTORS + pfn * PAGE_BYTES

    def builtins(self) -> dict[str, int]:
        """The values of the parameters that every program has (declared in `engine.memory.page`)."""
        g = self.geometry
        shift = g.entries.bit_length() - 1
        return {
            "ENTRIES": g.entries, "ENTRY_SHIFT": shift, "LEVELS": g.levels, "FRAME_SHIFT": shift + 3,
            "N_FRAMES": g.frames, "FRAMES": self.FRAMES, "DESCRIPTORS": self.DESCRIPTORS,
        }

    def where(self, address: int) -> str:
        """`address` in words, for pictures: `page 3`, `page 3 [5]`, `page 3 +0x34`, `count[2]`, `NULL`."""
        from engine.memory.names import describe

        return describe(self, address)


def lay_out(geometry: Geometry, words: Mapping[str, int], locks: Mapping[str, tuple[str, int]], params: int,
            threads: int, ring: int = 256) -> Layout:
    """Place everything.

    Args:
        words: name -> number of 64-bit words. locks: name -> (kind, count). params: how many parameter words.
        threads: thread areas. ring: entries of 32 bytes in each thread's flight recorder, a power of two.

    Raises:
        UsageError: more threads than an arena holds.
    """
    if not 1 <= threads <= MAX_THREADS:
        raise UsageError(f"{threads} threads: an arena holds 1 to {MAX_THREADS}")
    n_locks = sum(count for _, count in locks.values())
    thread_bytes = THREAD_CONTROL + PRIVATE_WORDS * 8 + ring * 32
    at_params = HEADER_BYTES
    at_threads = _up(at_params + params * 8, 4096)
    at_locks = at_threads + threads * thread_bytes
    at_states = _up(at_locks + n_locks * LOCK_BYTES, LINE)
    at_records = _up(at_states + geometry.frames * STATE_BYTES, LINE)
    at_members = at_records + geometry.frames * RECORD_BYTES
    at_pool = at_members + geometry.frames * MEMBER_BYTES
    at_globals = _up(at_pool + (geometry.frames + 8) * 8, 4096)
    word_places, cursor = {}, at_globals
    for name, count in words.items():
        word_places[name] = cursor
        cursor += _up(count * 8, LINE)
    lock_places, lock_cursor = {}, at_locks
    for name, (_, count) in locks.items():
        lock_places[name] = lock_cursor
        lock_cursor += count * LOCK_BYTES
    at_descriptors = _up(cursor, LINE)
    frame_bytes = geometry.entries * 8
    at_frames = _up(at_descriptors + geometry.frames * PAGE_BYTES, max(LINE, frame_bytes))
    return Layout(
        geometry, threads, ring, params, thread_bytes, n_locks, lock_places, word_places, at_params, at_threads,
        at_locks, at_states, at_records, at_members, at_pool, at_globals, at_descriptors, at_frames,
        at_frames + geometry.frames * frame_bytes,
    )
