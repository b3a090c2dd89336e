"""The steps of a thread that touch memory: one function for each kind of primitive."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import coverage as cov
from engine.explore.machine import memory as mm
from engine.explore.machine import ops
from engine.explore.machine.state import origin, put_register, value
from engine.jit import jit


@jit
def note(U: Any, address: Any, old: Any, new: Any, result: Any, event: Any) -> None:
    """What the step did, for recorders. Not part of the state."""
    U[c.U_ADDRESS] = address
    U[c.U_OLD] = old
    U[c.U_NEW] = new
    U[c.U_RESULT] = result
    U[c.U_EVENT] = event


@jit
def load(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    address, width = value(C, S, base, C[row + 2]), C[row + 5]
    note(U, address, 0, 0, 0, c.PLAIN)
    own = bf.newest(C, S, t, address, width)
    if own >= 0:
        seen = bf.forwarded(S, own, address, width)
        count = bf.buffer_of(C, t) + c.B_COUNT
        mm.watch(C, S, U, t, count * 4, S[count])
        put_register(C, S, U, base, C[row + 1], seen, S[own + c.E_ORIGIN])
        note(U, address, seen, seen, seen, c.PLAIN)
        return
    i = mm.reach(C, S, U, t, pc, address, width, origin(C, S, base, C[row + 2]), C[row + 6])
    if i >= 0:
        seen = mm.part(S[i], address, width)
        if C[c.C_RELAXES]:
            mm.watch_word(C, S, U, t, i, address, width, seen)
        put_register(C, S, U, base, C[row + 1], seen, S[i + C[c.C_SHADOW]])
        note(U, address, seen, seen, seen, c.PLAIN)
        if C[c.C_COVER] != 0:
            cov.accessed(C, S, U, t, pc, address, width, cov.READS)


@jit
def changes(C: Any, S: Any, t: Any, address: Any, width: Any, new: Any) -> Any:
    """Whether a store changes what thread `t` itself would read there: if not, a spin loop makes no progress by it."""
    own = bf.newest(C, S, t, address, width)
    if own >= 0:
        return not bf.covers(S, own, address, width) or bf.forwarded(S, own, address, width) != new
    if address < C[c.C_GLOBALS] or address >= C[c.C_END]:
        return True
    return mm.part(S[C[c.C_MEMORY] + ((address - C[c.C_GLOBALS]) >> 3)], address, width) != new


@jit
def store(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    address, width = value(C, S, base, C[row + 2]), C[row + 5]
    new = mm.part(value(C, S, base, C[row + 3]), 0, width)
    if bf.buffers(C, t):
        note(U, address, 0, new, new, c.BUFFERED)
        if C[c.C_RELAXES] and changes(C, S, t, address, width, new):
            mm.forget(C, S, U, t)
        bf.push(C, S, U, t, pc, c.STORED, address, width, origin(C, S, base, C[row + 2]), new,
                origin(C, S, base, C[row + 3]), 0, C[row + 6])
        return
    note(U, address, 0, 0, 0, c.PLAIN)
    i = mm.reach(C, S, U, t, pc, address, width, origin(C, S, base, C[row + 2]), 0)
    if i >= 0:
        old = mm.part(S[i], address, width)
        mm.store(C, S, U, t, i, address, width, new, origin(C, S, base, C[row + 3]))
        note(U, address, old, new, new, c.PLAIN)
        if C[c.C_COVER] != 0:
            cov.accessed(C, S, U, t, pc, address, width, cov.WRITES)


@jit
def rmw(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    address, width, how = value(C, S, base, C[row + 2]), C[row + 5], C[row + 6]
    op, returns = how & 15, (how >> 4) & 15
    note(U, address, 0, 0, 0, c.PLAIN)
    i = mm.reach(C, S, U, t, pc, address, width, origin(C, S, base, C[row + 2]), how >> 8)
    if i < 0:
        return
    old, from_ = mm.part(S[i], address, width), S[i + C[c.C_SHADOW]]
    v, w = value(C, S, base, C[row + 3]), value(C, S, base, C[row + 4])
    new, written = mm.rmw_new(op, old, v, w, width)
    new = mm.part(new, 0, width) if written else old
    to = mm.rmw_origin(op, from_, origin(C, S, base, C[row + 3]), origin(C, S, base, C[row + 4]))
    if written:
        mm.store(C, S, U, t, i, address, width, new, to)
    else:
        to = from_
    if new == old and C[c.C_RELAXES]:
        mm.watch_word(C, S, U, t, i, address, width, old)
    result, carried = old, from_
    if returns == ops.RET_NEW:
        result, carried = new, to
    elif returns == ops.RET_ZERO:
        result, carried = np.int64(new == 0 and written), np.int64(0)
    elif returns == ops.RET_DONE:
        result, carried = np.int64(written), np.int64(0)
    elif returns == ops.RET_NONE:
        result = new
    if returns != ops.RET_NONE:
        put_register(C, S, U, base, C[row + 1], result, carried)
    note(U, address, old, new, result, c.PLAIN)
    if C[c.C_COVER] != 0:
        cov.accessed(C, S, U, t, pc, address, width, cov.change(how) if written else np.int64(cov.READS))


@jit
def page(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    """alloc_page, free_page, fill_page."""
    a = value(C, S, base, C[row + 2])
    from_ = origin(C, S, base, C[row + 2])
    if C[row] == ops.ALLOC:
        page, to = mm.alloc(C, S, U, t, pc, a)
        put_register(C, S, U, base, C[row + 1], page, to)
        note(U, 0, 0, 0, page, c.PLAIN)
    elif C[row] == ops.FREE:
        note(U, a, 0, 0, 0, c.PLAIN)
        mm.free(C, S, U, t, pc, a, from_)
    else:
        first = value(C, S, base, C[row + 3])
        to, stride = origin(C, S, base, C[row + 3]), value(C, S, base, C[row + 4])
        if bf.buffers(C, t):
            note(U, a, 0, first, first, c.BUFFERED)
            bf.push(C, S, U, t, pc, c.FILLED, a, np.int64(1) << C[c.C_FRAME_SHIFT], from_, first, to, stride, 0)
        else:
            note(U, a, 0, first, first, c.PLAIN)
            mm.fill(C, S, U, t, pc, a, from_, first, to, stride)
        mm.forget(C, S, U, t)


@jit
def member(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    address, how = value(C, S, base, C[row + 2]), C[row + 6]
    note(U, address, 0, 0, 0, c.PLAIN)
    mm.member(C, S, U, t, pc, address, origin(C, S, base, C[row + 2]), how & 255, (how >> 8) & 255, how >> 16)
