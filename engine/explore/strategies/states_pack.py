"""The content of one part of the state, in words that are equal exactly if the future cannot tell the difference.

A part is what one thread knows and has in its store buffer, one chunk of memory, one lock, one frame or the pool. Left
out are what nothing reads again (dead registers, the contents of free frames, returned arrays), and what only counts or
tells: steps, choices made, where a frame was freed. So the message of a violation may name another place where the page
was freed than it would after another path to the same state; its own kind and place never differ. Numbers that only
grow are stored by what is asked of them: a pointer's generation by its distance from its frame's present one, a lock's
version in a watch list by whether it is still the same, the ring of free frames from its head.

Each content is a sequence of words from which the part could be rebuilt, so that equal means equal; provenances, which
are nearly always 0, come last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import locks as lk
from engine.explore.machine.memory import PFN_MASK, area_of
from engine.explore.strategies import states_cells as s
from engine.jit import jit


@jit
def origin_word(C: Any, S: Any, origin: Any) -> Any:
    """A provenance: the frame, and how many times it was handed out since."""
    pfn = origin & PFN_MASK
    now = S[C[c.C_RECORDS] + pfn * c.F_SIZE + c.F_GENERATION]
    return (now - (origin >> c.PFN_BITS)) << c.PFN_BITS | pfn


@jit
def pack_cell(C: Any, S: Any, W: Any, i: Any, at: Any, origins: Any) -> Any:
    """One register or private word; its provenance, if any, with its place goes to the others. Where they end now."""
    W[at] = S[i]
    origin = S[i + C[c.C_SHADOW]]
    if origin != 0:
        W[origins] = at
        W[origins + 1] = origin_word(C, S, origin)
        return origins + 2
    return origins


@jit
def pack_thread(C: Any, S: Any, P: Any, W: Any, t: Any) -> Any:
    """Status, place, calls, live registers, private arrays, watch list. How many words."""
    begin, first = P[s.P_BUFFER], P[s.P_ORIGINS]
    at, origins = begin, first
    area = area_of(C, t)
    status = S[area + c.T_STATUS]
    if status == c.DONE:
        W[at] = c.DONE
        if C[c.C_MODEL] == c.SC or bf.buffered(C, S, t) == 0:
            return 1
        return pack_buffer(C, S, W, t, at + 1) - begin
    pc, depth, used = S[area + c.T_PC], S[area + c.T_DEPTH], S[area + c.T_PRIVATE]
    W[at] = status | depth << 4 | S[area + c.T_HELD] << 12 | pc << 32
    W[at + 1] = S[area + c.T_ROUNDS] | used << 32
    at += 2
    if status == c.BLOCKED:
        W[at] = S[area + c.T_LOCK] << 4 | S[area + c.T_WANTS]
        at += 1
    live = P[s.P_LIVE]
    for d in range(depth + 1):
        row, base = pc, S[area + c.T_BASE]
        if d < depth:
            call = area + c.T_CALLS + 3 * d
            row, base = S[call], S[call + 1]
            W[at] = row | S[call + 2] << 32
            at += 1
        for k in range(P[live + row], P[live + row + 1]):
            origins = pack_cell(C, S, W, base + P[k], at, origins)
            at += 1
    private = C[c.C_PRIVATE] + t * C[c.C_PRIVATE_SIZE]
    for i in range(private, private + used):
        origins = pack_cell(C, S, W, i, at, origins)
        at += 1
    if C[c.C_RELAXES]:
        at = pack_watched(S, P, W, area, at)
    if C[c.C_MODEL] != c.SC:
        at = pack_buffer(C, S, W, t, at)
    for i in range(first, origins, 2):
        W[at] = W[i] - begin
        W[at + 1] = W[i + 1]
        at += 2
    return at - begin


@jit
def pack_watched(S: Any, P: Any, W: Any, area: Any, at: Any) -> Any:
    """The watch list; of what only grows it is enough to know whether it has."""
    n = S[area + c.T_WATCHED]
    W[at] = n
    at += 1
    for k in range(n):
        key, seen = S[area + c.T_WATCH + 2 * k], S[area + c.T_WATCH + 2 * k + 1]
        of = P[P[s.P_CLASS] + (key >> 2)]
        W[at] = key
        W[at + 1] = int(S[key >> 2] == seen) if of >= s.VERSION else seen
        at += 2
    return at


@jit
def pack_buffer(C: Any, S: Any, W: Any, t: Any, at: Any) -> Any:
    """The store buffer: which flusher has which address, then the stores in order. Where they end."""
    buffer = bf.buffer_of(C, t)
    n, slots = S[buffer + c.B_COUNT], S[buffer + c.B_SLOTS]
    W[at] = n | S[buffer + c.B_APART] << 8 | slots << 16
    at += 1
    for k in range(slots):
        W[at] = S[buffer + c.B_SLOT + k]
        at += 1
    for k in range(n):
        entry = bf.entry_of(buffer, k)
        pointer, origin = S[entry + c.E_POINTER], S[entry + c.E_ORIGIN]
        W[at] = S[entry + c.E_KIND] | S[entry + c.E_SLOT] << 4 | S[entry + c.E_APART] << 12 | S[entry + c.E_PC] << 16
        W[at + 1] = S[entry + c.E_WIDTH]
        W[at + 2] = S[entry + c.E_ADDRESS]
        W[at + 3] = S[entry + c.E_WORD]
        W[at + 4] = S[entry + c.E_STRIDE]
        W[at + 5] = origin_word(C, S, pointer) if pointer != 0 else np.int64(0)
        W[at + 6] = origin_word(C, S, origin) if origin != 0 else np.int64(0)
        at += 7
    return at


@jit
def pack_words(C: Any, S: Any, P: Any, W: Any, cells: Any, n: Any, origins: Any, at: Any) -> Any:
    """Words that differ from the start or point somewhere, after a mask that says which. Where they end."""
    start, shadow = P[s.P_START], C[c.C_SHADOW]
    for first in range(cells, cells + n, 31):
        mask, head = 0, at
        at += 1
        for k in range(min(31, cells + n - first)):
            i = P[first + k]
            word = S[i]
            origin = S[i + shadow] if origins else 0
            if word != P[start + i] or origin != 0:
                mask |= 1 << k
                W[at] = word
                at += 1
                if origin != 0:
                    mask |= 1 << (k + 32)
                    W[at] = origin_word(C, S, origin)
                    at += 1
        W[head] = mask
    return at


@jit
def pack_frame(C: Any, S: Any, P: Any, W: Any, record: Any, cells: Any, size: Any, at: Any) -> Any:
    """Allocation, owner, live members, contents (only of an allocated frame: allocating clears them), descriptor."""
    allocated = S[record + c.F_ALLOCATED]
    W[at] = allocated
    at += 1
    if allocated:
        W[at] = S[record + c.F_OWNER]
        at += 1
        for i in range(record + c.F_MEMBERS, record + c.F_SIZE):
            if S[i] != 0:
                W[at] = S[i] << 8 | i - record
                at += 1
        W[at] = 0
        at = pack_words(C, S, P, W, cells, size, 1, at + 1)
    return pack_words(C, S, P, W, cells + size, 8, 1, at)


@jit
def pack_lock(C: Any, S: Any, W: Any, lock: Any, at: Any) -> Any:
    """Who holds it, who waits in which order for what, and what an unlocking writer left to be done."""
    queued = S[lock + c.L_QUEUED]
    W[at] = (S[lock + c.L_WRITER] | S[lock + c.L_PRIMARY] << 8 | S[lock + c.L_WRITE_PHASE] << 16
             | S[lock + c.L_HANDOVER] << 17 | queued << 18)
    at += 1
    for k in range(queued):
        t = S[lock + c.L_QUEUE + k]
        W[at] = t << 4 | lk.wants(C, S, t)
        at += 1
    if S[lock + c.L_READERS] != 0:
        for t in range(C[c.C_THREADS] + 1):
            held = S[lk.holds_of(C, lock, t)]
            if held != 0:
                W[at] = held << 8 | t
                at += 1
    return at


@jit
def pack_pool(C: Any, S: Any, W: Any, at: Any) -> Any:
    """The free frames in the order in which they will be handed out."""
    n = C[c.C_N_FRAMES]
    for k in range(S[c.S_POOL_HEAD], S[c.S_POOL_TAIL]):
        W[at] = S[C[c.C_POOL] + k % n]
        at += 1
    return at


@jit
def pack_chunk(C: Any, S: Any, P: Any, W: Any, chunk: Any) -> Any:
    """One part of memory. How many words."""
    begin, row = P[s.P_BUFFER], P[s.P_CHUNK] + chunk * s.CHUNK
    kind, a, b, n = P[row], P[row + 1], P[row + 2], P[row + 3]
    if kind == s.WORDS:
        return pack_words(C, S, P, W, a, b, n, begin) - begin
    if kind == s.FRAME:
        return pack_frame(C, S, P, W, a, b, n, begin) - begin
    if kind == s.LOCK:
        return pack_lock(C, S, W, a, begin) - begin
    return pack_pool(C, S, W, begin) - begin
