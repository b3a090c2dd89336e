"""Interleaving coverage of a search: which conflicting accesses, by source line, followed each other, and how often.

Samplers and `dfs` count in their own machine. What `dpor` tries on its way, and what `states` does not do twice, is no
execution: theirs are run once more, when each has ended, on a machine that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.explore.load import Machine


def follows(strategy: str) -> bool:
    """Whether a strategy's executions are run once more to be counted."""
    return strategy in ("dpor", "states")


class Coverage:
    """Of one search with `strategy` on `machine`."""

    def __init__(self, machine: Machine, strategy: str) -> None:
        self.follows = follows(strategy)
        self.machine = machine
        if self.follows:
            self.machine = Machine(machine.program, lock=machine.lock, pool=machine.pool, model=machine.model,
                                   steps=machine.limit, coverage=True)

    def ended(self, picks: Callable[[], Sequence[int]]) -> None:
        """An execution has ended. `picks`: its choices."""
        if not self.follows:
            return
        m = self.machine
        m.reset()
        for pick in picks():
            if (t := m.chooser()) >= 0:
                m.choose(t, pick)
            else:
                m.step(pick)

    def by_line(self) -> dict[tuple[str, str], int]:
        """(first "file:line", second) -> how often."""
        sites = self.machine.program.sites
        lines: dict[tuple[str, str], int] = {}
        for (first, second), count in self.machine.covered().items():
            pair = (sites[first].where, sites[second].where)
            lines[pair] = lines.get(pair, 0) + count
        return lines
