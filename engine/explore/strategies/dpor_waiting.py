"""Where an event can come earlier that varies with the state, or may have to wait.

What an event that varies would do before an earlier one is found out by trying. For one that may have to wait, to come
before an earlier event may not be enough: two readers that commute keep a writer waiting, each for itself. So what is
asked is which events it has to be without, of all that it depends on: sets with all that happens after their members.
The last ones are left out first, and where it can go on then, nothing more is: what leaves out more is come to from
there. An event for which one is enough, always, has just its races.
"""

from __future__ import annotations

from typing import Any

from engine.explore.machine import access as a
from engine.explore.machine import cells as c
from engine.explore.machine.dependence import depend
from engine.explore.machine.state import undo
from engine.explore.strategies import dpor_cells as d
from engine.explore.strategies import dpor_clocks as clocks
from engine.explore.strategies.dpor_reverse import again, exchange, possible
from engine.jit import jit


@jit
def without(F: Any, EV: Any, AT: Any, Q: Any, V: Any, size: Any, k: Any) -> Any:
    """Whether event k is one of those in V, or happens after one."""
    for n in range(size):  # noqa: SIM110
        if V[n] <= k and clocks.before(F, EV, AT, Q, V[n], k):
            return True
    return False


@jit
def attempt(C: Any, S: Any, U: Any, F: Any, EV: Any, AT: Any, Q: Any, V: Any, size: Any, i: Any, j: Any) -> Any:
    """Whether the process of row AT[j] can take its next step without the events in V, of which event i is the
    earliest, and what happens after them. Its record then goes to Q[tried].

    The state is that at node j, and is so again afterwards.
    """
    p = EV[d.event(F, AT, j) + d.E_PROCESS]
    top, mark = U[c.U_TOP], EV[d.event(F, AT, i) + d.E_MARK]
    for k in range(top - 2, mark - 1, -2):
        exchange(S, U, k)
    for k in range(i + 1, j):
        if not without(F, EV, AT, Q, V, size, k):
            again(C, S, U, F, EV, AT, k)
    can = possible(C, S, U, F, p)
    if can:
        a.next_access(C, S, F, p, Q, d.tried(F))
    undo(S, U, top)
    for k in range(mark, top, 2):
        exchange(S, U, k)
    return can


@jit
def list_one(F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any, size: Any, i: Any, j: Any) -> Any:
    """List what was tried. False: K has no room."""
    at, clock, record = d.reversal(F, X, X[d.X_LISTED]), F[d.F_SCRATCH], d.tried(F)
    if d.reversal(F, X, X[d.X_LISTED] + 1) > X[d.X_TOP_MAX]:
        return False
    clocks.begin(F, AT, Q, j, EV[d.event(F, AT, j) + d.E_PROCESS], clock)
    for k in range(j):
        if depend(F, EV, d.record(F, AT, k), Q, record) and not without(F, EV, AT, Q, V, size, k):
            clocks.join(F, Q, clock, d.clock(F, AT, k))
    K[at] = i
    d.copy(Q, record, K, at + 1, F[d.F_RECORD])
    d.copy(Q, clock, K, at + 1 + F[d.F_RECORD], F[d.F_PROCESSES])
    X[d.X_LISTED] += 1
    return True


@jit
def newly(F: Any, EV: Any, AT: Any, Q: Any, V: Any, size: Any, k: Any, j: Any) -> Any:
    """Whether the event of row AT[j] depends on event k as it was tried, and not as it is, and k is still before it."""
    e, o = d.event(F, AT, j), d.event(F, AT, k)
    return (EV[o + d.E_PROCESS] != EV[e + d.E_PROCESS] and not without(F, EV, AT, Q, V, size, k)
            and depend(F, EV, o + d.E_RECORD, Q, d.tried(F)) and not depend(F, EV, o + d.E_RECORD, EV, e + d.E_RECORD)
            and not clocks.knows(F, EV, AT, Q, d.needs(F), k))


@jit
def newly_next(F: Any, EV: Any, AT: Any, Q: Any, V: Any, size: Any, k: Any, j: Any) -> Any:
    """Whether event k is the next of these to leave out: none that happens after it is there any more."""
    if not newly(F, EV, AT, Q, V, size, k, j):
        return False
    for later in range(k + 1, j):
        if clocks.before(F, EV, AT, Q, k, later) and newly(F, EV, AT, Q, V, size, later, j):
            return False
    return True


