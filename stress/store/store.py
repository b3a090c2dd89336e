"""The one writer of a campaign's store.

    begin(round)  committed before the round starts: whatever happens, it is known which rounds were in flight
    end(...)      one transaction with all that the round has brought
    lose(...)     the round has no result, and why

A disk that is full costs nothing: what could not be written stays in memory, and the next write, or `flush`, tries it
again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from engine import __version__
from engine.errors import InternalError, MachineError, UsageError
from stress import machine
from stress.campaign.cell import Cell, Round
from stress.findings.signature import Finding
from stress.interrupts import deferred
from stress.store import rows, schema

LOCK = "lock"


class Resumed(NamedTuple):
    """Where a cell goes on. `next`: the first number that never began. `lost`: to be run again: number -> attempts."""

    next: int
    lost: Mapping[int, int]


@dataclass
class CellTally:
    """What the rounds of a cell have come to.

    Attributes:
        rounds: done. seconds: of running. found: signatures.
        last_new: how many rounds were done when the last finding or pair of accesses new to the cell came; 0: none.
        complete: some round has seen all that is within its bound. pairs: of accesses that were new in the variant.
    """

    rounds: int = 0
    seconds: float = 0.0
    found: set[str] = field(default_factory=set)
    last_new: int = 0
    complete: bool = False
    pairs: int = 0
    lost: int = 0


class Store:
    """An open store. One process has it, one thread of it writes.

    Attributes:
        campaign: seed, config, names, version, created (unix seconds), machine, schema.
        waiting: writes that the disk has refused and that are tried again.
    """

    def __init__(self, folder: Path, lock: FolderLock, base: sqlite3.Connection) -> None:
        self.folder, self._lock, self._base = folder, lock, base
        self.path = folder / schema.NAME
        self.campaign = campaign_of(base)
        self.shard = str(self.campaign["config"].get("shard") or "")
        self.waiting: list[Callable[[], list[Finding]]] = []
        self._samples: list[tuple[float, str, float, str]] = []
        self._cells: dict[int, Cell] = {}

    @classmethod
    def create(cls, folder: Path | str, *, seed: int, config: Mapping[str, Any], names: Sequence[str]) -> Store:
        """A new store in a folder that has none; the folder is made.

        Raises:
            UsageError: there is a campaign. MachineError: the folder cannot be written.
        """
        folder = Path(folder)
        lock = FolderLock(folder, make=True)
        try:
            if os.path.lexists(folder / schema.NAME):
                raise UsageError(f"{folder}: holds a campaign already; go on with --resume, or name another folder")
            facts = {"seed": seed, "config": dict(config), "names": list(names), "version": __version__,
                     "created": time.time(), "machine": machine.facts(), "schema": schema.SCHEMA}
            with deferred(), schema.made(folder / schema.NAME) as base:
                write_campaign(base, facts)
            return cls(folder, lock, schema.writer(folder / schema.NAME))
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, folder: Path | str) -> Store:
        """The store of a folder, to go on. Rounds that were in flight are lost, each with its attempt.

        Raises:
            UsageError: none there, another campaign runs in it, damaged, newer or foreign. MachineError: read-only.
        """
        folder = Path(folder)
        schema.check_file(folder / schema.NAME)
        lock = FolderLock(folder)
        base = None
        try:
            base = schema.writer(folder / schema.NAME)
            store = cls(folder, lock, base)
            for row, in base.execute("SELECT id FROM rounds WHERE state = 'started'").fetchall():
                store.lose(row, "the campaign ended while it ran")
            return store
        except BaseException:
            if base is not None:
                base.close()
            lock.release()
            raise

    def begin(self, round_: Round) -> int:
        """Note that a round begins; returns its id. On the disk when this returns, before anybody has the round.

        Raises:
            MachineError: it could not be noted: do not run it. InternalError: it is done, or is running.
        """
        with self._transaction() as base:
            cell = rows.cell_id(base, round_.cell)
            values = (cell, round_.number, round_.seed, rows.text(round_.as_dict()), self.shard, time.time())
            done = base.execute(
                "INSERT INTO rounds (cell, number, seed, description, worker, shard, began, state, attempt) "
                "VALUES (?1, ?2, ?3, ?4, '', ?5, ?6, 'started', 1) ON CONFLICT (cell, number) DO UPDATE SET "
                "seed = ?3, description = ?4, worker = '', shard = ?5, began = ?6, state = 'started', "
                "attempt = attempt + 1, ended = NULL, why = NULL WHERE state = 'lost' RETURNING id", values).fetchone()
            if done is None:
                raise InternalError(f"round {round_.number} of {round_.cell.title} ({round_.cell.mode}) is begun twice")
        self._cells[done[0]] = round_.cell
        return int(done[0])

    def end(self, row: int, result: Mapping[str, Any], found: Sequence[Finding], worker: str = "") -> list[Finding]:
        """A round is done: all it brought, and who had it, in one transaction. Returns the findings that were never
        seen before.

        Raises:
            MachineError: the disk is full; the round is kept, see `flush`. InternalError: it is not running.
        """
        ended = time.time()
        cell = self._cells.pop(row, None)
        if cell is None:
            raise InternalError(f"round {row} of the store has ended, and was not running")

        def write() -> list[Finding]:
            return write_end(self._base, row, cell, result, found, ended, worker)

        return self._kept(write)

    def lose(self, row: int, why: str, worker: str = "") -> None:
        """A round has no result; it may begin again. `worker`: who had it, where that is known.

        Raises:
            MachineError: the disk is full; kept, see `flush`.
        """
        now = time.time()
        self._cells.pop(row, None)

        def write() -> list[Finding]:
            done = self._base.execute("UPDATE rounds SET state = 'lost', why = ?, worker = ?, ended = ? WHERE id = ? "
                                      "AND state = 'started'", (why, worker, now, row))
            if not done.rowcount:
                raise InternalError(f"round {row} of the store is lost, and was not running")
            key, number, attempt = self._base.execute(
                "SELECT key, number, attempt FROM rounds JOIN cells ON cells.id = cell WHERE rounds.id = ?",
                (row,)).fetchone()
            cell = Cell.from_dict(rows.read_text(key))
            self._event(now, "lost", f"round {number} of {cell.title} ({cell.mode}), attempt {attempt}: {why}")
            return []

        self._kept(write)

    def withdraw(self, row: int) -> None:
        """A round was noted, and its turn never came: it is as before. The number of one that is gone may stay unused.

        Raises:
            MachineError: the disk is full; kept, see `flush`.
        """
        self._cells.pop(row, None)

        def write() -> list[Finding]:
            self._base.execute("DELETE FROM rounds WHERE id = ? AND state = 'started' AND attempt = 1", (row,))
            self._base.execute("UPDATE rounds SET state = 'lost', attempt = attempt - 1, ended = began, "
                               "why = 'the time was over before its next attempt' WHERE id = ? AND state = 'started'",
                               (row,))
            return []

        self._kept(write)

    def explained(self, signature: str, explanation: Mapping[str, Any]) -> None:
        """Attach what the search says of a finding; replaces what it said before."""
        def write() -> list[Finding]:
            self._base.execute("UPDATE findings SET explanation = ? WHERE signature = ?",
                               (rows.packed(dict(explanation)), signature))
            return []

        self._kept(write)

    def sample(self, what: str, value: float) -> None:
        """Note a figure of now. Written with the next round, so that it costs no sync of its own."""
        self._samples.append((time.time(), what, value, self.shard))

    def event(self, kind: str, text: str) -> None:
        """Note what has happened; on the disk when this returns.

        Raises:
            MachineError: the disk is full; kept, see `flush`.
        """
        now = time.time()

        def write() -> list[Finding]:
            self._event(now, kind, text)
            return []

        self._kept(write)

    def flush(self) -> list[Finding]:
        """Write what a full disk has refused, and samples; returns the findings in it that were never seen before.

        Raises:
            MachineError: it is still full.
        """
        new: list[Finding] = []
        with deferred():
            while self.waiting:
                new += self._first()
            if self._samples:
                with self._transaction():
                    pass
        return new

    def _first(self) -> list[Finding]:
        """Do the write that waits longest. It waits on only if the disk is to blame."""
        try:
            with self._transaction():
                new = self.waiting[0]()
        except MachineError:
            raise
        except BaseException:
            self.waiting.pop(0)
            raise
        self.waiting.pop(0)
        return new

    def resumed(self) -> dict[str, Resumed]:
        """Cell key -> where it goes on."""
        return {key: Resumed(last + 1, dict(self._lost(key))) for key, last in self._base.execute(
            "SELECT key, max(number) FROM rounds JOIN cells ON cells.id = cell GROUP BY cell").fetchall()}

    def _lost(self, key: str) -> list[tuple[int, int]]:
        return self._base.execute("SELECT number, attempt FROM rounds JOIN cells ON cells.id = cell "
                                  "WHERE key = ? AND state = 'lost' ORDER BY number", (key,)).fetchall()

    def tallies(self) -> dict[str, CellTally]:
        """Cell key -> what its rounds have come to."""
        tallies = {key: CellTally() for key, in self._base.execute("SELECT key FROM cells")}
        query = ("SELECT key, state, seconds, complete, new_findings, new_pairs FROM rounds JOIN cells ON "
                 "cells.id = cell ORDER BY ended")
        for key, state, seconds, complete, findings, pairs in self._base.execute(query):
            tally = tallies[key]
            tally.lost += state == "lost"
            if state == "done":
                tally.rounds += 1
                tally.seconds += seconds or 0.0
                tally.complete |= bool(complete)
                tally.pairs += pairs
                if findings or pairs:
                    tally.last_new = tally.rounds
        for key, signature in self._base.execute("SELECT DISTINCT key, finding FROM sightings JOIN rounds ON "
                                                 "rounds.id = round JOIN cells ON cells.id = cell"):
            tallies[key].found.add(signature)
        return tallies

    def close(self) -> None:
        """Write what waits, as far as the disk takes it, and give the folder back.

        Raises:
            MachineError: something could not be written, and is lost now.
        """
        try:
            self.flush()
        finally:
            self._base.close()
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _event(self, now: float, kind: str, text: str) -> None:
        self._base.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (now, kind, text, self.shard))

    def _kept(self, write: Callable[[], list[Finding]]) -> list[Finding]:
        """Do a write after those that wait; one that the disk refuses waits too. Returns what all have found."""
        self.waiting.append(write)
        return self.flush()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; a signal waits until its end."""
        with deferred():
            try:
                self._base.execute("BEGIN IMMEDIATE")
                yield self._base
                self._base.executemany("INSERT INTO samples VALUES (?, ?, ?, ?)", self._samples)
                self._base.execute("COMMIT")
                self._samples.clear()
            except BaseException as error:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise schema.refused(self.path, error) from error
                raise


