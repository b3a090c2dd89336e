"""Reading a store: while its campaign runs, and after. What a view shows is one moment, however long one looks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from engine.errors import UsageError
from stress.campaign.cell import Cell, Round
from stress.store import rows, schema
from stress.store.store import campaign_of

_COLUMNS: Final = ("state", "attempt", "worker", "shard", "began", "ended", "seconds", "outcome", "verdict", "rounds",
                   "operations", "steps", "memory", "violations", "faults", "why")


@dataclass(frozen=True)
class CellRow:
    """One cell and the sums over its rounds.

    Attributes:
        rounds: done. lost: rounds without a result. running: begun and not ended. seconds: of running.
        operations, steps: over all rounds. outcomes: outcome -> rounds. findings: signatures, in order.
    """

    cell: Cell
    rounds: int
    lost: int
    running: int
    seconds: float
    operations: int
    steps: int
    outcomes: dict[str, int]
    findings: tuple[str, ...]


@dataclass(frozen=True)
class RoundRow:
    """One round.

    Attributes:
        state: started, done or lost. attempt: from 1; shard, worker: of the last attempt, once it is over.
        began, ended: unix seconds. seconds: of running. rounds: of the engine, or executions.
        why: what a lost one was lost to, or why the outcome is what it is.
    """

    id: int
    round: Round
    state: str
    attempt: int
    worker: str
    shard: str
    began: float
    ended: float | None
    seconds: float | None
    outcome: str | None
    verdict: str | None
    rounds: int | None
    operations: int | None
    steps: int | None
    memory: int | None
    complete: bool | None
    violations: int | None
    faults: int | None
    why: str | None
    packed: bytes | None

    @cached_property
    def result(self) -> dict[str, Any] | None:
        """All that the round gave back, None if it has not ended."""
        data: dict[str, Any] | None = rows.unpacked(self.packed, f"round {self.id}")
        return data


@dataclass(frozen=True)
class FindingRow:
    """One distinct bug.

    Attributes:
        places: `file function text`.
        expected: the variant is expected to break so wherever it was seen; or in another way, and it has done that too.
        beside: that other way, a kind; "" if this is it.
        violation: of the first sighting, with its evidence. count: violations. rounds: in which it was seen.
        first, last: when the first and the last of these rounds ended, unix seconds.
        round: the first of them. explanation: see `Store.explained`; None if there is none yet.
    """

    signature: str
    kind: str
    scenario: str
    variant: str
    item: str
    title: str
    places: tuple[str, ...]
    expected: bool
    beside: str
    violation: dict[str, Any]
    explanation: dict[str, Any] | None
    count: int
    rounds: int
    first: float
    last: float
    round: Round


@dataclass(frozen=True)
class Covered:
    """`count` times an access at `first` was followed by a conflicting one of another thread at `second`."""

    title: str
    first: str
    second: str
    count: int


@dataclass(frozen=True)
class Sample:
    """A figure at a moment: unix seconds."""

    time: float
    what: str
    value: float
    shard: str


@dataclass(frozen=True)
class Event:
    """Something that has happened, unix seconds."""

    time: float
    kind: str
    text: str
    shard: str


def look(folder: Path | str) -> View:
    """The store of a folder, for reading.

    Raises:
        UsageError: none there, damaged, foreign, or of a newer pttorture.
    """
    return View(Path(folder))


class View:
    """A store as it was at one moment. A context manager.

    Attributes:
        campaign: seed, config, names, version, created (unix seconds), machine, schema.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / schema.NAME
        self._base = schema.reader(self.path)
        self._base.execute("BEGIN")
        self.campaign = campaign_of(self._base)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of any query on the tables of `stress.store.schema`.

        Raises:
            UsageError: the file is damaged.
        """
        return list(self.stream(sql, *values))

    def stream(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """As `query`, one row at a time."""
        try:
            for row in self._base.execute(sql, values):  # noqa: UP028 (`yield from` would close the cursor, too late)
                yield row
        except sqlite3.Error as error:
            raise schema.refused(self.path, error, "read") from error

    def cells(self) -> tuple[CellRow, ...]:
        """The cells in the order in which they were first run."""
        outcomes: dict[int, dict[str, int]] = {}
        for cell, outcome, number in self.query("SELECT cell, outcome, count(*) FROM rounds WHERE state = 'done' "
                                                "GROUP BY cell, outcome ORDER BY outcome"):
            outcomes.setdefault(cell, {})[str(outcome)] = number
        found: dict[int, list[str]] = {}
        for cell, finding in self.query("SELECT cell, finding FROM sightings JOIN rounds ON rounds.id = round "
                                        "GROUP BY cell, finding ORDER BY min(sightings.rowid)"):
            found.setdefault(cell, []).append(finding)
        sums = self.query(
            "SELECT cells.id, key, sum(state = 'done'), sum(state = 'lost'), sum(state = 'started'), "
            "total(CASE WHEN state = 'done' THEN seconds END), sum(coalesce(operations, 0)), sum(coalesce(steps, 0)) "
            "FROM cells JOIN rounds ON cell = cells.id GROUP BY cells.id")
        return tuple(
            CellRow(cell_of(key), done, lost, running, seconds, operations, steps, outcomes.get(row, {}),
                    tuple(found.get(row, ())))
            for row, key, done, lost, running, seconds, operations, steps in sums)

    def rounds(self, *, cell: str = "", state: str = "", finding: str = "") -> Iterator[RoundRow]:
        """The rounds in the order in which they first began: of a cell (its key), in a state, with a finding."""
        wanted = [("cells.key = ?", cell), ("state = ?", state),
                  ("rounds.id IN (SELECT round FROM sightings WHERE finding = ?)", finding)]
        chosen = [(test, value) for test, value in wanted if value]
        where = f"WHERE {' AND '.join(test for test, _ in chosen)} " if chosen else ""
        query = (f"SELECT rounds.id, description, {', '.join(f'rounds.{name}' for name in _COLUMNS)}, complete, result "
                 f"FROM rounds JOIN cells ON cells.id = cell {where}ORDER BY rounds.id")
        for row, description, *values, complete, packed in self.stream(query, *(value for _, value in chosen)):
            yield RoundRow(id=row, round=round_of(description), complete=None if complete is None else bool(complete),
                           packed=packed, **dict(zip(_COLUMNS, values, strict=True)))

    def findings(self) -> tuple[FindingRow, ...]:
        """The findings in the order in which they were first seen."""
        return self._findings("")

    def finding(self, signature: str) -> FindingRow:
        """One finding, by its signature or the beginning of it.

        Raises:
            UsageError: none begins so, or several do.
        """
        literal = "".join(c for c in signature.lower() if c in "0123456789abcdef")
        found = self._findings(literal) if literal == signature.lower() and literal else ()
        if len(found) == 1:
            return found[0]
        what = "several findings begin so" if found else "no such finding"
        known = ", ".join(f.signature for f in (found or self.findings())[:6])
        raise UsageError(f"{signature}: {what} in {self.folder}" + (f"; there is: {known}" if known else ""))

    def _findings(self, beginning: str) -> tuple[FindingRow, ...]:
        answer = self.query(
            "SELECT signature, kind, scenario, variant, item, title, places, "
            "expected AND (beside = '' OR EXISTS (SELECT 1 FROM findings AS other WHERE other.kind = findings.beside "
            "AND other.scenario = findings.scenario AND other.variant = findings.variant)), beside, violation, "
            "explanation, sum(count), count(*), min(ended), max(ended), min(sightings.rowid) FROM findings "
            "JOIN sightings ON finding = signature JOIN rounds ON rounds.id = round "
            "WHERE signature GLOB ? GROUP BY signature ORDER BY min(sightings.rowid)", f"{beginning}*")
        return tuple(self._finding(row) for row in answer)

    def _finding(self, row: tuple[Any, ...]) -> FindingRow:
        signature, kind, scenario, variant, item, title, places, expected, beside, violation, explanation, *sums = row
        count, number, first, last, sighting = sums
        (description,), = self.query("SELECT description FROM rounds JOIN sightings ON round = rounds.id "
                                     "WHERE sightings.rowid = ?", sighting)
        what = f"finding {signature}"
        return FindingRow(signature, kind, scenario, variant, item, title, tuple(rows.read_text(places)),
                          bool(expected), beside, rows.unpacked(violation, what), rows.unpacked(explanation, what),
                          count, number, first, last, round_of(description))

    def coverage(self, title: str = "") -> tuple[Covered, ...]:
        """Pairs of conflicting accesses in the order in which they were seen, of SCENARIO:VARIANT or of all."""
        test = "WHERE title = ?1" if title else "WHERE ?1 = ''"
        return tuple(Covered(*row) for row in self.query(
            f"SELECT title, first, second, count FROM coverage {test} ORDER BY title, first, second", title))

    def samples(self, what: str = "") -> tuple[Sample, ...]:
        """Figures over time."""
        test = "WHERE what = ?1" if what else "WHERE ?1 = ''"
        return tuple(Sample(*row) for row in self.query(
            f"SELECT time, what, value, shard FROM samples {test} ORDER BY rowid", what))

    def events(self, kind: str = "") -> tuple[Event, ...]:
        """What has happened, in order."""
        test = "WHERE kind = ?1" if kind else "WHERE ?1 = ''"
        return tuple(Event(*row) for row in self.query(
            f"SELECT time, kind, text, shard FROM events {test} ORDER BY rowid", kind))

    def close(self) -> None:
        self._base.close()

    def __enter__(self) -> View:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def cell_of(key: str) -> Cell:
    """The cell that has a key."""
    return Cell.from_dict(rows.read_text(key))


def round_of(description: str) -> Round:
    """The round that a description is of."""
    return Round.from_dict(rows.read_text(description))