@jit
def tell(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any, size: Any, i: Any,
         j: Any) -> Any:
    """List what was tried, and the same without more: what it depends on only as it was tried, it may come before too,
    and no race of it as it is shows that. False: K has no room."""
    if not list_one(F, X, EV, AT, Q, K, V, size, i, j):
        return False
    n, k = size, j - 1
    while True:
        while k > i and not newly_next(F, EV, AT, Q, V, n, k, j):
            k -= 1
        if k > i:
            V[n] = k
            n += 1
            if attempt(C, S, U, F, EV, AT, Q, V, n, i, j) and not list_one(F, X, EV, AT, Q, K, V, n, i, j):
                return False
        elif n > size:
            n -= 1
            k = V[n]
            attempt(C, S, U, F, EV, AT, Q, V, n, i, j)
        else:
            return True
        k -= 1


@jit
def unlocks(EV: Any, at: Any) -> Any:
    mode = EV[at + a.MODE]
    return mode >= a.LOCK and (mode & 15 == a.READ_UNLOCK or mode & 15 == a.WRITE_UNLOCK)


@jit
def counts(F: Any, EV: Any, AT: Any, Q: Any, k: Any, j: Any, writes: Any) -> Any:
    """Whether the event of row AT[j] depends on event k, and does not need it. A writer that waits cannot go on between
    a lock and its unlock: leaving out the unlock alone is in vain."""
    e, o = d.event(F, AT, j), d.event(F, AT, k)
    return (EV[o + d.E_PROCESS] != EV[e + d.E_PROCESS] and not clocks.knows(F, EV, AT, Q, d.needs(F), k)
            and depend(F, EV, o + d.E_RECORD, EV, e + d.E_RECORD)
            and not (writes and unlocks(EV, o + d.E_RECORD)))


@jit
def may_be_next(F: Any, EV: Any, AT: Any, Q: Any, V: Any, size: Any, k: Any, j: Any, writes: Any) -> Any:
    """Whether event k is the next to leave out: it counts, and all that happens after it and counts is left out."""
    if not counts(F, EV, AT, Q, k, j, writes):
        return False
    for later in range(k + 1, j):
        if (clocks.before(F, EV, AT, Q, k, later) and not without(F, EV, AT, Q, V, size, later)
                and counts(F, EV, AT, Q, later, j, writes)):
            return False
    return True


@jit
def last_to_leave_out(F: Any, X: Any, EV: Any, AT: Any, j: Any) -> Any:
    """What a jump to this very event has taken before it stays: what leaves that out too is come to from elsewhere,
    where the event comes later."""
    e = d.event(F, AT, j)
    return EV[e + d.E_START] - 1 if X[d.X_WAITER] < 0 and EV[e + d.E_ROLE] == d.HEAD else j - 1


@jit
def of_waiting(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any, j: Any) -> Any:
    """List the reversals of an event that may have to wait, or waits for ever. False: no room."""
    at = d.record(F, AT, j)
    writes = EV[at + a.MODE] >= a.LOCK and EV[at + a.MODE] & 15 == a.WRITE_GRANTED
    clocks.begin(F, AT, Q, j, EV[d.event(F, AT, j) + d.E_PROCESS], d.needs(F))
    size, k = 0, last_to_leave_out(F, X, EV, AT, j)
    while k >= 0 or size > 0:
        if k < 0:
            size -= 1
            k = V[size] - 1
            continue
        if may_be_next(F, EV, AT, Q, V, size, k, j, writes):
            V[size] = k
            size += 1
            if attempt(C, S, U, F, EV, AT, Q, V, size, k, j):
                if not tell(C, S, U, F, X, EV, AT, Q, K, V, size, k, j):
                    return False
                size -= 1
        k -= 1
    return True


@jit
def of_varying(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any, j: Any) -> Any:
    """List the reversals of an event whose record varies: its races. False: no room."""
    clocks.begin(F, AT, Q, j, EV[d.event(F, AT, j) + d.E_PROCESS], d.needs(F))
    for r in range(EV[d.event(F, AT, j) + d.E_RACES]):
        i = V[0] = Q[d.race(F, AT, j, r)]
        if (attempt(C, S, U, F, EV, AT, Q, V, 1, i, j)
                and not tell(C, S, U, F, X, EV, AT, Q, K, V, 1, i, j)):
            return False
    return True


@jit
def settle(C: Any, S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, V: Any, j: Any) -> Any:
    """The reversals of the event of row AT[j], which comes next at node j, or never. False: K has no room."""
    how = EV[d.record(F, AT, j) + a.HOW]
    X[d.X_LIST], X[d.X_LISTED] = X[d.X_TOP], 0
    if X[d.X_WAITER] >= 0 or how & a.WAITS:
        done = of_waiting(C, S, U, F, X, EV, AT, Q, K, V, j)
    elif how & a.VARIES:
        done = of_varying(C, S, U, F, X, EV, AT, Q, K, V, j)
    else:
        X[d.X_LISTED] = -1
        return True
    if done:
        X[d.X_TOP] = d.reversal(F, X, X[d.X_LISTED])
    return done
