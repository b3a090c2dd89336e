"""Putting the end of the present path aside, to explore another from one of its nodes, and going on with it afterwards.

What is put aside is at most as long as the path. A jump within a jump is for an event that needs the HEAD of the outer
one, or for that HEAD itself, to an earlier node: so there are at most as many at once as an execution has pairs of
events, and commonly fewer than events. No step is taken again to go on with the path: the words that its steps have
changed are exchanged with the undo log's and kept.
"""

from __future__ import annotations

from typing import Any

from engine.explore.machine import cells as c
from engine.explore.strategies import cells as x
from engine.explore.strategies import dpor_cells as d
from engine.jit import jit


@jit
def take_row(X: Any, AT: Any, k: Any) -> None:
    """A new row for event k."""
    AT[k] = X[d.X_ROWS]
    X[d.X_ROWS] += 1


@jit
def room(U: Any, F: Any, X: Any, EV: Any, AT: Any, i: Any, j: Any) -> Any:
    """Whether K has room for a jump from node j to node i."""
    words = U[c.U_TOP] - EV[d.event(F, AT, i) + d.E_MARK] + 3 * (j - i) + 1 + d.JUMP
    return X[d.X_TOP] + words <= X[d.X_TOP_MAX]


@jit
def put_aside(S: Any, U: Any, mark: Any, K: Any, top: Any) -> Any:
    """Back to where the undo log was `mark` long; what is undone goes to K[top:], the last change first. Its end."""
    k = U[c.U_TOP]
    while k > mark:
        k -= 2
        K[top] = U[k]
        K[top + 1] = S[U[k]]
        S[U[k]] = U[k + 1]
        top += 2
    U[c.U_TOP] = mark
    return top


@jit
def take_up(S: Any, U: Any, K: Any, bottom: Any, top: Any) -> None:
    """What `put_aside` has put to K[bottom:top] happens again."""
    k = U[c.U_TOP]
    while top > bottom:
        top -= 2
        U[k] = K[top]
        U[k + 1] = S[K[top]]
        S[K[top]] = K[top + 1]
        k += 2
    U[c.U_TOP] = k


@jit
def like(F: Any, EV: Any, Q: Any, old: Any, new: Any) -> None:
    """Row `new` becomes the same node as row `old`."""
    for cell in (d.E_SEEN, d.E_SPECIAL, d.E_BROKEN):
        EV[new * F[d.F_EVENT_ROW] + cell] = EV[old * F[d.F_EVENT_ROW] + cell]
    n = F[d.F_PROCESSES]
    d.copy(Q, old * F[d.F_NODE_ROW] + n, Q, new * F[d.F_NODE_ROW] + n, 2 * n)


@jit
def jump(S: Any, U: Any, F: Any, X: Any, EV: Any, AT: Any, Q: Any, K: Any, i: Any, j: Any, lo: Any,
         mode: Any, given: Any) -> None:
    """From node j to node i. K[X_TOP:given] says what comes there, then the event of row AT[j]: `lo`, `mode`."""
    top = put_aside(S, U, EV[d.event(F, AT, i) + d.E_MARK], K, given)
    failures, dead = X[d.X_FAILURES], X[d.X_DEAD]
    for k in range(i, j):
        e = d.event(F, AT, k)
        if EV[e + d.E_FAILED]:
            X[d.X_FAILURES] -= 1
            X[d.X_DEAD] &= ~(1 << EV[e + d.E_PROCESS])
        K[top] = AT[k]
        top += 1
    K[top] = AT[j]
    top += 1
    for cell, value in ((d.J_BEFORE, X[d.X_JUMP]), (d.J_BOTTOM, X[d.X_TOP]), (d.J_NODE, i), (d.J_FROM, j),
                        (d.J_RACE, X[d.X_RACE]), (d.J_WAITER, X[d.X_WAITER]), (d.J_GUIDED, X[d.X_GUIDED]),
                        (d.J_PROCESS, EV[d.event(F, AT, j) + d.E_PROCESS]), (d.J_LO, lo),
                        (d.J_MODE, mode), (d.J_ROWS, X[d.X_ROWS]), (d.J_FAILURES, failures), (d.J_DEAD, dead),
                        (d.J_GIVEN, given), (d.J_STALLED, AT[i]), (d.J_LIST, X[d.X_LIST]),
                        (d.J_LISTED, X[d.X_LISTED])):
        K[top + cell] = value
    X[d.X_GUIDED] = i + ((given - X[d.X_TOP]) >> 1) + 1
    X[d.X_JUMP] = top
    X[d.X_TOP] = top + d.JUMP
    X[d.X_ASIDE] += j - i
    X[x.X_PEAK] = max(X[x.X_PEAK], X[d.X_ASIDE])
    X[x.X_DEPTH] = i
    old = AT[i]
    take_row(X, AT, i)
    like(F, EV, Q, old, AT[i])
    X[x.X_PHASE] = x.FRESH


@jit
def come_back(S: Any, U: Any, X: Any, AT: Any, K: Any) -> None:
    """All that begins with the last jump is explored: its next race, from where it came."""
    h = X[d.X_JUMP]
    i, j = K[h + d.J_NODE], K[h + d.J_FROM]
    rows = h - (j - i + 1)
    for k in range(i, j + 1):
        AT[k] = K[rows + k - i]
    take_up(S, U, K, K[h + d.J_GIVEN], rows)
    X[x.X_DEPTH] = j
    X[d.X_ASIDE] -= j - i
    X[d.X_JUMP] = K[h + d.J_BEFORE]
    X[d.X_TOP] = K[h + d.J_BOTTOM]
    X[d.X_RACE] = K[h + d.J_RACE] + 1
    X[d.X_WAITER] = K[h + d.J_WAITER]
    X[d.X_LIST] = K[h + d.J_LIST]
    X[d.X_LISTED] = K[h + d.J_LISTED]
    X[d.X_GUIDED] = K[h + d.J_GUIDED]
    X[d.X_ROWS] = K[h + d.J_ROWS]
    X[d.X_FAILURES] = K[h + d.J_FAILURES]
    X[d.X_DEAD] = K[h + d.J_DEAD]
    X[x.X_PHASE] = d.RACES
