"""Wakeup trees: which sequences are still to be explored from a node, in such a way that none is explored in vain.

A sequence v is a list of rows of EV in V, -1 where an event was taken out. See section 6 of "Source Sets" (Abdulla,
Aronis, Jonsson, Sagonas, JACM 64(4), 2017) for weak initials and for `insert`. One thing differs: a new branch is cut
behind the event that reverses the race as soon as every process that sleeps at its end would have been woken; what
comes after it is explored from there without guidance, and cannot have been explored before.

What matters at a node is that the first process of what is explored can come first in v; the nodes below see to the
rest. So a race need not be looked at again while the event that shows this is a part of the path (X_BY).
"""

from __future__ import annotations

from typing import Any, Final

from engine.explore.machine import access as a
from engine.explore.strategies import dpor_cells as d
from engine.jit import jit

NOT_INITIAL: Final = -2
ABSENT: Final = -1


@jit
def initial(F: Any, X: Any, EV: Any, V: Any, size: Any, process: Any, value: Any, A: Any, at: Any) -> Any:
    """Whether an event can come first in some sequence that begins like v: its place in v, ABSENT, or NOT_INITIAL.

    Args:
        value: of a choice, -1 for a step. A, at: the event's record.
    """
    for k in range(size):
        if V[k] < 0:
            continue
        e = d.event(X, V[k])
        if EV[e + d.E_PROCESS] == process:
            same = value < 0 or EV[e + d.E_VALUE] == value
            return k if same else NOT_INITIAL
        if a.depend(F, A, at, EV, e + d.E_RECORD):
            return NOT_INITIAL
    return ABSENT


@jit
def sleeping(F: Any, X: Any, EV: Any, Q: Any, V: Any, i: Any, size: Any) -> Any:
    """Whether what begins with v at node i was explored already: a process that sleeps there can come first."""
    asleep = EV[d.event(X, i) + d.E_SLEEP]
    q = 0
    while asleep >> q != 0:
        if asleep >> q & 1:
            k = initial(F, X, EV, V, size, q, -1, Q, d.sleeper(X, i, q))
            if k != NOT_INITIAL:
                X[d.X_BY] = V[k] if k >= 0 else -1
                return True
        q += 1
    return False


@jit
def take(X: Any, W: Any) -> Any:
    """A new row of W."""
    w = X[d.X_FREE]
    row = d.tree(X, w)
    X[d.X_FREE] = W[row + d.W_NEXT]
    X[d.X_LEFT] -= 1
    X[d.X_USED] += 1
    X[d.X_PEAK] = max(X[d.X_PEAK], X[d.X_USED])
    W[row + d.W_NEXT] = 0
    W[row + d.W_CHILD] = 0
    return w


@jit
def give_back(X: Any, W: Any, w: Any) -> None:
    W[d.tree(X, w) + d.W_NEXT] = X[d.X_FREE]
    X[d.X_FREE] = w
    X[d.X_LEFT] += 1
    X[d.X_USED] -= 1


@jit
def meet(F: Any, X: Any, Q: Any, W: Any, V: Any, alive: Any, A: Any, at: Any) -> Any:
    """Drop from the records in V those that depend on A[at]; how many are left. In Q at k, or in W at -1 - k."""
    base, kept = X[d.X_ALIVE], 0
    for k in range(alive):
        ref = V[base + k]
        if ref >= 0:
            woken = a.depend(F, Q, ref, A, at)
        else:
            woken = a.depend(F, W, -1 - ref, A, at)
        if not woken:
            V[base + kept] = ref
            kept += 1
    return kept


@jit
def sleepers(X: Any, EV: Any, V: Any, i: Any) -> Any:
    """The records of the processes asleep at node i, in V; how many."""
    asleep, alive, q = EV[d.event(X, i) + d.E_SLEEP], 0, 0
    while asleep >> q != 0:
        if asleep >> q & 1:
            V[X[d.X_ALIVE] + alive] = d.sleeper(X, i, q)
            alive += 1
        q += 1
    return alive


@jit
def link(X: Any, EV: Any, W: Any, i: Any, parent: Any, left: Any, w: Any) -> None:
    """Make w the last child of a row, of node i where the parent is 0; `left`: the last child so far."""
    if left != 0:
        W[d.tree(X, left) + d.W_NEXT] = w
    elif parent != 0:
        W[d.tree(X, parent) + d.W_CHILD] = w
    else:
        EV[d.event(X, i) + d.E_TREE] = w


@jit
def append(F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, i: Any, size: Any, parent: Any, left: Any,
           alive: Any) -> None:
    """Add what is left of v as a new branch, as far as it is needed."""
    reversed_ = True
    for k in range(size):
        reversed_ = reversed_ and V[k] != X[d.X_SCRATCH]
    for k in range(size):
        if V[k] < 0:
            continue
        if parent == 0:
            X[d.X_BY] = V[k]
        e, w = d.event(X, V[k]), take(X, W)
        row = d.tree(X, w)
        W[row + d.W_PROCESS] = EV[e + d.E_PROCESS]
        W[row + d.W_KIND] = EV[e + d.E_KIND]
        W[row + d.W_VALUE] = EV[e + d.E_VALUE]
        d.copy(EV, e + d.E_RECORD, W, row + d.W_RECORD, X[d.X_RECORD])
        link(X, EV, W, i, parent, left, w)
        parent, left = w, 0
        alive = meet(F, X, Q, W, V, alive, EV, e + d.E_RECORD)
        reversed_ = reversed_ or V[k] == X[d.X_SCRATCH]
        if reversed_ and alive == 0:
            return


@jit
def insert(F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, i: Any, size: Any) -> None:
    """See to it that something that begins like v, which no sleeping process begins, is explored from node i."""
    alive = sleepers(X, EV, V, i)
    parent, left, child = 0, 0, EV[d.event(X, i) + d.E_TREE]
    while child != 0:
        row = d.tree(X, child)
        choice = W[row + d.W_KIND] == d.VALUE
        value = W[row + d.W_VALUE] if choice else -1
        k = initial(F, X, EV, V, size, W[row + d.W_PROCESS], value, W, row + d.W_RECORD)
        if k == NOT_INITIAL:
            if not choice:
                V[X[d.X_ALIVE] + alive] = -1 - (row + d.W_RECORD)
                alive += 1
            left, child = child, W[row + d.W_NEXT]
            continue
        if parent == 0:
            X[d.X_BY] = V[k] if k >= 0 else -1
        if W[row + d.W_CHILD] == 0:
            return
        if k >= 0:
            V[k] = -1
        alive = meet(F, X, Q, W, V, alive, W, row + d.W_RECORD)
        parent, left, child = child, 0, W[row + d.W_CHILD]
    append(F, X, EV, Q, W, V, i, size, parent, left, alive)
