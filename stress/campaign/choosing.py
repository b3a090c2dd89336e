"""Which cell is next: time for what still finds something new, and a floor for everything.

Every cell has a round before any has a second one. Then turns alternate: one goes to the cell that has had the least
time, the next to the one that promises the most news for its time. What a search has seen completely is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from stress.campaign.cell import Cell, Round, seed_of

#: Rounds of a cell grow from the first to the longest, so that a night begins with an overview.
FIRST_SECONDS = 0.5
FIRST_EXECUTIONS = 20_000
MOST_EXECUTIONS = 2_000_000
#: News count for half as much after so many rounds of the cell without any.
MEMORY = 4


@dataclass
class Standing:
    """What a cell has had and given.

    Attributes:
        number: of its next round. again: numbers of rounds that were lost and are to be run once more.
        rounds, seconds: it has had. news: of its rounds, newer ones counting more: findings and orders of accesses that
            nobody had seen. over: nothing new can come of it. faults: rounds one after the other in which nothing ran.
    """

    cell: Cell
    number: int = 0
    again: tuple[int, ...] = ()
    rounds: int = 0
    seconds: float = 0.0
    news: float = 0.0
    over: bool = False
    running: int = 0
    faults: int = 0

    def ended(self, seconds: float, news: int, *, over: bool = False) -> None:
        """One of its rounds is over."""
        self.rounds += 1
        self.seconds += seconds
        self.news = self.news * 0.5 ** (1 / MEMORY) + news
        self.over = self.over or over

    @property
    def promise(self) -> float:
        """News for a second that the next round may give; what has had little time is given credit."""
        return (self.news + 1.0) / (self.seconds + 1.0)


@dataclass(frozen=True)
class Shard:
    """The part of a campaign that this machine does: rounds whose number is `index` modulo `count`."""

    index: int = 0
    count: int = 1

    def first(self, number: int) -> int:
        """The first number of ours that is not below `number`."""
        return number + (self.index - number) % self.count


class Chooser:
    """Chooses rounds. `longest`: seconds of a round of threads."""

    def __init__(self, standings: Sequence[Standing], seed: int, longest: float, shard: Shard = Shard()) -> None:
        self.standings, self.seed, self.longest, self.shard = list(standings), seed, longest, shard
        self._turn = 0

    def next(self) -> tuple[Standing, Round] | None:
        """The next round, None if every cell is over. The caller tells the standing when it ended."""
        able = [s for s in self.standings if not s.over and not (s.running and s.cell.ends)]
        if not able:
            return None
        standing = self._choice(able)
        number = self._number(standing)
        standing.running += 1
        return standing, round_of(standing.cell, number, self.seed, self.longest)

    def _choice(self, able: Sequence[Standing]) -> Standing:
        lost = next((s for s in able if s.again), None)
        if lost is not None:
            return lost
        fresh = next((s for s in able if not s.rounds and not s.running), None)
        if fresh is not None:
            return fresh
        self._turn += 1
        idle = [s for s in able if not s.running] or list(able)
        if self._turn % 2:
            return min(idle, key=lambda s: s.seconds)
        return max(idle, key=lambda s: s.promise)

    def _number(self, standing: Standing) -> int:
        if standing.again:
            number, *rest = standing.again
            standing.again = tuple(rest)
            return number
        number = self.shard.first(standing.number)
        standing.number = number + 1
        return number

    @property
    def fresh(self) -> int:
        """Cells that have not had a round yet."""
        return sum(not s.rounds for s in self.standings)


def round_of(cell: Cell, number: int, seed: int, longest: float) -> Round:
    """A round of a cell by its number: a pure function, so that shards and repetitions agree.

    Searches that can end get four times as many executions each time, samplers and threads twice as much up to a limit.
    """
    drawn = seed_of(seed, cell, number)
    if not cell.searches:
        return Round(cell, number, drawn, seconds=min(longest, FIRST_SECONDS * 2.0 ** min(number, 30)))
    if cell.ends:
        return Round(cell, number, drawn, executions=FIRST_EXECUTIONS * 4 ** min(number, 6))
    return Round(cell, number, drawn, executions=min(MOST_EXECUTIONS, FIRST_EXECUTIONS * 2 ** min(number, 30)))


def standings(cells: Iterable[Cell]) -> list[Standing]:
    """New standings."""
    return [Standing(cell) for cell in cells]
