"""SURW: selectively uniform random walk (Zhao, Wolff, Mathur, Roychoudhury, ASPLOS 2025).

For each execution a set of interesting events is chosen; every order of these among the threads is then equally
likely, whatever the other events are. A thread is *intended* with a probability proportional to how many interesting
events it has left; the others may run, but are held back before an interesting event of theirs until the intended one
has done its own. Without other events this is the uniform choice among all interleavings.

The interesting events of an execution are the accesses to one word, one lock or the pool, drawn uniformly among those
that two or more threads touch and one changes. How many each thread has is estimated by the most it had in any
execution so far; the first one is a uniform walk and measures. An estimate that is too high for an execution makes a
thread intended that does not come: when all others are held back a new one is drawn among them.
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
from engine.explore.strategies.event import READS, place
from engine.explore.strategies.random_walk import draw, pick
from engine.explore.strategies.sampling import begin, ready, take
from engine.jit import entry, jit

X_PLACES: Final = x.X_OWN  # how many places there are
X_SHARED: Final = x.X_OWN + 1  # how many of them two or more threads touch
X_TOUCHED: Final = x.X_OWN + 2  # pairs of thread and place in the present execution
X_PLACE: Final = x.X_OWN + 3  # the interesting one, -1 for none
X_INTENDED: Final = x.X_OWN + 4  # -1 for none
X_HELD: Final = x.X_OWN + 5  # threads held back, as bits

# E holds two tables with a row a process and a column a place: the most accesses in an execution so far, those of the
# present execution; a list of which of these are not 0; for each place who touches it, as bits; the shared places.
WRITTEN: Final = 62  # the bit of a place that somebody changes


@jit
def shared(bits: Any) -> Any:
    """Whether two or more threads touch a place and one changes it."""
    threads = bits & np.int64((1 << WRITTEN) - 1)
    return bits >> WRITTEN & 1 != 0 and threads & (threads - 1) != 0


@jit
def count(C: Any, X: Any, E: Any, t: Any, where: Any, how: Any) -> None:
    """Thread `t` touches a place."""
    if where < 0:
        return
    n = X[X_PLACES]
    size = n * C[c.C_PROCESSES]
    i = t * n + where
    if E[size + i] == 0:
        E[2 * size + X[X_TOUCHED]] = i
        X[X_TOUCHED] += 1
    E[size + i] += 1
    bits = E[3 * size + where] | np.int64(1) << t | np.int64(how != READS) << WRITTEN
    if shared(bits) and not shared(E[3 * size + where]):
        E[3 * size + n + X[X_SHARED]] = where
        X[X_SHARED] += 1
    E[3 * size + where] = bits


@jit
def measure(C: Any, X: Any, E: Any) -> None:
    """The present execution is over: raise the estimates."""
    size = X[X_PLACES] * C[c.C_PROCESSES]
    for k in range(2 * size, 2 * size + X[X_TOUCHED]):
        E[E[k]] = max(E[E[k]], E[size + E[k]])
        E[size + E[k]] = 0
    X[X_TOUCHED] = 0


@jit
def left(C: Any, X: Any, E: Any, t: Any) -> Any:
    """How many interesting events a thread is thought to have left."""
    i = t * X[X_PLACES] + X[X_PLACE]
    return max(E[i] - E[X[X_PLACES] * C[c.C_PROCESSES] + i], 0)


@jit
def intend(C: Any, X: Any, E: Any, mask: Any, least: Any) -> None:
    """Draw the intended thread of a mask, by weight; each has at least the weight `least`."""
    total = np.int64(0)
    for t in range(C[c.C_PROCESSES]):
        if mask >> t & 1:
            total += max(left(C, X, E, t), least)
    X[X_HELD] = 0
    X[X_INTENDED] = -1
    if total == 0:
        return
    k = draw(X, total)
    for t in range(C[c.C_PROCESSES]):
        if mask >> t & 1 and X[X_INTENDED] < 0:
            k -= max(left(C, X, E, t), least)
            if k < 0:
                X[X_INTENDED] = t


@jit
def choose(C: Any, S: Any, X: Any, E: Any, mask: Any) -> Any:
    """The next process: uniformly, but an interesting event only of the intended thread."""
    while True:
        if mask & ~X[X_HELD] == 0:
            intend(C, X, E, mask, 1)
        t = pick(mask & ~X[X_HELD], X)
        where, how = place(C, S, t)
        if where < 0 or where != X[X_PLACE]:
            count(C, X, E, t, where, how)
            return t
        if t == X[X_INTENDED]:
            count(C, X, E, t, where, how)
            intend(C, X, E, np.int64(-1), 0)
            return t
        X[X_HELD] |= np.int64(1) << t


@jit
def execution(C: Any, S: Any, U: Any, D: Any, X: Any, E: Any) -> Any:
    """One execution; true if it ends in a violation."""
    begin(S, U, X)
    X[X_PLACE] = -1
    X[X_HELD] = 0
    if X[X_SHARED] > 0:
        X[X_PLACE] = E[(3 * C[c.C_PROCESSES] + 1) * X[X_PLACES] + draw(X, X[X_SHARED])]
        intend(C, X, E, np.int64(-1), 0)
    mask = ready(C, S, U, D, X)
    while mask != 0:
        take(C, S, U, D, X, choose(C, S, X, E, mask))
        mask = ready(C, S, U, D, X)
    measure(C, X, E)
    X[x.X_EXECUTIONS] += 1
    return S[c.S_KIND] != 0


@entry(*SOURCES)
def search(C: Any, S: Any, U: Any, D: Any, X: Any, E: Any, budget: int) -> Any:
    """Whole executions until about `budget` states have been seen."""
    C, S, U, D, X, E = constant(C), words(S), words(U), words(D), words(X), words(E)
    while budget > 0:
        if X[x.X_EXECUTIONS] >= X[x.X_WANTED]:
            return x.ENOUGH
        before = X[x.X_STEPS]
        if execution(C, S, U, D, X, E):
            return x.FOUND
        if X[x.X_EACH] != 0:
            return x.ENDED
        budget -= X[x.X_STEPS] - before + 1
    return x.BUDGET


class Surw(Strategy):
    """Uniform among the orders of the accesses to one place."""

    compiled = staticmethod(search)

    def prepare(self) -> tuple[Words, ...]:
        layout, processes = self.machine.program.layout, int(self.machine.C[c.C_PROCESSES])
        self.X[X_PLACES] = places = (layout.END - layout.GLOBALS) // 8 + layout.n_locks + 1
        return (np.zeros((3 * processes + 2) * places, np.int64),)
