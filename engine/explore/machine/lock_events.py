"""The steps of a thread that are lock events."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import locks as lk
from engine.explore.machine import memory as mm
from engine.explore.machine import ops
from engine.explore.machine.primitives import note
from engine.explore.machine.state import fail, put_register, value
from engine.jit import jit
from engine.violations import BY_NAME

LOCK_MISUSE: Final = BY_NAME["lock-misuse"].code


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
            mm.watch(C, S, U, t, (lock + c.L_VERSION) * 4, S[lock + c.L_VERSION])
            return np.int64(0)
        lk.drop_read(C, S, U, lock, t)
        lk.take_write(C, S, U, rule, lock, t, pc)
        mm.forget(C, S, U, t)
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
def held(C: Any, S: Any, lock: Any, address: Any, t: Any, code: Any) -> Any:
    """Whether the thread has what this operation gives up."""
    if code == ops.LK_READ_UNLOCK or code == ops.LK_UPGRADE:
        return S[lk.holds_of(C, lock, t)] > 0
    if code == ops.LK_WRITE_UNLOCK or code == ops.LK_DOWNGRADE or code == ops.LK_SPIN_UNLOCK:
        return S[lock + c.L_WRITER] == t + 1 and not bf.unlocking(C, S, t, address)
    return True


@jit
def stored_unlock(rule: Any, code: Any) -> Any:
    """Whether an unlock is a store: queued locks of the kernel. The others, and every read unlock, are locked RMWs."""
    if code == ops.LK_SPIN_UNLOCK:
        return True
    return code == ops.LK_WRITE_UNLOCK and rule == ops.QRWLOCK


@jit
def do_lock(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, row: Any) -> Any:
    """A lock event; true if the thread now waits."""
    address, code = value(C, S, base, C[row + 2]), C[row + 5]
    note(U, address, 0, 0, 0, c.PLAIN)
    index = lock_index(C, S, U, t, pc, address, code)
    if index < 0:
        return False
    rule, lock = C[C[c.C_RULE] + index], lk.lock_of(C, index)
    if not held(C, S, lock, address, t, code):
        fail(S, U, LOCK_MISUSE, t, pc, address, 0, c.MISUSE_NOT_HELD)
        return False
    waits = False
    if code == ops.LK_READ or code == ops.LK_WRITE or code == ops.LK_SPIN:
        waits = arrive(C, S, U, t, pc, rule, lock, index, code != ops.LK_READ)
    elif code == ops.LK_READ_UNLOCK:
        lk.unlock_read(C, S, U, rule, lock, t)
    elif code == ops.LK_WRITE_UNLOCK or code == ops.LK_SPIN_UNLOCK:
        lk.hold(C, S, U, t, -1)
        if bf.buffers(C, t) and stored_unlock(rule, code):
            U[c.U_EVENT] = c.BUFFERED
            bf.push(C, S, U, t, pc, c.UNLOCKED, address, 8, 0, 0, 0, 0, 1)
        else:
            lk.unlock_write(C, S, U, rule, lock)
    elif code == ops.LK_DOWNGRADE:
        lk.hold(C, S, U, t, -1)
        lk.unlock_write(C, S, U, rule, lock)
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
    elif code < ops.LK_READ_TRY or code == ops.LK_SPIN or code == ops.LK_SPIN_UNLOCK:
        mm.forget(C, S, U, t)
    return waits
