"""One step of one process, who may take one, and how an execution starts and ends."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import coverage as cov
from engine.explore.machine import locks as lk
from engine.explore.machine import memory as mm
from engine.explore.machine import ops
from engine.explore.machine import primitives as do
from engine.explore.machine.local import STEP_LIMIT, advance, row_of
from engine.explore.machine.lock_events import do_lock, stored_unlock
from engine.explore.machine.primitives import note
from engine.explore.machine.state import fail, put, put_register, value
from engine.jit import jit
from engine.violations import BY_NAME

DEADLOCK: Final = BY_NAME["deadlock"].code


@jit
def wake(C: Any, S: Any, U: Any) -> None:
    """Threads asleep in cpu_relax whose reads would now differ go on to their next step."""
    for t in range(C[c.C_THREADS]):
        area = mm.area_of(C, t)
        if S[area + c.T_STATUS] == c.ASLEEP and mm.watched_changed(C, S, t):
            put(S, U, area + c.T_STATUS, c.READY)
            put(S, U, c.S_ASLEEP, S[c.S_ASLEEP] - 1)
            put(S, U, area + c.T_WATCHED, 0)
            advance(C, S, U, t, S[area + c.T_PC])


@jit
def too_long(C: Any, S: Any, U: Any, t: Any, pc: Any) -> Any:
    """Count a step or a choice; true, and a violation, if the execution has too many or the undo log is full."""
    taken = S[c.S_STEPS] + 1
    put(S, U, c.S_STEPS, taken)
    if taken <= C[c.C_LIMIT] and U[c.U_TOP] + c.U_SLACK <= U[c.U_END]:
        return False
    fail(S, U, STEP_LIMIT, t, pc, 0, 0, c.LIMIT_STEPS)
    note(U, 0, 0, 0, 0, c.PLAIN)
    return True


@jit
def step(C: Any, S: Any, U: Any, p: Any) -> None:
    """Process `p`, which is enabled, takes its next step."""
    if p < C[c.C_THREADS]:
        step_of(C, S, U, p)
    else:
        flush(C, S, U, p)


@jit
def flush(C: Any, S: Any, U: Any, p: Any) -> None:
    """A buffered store becomes visible. What is wrong with it is told at its place in its thread's program."""
    t, k = bf.owner(C, p), bf.next_of(C, S, p)
    e = bf.entry_of(bf.buffer_of(C, t), k)
    kind, address, width, new, pc = (S[e + c.E_KIND], S[e + c.E_ADDRESS], S[e + c.E_WIDTH], S[e + c.E_WORD],
                                     S[e + c.E_PC])
    if too_long(C, S, U, t, pc):
        return
    note(U, address, 0, new, new, c.FLUSHED)
    if kind == c.UNLOCKED:
        index = (address - C[c.C_LOCK_ADDRESS]) >> 7
        lk.unlock_write(C, S, U, C[C[c.C_RULE] + index], lk.lock_of(C, index))
    elif kind == c.FILLED:
        mm.fill(C, S, U, t, pc, address, S[e + c.E_POINTER], new, S[e + c.E_ORIGIN], S[e + c.E_STRIDE])
    else:
        i = mm.reach(C, S, U, t, pc, address, width, S[e + c.E_POINTER], 0)
        if i >= 0:
            note(U, address, mm.part(S[i], address, width), new, new, c.FLUSHED)
            mm.show(C, S, U, i, address, width, new, S[e + c.E_ORIGIN])
            if C[c.C_COVER] != 0:
                cov.accessed(C, S, U, t, pc, address, width, cov.WRITES)
    if S[c.S_KIND] == 0:
        bf.drop(C, S, U, t, k)
        if S[c.S_ASLEEP] != 0:
            wake(C, S, U)


@jit
def step_of(C: Any, S: Any, U: Any, t: Any) -> None:
    """Thread `t` takes its next step and does its local work up to the one after."""
    area = mm.area_of(C, t)
    pc, base = S[area + c.T_PC], S[area + c.T_BASE]
    row = row_of(C, pc)
    op = C[row]
    if too_long(C, S, U, t, pc):
        return
    if S[area + c.T_STATUS] == c.BLOCKED:
        lk.grant(C, S, U, t, pc)
        mm.forget(C, S, U, t)
        note(U, value(C, S, base, C[row + 2]), 0, 0, 0, c.GRANTED)
    elif op == ops.LOAD:
        do.load(C, S, U, t, pc, base, row)
    elif op == ops.STORE:
        do.store(C, S, U, t, pc, base, row)
    elif op == ops.RMW:
        do.rmw(C, S, U, t, pc, base, row)
    elif op == ops.MEMBER:
        do.member(C, S, U, t, pc, base, row)
    elif op == ops.FENCE:
        note(U, 0, 0, 0, 0, c.PLAIN)
    elif op == ops.LOCK:
        if do_lock(C, S, U, t, pc, base, row):
            if S[c.S_ASLEEP] != 0:
                wake(C, S, U)
            return
    else:
        do.page(C, S, U, t, pc, base, row)
    if S[c.S_KIND] == 0:
        advance(C, S, U, t, pc + 1)
        if S[c.S_ASLEEP] != 0 and S[c.S_KIND] == 0:
            wake(C, S, U)


