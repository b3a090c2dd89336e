"""Every step by a thread drawn uniformly among the enabled ones; every `mem.choose` likewise. Seeded."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.arrays import constant, words
from engine.explore.machine.control import SOURCES
from engine.explore.machine.state import restart
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Strategy
from engine.jit import entry, jit


@jit
def draw(X: Any, n: Any) -> Any:
    """A number in [0, n), n below 2**31 (xorshift64, Marsaglia 2003; the upper half scaled)."""
    r = X[x.X_RANDOM]
    r ^= r << 13
    r ^= (r >> 7) & np.int64((1 << 57) - 1)
    r ^= r << 17
    X[x.X_RANDOM] = r
    return ((r >> 32) & np.int64(0xFFFFFFFF)) * n >> 32


@jit
def pick(mask: Any, X: Any) -> Any:
    """One of the threads in a mask that is not 0."""
    n = np.int64(0)
    rest = mask
    while rest != 0:
        rest &= rest - 1
        n += 1
    k = draw(X, n) if n > 1 else np.int64(0)
    rest = mask
    for _ in range(k):
        rest &= rest - 1
    t = np.int64(0)
    while not rest >> t & 1:
        t += 1
    return t


@jit
def note(D: Any, X: Any, kind: Any, chosen: Any) -> None:
    node = X[x.X_DEPTH] * x.NODE
    D[node + x.N_KIND] = kind
    D[node + x.N_CHOSEN] = chosen
    X[x.X_DEPTH] += 1


@jit
def execution(C: Any, S: Any, U: Any, D: Any, X: Any) -> Any:
    """One execution from the start; true if it ends in a violation. The number of its states is added to X_STEPS."""
    restart(S, U, X[x.X_BASE])
    X[x.X_DEPTH] = 0
    while S[c.S_KIND] == 0:
        t = m.chooser(C, S)
        if t >= 0:
            chosen = draw(X, m.choices(C, S, t))
            note(D, X, x.VALUE, chosen)
            m.choose(C, S, U, t, chosen)
            continue
        mask = m.enabled(C, S)
        if mask == 0:
            m.finish(C, S, U)
            break
        t = pick(mask, X)
        note(D, X, x.THREAD, t)
        X[x.X_STEPS] += 1
        m.step(C, S, U, t)
    X[x.X_EXECUTIONS] += 1
    return S[c.S_KIND] != 0


@entry(*SOURCES)
def search(C: Any, S: Any, U: Any, D: Any, X: Any, budget: int) -> Any:
    """Whole executions until about `budget` states have been seen."""
    C, S, U, D, X = constant(C), words(S), words(U), words(D), words(X)
    end = X[x.X_STEPS] + budget
    while X[x.X_STEPS] < end:
        if X[x.X_EXECUTIONS] >= X[x.X_WANTED]:
            return x.ENOUGH
        before = X[x.X_STEPS]
        if execution(C, S, U, D, X):
            return x.FOUND
        if X[x.X_EACH] != 0:
            return x.ENDED
        if X[x.X_STEPS] == before:
            end -= 1  # a program without steps
    return x.BUDGET


class RandomWalk(Strategy):
    """Uniform choices."""

    compiled = staticmethod(search)
