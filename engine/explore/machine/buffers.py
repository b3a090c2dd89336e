"""Store buffers: under `tso` and `pso` a thread's stores wait until its flusher makes them visible.

The rules are x86's (Owens, Sarkar, Sewell, "A Better x86 Memory Model: x86-TSO", 2009): a load takes the newest store
of its own thread that covers it; what is locked (read-modify-writes, taking locks, allocation) waits for an empty
buffer. `tso` flushes in program order. `pso` does so for overlapping stores only, and for what smp_wmb or a release
keeps apart. Loads stay in order in both.

A buffer holds its entries in program order. Under `pso` a flusher belongs to one address: it is numbered when the
thread first stores there and keeps its number for the execution, so that equivalent executions name it alike.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import alu
from engine.explore.machine import cells as c
from engine.explore.machine.state import fail, put
from engine.jit import jit
from engine.violations import BY_NAME

STEP_LIMIT: Final = BY_NAME["step-limit"].code


@jit
def buffer_of(C: Any, t: Any) -> Any:
    return C[c.C_BUFFERS] + t * C[c.C_BUFFER_SIZE]


@jit
def entry_of(buffer: Any, k: Any) -> Any:
    return buffer + c.B_ENTRIES + k * c.E_SIZE


@jit
def buffers(C: Any, t: Any) -> Any:
    """Whether thread `t` has a store buffer: set-up and the check at rest have none."""
    return C[c.C_MODEL] != c.SC and t < C[c.C_THREADS]


@jit
def buffered(C: Any, S: Any, t: Any) -> Any:
    """How many stores of thread `t` are not visible yet."""
    if not buffers(C, t):
        return np.int64(0)
    return S[buffer_of(C, t) + c.B_COUNT]


# --- what a thread does ---


@jit
def slot_for(C: Any, S: Any, U: Any, buffer: Any, address: Any) -> Any:
    """The number of the flusher for an address, -1 if there are no more."""
    if C[c.C_MODEL] == c.TSO:
        return np.int64(0)
    n = S[buffer + c.B_SLOTS]
    for k in range(n):
        if S[buffer + c.B_SLOT + k] == address:
            return np.int64(k)
    if n == C[c.C_FLUSHERS]:
        return np.int64(-1)
    put(S, U, buffer + c.B_SLOT + n, address)
    put(S, U, buffer + c.B_SLOTS, n + 1)
    return n


@jit
def push(C: Any, S: Any, U: Any, t: Any, pc: Any, kind: Any, address: Any, width: Any, pointer: Any, word: Any,
         origin: Any, stride: Any, release: Any) -> None:
    """Buffer a store of `width` bytes; `pointer` and `origin` are the provenances of its address and of its value."""
    buffer = buffer_of(C, t)
    slot = slot_for(C, S, U, buffer, address)
    if slot < 0:
        fail(S, U, STEP_LIMIT, t, pc, address, 0, c.LIMIT_FLUSHERS)
        return
    n = S[buffer + c.B_COUNT]
    entry = entry_of(buffer, n)
    put(S, U, entry + c.E_KIND, kind)
    put(S, U, entry + c.E_ADDRESS, address)
    put(S, U, entry + c.E_WIDTH, width)
    put(S, U, entry + c.E_POINTER, pointer)
    put(S, U, entry + c.E_WORD, word)
    put(S, U, entry + c.E_ORIGIN, origin)
    put(S, U, entry + c.E_STRIDE, stride)
    put(S, U, entry + c.E_SLOT, slot)
    put(S, U, entry + c.E_PC, pc)
    put(S, U, entry + c.E_APART, np.int64(n > 0 and (release != 0 or S[buffer + c.B_APART] != 0)))
    put(S, U, buffer + c.B_COUNT, n + 1)
    if S[buffer + c.B_APART] != 0:
        put(S, U, buffer + c.B_APART, 0)


@jit
def separate(C: Any, S: Any, U: Any, t: Any) -> None:
    """smp_wmb: the stores to come stay behind those that are buffered now."""
    if buffered(C, S, t) != 0 and C[c.C_MODEL] == c.PSO:
        put(S, U, buffer_of(C, t) + c.B_APART, 1)


@jit
def overlap(S: Any, entry: Any, address: Any, width: Any) -> Any:
    start = S[entry + c.E_ADDRESS]
    return start < address + width and address < start + S[entry + c.E_WIDTH]


@jit
def newest(C: Any, S: Any, t: Any, address: Any, width: Any) -> Any:
    """The thread's newest buffered store to any of these bytes, -1 for none."""
    buffer = buffer_of(C, t)
    for k in range(buffered(C, S, t) - 1, -1, -1):
        if overlap(S, entry_of(buffer, k), address, width):
            return entry_of(buffer, k)
    return np.int64(-1)


