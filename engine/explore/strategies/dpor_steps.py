"""Events taken and taken back: what `dpor` knows of one, and what a violation does to an execution."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import access as a
from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.local import STEP_LIMIT
from engine.explore.machine.memory import area_of
from engine.explore.machine.state import undo
from engine.explore.strategies import cells as x
from engine.explore.strategies import dpor_cells as d
from engine.explore.strategies import dpor_clocks as clocks
from engine.explore.strategies import dpor_jumps as jumps
from engine.explore.strategies import dpor_races as races
from engine.explore.strategies import dpor_reverse as reverse
from engine.jit import jit


@jit
def lowest(mask: Any) -> Any:
    """The number of the lowest bit of a mask that is not 0."""
    n = np.int64(0)
    while not mask >> n & 1:
        n += 1
    return n


@jit
def note_waking(C: Any, S: Any, EV: Any, V: Any, at: Any, slept: Any) -> Any:
    """The threads of `slept` that the last event has woken, as bits. It has read all that they watched."""
    mask = np.int64(0)
    for t in range(C[c.C_THREADS]):
        area = area_of(C, t)
        if slept >> t & 1 and S[area + c.T_STATUS] != c.ASLEEP:
            mask |= np.int64(1) << t
            now = S[area + c.T_WATCHED]
            S[area + c.T_WATCHED] = V[t]  # the entries are still there
            a.add_watched(C, S, t, EV, at)
            S[area + c.T_WATCHED] = now
    return mask


@jit
def asleep(C: Any, S: Any, V: Any) -> Any:
    """The threads asleep, as bits; in V the lengths of their watch lists."""
    mask = np.int64(0)
    if S[c.S_ASLEEP] != 0:
        for t in range(C[c.C_THREADS]):
            area = area_of(C, t)
            if S[area + c.T_STATUS] == c.ASLEEP:
                mask |= np.int64(1) << t
                V[t] = S[area + c.T_WATCHED]
    return mask


@jit
def fail(S: Any, F: Any, X: Any, EV: Any, AT: Any) -> Any:
    """The last event is a violation. True if it is one to tell of."""
    j = X[x.X_DEPTH] - 1
    told = EV[d.event(F, AT, j + 1) + d.E_SEEN] == 0
    if told:
        X[x.X_EXECUTIONS] += 1 - X[d.X_COUNTED]
        X[d.X_COUNTED] = 1
    X[x.X_PHASE] = d.FAILED
    if (S[c.S_KIND] == STEP_LIMIT and S[c.S_DETAIL] == c.LIMIT_STEPS) or races.step_of(F, EV, AT, j) < 0:
        X[x.X_REDUNDANT] += not told
        X[d.X_EVENTS] = X[x.X_DEPTH]
        X[d.X_END] = EV[d.event(F, AT, j) + d.E_MARK]
        X[d.X_WAITER] = F[d.F_PROCESSES]
        X[d.X_COUNTED] = 0
        X[x.X_PHASE] = d.OVER
    return told


@jit
def new_event(U: Any, F: Any, X: Any, EV: Any, AT: Any, kind: Any, p: Any, value: Any, role: Any) -> Any:
    """The next event in EV; the row is the node's."""
    e = d.event(F, AT, X[x.X_DEPTH])
    EV[e + d.E_PROCESS] = p
    EV[e + d.E_KIND] = kind
    EV[e + d.E_VALUE] = value
    EV[e + d.E_MARK] = U[c.U_TOP]
    EV[e + d.E_ROLE] = role
    EV[e + d.E_FAILED] = 0
    return e


@jit
def new_node(C: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, woken: Any) -> None:
    """The event at the end of the path has happened: its clock, its races, the node after it."""
    j = X[x.X_DEPTH]
    e = d.event(F, AT, j)
    clocks.add(F, EV, AT, Q, j)
    jumps.take_row(X, AT, j + 1)
    clocks.next_node(F, EV, AT, Q, j, C[c.C_RELAXES] != 0)
    for t in range(C[c.C_THREADS]):
        if woken >> t & 1:
            Q[d.woken(F, AT, j + 1) + t] = j + 1
    n, role = d.event(F, AT, j + 1), EV[e + d.E_ROLE]
    EV[n + d.E_SPECIAL] = j + 1 if role == d.HEAD or role == d.OTHER else EV[e + d.E_SPECIAL]
    EV[n + d.E_BROKEN] = EV[e + d.E_BROKEN]
    EV[n + d.E_SEEN] = EV[e + d.E_SEEN]
    if EV[e + d.E_BROKEN] != 0 and EV[e + d.E_KIND] == d.STEP and races.seen(
            F, EV, AT, Q, j, EV[e + d.E_PROCESS], EV, e + d.E_RECORD, d.clock(F, AT, j)):
        EV[n + d.E_SEEN] = EV[e + d.E_SEEN] if EV[e + d.E_SEEN] != 0 else j + 1
    X[x.X_DEPTH] = j + 1