def write_end(base: sqlite3.Connection, row: int, cell: Cell, result: Mapping[str, Any], found: Sequence[Finding],
              ended: float, worker: str) -> list[Finding]:
    """Note that a round is done, inside a transaction; returns the findings that were never seen before."""
    new = [finding for finding in found if rows.finding_row(base, finding)]
    new_in_cell = rows.sight(base, row, rows.cell_id(base, cell),
                             [(each.signature, int(each.violation.get("count", 1))) for each in found])
    pairs = rows.cover(base, cell.title, result.get("coverage", []))
    data = {**rows.columns(result), "new_findings": new_in_cell, "new_pairs": pairs, "ended": ended,
            "state": "done", "why": result.get("why"), "worker": worker, "result": rows.packed(result)}
    done = base.execute(f"UPDATE rounds SET {', '.join(f'{name} = ?' for name in data)} WHERE id = ? AND "
                        "state = 'started'", (*data.values(), row))
    if not done.rowcount:
        raise InternalError(f"round {row} of the store has ended, and was not running")
    return new


def campaign_of(base: sqlite3.Connection) -> dict[str, Any]:
    """What the campaign is: its seed, configuration, names, version, when and where it began."""
    return {key: rows.read_text(value) for key, value in base.execute("SELECT key, value FROM campaign")}


