"""What every strategy is to the search that drives it: slices, choices, counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np

from engine.explore.load import Machine, Words
from engine.explore.machine import cells as c
from engine.explore.strategies import cells as x

MEMORY: Final = 4096  # MB


@dataclass(frozen=True)
class Options:
    """How a search is limited.

    Attributes:
        preemptions: switches away from a thread that could have gone on, None for any number.
        executions: after which the search ends, None for never.
        seed: of a sampler. depth: of the bugs that `pct` looks for.
        memory: MB that the strategy's own arrays may take. compact: store a hash of a state instead of the state.
    """

    preemptions: int | None = None
    executions: int | None = None
    seed: int = 1
    depth: int = 3
    memory: int = MEMORY
    compact: bool = False


class Strategy:
    """One strategy on one machine, run in slices.

    A subclass says which compiled function does the work (`compiled`, called with C, S, U, D, X, its own `arrays` and a
    budget of states) and, if it needs more than the path in D and the numbers in X, makes `arrays` in `prepare`.

    The function ends a slice with FOUND where an execution ends in a violation, the machine still where it ended; and
    with ENDED where one ends without and X_EACH is not 0: so final states are collected and executions run again.
    """

    compiled: ClassVar[Callable[..., Any]]
    stopped: str = ""  # why it ended early, in words

    def __init__(self, machine: Machine, options: Options) -> None:
        self.machine, self.options = machine, options
        longest = int(machine.C[c.C_LIMIT]) + 2  # one more step or choice than the limit is a violation
        self.D: Words = np.zeros(longest * x.NODE, np.int64)
        self.X: Words = np.zeros(x.X_SIZE, np.int64)
        self.X[x.X_LAST] = -1
        self.X[x.X_BOUND] = -1 if options.preemptions is None else options.preemptions
        self.X[x.X_LONGEST] = longest
        self.X[x.X_BASE] = machine.base
        self.X[x.X_RANDOM] = (options.seed * 0x9E3779B97F4A7C15 + 0x5851F42D4C957F2D & (1 << 63) - 1) | 1
        self.X[x.X_WANTED] = (1 << 62) if options.executions is None else options.executions
        self.arrays: tuple[Words, ...] = self.prepare()
        machine.reset()
        self.run(0)  # compiles, or loads what is compiled

    def prepare(self) -> tuple[Words, ...]:
        """The arrays of this strategy alone. They may be made larger later: a slice that ends with FULL asks for it."""
        return ()

    def grow(self) -> bool:
        """Make room after a slice that ended with FULL; the next one goes on where it stopped. False: it may not."""
        raise NotImplementedError

    def run(self, budget: int) -> int:
        """Go on for about `budget` states; why it ended (see `strategies.cells`)."""
        m = self.machine
        while True:
            end = int(type(self).compiled(m.C, m.S, m.U, self.D, self.X, *self.arrays, budget))
            if end != x.FULL:
                return end
            if not self.grow():
                return x.LIMIT

    def picks(self) -> list[int]:
        """The choices of the present execution: a thread, or the value of a `mem.choose` where one waits for it."""
        depth = self.depth
        return [int(v) for v in self.D[:depth * x.NODE].reshape(-1, x.NODE)[:, x.N_CHOSEN]]

    def count(self, cell: int) -> int:
        """A number of the search so far: X_EXECUTIONS, X_STEPS, X_REDUNDANT, X_BLOCKED, X_STATES or X_CUT."""
        return int(self.X[cell])

    @property
    def bytes(self) -> int:
        """The memory of what it stores of the states it has seen."""
        return 0

    @property
    def depth(self) -> int:
        """How many choices the present execution has."""
        return int(self.X[x.X_DEPTH])
