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

import numpy as np

from engine.explore.machine.dependence import apart, depend
from engine.explore.strategies import cells as x
from engine.explore.strategies import dpor_cells as d
from engine.jit import jit

NOT_INITIAL: Final = -2
ABSENT: Final = -1


@jit
def initial(F: Any, EV: Any, V: Any, size: Any, process: Any, value: Any, A: Any, at: Any) -> Any:
    """Whether an event can come first in some sequence that begins like v: its place in v, ABSENT, or NOT_INITIAL.

    Args:
        value: of a choice, -1 for a step. A, at: the event's record.
    """
    for k in range(size):
        if V[k] < 0:
            continue
        e = d.event(F, V[k])
        if EV[e + d.E_PROCESS] == process:
            same = value < 0 or EV[e + d.E_VALUE] == value
            return k if same else NOT_INITIAL
        if not apart(A, at, EV, e + d.E_RECORD) and depend(F, A, at, EV, e + d.E_RECORD):
            return NOT_INITIAL
    return ABSENT


@jit
def comes_first(F: Any, X: Any, EV: Any, V: Any, size: Any, process: Any, A: Any, at: Any, whole: Any) -> Any:
    """The same for a step, with what `dpor_races.sequence` has noted. `whole`: nothing is taken out of v."""
    present, first = X[d.X_PRESENT], X[d.X_FIRST]
    if present < 0 or (present & ~first) >> process & 1:
        return np.int64(NOT_INITIAL) if whole and present >= 0 else initial(F, EV, V, size, process, -1, A, at)
    if first >> process & 1:
        k = 0
        while V[k] < 0 or EV[d.event(F, V[k]) + d.E_PROCESS] != process:
            k += 1
        return np.int64(k)
    for k in range(size - 1, -1, -1):  # backward: the reversing event is rarely far from the end
        if V[k] >= 0 and not apart(A, at, EV, d.record(F, V[k])) and depend(F, A, at, EV, d.record(F, V[k])):
            return np.int64(NOT_INITIAL)
    return np.int64(ABSENT)


@jit
def sleeping(F: Any, X: Any, EV: Any, Q: Any, V: Any, i: Any, size: Any) -> Any:
    """Whether what begins with v at node i was explored already: a process that sleeps there can come first."""
    asleep = EV[d.event(F, i) + d.E_SLEEP]
    if X[d.X_PRESENT] >= 0:
        asleep &= X[d.X_FIRST] | ~X[d.X_PRESENT]
    q = 0
    while asleep >> q != 0:
        if asleep >> q & 1:
            k = comes_first(F, X, EV, V, size, q, Q, Q[d.asleep(F, i) + q], True)
            if k != NOT_INITIAL:
                X[d.X_BY] = V[k] if k >= 0 else -1
                return True
        q += 1
    return False


@jit
def take(F: Any, X: Any, W: Any) -> Any:
    """A new row of W."""
    w = X[d.X_FREE]
    row = d.tree(F, w)
    X[d.X_FREE] = W[row + d.W_NEXT]
    X[d.X_LEFT] -= 1
    X[d.X_USED] += 1
    X[x.X_PEAK] = max(X[x.X_PEAK], X[d.X_USED])
    W[row + d.W_NEXT] = 0
    W[row + d.W_CHILD] = 0
    return w


@jit
def give_back(F: Any, X: Any, W: Any, w: Any) -> None:
    W[d.tree(F, w) + d.W_NEXT] = X[d.X_FREE]
    X[d.X_FREE] = w
    X[d.X_LEFT] += 1
    X[d.X_USED] -= 1


@jit
def meet(F: Any, Q: Any, W: Any, V: Any, alive: Any, A: Any, at: Any) -> Any:
    """Drop from the records in V those that depend on A[at]; how many are left. In Q at k, or in W at -1 - k."""
    base, kept = F[d.F_ALIVE], 0
    for k in range(alive):
        ref = V[base + k]
        if ref >= 0:
            woken = not apart(Q, ref, A, at) and depend(F, Q, ref, A, at)
        else:
            woken = not apart(W, -1 - ref, A, at) and depend(F, W, -1 - ref, A, at)
        if not woken:
            V[base + kept] = ref
            kept += 1
    return kept


