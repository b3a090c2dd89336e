"""The end of an execution: its races are reversed, and each reversal that is new goes into a wakeup tree.

A race is a pair of events e, e' of two processes, dependent, with nothing between them that orders them. Its reversal
is v = notdep(e).e': all events after e that do not happen after it, then e', from the node before e. A choice among
values races with the values that it is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import access as a
from engine.explore.machine import cells as c
from engine.explore.machine import memory as mm
from engine.explore.machine.dependence import depend
from engine.explore.strategies import dpor_cells as d
from engine.explore.strategies import dpor_clocks as clocks
from engine.explore.strategies import dpor_reverse as reverse
from engine.explore.strategies import dpor_tree as trees
from engine.jit import jit


@jit
def precedes(F: Any, EV: Any, Q: Any, i: Any, k: Any, clock: Any) -> Any:
    """Whether event k > i happens before the reversing event, whose clock is Q[clock], and not after event i.

    A choice goes with the step that it belongs to.
    """
    e = d.event(F, k)
    if EV[e + d.E_KIND] == d.VALUE:
        k = Q[d.last(F, k) + EV[e + d.E_PROCESS]]
        if k <= i:
            return True
        e = d.event(F, k)
    return Q[clock + EV[e + d.E_PROCESS]] >= EV[e + d.E_NUMBER] and not clocks.before(F, EV, Q, i, k)


@jit
def note(F: Any, EV: Any, k: Any, i: Any, present: Any, first: Any) -> Any:
    """Event k comes next in v, which begins at node i: X_PRESENT and X_FIRST with it."""
    bit = np.int64(1) << EV[d.event(F, k) + d.E_PROCESS]
    if present & bit == 0 and EV[d.event(F, k) + d.E_BEHIND] <= i:
        first |= bit
    return present | bit, first


@jit
def sequence(F: Any, X: Any, EV: Any, Q: Any, V: Any, i: Any, j: Any, clock: Any) -> Any:
    """v in V, and its length: what happens before the reversing event, then that (the scratch row), then the rest.

    Who can come first needs no comparison of records: a first event with nothing behind it but what is before node i.
    """
    size, present, first = 0, np.int64(0), np.int64(0)
    e, end = d.event(F, i), X[d.X_EVENTS]
    process, number = EV[e + d.E_PROCESS], EV[e + d.E_NUMBER]
    for k in range(i + 1, j):
        if Q[d.clock(F, k) + process] < number and precedes(F, EV, Q, i, k, clock):
            present, first = note(F, EV, k, i, present, first)
            V[size] = k
            size += 1
    V[size] = F[d.F_SCRATCH]
    size += 1
    present, first = note(F, EV, j, i, present, first)
    for k in range(i + 1, end):
        if k != j and Q[d.clock(F, k) + process] < number and not (k < j and precedes(F, EV, Q, i, k, clock)):
            present, first = note(F, EV, k, i, present, first)
            V[size] = k
            size += 1
    X[d.X_PRESENT], X[d.X_FIRST] = present, first
    return size


@jit
def sequence_of_varying(F: Any, X: Any, EV: Any, Q: Any, V: Any, i: Any, j: Any) -> Any:
    """The same for an event that may now be another: it comes where it was tried, and only what is independent of it,
    and does not happen after what is not, comes later."""
    size, dropped, base = 0, 0, F[d.F_ALIVE]
    X[d.X_PRESENT] = -1
    for k in range(i + 1, j):
        if not clocks.before(F, EV, Q, i, k):
            V[size] = k
            size += 1
    V[size] = F[d.F_SCRATCH]
    size += 1
    for k in range(j + 1, X[d.X_EVENTS]):
        if clocks.before(F, EV, Q, i, k):
            continue
        keep = not depend(F, EV, d.record(F, k), EV, d.record(F, F[d.F_SCRATCH]))
        for n in range(dropped):
            keep = keep and not clocks.before(F, EV, Q, V[base + n], k)
        if keep:
            V[size] = k
            size += 1
        else:
            V[base + dropped] = k
            dropped += 1
    return size


@jit
def examine(F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, i: Any, size: Any) -> None:
    """Explore v in V from node i some time, unless something that begins like it was, or will be."""
    if not trees.sleeping(F, X, EV, Q, V, i, size):
        trees.insert(F, X, EV, Q, W, V, i, size)


@jit
def scratch(F: Any, EV: Any, process: Any, kind: Any, value: Any) -> Any:
    """The row for an event that is not there yet."""
    e = d.event(F, F[d.F_SCRATCH])
    EV[e + d.E_PROCESS] = process
    EV[e + d.E_KIND] = kind
    EV[e + d.E_VALUE] = value
    return e


@jit
def of_step(F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, j: Any, row: Any, r: Any) -> None:
    """Race r of the event in `row`: event j, or the scratch row itself for one that waits for ever."""
    at = d.race(F, row, r)
    i, by = Q[at], Q[at + d.RACE_SEEN_TO]
    if by >= 0 and by < X[d.X_NEW]:
        return
    e = scratch(F, EV, EV[d.event(F, row) + d.E_PROCESS], d.STEP, 0)
    if row != F[d.F_SCRATCH] and EV[d.record(F, j) + a.HOW] & (a.VARIES | a.WAITS) == 0:
        d.copy(EV, d.record(F, j), EV, e + d.E_RECORD, F[d.F_RECORD])
        examine(F, X, EV, Q, W, V, i, sequence(F, X, EV, Q, V, i, j, d.clock(F, j)))
    else:
        d.copy(Q, d.race_record(F, row, r), EV, e + d.E_RECORD, F[d.F_RECORD])
        examine(F, X, EV, Q, W, V, i, sequence_of_varying(F, X, EV, Q, V, i, j))
    Q[at + d.RACE_SEEN_TO] = j if X[d.X_BY] == F[d.F_SCRATCH] else X[d.X_BY]


@jit
def done(F: Any, EV: Any, W: Any, i: Any, value: Any) -> Any:
    """Whether a value was explored at node i."""
    w = EV[d.event(F, i) + d.E_DONE]
    while w != 0:
        if W[d.tree(F, w) + d.W_VALUE] == value:
            return True
        w = W[d.tree(F, w) + d.W_NEXT]
    return False


@jit
def of_choice(F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, i: Any, value: Any) -> None:
    """Another value for the choice that event i is."""
    if value == EV[d.event(F, i) + d.E_VALUE] or done(F, EV, W, i, value):
        return
    e = scratch(F, EV, EV[d.event(F, i) + d.E_PROCESS], d.VALUE, value)
    d.copy(EV, d.record(F, i), EV, e + d.E_RECORD, F[d.F_RECORD])
    X[d.X_PRESENT] = -1
    V[0] = F[d.F_SCRATCH]
    size = 1
    for k in range(i + 1, X[d.X_EVENTS]):
        if not clocks.before(F, EV, Q, i, k):
            V[size] = k
            size += 1
    examine(F, X, EV, Q, W, V, i, size)


@jit
def settle(C: Any, S: Any, U: Any, F: Any, EV: Any, Q: Any, j: Any) -> None:
    how = EV[d.record(F, j) + a.HOW]
    if how & a.WAITS:
        reverse.settle_waiting(C, S, U, F, EV, Q, j, j, j)
    elif how & a.VARIES:
        reverse.settle(C, S, U, F, EV, Q, j)


@jit
def of_waiting(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, t: Any) -> None:
    """The races of a step that thread `t` never took, because something has made it impossible."""
    status = S[mm.area_of(C, t) + c.T_STATUS]
    if status != c.BLOCKED and status != c.READY:
        return
    row, events = F[d.F_SCRATCH], X[d.X_EVENTS]
    e = scratch(F, EV, t, d.STEP, 0)
    a.next_access(C, S, F, t, EV, e + d.E_RECORD)
    reverse.settle_waiting(C, S, U, F, EV, Q, events, row, events)
    for r in range(EV[e + d.E_RACES]):
        of_step(F, X, EV, Q, W, V, events, row, r)


@jit
def analyse(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any) -> Any:
    """Reverse the races of the execution that is over, from where the last call stopped; false if W is full."""
    events = X[d.X_EVENTS]
    while X[d.X_EVENT] < events + (C[c.C_THREADS] if X[d.X_WAITING] else 0):
        j, r = X[d.X_EVENT], X[d.X_RACE]
        if X[d.X_LEFT] < (events + 1) * (F[d.F_PROCESSES] if j >= events else 1):
            return False
        if j >= events:
            of_waiting(C, S, U, F, X, EV, Q, W, V, j - events)
        else:
            if r == 0 and j >= X[d.X_NEW]:
                settle(C, S, U, F, EV, Q, j)
            e = d.event(F, j)
            if r < EV[e + d.E_RACES]:
                if EV[e + d.E_KIND] == d.VALUE:
                    of_choice(F, X, EV, Q, W, V, j, r)
                else:
                    of_step(F, X, EV, Q, W, V, j, j, r)
                X[d.X_RACE] += 1
                continue
        X[d.X_EVENT] += 1
        X[d.X_RACE] = 0
    return True
