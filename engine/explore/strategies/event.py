"""What the next step of a process touches, and whether two such steps race: for samplers that look at events.

The vocabulary's table at work: bytes read, written, or changed so that two like changes commute; a lock; the pool of
pages with the page that it hands out or takes back. A race is two enabled steps, one of which may change what the
other does. With store buffers it is the flush that touches memory, not the store, nor a load of one's own store.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import ops
from engine.explore.machine.local import row_of
from engine.explore.machine.lock_events import stored_unlock
from engine.explore.machine.memory import area_of
from engine.explore.machine.state import value
from engine.jit import jit
from engine.memory.overlay import PAGE_BYTES

BYTES: Final = 0  # from .. to
LOCK: Final = 1  # its address
PAGE: Final = 2  # its number, 0 for none; and the pool
NOTHING: Final = 3  # that another process sees

READS: Final = 0
WRITES: Final = 1
COMMUTES: Final = 2  # and above: two of the same number commute

#: The state of a union's live member is beside the word, not in it.
MEMBERS: Final = 1 << 40


@jit
def row_at(C: Any, S: Any, t: Any) -> Any:
    return row_of(C, S[area_of(C, t) + c.T_PC])


@jit
def address_of(C: Any, S: Any, t: Any) -> Any:
    """The first operand of a thread's next step."""
    return value(C, S, S[area_of(C, t) + c.T_BASE], C[row_at(C, S, t) + 2])


@jit
def change(C: Any, row: Any) -> Any:
    """What a read-modify-write does to its word."""
    op, returns = C[row + 6] & 15, (C[row + 6] >> 4) & 15
    if returns != ops.RET_NONE or op > ops.R_XOR:
        return np.int64(WRITES)
    return np.int64(COMMUTES) + (np.int64(ops.R_ADD) if op == ops.R_SUB else op)


@jit
def flushes(C: Any, S: Any, p: Any) -> Any:
    """What the flush of a store touches, as in `touches`."""
    t, k = bf.owner(C, p), bf.next_of(C, S, p)
    entry = bf.entry_of(bf.buffer_of(C, t), k)
    first = S[entry + c.E_ADDRESS]
    if S[entry + c.E_KIND] == c.UNLOCKED:
        return np.int64(LOCK), first, first, np.int64(WRITES)
    return np.int64(BYTES), first, first + S[entry + c.E_WIDTH], np.int64(WRITES)


@jit
def stays_private(C: Any, S: Any, t: Any, row: Any, first: Any) -> Any:
    """Whether the next step of a thread goes no further than its store buffer."""
    if not bf.buffers(C, t):
        return False
    op, how = C[row], C[row + 5]
    if op == ops.LOAD:
        return bf.newest(C, S, t, first, how) >= 0
    if op == ops.LOCK:
        index = (first - C[c.C_LOCK_ADDRESS]) >> 7
        return 0 <= index < C[c.C_N_LOCKS] and stored_unlock(C[C[c.C_RULE] + index], how)
    return op == ops.STORE or op == ops.FILL


@jit
def touches(C: Any, S: Any, t: Any) -> Any:
    """(what, from, to, how) of the next step of process `t`."""
    zero = np.int64(0)
    if t >= C[c.C_THREADS]:
        return flushes(C, S, t)
    row = row_at(C, S, t)
    op, first = C[row], address_of(C, S, t)
    if op == ops.FENCE or stays_private(C, S, t, row, first):
        return np.int64(NOTHING), zero, zero, np.int64(READS)
    if op == ops.LOAD:
        return np.int64(BYTES), first, first + C[row + 5], np.int64(READS)
    if op == ops.STORE:
        return np.int64(BYTES), first, first + C[row + 5], np.int64(WRITES)
    if op == ops.RMW:
        return np.int64(BYTES), first, first + C[row + 5], change(C, row)
    if op == ops.MEMBER:
        union = MEMBERS + (first & ~np.int64(7))
        uses = (C[row + 6] >> 8) & 255 == ops.M_USE
        return np.int64(BYTES), union, union + 8, np.int64(READS) if uses else np.int64(WRITES)
    if op == ops.LOCK:
        reads = C[row + 5] == ops.LK_READ or C[row + 5] == ops.LK_READ_UNLOCK
        return np.int64(LOCK), first, first, np.int64(READS) if reads else np.int64(WRITES)
    if op == ops.ALLOC:
        head = S[c.S_POOL_HEAD]
        left = head != S[c.S_POOL_TAIL]
        return np.int64(PAGE), S[C[c.C_POOL] + head % C[c.C_N_FRAMES]] if left else zero, zero, np.int64(WRITES)
    if op == ops.FREE:
        return np.int64(PAGE), (first - C[c.C_FRAMES]) >> C[c.C_FRAME_SHIFT], zero, np.int64(WRITES)
    return np.int64(BYTES), first, first + (np.int64(1) << C[c.C_FRAME_SHIFT]), np.int64(WRITES)


@jit
def in_page(C: Any, page: Any, first: Any) -> Any:
    """Whether bytes at `first` are of a page: its contents, its descriptor, or the state of its unions."""
    first &= np.int64(MEMBERS - 1)
    if first >= C[c.C_FRAMES]:
        return (first - C[c.C_FRAMES]) >> C[c.C_FRAME_SHIFT] == page
    return first >= C[c.C_DESCRIPTORS] and (first - C[c.C_DESCRIPTORS]) // PAGE_BYTES == page


@jit
def race(C: Any, S: Any, t: Any, u: Any) -> Any:
    """Whether the next steps of two processes, both enabled, race."""
    what, first, end, how = touches(C, S, t)
    what2, first2, end2, how2 = touches(C, S, u)
    if what == NOTHING or what2 == NOTHING:
        return False
    if how == READS and how2 == READS:
        return False
    if what == LOCK or what2 == LOCK:
        return what == what2 and first == first2
    if what == PAGE and what2 == PAGE:
        return True
    if what == PAGE:
        return in_page(C, first, first2)
    if what2 == PAGE:
        return in_page(C, first2, first)
    return first < end2 and first2 < end and not (how == how2 and how >= COMMUTES)


@jit
def place(C: Any, S: Any, t: Any) -> Any:
    """What the next step of a process is about, and how: a word, a lock or the pool, from 0 up; -1 for none of them."""
    what, first, _end, how = touches(C, S, t)
    modelled = (C[c.C_END] - C[c.C_GLOBALS]) >> 3
    if what == PAGE:
        return modelled + C[c.C_N_LOCKS], how
    index = (first - C[c.C_LOCK_ADDRESS]) >> 7 if what == LOCK else (first - C[c.C_GLOBALS]) >> 3
    limit = C[c.C_N_LOCKS] if what == LOCK else modelled
    if what == NOTHING or index < 0 or index >= limit:
        return np.int64(-1), how
    return index + modelled if what == LOCK else index, how
