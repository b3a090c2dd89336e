"""The shards of one campaign as one store: the union of their rounds, each counted once.

A round is (cell, number), and a pure function of its description. Where two folders have it both must describe it
alike; a done one goes before a lost one, and of two that are done the one that ended first counts. Findings, their
counts and coverage are summed over the rounds that are taken, never over the sums of the folders.

Minutes, where there are many: a signal ends it between two rounds, rows or folders (`breathe`). Whatever ends it early,
a full disk too, nothing is at its place then: the store and the files of findings are made aside.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from engine.errors import MachineError, UsageError
from stress.findings.files import FOLDER
from stress.interrupts import breathe
from stress.store import rows, schema
from stress.store.store import FolderLock, write_campaign
from stress.store.view import View, cell_of, look

_T = TypeVar("_T")
_COPIED: Final = ("number", "seed", "description", "state", "attempt", "worker", "shard", "began", "ended", "seconds",
                  "outcome", "verdict", "rounds", "operations", "steps", "memory", "complete", "violations", "faults",
                  "why", "result")
_FINDING: Final = ("signature", "kind", "scenario", "variant", "item", "title", "places", "expected",
                   "beside", "violation")


@dataclass(frozen=True)
class Merged:
    """What became one. `twice`: rounds that were in more than one folder. `running`: that had not ended in theirs."""

    rounds: int
    twice: int
    lost: int
    running: int
    findings: int


def merge(folders: Sequence[Path], into: Path) -> Merged:
    """One store out of several, in a folder that has none.

    Raises:
        UsageError: a folder has no store or is named twice, they are not shards of one campaign, or two of them tell
            one round differently. MachineError: no room. Nothing is written then.
        Interrupted: in a section that a signal has asked to end. Nothing is written then, either.
    """
    with ExitStack() as stack:
        views = []
        for folder in folders:
            breathe()
            views.append(stack.enter_context(look(folder)))
        _check(views)
        lock = FolderLock(into, make=True)
        stack.callback(lock.release)
        if os.path.lexists(into / schema.NAME):
            raise UsageError(f"{into}: holds a campaign already; name a folder that does not")
        aside = stack.enter_context(_aside(into))
        with schema.made(into / schema.NAME) as base:
            write_campaign(base, _facts(views))
            merged = _Merging(views, base).run()
            _files(views, base, aside)
            breathe()
        _placed(aside, into / FOLDER)
        return merged


@contextlib.contextmanager
def _aside(into: Path) -> Iterator[Path]:
    """Where the files of findings are until the store is there; the caller has the lock of the folder."""
    for torn in into.glob(f".{FOLDER}.*.new"):  # of one that was killed
        shutil.rmtree(torn, ignore_errors=True)
    aside = into / f".{FOLDER}.{os.getpid()}.new"
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _check(views: Sequence[View]) -> None:
    seen: dict[Path, Path] = {}
    for view in views:
        if (other := seen.setdefault(view.folder.resolve(), view.folder)) is not view.folder:
            raise UsageError(f"{view.folder}: named twice (also as {other})")
    first = views[0]
    for view in views[1:]:
        if view.campaign["seed"] != first.campaign["seed"]:
            raise UsageError(f"{view.folder} has seed {view.campaign['seed']}, {first.folder} has "
                             f"{first.campaign['seed']}: they are not shards of one campaign")


def _facts(views: Sequence[View]) -> dict[str, Any]:
    """What the campaign is: as the first one says, and where the parts are from."""
    first = min((view.campaign for view in views), key=lambda campaign: float(campaign["created"]))
    config = {name: value for name, value in first["config"].items() if name != "shard"}
    names = list(dict.fromkeys(name for view in views for name in view.campaign["names"]))
    parts = [{"folder": view.folder.name, "shard": view.campaign["config"].get("shard") or "",
              "version": view.campaign["version"], "machine": view.campaign["machine"]} for view in views]
    return {**first, "config": config, "names": names, "merged": parts, "schema": schema.SCHEMA}


@dataclass(frozen=True)
class _Row:
    """A round as it is in one of the stores."""

    view: View
    id: int
    key: str
    values: dict[str, Any]


class _Merging:
    def __init__(self, views: Sequence[View], base: sqlite3.Connection) -> None:
        self.views, self.base = views, base
        self.cells: dict[str, tuple[int, str]] = {}  # key -> id, title
        self.pairs: Counter[tuple[str, str, str]] = Counter()  # coverage
        self.twice = 0
        self.running = 0

    def run(self) -> Merged:
        done = heapq.merge(*(_rounds(view, "done") for view in self.views), key=lambda row: float(row.values["ended"]))
        for row in done:
            self._done(row)
        for state in ("lost", "started"):
            for view in self.views:
                for row in _rounds(view, state):
                    self._undone(row)
        for view in self.views:
            self._explanations(view)
        self._rest()
        count = dict(self.base.execute("SELECT state, count(*) FROM rounds GROUP BY state").fetchall())
        findings, = self.base.execute("SELECT count(*) FROM findings").fetchone()
        return Merged(count.get("done", 0), self.twice, count.get("lost", 0), self.running, findings)

    def _done(self, row: _Row) -> None:
        cell, title = self._cell(row.key)
        if self._known(row, cell) is not None:
            return
        number = self._insert(row, cell)
        found = row.view.query("SELECT finding, count FROM sightings WHERE round = ? ORDER BY rowid", row.id)
        for signature, _ in found:
            self._finding(row.view, signature)
        new = rows.sight(self.base, number, cell, found)
        result = rows.unpacked(row.values["result"], f"{row.view.path}: round {row.id}")
        before = len(self.pairs)
        for first, second, count in result.get("coverage", []):
            self.pairs[title, first, second] += count
        self.base.execute("UPDATE rounds SET new_findings = ?, new_pairs = ? WHERE id = ?",
                          (new, len(self.pairs) - before, number))

    def _cell(self, key: str) -> tuple[int, str]:
        """Id and title of a cell."""
        if key not in self.cells:
            cell = cell_of(key)
            self.cells[key] = rows.cell_id(self.base, cell), cell.title
        return self.cells[key]

    def _undone(self, row: _Row) -> None:
        cell, _ = self._cell(row.key)
        attempt = row.values["attempt"]
        if row.values["state"] == "started":
            self.running += 1
            row.values.update(state="lost", why="it had not ended when the shards were merged", ended=None)
        known = self._known(row, cell)
        if known is None:
            self._insert(row, cell)
        else:
            self.base.execute("UPDATE rounds SET attempt = max(attempt, ?) WHERE id = ? AND state = 'lost'",
                              (attempt, known))

    def _known(self, row: _Row, cell: int) -> int | None:
        """The id of the same round from another folder.

        Raises:
            UsageError: it is another round there.
        """
        known = self.base.execute("SELECT id, seed, description FROM rounds WHERE cell = ? AND number = ?",
                                  (cell, row.values["number"])).fetchone()
        if known is None:
            return None
        self.twice += 1
        if known[1:] != (row.values["seed"], row.values["description"]):
            what = "another seed" if known[1] != row.values["seed"] else "another description"
            each = cell_of(row.key)
            raise UsageError(f"{row.view.folder}: round {row.values['number']} of {each.title} ({each.mode}) has "
                             f"{what} than in another of the folders; they are not shards of one campaign")
        return int(known[0])

    def _insert(self, row: _Row, cell: int) -> int:
        return rows.insert(self.base, "rounds", {"cell": cell, **row.values})

    def _finding(self, view: View, signature: str) -> None:
        values, = view.query(f"SELECT {', '.join(_FINDING)} FROM findings WHERE signature = ?", signature)
        rows.insert(self.base, "findings", dict(zip(_FINDING, values, strict=True)), rows.FINDING_RULE)

    def _explanations(self, view: View) -> None:
        """The best that any folder has."""
        for signature, packed in view.query("SELECT signature, explanation FROM findings WHERE explanation NOT NULL"):
            breathe()
            row = self.base.execute("SELECT explanation FROM findings WHERE signature = ?", (signature,)).fetchone()
            if row is not None and rank(rows.unpacked(packed, signature)) > rank(rows.unpacked(row[0], signature)):
                self.base.execute("UPDATE findings SET explanation = ? WHERE signature = ?", (packed, signature))

    def _rest(self) -> None:
        """Coverage; figures and events, by time: what two folders have is there once."""
        self.base.executemany("INSERT INTO coverage VALUES (?, ?, ?, ?)",
                              _breathing((*pair, count) for pair, count in self.pairs.items()))
        for table, columns in (("samples", "time, what, value, shard"), ("events", "time, kind, text, shard")):
            each = (view.query(f"SELECT {columns} FROM {table} ORDER BY time") for view in self.views)
            self.base.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", _breathing(heapq.merge(*each)))
            breathe()
            first = f"SELECT min(rowid) FROM {table} GROUP BY {columns}"
            self.base.execute(f"DELETE FROM {table} WHERE rowid NOT IN ({first})")


def _breathing(each: Iterable[_T]) -> Iterator[_T]:
    """The same, with a breath before each."""
    for one in each:
        breathe()
        yield one


def rank(explanation: dict[str, Any] | None) -> tuple[bool, bool, bool, int]:
    """How much an explanation says: one that is there, that has a schedule, that is minimal, that is short."""
    if explanation is None:
        return (False, False, False, 0)
    return (True, bool(explanation.get("schedule")), bool(explanation.get("minimal")),
            -int(explanation.get("preemptions") or 0))


def _rounds(view: View, state: str) -> Iterator[_Row]:
    """The rounds of a store in a state, in the order of their ends."""
    names = ", ".join(f"rounds.{name}" for name in _COPIED)
    each = view.stream(f"SELECT rounds.id, cells.key, {names} FROM rounds JOIN cells ON cells.id = cell "
                       "WHERE state = ? ORDER BY ended, rounds.id", state)
    for row, key, *values in _breathing(each):
        yield _Row(view, row, key, dict(zip(_COPIED, values, strict=True)))


def _files(views: Sequence[View], base: sqlite3.Connection, to: Path) -> None:
    """The files of each finding, from the folder whose explanation was taken."""
    chosen = dict(base.execute("SELECT signature, explanation FROM findings WHERE explanation NOT NULL").fetchall())
    try:
        for view in views:
            own = dict(view.query("SELECT signature, explanation FROM findings WHERE explanation NOT NULL"))
            for signature in chosen.keys() & own.keys():
                folder = view.folder / FOLDER / signature
                breathe()
                if chosen[signature] == own[signature] and folder.is_dir():
                    shutil.copytree(folder, to / signature, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise MachineError(f"cannot copy the files of findings to {to.parent}: {error}") from error


def _placed(aside: Path, to: Path) -> None:
    """The store is there: put the files of its findings beside it."""
    try:
        if aside.is_dir() and not to.exists():
            aside.replace(to)
        elif aside.is_dir():
            shutil.copytree(aside, to, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise MachineError(f"merged, but without the files of findings, which cannot be written to {to}: {error}; "
                           "they are written when the campaign goes on") from error
