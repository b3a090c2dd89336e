"""Depth first through every choice; with a bound, through those that need at most that many preemptions.

A preemption is a switch away from a thread that could have gone on; the flush of a store buffer is none. Flushes come
first, then the present thread, so that the first executions are the least surprising ones.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np

from engine.explore.load import Words
from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.machine.state import undo
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Strategy
from engine.jit import entry, jit

X_ALLOWED: Final = x.X_OWN  # the processes that may take part, as bits


@jit
def lowest(mask: Any) -> Any:
    """The number of the lowest bit of a mask that is not 0."""
    n = np.int64(0)
    while not mask >> n & 1:
        n += 1
    return n


@jit
def next_of(C: Any, left: Any, last: Any) -> Any:
    """The next process to try: a flusher, the thread that took the last step, another one."""
    flushes = left >> C[c.C_THREADS] << C[c.C_THREADS]
    if flushes != 0:
        return lowest(flushes)
    if last >= 0 and left >> last & 1:
        return last
    return lowest(left)


@jit
def push(U: Any, D: Any, X: Any, kind: Any, chosen: Any, left: Any, cost: Any) -> None:
    node = X[x.X_DEPTH] * x.NODE
    D[node + x.N_KIND] = kind
    D[node + x.N_CHOSEN] = chosen
    D[node + x.N_LEFT] = left
    D[node + x.N_MARK] = U[c.U_TOP]
    D[node + x.N_LAST] = X[x.X_LAST]
    D[node + x.N_PREEMPTIONS] = X[x.X_PREEMPTIONS]
    D[node + x.N_COST] = cost
    X[x.X_DEPTH] += 1


@jit
def go(C: Any, S: Any, U: Any, D: Any, X: Any) -> None:
    """Carry out the choice of the last node."""
    node = (X[x.X_DEPTH] - 1) * x.NODE
    chosen = D[node + x.N_CHOSEN]
    X[x.X_PHASE] = x.FRESH
    if D[node + x.N_KIND] == x.VALUE:
        m.choose(C, S, U, m.chooser(C, S), chosen)
        return
    if chosen < C[c.C_THREADS]:
        X[x.X_LAST] = chosen
    X[x.X_STEPS] += 1
    m.step(C, S, U, chosen)


@jit
def look(C: Any, S: Any, U: Any, D: Any, X: Any) -> Any:
    """A new state: choose, or end the execution. True if that is one to stop at."""
    if S[c.S_KIND] == 0:
        t = m.chooser(C, S)
        mask = m.enabled(C, S)
        left_out = mask != 0 and mask & X[X_ALLOWED] == 0
        mask &= X[X_ALLOWED]
        if left_out or ((t >= 0 or mask != 0) and X[x.X_DEPTH] >= X[x.X_LONGEST]):
            X[x.X_CUT] += 1
            X[x.X_PHASE] = x.BACK
            return False
        if t >= 0:
            push(U, D, X, x.VALUE, np.int64(0), m.choices(C, S, t), 0)
            go(C, S, U, D, X)
            return False
        if mask != 0:
            last = X[x.X_LAST]
            goes_on = last >= 0 and mask >> last & 1
            first = next_of(C, mask, last)
            push(U, D, X, x.THREAD, first, mask & ~(np.int64(1) << first), np.int64(goes_on))
            go(C, S, U, D, X)
            return False
        m.finish(C, S, U)
    X[x.X_EXECUTIONS] += 1
    X[x.X_PHASE] = x.BACK
    return S[c.S_KIND] != 0 or X[x.X_EACH] != 0


@jit
def back(C: Any, S: Any, U: Any, D: Any, X: Any) -> None:
    """Take the last choice back and try its next alternative, if it has one."""
    X[x.X_DEPTH] -= 1
    node = X[x.X_DEPTH] * x.NODE
    undo(S, U, D[node + x.N_MARK])
    X[x.X_LAST], X[x.X_PREEMPTIONS] = D[node + x.N_LAST], D[node + x.N_PREEMPTIONS]
    chosen, left, cost = D[node + x.N_CHOSEN], D[node + x.N_LEFT], D[node + x.N_COST]
    if D[node + x.N_KIND] == x.VALUE:
        if chosen + 1 < left:
            push(U, D, X, x.VALUE, chosen + 1, left, 0)
            go(C, S, U, D, X)
    elif left != 0:
        chosen = next_of(C, left, X[x.X_LAST])
        preempts = cost if chosen < C[c.C_THREADS] and chosen != X[x.X_LAST] else np.int64(0)
        if X[x.X_BOUND] >= 0 and X[x.X_PREEMPTIONS] + preempts > X[x.X_BOUND]:
            X[x.X_CUT] += 1
            return
        push(U, D, X, x.THREAD, chosen, left & ~(np.int64(1) << chosen), cost)
        X[x.X_PREEMPTIONS] += preempts
        go(C, S, U, D, X)


@entry(*SOURCES)
def search(C: Any, S: Any, U: Any, D: Any, X: Any, budget: int) -> Any:
    """Go on for about `budget` states."""
    C, S, U, D, X = constant(C), words(S), words(U), words(D), words(X)
    for _ in range(budget):
        if X[x.X_PHASE] == x.BACK:
            if X[x.X_DEPTH] == 0:
                return x.COMPLETE
            if X[x.X_EXECUTIONS] >= X[x.X_WANTED]:
                return x.ENOUGH
            back(C, S, U, D, X)
        elif look(C, S, U, D, X):
            return x.FOUND if S[c.S_KIND] != 0 else x.ENDED
    return x.BUDGET


class DepthFirst(Strategy):
    """All executions, or all within a bound on preemptions."""

    compiled = staticmethod(search)

    def prepare(self) -> tuple[Words, ...]:
        self.X[X_ALLOWED] = -1
        return ()

    def only(self, processes: Collection[int]) -> None:
        """Look only along executions, up to a violation, in which no other process takes a step."""
        self.X[X_ALLOWED] = sum(1 << p for p in processes)

    def shorten(self, longest: int) -> None:
        """From now on look only along executions with at most that many choices."""
        self.X[x.X_LONGEST] = longest
