"""The arrays of a state search, and how they grow."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.explore.load import Machine, Words
from engine.explore.machine import cells as c
from engine.explore.strategies import states_cells as s
from engine.explore.strategies.states_parts import Parts
from engine.explore.strategies.states_table import rehash, reopen

_FIRST: Final = 1 << 10  # of everything
_MEMO: Final = 1 << 16
_KEYS: Final = 1 << 28  # numbers of contents that M can tell apart


class Store:
    """P, Q, O, H, V, G, N, T, W, M: see `states_table` and `states`. Their fill is in X.

    Args:
        depth: states on the longest path. megabytes: that all arrays may take.
    """

    def __init__(self, machine: Machine, X: Words, *, depth: int, compact: bool, megabytes: int) -> None:
        self.X, self.limit = X, megabytes << 20
        parts = Parts(machine)
        self.P = parts.P
        self.size = parts.threads + 2 >> 1  # words of a state
        X[s.X_COMPACT] = int(compact)
        X[s.X_MEMO] = -1 if machine.C[c.C_RELAXES] else _MEMO - 1
        self.Q, self.O, self.H = (np.zeros(n, np.int64) for n in (8 * _FIRST, _FIRST, 2 * _FIRST))
        self.V = np.zeros(1 if compact else _FIRST * self.size, np.int64)
        self.G = np.zeros(2 * _FIRST, np.int64)
        self.N, self.T = np.zeros(4 * _FIRST, np.int64), np.zeros(_FIRST, np.int64)
        self.W = np.zeros(parts.work + depth * (parts.threads + 1), np.int64)
        self.M = np.zeros(2 * _MEMO, np.int64)
        self._ends()

    def _ends(self) -> None:
        X = self.X
        X[s.X_POOL_END], X[s.X_PARTS_END], X[s.X_PARTS_MASK] = len(self.Q), len(self.O), len(self.H) - 1
        X[s.X_STATES_END], X[s.X_STATES_MASK] = len(self.G) // 2, len(self.G) - 1
        X[s.X_OPEN_END], X[s.X_OPEN_MASK] = len(self.T), len(self.N) // 2 - 1
        if len(self.O) > _KEYS:
            X[s.X_MEMO] = -1

    def forget(self) -> None:
        """Carry every step out, whether its outcome is known or not: for tests of what is remembered."""
        self.X[s.X_MEMO] = -1

    @property
    def arrays(self) -> tuple[Words, ...]:
        return self.P, self.Q, self.O, self.H, self.V, self.G, self.N, self.T, self.W, self.M

    @property
    def bytes(self) -> int:
        """What the states take: contents, states, hash tables; not the path and its tables."""
        return sum(array.nbytes for array in (self.Q, self.O, self.H, self.V, self.G))

    def grow(self) -> bool:
        """Make what is full twice as large. False: it would then be more than the limit."""
        what = int(self.X[s.X_NEED])
        growing = {s.PARTS: (self.Q, self.O, self.H), s.STATES: (self.V, self.G), s.OPEN: (self.N, self.T)}[what]
        if sum(a.nbytes for a in self.arrays) + 2 * sum(a.nbytes for a in growing) > self.limit:
            return False
        if what == s.OPEN:
            self._grow_open()
        elif what == s.STATES:
            self._grow_states()
        elif self.X[s.X_PARTS] < self.X[s.X_PARTS_END]:
            self.Q = _longer(self.Q)
        else:
            self.O, self.H = _longer(self.O), _empty(self.H)
            self._rehash(s.PARTS, self.V)
        self._ends()
        return True

    def _grow_open(self) -> None:
        old, self.N, self.T = self.N, _empty(self.N), _longer(self.T)
        self._ends()
        reopen(self.X, self.N, self.T, old)

    def _grow_states(self) -> None:
        old, self.G = self.G, _empty(self.G)
        if self.X[s.X_COMPACT]:
            self._rehash(s.STATES, old)
        else:
            self.V = _longer(self.V)
            self._rehash(s.STATES, self.V)

    def _rehash(self, what: int, source: Words) -> None:
        self._ends()
        rehash(self.X, self.Q, self.O, self.H, source, self.G, self.P, what, len(source))


def _empty(array: Words) -> Words:
    return np.zeros(2 * len(array), np.int64)


def _longer(array: Words) -> Words:
    longer = _empty(array)  # its second half takes no memory before it is used
    longer[:len(array)] = array
    return longer