def write_campaign(base: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    base.executemany("INSERT INTO campaign VALUES (?, ?)", [(key, rows.text(value)) for key, value in facts.items()])


class FolderLock:
    """A folder is written by one process. A record lock: the kernel drops it when that process dies, children that it
    has left behind do not hold it, and says who has it."""

    _mine: ClassVar[set[str]] = set()  # a record lock does not keep its own process out

    def __init__(self, folder: Path, *, make: bool = False) -> None:
        self._file = -1
        try:
            if make:
                folder.mkdir(parents=True, exist_ok=True)
            self._folder = str(folder.resolve())
            if self._folder in self._mine:
                raise UsageError(_taken(folder, os.getpid()))
            self._file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise MachineError(f"{folder}: cannot be written ({error.strerror}); a campaign needs a folder of its own "
                               "to write to") from error
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._holder()
            os.close(self._file)
            raise UsageError(_taken(folder, holder)) from error
        self._mine.add(self._folder)

    def _holder(self) -> int:
        """The process that has the lock, 0 if that is not known."""
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        with contextlib.suppress(OSError, struct.error):
            return int(struct.unpack("hhqqi4x", fcntl.fcntl(self._file, fcntl.F_GETLK, asked))[4])
        return 0

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._mine.discard(self._folder)


def _taken(folder: Path, holder: int) -> str:
    who = f" (process {holder})" if holder else ""
    return f"{folder}: another campaign runs in it{who}; wait for its end, or name another folder with --out"
