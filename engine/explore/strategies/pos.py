"""POS: partial order sampling (Yuan, Yang, Gu, CAV 2018: "Partial order aware concurrency sampling").

Each event, the next step of a process, gets a random priority when it becomes enabled; the highest one runs. Then the
events that raced with it draw again, so that a race is not decided by how earlier ones were: every partial order can be
drawn, and which of them is likely depends on its races, not on how many interleavings it has.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from engine.explore.load import Words
from engine.explore.machine import cells as c
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Strategy
from engine.explore.strategies.event import race
from engine.explore.strategies.sampling import begin, highest, ready, take
from engine.jit import entry, jit

PROCESSES: Final = 64


@jit
def forget(C: Any, S: Any, P: Any, mask: Any, chosen: Any) -> None:
    """Of the enabled events only those that do not race with the chosen one keep their priority."""
    for t in range(PROCESSES):
        if P[t] != 0 and (not mask >> t & 1 or t == chosen or race(C, S, chosen, t)):
            P[t] = 0


@jit
def execution(C: Any, S: Any, U: Any, D: Any, X: Any, P: Any) -> Any:
    """One execution; true if it ends in a violation."""
    begin(S, U, X)
    for t in range(PROCESSES):
        P[t] = 0
    mask = ready(C, S, U, D, X)
    while mask != 0:
        t = highest(mask, P, X)
        forget(C, S, P, mask, t)
        take(C, S, U, D, X, t)
        mask = ready(C, S, U, D, X)
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


class Pos(Strategy):
    """A random priority for each event."""

    compiled = staticmethod(search)

    def prepare(self) -> tuple[Words, ...]:
        return (np.zeros(PROCESSES, np.int64),)