@jit
def covers(S: Any, entry: Any, address: Any, width: Any) -> Any:
    """Whether a store gives all the bytes of a load."""
    start = S[entry + c.E_ADDRESS]
    return start <= address and address + width <= start + S[entry + c.E_WIDTH]


@jit
def forwarded(S: Any, entry: Any, address: Any, width: Any) -> Any:
    """What a load gets from a store that covers it."""
    offset = address - S[entry + c.E_ADDRESS]
    word = S[entry + c.E_WORD]
    if S[entry + c.E_KIND] == c.FILLED:
        word += (offset >> 3) * S[entry + c.E_STRIDE]
    if width == 8:
        return word
    return (word >> 32) & alu.LOW32 if offset & 4 else word & alu.LOW32


@jit
def unlocking(C: Any, S: Any, t: Any, address: Any) -> Any:
    """Whether thread `t` has released a lock, but nobody else sees it yet."""
    entry = newest(C, S, t, address, 8)
    return entry >= 0 and S[entry + c.E_KIND] == c.UNLOCKED


# --- what its flushers do ---


@jit
def owner(C: Any, p: Any) -> Any:
    """The thread whose flusher process `p` is."""
    return (p - C[c.C_THREADS]) // C[c.C_FLUSHERS]


@jit
def drop(C: Any, S: Any, U: Any, t: Any, k: Any) -> None:
    """Take an entry out of a buffer. Freed entries are zeroed: equal buffers are equal states."""
    buffer = buffer_of(C, t)
    n = S[buffer + c.B_COUNT] - 1
    for i in range(entry_of(buffer, k), entry_of(buffer, n)):
        if S[i] != S[i + c.E_SIZE]:
            put(S, U, i, S[i + c.E_SIZE])
    for i in range(entry_of(buffer, n), entry_of(buffer, n + 1)):
        if S[i] != 0:
            put(S, U, i, 0)
    put(S, U, buffer + c.B_COUNT, n)
    if S[buffer + c.B_ENTRIES + c.E_APART] != 0:
        put(S, U, buffer + c.B_ENTRIES + c.E_APART, 0)  # nothing is left that it could stay behind
    if n == 0 and S[buffer + c.B_APART] != 0:
        put(S, U, buffer + c.B_APART, 0)


@jit
def can_flush(C: Any, S: Any, buffer: Any, k: Any) -> Any:
    """Whether entry `k`, before which nothing keeps anything apart, need not wait for an earlier one."""
    entry = entry_of(buffer, k)
    for j in range(k):
        if C[c.C_MODEL] == c.TSO or overlap(S, entry_of(buffer, j), S[entry + c.E_ADDRESS], S[entry + c.E_WIDTH]):
            return False
    return True


@jit
def next_of(C: Any, S: Any, p: Any) -> Any:
    """The place in its thread's buffer of the store that flusher `p` flushes next, -1 if there is none or it waits."""
    t = owner(C, p)
    buffer = buffer_of(C, t)
    slot = (p - C[c.C_THREADS]) - t * C[c.C_FLUSHERS]
    for k in range(buffered(C, S, t)):
        entry = entry_of(buffer, k)
        if k > 0 and S[entry + c.E_APART] != 0:
            return np.int64(-1)
        if S[entry + c.E_SLOT] == slot:
            return np.int64(k) if can_flush(C, S, buffer, k) else np.int64(-1)
    return np.int64(-1)


@jit
def flushers(C: Any, S: Any) -> Any:
    """The flushers that can take a step, as bits of processes."""
    mask = np.int64(0)
    for t in range(C[c.C_THREADS]):
        buffer, first = buffer_of(C, t), C[c.C_THREADS] + t * C[c.C_FLUSHERS]
        for k in range(S[buffer + c.B_COUNT]):
            if k > 0 and (C[c.C_MODEL] == c.TSO or S[entry_of(buffer, k) + c.E_APART] != 0):
                break
            if can_flush(C, S, buffer, k):
                mask |= np.int64(1) << (first + S[entry_of(buffer, k) + c.E_SLOT])
    return mask
