"""One step of one thread, who may take one, and how an execution starts and ends."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import cells as c
from engine.explore.machine import locks as lk
from engine.explore.machine import memory as mm
from engine.explore.machine import ops
from engine.explore.machine.local import STEP_LIMIT, advance, row_of
from engine.explore.machine.state import fail, origin, put, put_register, value
from engine.jit import jit
from engine.violations import BY_NAME

LOCK_MISUSE: Final = BY_NAME["lock-misuse"].code
DEADLOCK: Final = BY_NAME["deadlock"].code


@jit
def note(U: Any, address: Any, old: Any, new: Any, result: Any, event: Any) -> None:
    """What the step did, for recorders. Not part of the state."""
    U[c.U_ADDRESS] = address
    U[c.U_OLD] = old
    U[c.U_NEW] = new
    U[c.U_RESULT] = result
    U[c.U_EVENT] = event


@jit
def do_load(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    address, width = value(C, S, base, C[row + 2]), C[row + 5]
    note(U, address, 0, 0, 0, c.PLAIN)
    i = mm.reach(C, S, U, t, pc, address, width, origin(C, S, base, C[row + 2]), C[row + 6])
    if i >= 0:
        seen = mm.part(S[i], address, width)
        if C[c.C_RELAXES]:
            mm.watch_word(C, S, U, t, i, address, width, seen)
        put_register(C, S, U, base, C[row + 1], seen, S[i + C[c.C_SHADOW]])
        note(U, address, seen, seen, seen, c.PLAIN)


@jit
def do_store(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    address, width = value(C, S, base, C[row + 2]), C[row + 5]
    note(U, address, 0, 0, 0, c.PLAIN)
    i = mm.reach(C, S, U, t, pc, address, width, origin(C, S, base, C[row + 2]), 0)
    if i >= 0:
        old = mm.part(S[i], address, width)
        new = mm.part(value(C, S, base, C[row + 3]), 0, width)
        mm.store(C, S, U, t, i, address, width, new, origin(C, S, base, C[row + 3]))
        note(U, address, old, new, new, c.PLAIN)


@jit
def do_rmw(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
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


@jit
def do_page(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
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
        note(U, a, 0, first, first, c.PLAIN)
        mm.fill(C, S, U, t, pc, a, from_, first, origin(C, S, base, C[row + 3]), value(C, S, base, C[row + 4]))


@jit
def do_member(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> None:
    address, how = value(C, S, base, C[row + 2]), C[row + 6]
    note(U, address, 0, 0, 0, c.PLAIN)
    mm.member(C, S, U, t, pc, address, origin(C, S, base, C[row + 2]), how & 255, (how >> 8) & 255, how >> 16)


@jit
def lock_index(C: Any, S: Any, U: Any, t: Any, pc: Any, address: Any, code: Any) -> Any:
    """The lock at an address, or -1 and a violation: no lock there, or one of the other kind."""
    offset = address - C[c.C_LOCK_ADDRESS]
    if offset < 0 or offset & 127 or offset >> 7 >= C[c.C_N_LOCKS]:
        fail(S, U, LOCK_MISUSE, t, pc, address, 0, c.MISUSE_NO_LOCK)
        return np.int64(-1)
    if (C[C[c.C_RULE] + (offset >> 7)] == ops.SPIN) != (code >= ops.LK_SPIN):
        fail(S, U, LOCK_MISUSE, t, pc, address, 0, c.MISUSE_WRONG_KIND)
        return np.int64(-1)
    return offset >> 7


@jit
def try_lock(C: Any, S: Any, U: Any, t: Any, pc: Any, rule: Any, lock: Any, code: Any) -> Any:
    """The trylocks and try_upgrade: 1 if taken."""
    if code == ops.LK_UPGRADE:
        if not lk.can_upgrade(C, S, rule, lock):
            return np.int64(0)
        lk.drop_read(C, S, U, lock, t)
        lk.take_write(C, S, U, rule, lock, t, pc)
        return np.int64(1)
    write = code != ops.LK_READ_TRY
    if not lk.can_try(C, S, rule, lock, t, write):
        mm.watch(C, S, U, t, (lock + c.L_VERSION) * 4, S[lock + c.L_VERSION])
        return np.int64(0)
    if write:
        lk.take_write(C, S, U, rule, lock, t, pc)
    else:
        lk.take_read(C, S, U, lock, t, pc)
    return np.int64(1)


@jit
def arrive(C: Any, S: Any, U: Any, t: Any, pc: Any, rule: Any, lock: Any, index: Any, write: Any) -> Any:
    """A blocking acquire: taken at once, or the thread waits (true)."""
    free = lk.can_write(C, S, rule, lock, t, False) if write else lk.can_read(C, S, rule, lock, t, False)
    if not free:
        lk.enqueue(C, S, U, rule, lock, index, t, write)
        return True
    if write:
        lk.take_write(C, S, U, rule, lock, t, pc)
    else:
        lk.take_read(C, S, U, lock, t, pc)
    return False


@jit
def held(C: Any, S: Any, lock: Any, t: Any, code: Any) -> Any:
    """Whether the thread has what this operation gives up."""
    if code == ops.LK_READ_UNLOCK or code == ops.LK_UPGRADE:
        return S[lk.holds_of(C, lock, t)] > 0
    if code == ops.LK_WRITE_UNLOCK or code == ops.LK_DOWNGRADE or code == ops.LK_SPIN_UNLOCK:
        return S[lock + c.L_WRITER] == t + 1
    return True


@jit
def do_lock(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> Any:
    """A lock event; true if the thread now waits."""
    address, code = value(C, S, base, C[row + 2]), C[row + 5]
    note(U, address, 0, 0, 0, c.PLAIN)
    index = lock_index(C, S, U, t, pc, address, code)
    if index < 0:
        return False
    rule, lock = C[C[c.C_RULE] + index], lk.lock_of(C, index)
    if not held(C, S, lock, t, code):
        fail(S, U, LOCK_MISUSE, t, pc, address, 0, c.MISUSE_NOT_HELD)
        return False
    waits = False
    if code == ops.LK_READ or code == ops.LK_WRITE or code == ops.LK_SPIN:
        waits = arrive(C, S, U, t, pc, rule, lock, index, code != ops.LK_READ)
    elif code == ops.LK_READ_UNLOCK:
        lk.unlock_read(C, S, U, rule, lock, t)
    elif code == ops.LK_WRITE_UNLOCK or code == ops.LK_SPIN_UNLOCK:
        lk.unlock_write(C, S, U, rule, lock, t)
    elif code == ops.LK_DOWNGRADE:
        lk.unlock_write(C, S, U, rule, lock, t)
        if rule == ops.READ_FIRST:  # RWLockReadD lets a writer in between: it reads again from scratch
            lk.enqueue(C, S, U, rule, lock, index, t, False)
            waits = True
        else:
            lk.take_read(C, S, U, lock, t, pc)
    else:
        taken = try_lock(C, S, U, t, pc, rule, lock, code)
        put_register(C, S, U, base, C[row + 1], taken, np.int64(0))
        note(U, address, 0, 0, taken, c.PLAIN)
    if waits:
        U[c.U_EVENT] = c.ARRIVED
    elif code == ops.LK_UPGRADE or code < ops.LK_READ_TRY or code == ops.LK_SPIN or code == ops.LK_SPIN_UNLOCK:
        mm.forget(C, S, U, t)
    return waits


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
def step(C: Any, S: Any, U: Any, t: Any) -> None:
    """Thread `t`, which is enabled, takes its next step and does its local work up to the one after."""
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
        do_load(C, S, U, t, pc, base, row)
    elif op == ops.STORE:
        do_store(C, S, U, t, pc, base, row)
    elif op == ops.RMW:
        do_rmw(C, S, U, t, pc, base, row)
    elif op == ops.MEMBER:
        do_member(C, S, U, t, pc, base, row)
    elif op == ops.LOCK:
        if do_lock(C, S, U, t, pc, base, row):
            if S[c.S_ASLEEP] != 0:
                wake(C, S, U)
            return
    else:
        do_page(C, S, U, t, pc, base, row)
    if S[c.S_KIND] == 0:
        advance(C, S, U, t, pc + 1)
        if S[c.S_ASLEEP] != 0 and S[c.S_KIND] == 0:
            wake(C, S, U)


@jit
def enabled(C: Any, S: Any) -> Any:
    """The threads that can take a step, as bits."""
    mask = np.int64(0)
    for t in range(C[c.C_THREADS]):
        status = S[mm.area_of(C, t) + c.T_STATUS]
        if status == c.READY or (status == c.BLOCKED and lk.can_grant(C, S, t)):
            mask |= np.int64(1) << t
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
            step(C, S, U, C[c.C_THREADS])


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
