"""What `dpor` asks the machine: whether a process can take a step that is an event; and how it takes one again, or back
and forth, to see what would be (`dpor_waiting`).
"""

from __future__ import annotations

from typing import Any

from engine.explore.machine import access as a
from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import memory as mm
from engine.explore.machine import step as m
from engine.explore.machine.local import advance
from engine.explore.machine.state import put, undo
from engine.explore.strategies import dpor_cells as d
from engine.jit import jit

# --- turns of spin loops that lead back to where they began ---


@jit
def matters(C: Any, t: Any, pc: Any, base: Any, i: Any) -> Any:
    """Whether a change of cell i is one that thread `t`, or anybody else, can notice after a failed turn."""
    area = mm.area_of(C, t)
    if i == c.S_STEPS or i == c.S_ASLEEP or i == area + c.T_WATCHED or (area + c.T_WATCH <= i < area + c.T_CALLS):
        return False
    end = C[c.C_REGS] + (t + 1) * C[c.C_REG_SIZE]
    if base + C[c.C_SHADOW] <= i < end + C[c.C_SHADOW]:
        i -= C[c.C_SHADOW]
    if base <= i < end:
        register = i - base
        return register >= c.LIVE_MAX or (C[C[c.C_LIVE] + pc] >> register & 1) != 0
    return True


@jit
def changed(C: Any, S: Any, U: Any, t: Any, pc: Any, base: Any, mark: Any) -> Any:
    """Whether what happened since `mark` has left a trace."""
    for k in range(mark, U[c.U_TOP], 2):
        i = U[k]
        if S[i] != U[k + 1] and matters(C, t, pc, base, i):
            first = True  # an earlier entry has the value it had at `mark`
            for j in range(mark, k, 2):
                first = first and U[j] != i
            if first:
                return True
    return False


@jit
def awaits(C: Any, S: Any, U: Any, F: Any, t: Any) -> Any:
    """Whether the next step of process `t` is a turn of a spin loop that fails and leaves everything as it is.

    Such a turn is no event: the thread waits until its step does something else.
    """
    if t >= C[c.C_THREADS]:
        return False
    area = mm.area_of(C, t)
    pc, base = S[area + c.T_PC], S[area + c.T_BASE]
    if S[area + c.T_STATUS] != c.READY or F[a.F_ROWS + pc] == 0:
        return False
    mark = U[c.U_TOP]
    m.step(C, S, U, t)
    if S[area + c.T_STATUS] == c.ASLEEP:
        put(S, U, area + c.T_STATUS, c.READY)
        put(S, U, c.S_ASLEEP, S[c.S_ASLEEP] - 1)
        put(S, U, area + c.T_WATCHED, 0)
        advance(C, S, U, t, S[area + c.T_PC])
    same = (S[c.S_KIND] == 0 and S[area + c.T_STATUS] == c.READY and S[area + c.T_PC] == pc
            and S[area + c.T_BASE] == base and S[area + c.T_WATCHED] == 0)
    same = same and not changed(C, S, U, t, pc, base, mark)
    undo(S, U, mark)
    return same


@jit
def possible(C: Any, S: Any, U: Any, F: Any, p: Any) -> Any:
    """Whether process p can take a step that is an event."""
    if p >= C[c.C_THREADS]:
        return bf.flushers(C, S) >> p & 1 != 0
    return m.ready(C, S, p) and (C[c.C_RELAXES] == 0 or not awaits(C, S, U, F, p))


# --- trying ---


@jit
def exchange(S: Any, U: Any, k: Any) -> None:
    i, old = U[k], U[k + 1]
    U[k + 1] = S[i]
    S[i] = old


@jit
def end_thread(C: Any, S: Any, U: Any, t: Any) -> None:
    """What is left of a violation: its thread goes on no more."""
    status = mm.area_of(C, t) + c.T_STATUS
    if S[status] == c.CHOOSING:
        put(S, U, c.S_CHOOSING, S[c.S_CHOOSING] - 1)
    put(S, U, status, c.DONE)


@jit
def again(C: Any, S: Any, U: Any, F: Any, EV: Any, AT: Any, k: Any) -> None:
    """Take event k."""
    e = d.event(F, AT, k)
    if EV[e + d.E_FAILED]:
        if EV[e + d.E_KIND] == d.STEP and EV[e + d.E_PROCESS] < C[c.C_THREADS]:
            end_thread(C, S, U, EV[e + d.E_PROCESS])
    elif EV[e + d.E_KIND] == d.VALUE:
        m.choose(C, S, U, EV[e + d.E_PROCESS], EV[e + d.E_VALUE])
    else:
        m.step(C, S, U, EV[e + d.E_PROCESS])
