"""The campaign: rounds go to the crew, what comes back goes to the store, until the time is over.

The store is written before a round starts and when it has ended. Whatever kills this process, the rounds in flight are
known, and nothing else is lost.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

from engine.errors import MachineError
from engine.violations import BY_NAME
from stress.campaign.cell import Cell
from stress.campaign.choosing import Chooser, Standing
from stress.campaign.crew import Crew, Ended, Task
from stress.campaign.health import Clocks, Disk
from stress.campaign.rounds import failed
from stress.campaign.status import Figures, Status
from stress.findings.signature import Finding, findings_of
from stress.interrupts import deferred
from stress.store.store import Store

#: How often a round is begun before it is given up; a protocol that kills its member would do so all night.
ATTEMPTS: Final = 3
POLL: Final = 0.2  # seconds
SAMPLE: Final = 30.0  # seconds between two samples of figures over time


class Known(Protocol):
    """The findings that are no news: a baseline."""

    def __contains__(self, signature: object) -> bool: ...


class _Chosen(NamedTuple):
    """What to do next. `standing`: of a round's cell, in which it counts as running; None for an explanation."""

    task: Task
    standing: Standing | None = None


class _Flying(NamedTuple):
    """A round that is in the store, and has not ended. `row`: its id there."""

    row: int
    standing: Standing


