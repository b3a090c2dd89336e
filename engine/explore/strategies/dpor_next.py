"""What `dpor` does at a node: what the last jump asks for, or a process of its own choice, or the execution is over."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.machine import access as a
from engine.explore.machine import buffers as bf
from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.memory import area_of
from engine.explore.strategies import cells as x
from engine.explore.strategies import dpor_cells as d
from engine.explore.strategies import dpor_clocks as clocks
from engine.explore.strategies import dpor_races as races
from engine.explore.strategies import dpor_reverse as reverse
from engine.explore.strategies.dpor_steps import finish, go, lowest
from engine.jit import jit

NOBODY: Final = -1


@jit
def stalled(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any) -> Any:
    """The process that the last step was put before, if it can go on now; NOBODY."""
    n = X[x.X_DEPTH]
    h = races.step_of(F, EV, AT, n - 1)
    if h < 0 or EV[d.event(F, AT, h) + d.E_ROLE] != d.HEAD:
        return np.int64(NOBODY)
    p = EV[d.event(F, AT, h) + d.E_STALLED]
    if not X[d.X_DEAD] >> p & 1 and reverse.possible(C, S, U, F, p):
        return p
    EV[d.event(F, AT, n) + d.E_BROKEN] = h + 1
    return np.int64(NOBODY)


@jit
def leads_on(C: Any, S: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, p: Any) -> Any:
    """Whether the next step of process p, which is possible, does not only repeat what is seen elsewhere."""
    n = X[x.X_DEPTH]
    e = d.event(F, AT, n)
    if EV[e + d.E_BROKEN] == 0 or EV[e + d.E_SEEN] != 0:
        return True
    a.next_access(C, S, F, p, EV, e + d.E_RECORD)
    clocks.begin(F, AT, Q, n, p, F[d.F_SCRATCH])
    clocks.sees(F, EV, AT, Q, EV, e + d.E_RECORD, n, -1, F[d.F_SCRATCH])
    return not races.seen(F, EV, AT, Q, n, p, EV, e + d.E_RECORD, F[d.F_SCRATCH])


@jit
def pick(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any) -> Any:
    """Without guidance: whom the last jump was put before; or the process of the last event (schedules are
    unsurprising); or another. NOBODY can."""
    answer = stalled(C, S, U, F, X, EV, AT)
    if answer != NOBODY:
        return answer
    j, dead = X[x.X_DEPTH], X[d.X_DEAD]
    last = EV[d.event(F, AT, j - 1) + d.E_PROCESS] if j > 0 else np.int64(NOBODY)
    if last >= 0 and not dead >> last & 1 and reverse.possible(C, S, U, F, last):
        answer = last
        if leads_on(C, S, F, X, EV, AT, Q, last):
            return last
    for t in range(C[c.C_THREADS]):
        status = S[area_of(C, t) + c.T_STATUS]
        if t != last and (status == c.READY or status == c.BLOCKED) and reverse.possible(C, S, U, F, t):
            if leads_on(C, S, F, X, EV, AT, Q, t):
                return t
            answer = t if answer == NOBODY else answer
    if C[c.C_MODEL] != c.SC:
        flushes = bf.flushers(C, S) & ~dead
        while flushes != 0:
            p = lowest(flushes)
            flushes &= flushes - 1
            if leads_on(C, S, F, X, EV, AT, Q, p):
                return p
            answer = p if answer == NOBODY else answer
    return answer


@jit
def follow(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any) -> Any:
    """What the last jump asks for at this node. True if that is a violation to tell of."""
    n, h, p = X[x.X_DEPTH], X[d.X_JUMP], m.chooser(C, S)
    if n + 1 < X[d.X_GUIDED]:
        at = K[h + d.J_BOTTOM] + 2 * (n - K[h + d.J_NODE])
        e, whole = K[at] * F[d.F_EVENT_ROW], K[at + 1] != 0
        q, kind, value = EV[e + d.E_PROCESS], EV[e + d.E_KIND], EV[e + d.E_VALUE]
    else:
        q, kind, value, whole = K[h + d.J_PROCESS], np.int64(d.STEP), np.int64(0), True
    if p != (q if kind == d.VALUE else -1) or (kind == d.STEP and not reverse.possible(C, S, U, F, q)):
        X[x.X_DIVERGED] += 1
        return False
    if kind == d.VALUE:
        EV[d.event(F, AT, n) + d.E_RACES] = m.choices(C, S, q)
    if n + 1 < X[d.X_GUIDED]:
        return go(C, S, U, F, X, EV, AT, Q, V, kind, q, value if whole else 0, d.GIVEN if whole else d.FREE)
    e = d.event(F, AT, n)
    EV[e + d.E_STALLED] = EV[K[h + d.J_STALLED] * F[d.F_EVENT_ROW] + d.E_PROCESS]
    EV[e + d.E_STALLED_ROW] = K[h + d.J_STALLED]
    EV[e + d.E_START] = K[h + d.J_NODE]
    failed = go(C, S, U, F, X, EV, AT, Q, V, kind, q, value, d.HEAD)
    at = e + d.E_RECORD
    if EV[at + a.LO] != K[h + d.J_LO] or EV[at + a.MODE] != K[h + d.J_MODE]:
        X[x.X_DIVERGED] += 1
    return failed


@jit
def look(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any) -> Any:
    """A node: do what the last jump asks for, or take any event, or end the execution. True if that is something to
    stop at."""
    if X[x.X_DEPTH] < X[d.X_GUIDED]:
        return follow(C, S, U, F, X, EV, AT, Q, K, V)
    p = m.chooser(C, S)
    if p >= 0:
        EV[d.event(F, AT, X[x.X_DEPTH]) + d.E_RACES] = m.choices(C, S, p)
        return go(C, S, U, F, X, EV, AT, Q, V, d.VALUE, p, 0, d.FREE)
    p = pick(C, S, U, F, X, EV, AT, Q)
    if p == NOBODY:
        return finish(C, S, U, F, X, EV, AT)
    return go(C, S, U, F, X, EV, AT, Q, V, d.STEP, p, 0, d.FREE)