@jit
def go(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, V: Any, kind: Any, p: Any, value: Any,
       role: Any) -> Any:
    """Take an event. True if it is a violation to tell of."""
    at = new_event(U, F, X, EV, AT, kind, p, value, role) + d.E_RECORD
    slept = asleep(C, S, V)
    if kind == d.VALUE:
        a.clear(EV, at)
        m.choose(C, S, U, p, value)
    else:
        a.next_access(C, S, F, p, EV, at)
        X[x.X_STEPS] += 1
        m.step(C, S, U, p)
    woken = np.int64(0)
    if slept != 0:
        woken = note_waking(C, S, EV, V, at, slept)
    new_node(C, F, X, EV, AT, Q, woken)
    X[x.X_PHASE] = x.FRESH
    return S[c.S_KIND] != 0 and fail(S, F, X, EV, AT)


@jit
def go_on(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any) -> None:
    """The others go on after a violation that was told, as if its step, with its choices, had changed nothing."""
    last = X[x.X_DEPTH] - 1
    first = races.step_of(F, EV, AT, last)
    undo(S, U, EV[d.event(F, AT, first) + d.E_MARK])
    p = EV[d.event(F, AT, first) + d.E_PROCESS]
    if p < C[c.C_THREADS]:
        reverse.end_thread(C, S, U, p)
    else:
        X[d.X_DEAD] |= np.int64(1) << p
    for j in range(first, last + 1):
        EV[d.event(F, AT, j) + d.E_FAILED] = 1
        X[d.X_FAILURES] += 1
    X[x.X_PHASE] = x.FRESH


@jit
def take_back(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, j: Any) -> None:
    """Back to the state before event j. Was it a choice that failed, then the step that it belongs to is done again."""
    e = d.event(F, AT, j)
    if EV[e + d.E_FAILED] == 0 or EV[e + d.E_KIND] != d.VALUE:
        undo(S, U, EV[e + d.E_MARK])
        X[d.X_FAILURES] -= EV[e + d.E_FAILED]
        X[d.X_DEAD] &= ~(EV[e + d.E_FAILED] << EV[e + d.E_PROCESS])
        return
    first = races.step_of(F, EV, AT, j)
    undo(S, U, EV[d.event(F, AT, first) + d.E_MARK])
    for k in range(first, j + 1):
        EV[d.event(F, AT, k) + d.E_FAILED] = 0
        X[d.X_FAILURES] -= 1
        if k < j:
            reverse.again(C, S, U, F, EV, AT, k)


@jit
def finish(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any) -> Any:
    """Nobody goes on: a deadlock, or the check at rest. True if that is something to stop at."""
    X[d.X_EVENTS] = X[x.X_DEPTH]
    X[d.X_END] = U[c.U_TOP]
    X[d.X_WAITER] = 0
    X[x.X_PHASE] = d.OVER
    if EV[d.event(F, AT, X[x.X_DEPTH]) + d.E_SEEN]:
        X[x.X_REDUNDANT] += 1
        X[x.X_EXECUTIONS] -= X[d.X_COUNTED]
        X[d.X_COUNTED] = 0
        return False
    if X[d.X_FAILURES] == 0:
        mask = m.enabled(C, S)
        while mask != 0 and S[c.S_KIND] == 0:
            new_event(U, F, X, EV, AT, d.SPIN, lowest(mask), 0, d.FREE)
            X[x.X_DEPTH] += 1
            jumps.take_row(X, AT, X[x.X_DEPTH])
            m.step(C, S, U, lowest(mask))
            mask = m.enabled(C, S)
        if S[c.S_KIND] == 0:
            m.finish(C, S, U)
    X[x.X_EXECUTIONS] += 1 - X[d.X_COUNTED]
    X[d.X_COUNTED] = 0
    return S[c.S_KIND] != 0 or (X[x.X_EACH] != 0 and X[d.X_FAILURES] == 0)