@jit
def sleepers(F: Any, EV: Any, Q: Any, V: Any, i: Any) -> Any:
    """The records of the processes asleep at node i, in V; how many."""
    asleep, alive, q = EV[d.event(F, i) + d.E_SLEEP], 0, 0
    while asleep >> q != 0:
        if asleep >> q & 1:
            V[F[d.F_ALIVE] + alive] = Q[d.asleep(F, i) + q]
            alive += 1
        q += 1
    return alive


@jit
def link(F: Any, EV: Any, W: Any, i: Any, parent: Any, left: Any, w: Any) -> None:
    """Make w the last child of a row, of node i where the parent is 0; `left`: the last child so far."""
    if left != 0:
        W[d.tree(F, left) + d.W_NEXT] = w
    elif parent != 0:
        W[d.tree(F, parent) + d.W_CHILD] = w
    else:
        EV[d.event(F, i) + d.E_TREE] = w


@jit
def append(F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, i: Any, size: Any, parent: Any, left: Any,
           alive: Any) -> None:
    """Add what is left of v as a new branch, as far as it is needed."""
    reversed_ = True
    for k in range(size):
        reversed_ = reversed_ and V[k] != F[d.F_SCRATCH]
    for k in range(size):
        if V[k] < 0:
            continue
        if parent == 0:
            X[d.X_BY] = V[k]
        e, w = d.event(F, V[k]), take(F, X, W)
        row = d.tree(F, w)
        W[row + d.W_PROCESS] = EV[e + d.E_PROCESS]
        W[row + d.W_KIND] = EV[e + d.E_KIND]
        W[row + d.W_VALUE] = EV[e + d.E_VALUE]
        d.copy(EV, e + d.E_RECORD, W, row + d.W_RECORD, F[d.F_RECORD])
        link(F, EV, W, i, parent, left, w)
        parent, left = w, 0
        alive = meet(F, Q, W, V, alive, EV, e + d.E_RECORD)
        reversed_ = reversed_ or V[k] == F[d.F_SCRATCH]
        if reversed_ and alive == 0:
            return


@jit
def survivors(F: Any, EV: Any, Q: Any, W: Any, V: Any, i: Any, depth: Any) -> Any:
    """The records, in V, of what sleeps at the end of a path into the tree, whose rows V has too; how many.

    Asleep are the processes that sleep at node i, and all that is explored before the path; each until it is woken.
    """
    alive, child = sleepers(F, EV, Q, V, i), EV[d.event(F, i) + d.E_TREE]
    for level in range(depth + 1):
        goal = V[2 * F[d.F_ALIVE] + level] if level < depth else np.int64(0)
        while child != goal:
            row = d.tree(F, child)
            if W[row + d.W_KIND] != d.VALUE:
                V[F[d.F_ALIVE] + alive] = -1 - (row + d.W_RECORD)
                alive += 1
            child = W[row + d.W_NEXT]
        if level < depth:
            alive = meet(F, Q, W, V, alive, W, d.tree(F, goal) + d.W_RECORD)
            child = W[d.tree(F, goal) + d.W_CHILD]
    return alive


@jit
def insert(F: Any, X: Any, EV: Any, Q: Any, W: Any, V: Any, i: Any, size: Any) -> None:
    """See to it that something that begins like v, which no sleeping process begins, is explored from node i."""
    depth, left, child = 0, 0, EV[d.event(F, i) + d.E_TREE]
    while child != 0:
        row = d.tree(F, child)
        process = W[row + d.W_PROCESS]
        if W[row + d.W_KIND] == d.VALUE:
            k = initial(F, EV, V, size, process, W[row + d.W_VALUE], W, row + d.W_RECORD)
        else:
            k = comes_first(F, X, EV, V, size, process, W, row + d.W_RECORD, depth == 0)
        if k == NOT_INITIAL:
            left, child = child, W[row + d.W_NEXT]
            continue
        if depth == 0:
            X[d.X_BY] = V[k] if k >= 0 else -1
        if W[row + d.W_CHILD] == 0:
            return
        if k >= 0:
            V[k] = -1
            X[d.X_FIRST] &= ~(np.int64(1) << process)  # its next event in v, if any, is looked at
        V[2 * F[d.F_ALIVE] + depth] = child
        depth, left, child = depth + 1, 0, W[row + d.W_CHILD]
    parent = V[2 * F[d.F_ALIVE] + depth - 1] if depth > 0 else np.int64(0)
    append(F, X, EV, Q, W, V, i, size, parent, left, survivors(F, EV, Q, W, V, i, depth))