@jit
def drained(C: Any, S: Any, t: Any) -> Any:
    """Whether the next step of thread `t`, which has stores in its buffer, need not wait for a flush."""
    area = mm.area_of(C, t)
    row, base = row_of(C, S[area + c.T_PC]), S[area + c.T_BASE]
    op, address = C[row], value(C, S, base, C[row + 2])
    if op == ops.LOAD:
        own = bf.newest(C, S, t, address, C[row + 5])
        return own < 0 or bf.covers(S, own, address, C[row + 5])
    if op == ops.LOCK:
        index = (address - C[c.C_LOCK_ADDRESS]) >> 7
        if index < 0 or index >= C[c.C_N_LOCKS] or not stored_unlock(C[C[c.C_RULE] + index], C[row + 5]):
            return False
    elif op == ops.MEMBER:
        return True
    elif op != ops.STORE and op != ops.FILL:
        return False
    return bf.buffered(C, S, t) < c.BUFFER_MAX


@jit
def ready(C: Any, S: Any, t: Any) -> Any:
    """Whether thread `t` can take a step."""
    status = S[mm.area_of(C, t) + c.T_STATUS]
    return (status == c.READY and (bf.buffered(C, S, t) == 0 or drained(C, S, t))) or (
        status == c.BLOCKED and lk.can_grant(C, S, t))


@jit
def enabled(C: Any, S: Any) -> Any:
    """The processes that can take a step, as bits."""
    mask = np.int64(0)
    for t in range(C[c.C_THREADS]):
        if ready(C, S, t):
            mask |= np.int64(1) << t
    if C[c.C_MODEL] != c.SC:
        mask |= bf.flushers(C, S)
    return mask


@jit
def chooser(C: Any, S: Any) -> Any:
    """The first thread whose mem.choose waits for a value, -1 for none."""
    if S[c.S_CHOOSING] == 0:
        return np.int64(-1)
    for t in range(C[c.C_THREADS]):
        if S[mm.area_of(C, t) + c.T_STATUS] == c.CHOOSING:
            return np.int64(t)
    return np.int64(-1)


@jit
def choices(C: Any, S: Any, t: Any) -> Any:
    """How many values the choice of thread `t` has; a choice among none or too many has one, 0."""
    area = mm.area_of(C, t)
    n = value(C, S, S[area + c.T_BASE], C[row_of(C, S[area + c.T_PC]) + 2])
    return n if 0 < n < 1 << 31 else np.int64(1)


@jit
def choose(C: Any, S: Any, U: Any, t: Any, chosen: Any) -> None:
    """Give the choice of thread `t` its value; the local work goes on."""
    area = mm.area_of(C, t)
    pc = S[area + c.T_PC]
    put(S, U, area + c.T_STATUS, c.READY)
    put(S, U, c.S_CHOOSING, S[c.S_CHOOSING] - 1)
    if too_long(C, S, U, t, pc):
        return
    put(S, U, area + c.T_CHOICES, S[area + c.T_CHOICES] + 1)
    put_register(C, S, U, S[area + c.T_BASE], C[row_of(C, pc) + 1], chosen, np.int64(0))
    advance(C, S, U, t, pc + 1)


@jit
def begin_alone(C: Any, S: Any, U: Any, which: Any) -> Any:
    """Start set-up (0) or the check at rest (1); false if there is none."""
    t = C[c.C_THREADS]
    pc = C[C[c.C_ENTRY] + t + which]
    if pc < 0:
        return False
    area = mm.area_of(C, t)
    put(S, U, area + c.T_STATUS, c.READY)
    put(S, U, area + c.T_ROUNDS, 1)
    put(S, U, area + c.T_BASE, C[c.C_REGS] + t * C[c.C_REG_SIZE])
    advance(C, S, U, t, pc)
    return True


@jit
def alone_can_step(C: Any, S: Any, U: Any) -> Any:
    """Whether set-up or the check at rest goes on; it ends in a violation if it waits for ever."""
    t = C[c.C_THREADS]
    area = mm.area_of(C, t)
    if S[c.S_KIND] != 0 or S[area + c.T_STATUS] == c.DONE:
        return False
    if S[area + c.T_STATUS] != c.READY:
        fail(S, U, DEADLOCK, t, S[area + c.T_PC], 0, 0, 0)
        return False
    return True


@jit
def run_alone(C: Any, S: Any, U: Any, which: Any) -> None:
    if begin_alone(C, S, U, which):
        while alone_can_step(C, S, U):
            step_of(C, S, U, C[c.C_THREADS])


@jit
def start(C: Any, S: Any, U: Any) -> None:
    """Set-up, then every thread's local work before its first step."""
    run_alone(C, S, U, 0)
    put(S, U, c.S_STEPS, 0)
    for t in range(C[c.C_THREADS]):
        if S[c.S_KIND] == 0:
            area = mm.area_of(C, t)
            put(S, U, area + c.T_BASE, C[c.C_REGS] + t * C[c.C_REG_SIZE])
            put(S, U, area + c.T_ROUNDS, C[c.C_ROUNDS])
            advance(C, S, U, t, C[C[c.C_ENTRY] + t])


@jit
def stuck(C: Any, S: Any, U: Any) -> Any:
    """Nobody is enabled: true, and a violation, unless all threads are done."""
    for t in range(C[c.C_THREADS]):
        area = mm.area_of(C, t)
        if S[area + c.T_STATUS] != c.DONE:
            fail(S, U, DEADLOCK, t, S[area + c.T_PC], 0, 0, 0)
            return True
    return False


@jit
def finish(C: Any, S: Any, U: Any) -> None:
    """The end of an execution: a deadlock, or the check at rest."""
    if not stuck(C, S, U):
        run_alone(C, S, U, 1)
