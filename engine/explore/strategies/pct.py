"""PCT: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).

Each process gets a random priority; the highest one that is enabled always runs. At d - 1 random places among the k
steps of an execution the process that has just run falls below all others: the i-th place gives it priority i. A bug of
depth d, one that d ordering constraints are enough for, is found with probability at least 1 / (n * k**(d - 1)).

k is the longest execution so far; the first one has no such places and measures. Places are drawn independently, as in
the paper: where two fall together the later one counts. A thread asleep in cpu_relax is not enabled, so a process that
spins does not keep the others from running.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.errors import UsageError
from engine.explore.load import Words
from engine.explore.machine import cells as c
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Strategy
from engine.explore.strategies.random_walk import draw
from engine.explore.strategies.sampling import begin, highest, ready, take
from engine.jit import entry, jit

DEPTH_MAX: Final = 64
PROCESSES: Final = 64
X_PLACES: Final = x.X_OWN  # d - 1
X_K: Final = x.X_OWN + 1  # steps of the longest execution so far


@jit
def prepare(P: Any, X: Any) -> None:
    """No priorities yet; new places. P: the priorities, then the places."""
    for t in range(PROCESSES):
        P[t] = 0
    for i in range(X[X_PLACES]):
        P[PROCESSES + i] = draw(X, X[X_K]) + 1 if X[X_K] > 0 else np.int64(-1)


@jit
def lower(P: Any, X: Any, t: Any, steps: Any) -> None:
    """Process `t` has taken the execution's step number `steps`, from 1."""
    for i in range(X[X_PLACES]):
        if P[PROCESSES + i] == steps:
            P[t] = i + 1


@jit
def execution(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any) -> Any:
    """One execution; true if it ends in a violation."""
    begin(S, U, X)
    prepare(P, X)
    steps = np.int64(0)
    mask = ready(C, S, U, D, X)
    while mask != 0:
        t = highest(mask, P, X)
        take(C, S, U, D, X, t)
        steps += 1
        lower(P, X, t, steps)
        mask = ready(C, S, U, D, X)
    X[X_K] = max(X[X_K], steps)
    X[x.X_EXECUTIONS] += 1
    return S[c.S_KIND] != 0


@entry(*SOURCES)
def search(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any, budget: int) -> Any:
    """Whole executions until about `budget` states have been seen."""
    C, S, U, D, X, P = constant(C), words(S), words(U), words(D), words(X), words(P)
    while budget > 0:
        if X[x.X_EXECUTIONS] >= X[x.X_WANTED]:
            return x.ENOUGH
        before = X[x.X_STEPS]
        if execution(C, S, U, D, X, P):
            return x.FOUND
        if X[x.X_EACH] != 0:
            return x.ENDED
        budget -= X[x.X_STEPS] - before + 1
    return x.BUDGET


class Pct(Strategy):
    """Random priorities with a few random changes."""

    compiled = staticmethod(search)

    def prepare(self) -> tuple[Words, ...]:
        depth = self.options.depth
        if not 1 <= depth <= DEPTH_MAX:
            raise UsageError(f"depth {depth} of pct is not in 1..{DEPTH_MAX}")
        self.X[X_PLACES] = depth - 1
        return (np.zeros(PROCESSES + DEPTH_MAX, np.int64),)