@dataclass
class Campaign:
    """One run of a campaign. `run` may leave with Interrupted: all that ended is in the store.

    Attributes:
        explained: called with (signature, explanation) when it is in the store. coverage: (title, first, second) that
            were seen. unexplained: findings that wait for an explanation.
    """

    store: Store
    crew: Crew
    chooser: Chooser
    status: Status
    disk: Disk
    known: Known = frozenset()
    clocks: Clocks = field(default_factory=Clocks)
    explained: Callable[[str, dict[str, Any]], None] = lambda *_: None
    coverage: set[tuple[str, str, str]] = field(default_factory=set)
    unexplained: deque[Task] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._flying: dict[tuple[str, int], _Flying] = {}  # by cell and number
        self._attempts: Counter[tuple[str, int | str]] = Counter()
        self._why = "the campaign was interrupted"
        self._held: _Chosen | None = None  # the crew had no room for it; it is not in the store
        self._explaining = 0
        self._sampled = 0.0
        self.failure: MachineError | None = None
        self.gave_up = 0  # rounds

    @property
    def figures(self) -> Figures:
        return self.status.figures

    def run(self) -> None:
        """Until the time is over, every cell is, or the machine fails; then the rounds in flight end.

        Raises:
            MachineError: the disk is full or the crew cannot work; all that ended is in the store, or kept for it.
                Rounds in flight end, if it is only that too little is left on the disk.
        """
        with self.status.signalled():
            try:
                while not self._over():
                    self._fill()
                    if not self.crew.busy() and self._held is None:
                        break
                    self._turn()
                self.crew.finish()
                while self.crew.busy():
                    self._turn()
            except MachineError as error:
                self._why = str(error)
                raise
            finally:
                with deferred():
                    self._abandon()

    def _over(self) -> bool:
        late = bool(self.figures.seconds) and self.figures.elapsed >= self.figures.seconds
        return late or self.failure is not None

    def _turn(self) -> None:
        """A moment: how things stand, and what has ended."""
        self.status.beat(self.crew.busy())
        for ended in self.crew.poll(POLL):
            with deferred():
                self._ended(ended)
        if happened := self.clocks.look():
            self.store.event("clock", happened)
            self.status.note(happened)
        try:
            self.disk.look()
        except MachineError as error:
            self.failure = error
        self._sample()

    def _fill(self) -> None:
        """Give the crew what it takes."""
        while True:
            chosen = self._held or self._next()
            self._held = None
            if chosen is None:
                return
            if not self.crew.takes(chosen.task):
                self._held = chosen
                return
            self._start(chosen)

    def _next(self) -> _Chosen | None:
        """Explanations take at most one member until every cell has had a round."""
        if self.unexplained and (not self._explaining or not self.chooser.fresh):
            return _Chosen(self.unexplained.popleft())
        chosen = self.chooser.next()
        if chosen is None:
            return _Chosen(self.unexplained.popleft()) if self.unexplained else None
        standing, each = chosen
        return _Chosen(Task(each.cell, each), standing)

    def _start(self, chosen: _Chosen) -> None:
        task, standing = chosen
        with deferred():
            if task.round is not None and standing is not None:
                key = task.cell.key, task.round.number
                self._flying[key] = _Flying(self.store.begin(task.round), standing)
                self._attempts[key] += 1
            else:
                self._explaining += 1
            self.crew.start(task)

    def _ended(self, ended: Ended) -> None:
        if not ended.begun:
            self._withdrawn(ended.task)
            return
        if ended.task.round is None:
            self._explaining -= 1
            self._explained(ended)
            return
        key = ended.task.cell.key, ended.task.round.number
        row, standing = self._flying.pop(key)
        standing.running -= 1
        result = ended.answer
        if not result and any("kind" in found for found in ended.found):  # it was lost, but not for nothing
            result = failed(ended.task.round, ended.why, ended.found)
        if not result:
            self._lost(ended, row, standing)
            return
        self._done(ended, standing, row, {**result, "memory": ended.memory})

    def _withdrawn(self, task: Task) -> None:
        """What the crew has given back, as if it had never had it."""
        if task.round is None:
            self._explaining -= 1
            self.unexplained.append(task)
            return
        key = task.cell.key, task.round.number
        row, standing = self._flying.pop(key)
        standing.running -= 1
        self._attempts[key] -= 1
        self.store.withdraw(row)

    def _done(self, ended: Ended, standing: Standing, row: int, result: dict[str, Any]) -> None:
        cell = ended.task.cell
        found = findings_of(cell, result)
        news = self._covered(cell, result.get("coverage", ()))
        new = self.store.end(row, result, found, ended.worker)
        for finding in new:
            self._new(cell, finding)
        standing.ended(float(result["seconds"]), news + 5 * len(new), over=_over(cell, result))
        self.figures.rounds += 1
        self.figures.fresh = self.chooser.fresh
        standing.faults = standing.faults + 1 if _nothing_ran(result) else 0
        if standing.faults == ATTEMPTS or result.get("hopeless"):
            self._give_up(standing, f"{cell.title} ({cell.mode}) cannot be run: {result['why'] or _first(result)}")

    def _new(self, cell: Cell, finding: Finding) -> None:
        known = finding.signature in self.known
        counted = "expected" if finding.expected else "known" if known else "unexpected"
        setattr(self.figures, counted, getattr(self.figures, counted) + 1)
        self.status.found(finding, known=known)
        if finding.kind in BY_NAME:
            task = Task(cell, None, dict(finding.violation), finding.signature)
            # What nobody expects is explained first.
            (self.unexplained.append if finding.expected or known else self.unexplained.appendleft)(task)

    def _covered(self, cell: Cell, pairs: Iterable[Any]) -> int:
        """Note orders of accesses; how many of them are new."""
        before = len(self.coverage)
        self.coverage.update((cell.title, str(pair[0]), str(pair[1])) for pair in pairs)
        self.figures.pairs = len(self.coverage)
        return len(self.coverage) - before

    def _lost(self, ended: Ended, row: int, standing: Standing) -> None:
        assert ended.task.round is not None
        self.figures.lost += 1
        number, key = ended.task.round.number, (ended.task.cell.key, ended.task.round.number)
        self.store.lose(row, ended.why, ended.worker)
        self.status.note(f"round {number} of {ended.task.cell.title} ({ended.task.cell.mode}) is lost: {ended.why}")
        standing.rounds += 1
        if self._attempts[key] < ATTEMPTS:
            standing.again = (*standing.again, number)
        else:
            self._give_up(standing, f"round {number} of {ended.task.cell.title} ({ended.task.cell.mode}) was lost "
                                    f"{ATTEMPTS} times, the last time because {ended.why}")

    def _give_up(self, standing: Standing, why: str) -> None:
        """A cell of which nothing can be had."""
        self.store.event("given-up", why)
        self.status.note(f"given up: {why}")
        standing.over, standing.again = True, ()
        self.gave_up += 1
        if self._held is not None and self._held.standing is standing:
            standing.running -= 1
            self._held = None

    def _explained(self, ended: Ended) -> None:
        signature = ended.task.signature
        self._attempts["explain", signature] += 1
        if not ended.answer and self._attempts["explain", signature] < ATTEMPTS:
            self.unexplained.append(ended.task)
            return
        answer = ended.answer or {"explained": f"not explained: {ended.why}", "schedule": None}
        self.store.explained(signature, answer)
        self.explained(signature, answer)

    def _sample(self) -> None:
        figures = self.figures
        if self._sampled and figures.elapsed - self._sampled < SAMPLE:
            return
        self._sampled = figures.elapsed
        figures.resident = self.crew.resident()
        for what, value in (("memory", figures.resident), ("rounds", figures.rounds), ("pairs", figures.pairs)):
            self.store.sample(what, float(value))

    def _abandon(self) -> None:
        """Rounds that are in flight when it all ends are lost; they are run again by a campaign that goes on."""
        self.crew.close()
        for row, _ in self._flying.values():
            try:
                self.store.lose(row, self._why)
            except MachineError as error:
                self.failure = error
        self._flying.clear()


def _over(cell: Cell, result: dict[str, Any]) -> bool:
    """Whether another round would see no more: a search has seen all, or what it may at most."""
    return bool(result.get("complete")) or (cell.ends and bool(result.get("stopped")))


def _nothing_ran(result: dict[str, Any]) -> bool:
    return result["outcome"] == "fault" and not result["rounds"] and not result["violations"]


def _first(result: dict[str, Any]) -> str:
    return str(next((fault["what"] for fault in result["faults"]), "no reason is known"))
