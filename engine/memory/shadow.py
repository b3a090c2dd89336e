"""What the engine knows about every frame, beside the modelled memory: its state, its history, and the pool.

STATES, one word a frame; written only by whoever allocates or frees the frame, under the pool's lock:

    bits 0..3    FREE, LIVE or RESERVED
    bits 4..31   generation: how often the frame has been allocated, modulo 2**28
    bits 32..63  owner: the low 32 bits of what alloc_page was given; kept after the free

RECORDS, four words a frame: where it was allocated and freed last, for reports.

    +0   site + 1 of the allocation (0: never), low half; thread + 1 (0: set-up), high half
    +8   the same of the free
    +16, +24  free

MEMBERS, three words a frame: the live members of its descriptor, see `engine.memory.members`.

POOL, a ring of `frames` slots with pfns after eight words of control. Frames are first handed out in the order 1, 2,
3, ...; frame 0 is RESERVED, so that a zeroed entry never names a usable page.

    allocate           take the slot at HEAD, HEAD + 1
    free, reuse        HEAD - 1, put it there: the freed page is the next one handed out
    free, quarantine   put it behind the last one: not handed out again while others remain
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from engine.errors import UsageError
from engine.memory.arena import Arena
from engine.memory.layout import RECORD_BYTES, STATE_BYTES, Layout
from engine.memory.overlay import PAGE, PAGE_BYTES

FREE: Final = 0
LIVE: Final = 1
RESERVED: Final = 2
STATE_MASK: Final = 0xF
GENERATION_SHIFT: Final = 4
GENERATION_MASK: Final = (1 << 28) - 1
OWNER_SHIFT: Final = 32
OWNER_MASK: Final = (1 << 32) - 1

ALLOCATED_AT: Final = 0  # offsets in a record
FREED_AT: Final = 8

POOL_HEAD: Final = 0  # offsets in the pool; HEAD is a slot number below `frames`
POOL_COUNT: Final = 8
POOL_MODE: Final = 16
POOL_LOCK: Final = 24  # 0 or 1: native threads spin on it
POOL_SLOTS: Final = 64
MODES: Final = {"reuse": 0, "quarantine": 1}

#: What the allocator never clears and nobody has written yet (`page->index`).
GARBAGE: Final = 0x5A5A5A5A5A5A5A5A
#: `_mapcount` -1, which is also "no page type".
UNTYPED: Final = 0xFFFFFFFF


class FrameState(NamedTuple):
    """A state word taken apart."""

    state: int
    generation: int
    owner: int


def pack_state(state: int, generation: int, owner: int) -> int:
    return state | (generation & GENERATION_MASK) << GENERATION_SHIFT | (owner & OWNER_MASK) << OWNER_SHIFT


def unpack_state(word: int) -> FrameState:
    return FrameState(word & STATE_MASK, word >> GENERATION_SHIFT & GENERATION_MASK, word >> OWNER_SHIFT)


def pack_place(site: int, thread: int) -> int:
    """A word of a record: who did it (-1: set-up) and at which site."""
    return (site + 1) | (thread + 1) << 32


def unpack_place(word: int) -> tuple[int, int]:
    """(site, thread); site -1: it never happened."""
    return (word & 0xFFFFFFFF) - 1, (word >> 32) - 1


def state_at(layout: Layout, pfn: int) -> int:
    """Offset of the state word of a frame."""
    return layout.STATES + pfn * STATE_BYTES


def record_at(layout: Layout, pfn: int) -> int:
    """Offset of the record of a frame."""
    return layout.RECORDS + pfn * RECORD_BYTES


def reset_memory(arena: Arena, layout: Layout, pool: str = "reuse") -> None:
    """Write the initial state: locks free, words 0, every frame but 0 free, zeroed, its descriptor as after a free.

    A free descriptor: `_mapcount` / `page_type` all ones, `_refcount` 0, `index` the garbage that the allocator never
    clears, everything else 0. THREADS, PARAMS and the header are not touched.

    Raises:
        UsageError: `pool` is not a pool mode.
    """
    if pool not in MODES:
        raise UsageError(f"pool {pool!r} is not one of {', '.join(MODES)}")
    frames = layout.geometry.frames
    words = np.frombuffer(arena.bytes, dtype=np.uint64, count=layout.END // 8)
    words[layout.LOCKS // 8:] = 0
    words[layout.STATES // 8] = RESERVED
    at = layout.POOL // 8
    words[at + POOL_COUNT // 8] = frames - 1
    words[at + POOL_MODE // 8] = MODES[pool]
    slots = at + POOL_SLOTS // 8
    words[slots:slots + frames - 1] = np.arange(1, frames, dtype=np.uint64)
    first = layout.DESCRIPTORS // 8
    descriptors = words[first:first + frames * (PAGE_BYTES // 8)].reshape(frames, PAGE_BYTES // 8)
    descriptors[:, PAGE["index"].offset // 8] = GARBAGE
    descriptors[:, PAGE["mapcount"].offset // 8] = UNTYPED  # the low half; the high half is `_refcount`
