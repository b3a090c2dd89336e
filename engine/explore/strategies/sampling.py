"""What the samplers share: an execution without its choice of threads.

A sampler draws whole executions, each from the start, and keeps nothing to go back to. `mem.choose` is drawn uniformly.
All randomness is one xorshift generator in X, so an execution is a function of the seed and of how many came before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.explore.machine import cells as c
from engine.explore.machine import step as m
from engine.explore.machine.state import restart
from engine.explore.strategies import cells as x
from engine.explore.strategies.random_walk import draw, note
from engine.jit import jit


@jit
def begin(S: Any, U: Any, X: Any) -> None:
    """A new execution."""
    restart(S, U, X[x.X_BASE])
    X[x.X_DEPTH] = 0


@jit
def ready(C: Any, S: Any, U: Any, D: Any, X: Any) -> Any:
    """The processes that can take a step, as bits, after all choices of values; 0 when the execution is over."""
    while S[c.S_KIND] == 0:
        t = m.chooser(C, S)
        if t < 0:
            mask = m.enabled(C, S)
            if mask == 0:
                m.finish(C, S, U)
            return mask
        chosen = draw(X, m.choices(C, S, t))
        note(D, X, x.VALUE, chosen)
        m.choose(C, S, U, t, chosen)
    return np.int64(0)


@jit
def take(C: Any, S: Any, U: Any, D: Any, X: Any, t: Any) -> None:
    """A step of process `t`."""
    note(D, X, x.THREAD, t)
    X[x.X_STEPS] += 1
    m.step(C, S, U, t)


@jit
def priority(X: Any) -> Any:
    """A random number in [2**32, 2**32 + 2**60): two are equal so seldom that it does not matter."""
    draw(X, 1)
    return (np.int64(1) << 32) + ((X[x.X_RANDOM] >> 3) & np.int64((1 << 60) - 1))


@jit
def highest(mask: Any, P: Any, X: Any) -> Any:
    """The process of a mask with the highest priority in P; those without one (0) draw theirs now."""
    best, t = np.int64(-1), np.int64(0)
    rest = mask
    while rest != 0:
        if rest & 1:
            if P[t] == 0:
                P[t] = priority(X)
            if best < 0 or P[t] > P[best]:
                best = t
        rest >>= 1
        t += 1
    return best
