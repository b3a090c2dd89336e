"""The tables of a store, and the file they are in: made as a whole, opened only if it is what it should be.

It is written through a write-ahead log with a sync at every commit (`WAL`, `synchronous=FULL`): what was committed
survives a kill -9 and a power cut, what was not is gone as a whole. `application_id` says that it is a store of ours,
`user_version` which schema it has. A file that is anything else is never written to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.errors import InternalError, MachineError, PttortureError, UsageError

NAME: Final = "campaign.sqlite"
SCHEMA: Final = 1
APPLICATION: Final = 0x70747472  # "pttr"
_LOG_LIMIT: Final = 32 << 20  # bytes that the log keeps after a reader has held it open
OLDEST: Final = (3, 35)  # of SQLite: it has RETURNING
#: Answers of SQLite that say that the file is not what was once written.
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_STORE: Final = "it does not begin as an SQLite file does"
#: What no other disk would cure.
_OURS: Final = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.DataError)

TABLES: Final = """
CREATE TABLE campaign (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE cells (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, title TEXT NOT NULL, scenario TEXT NOT NULL,
    variant TEXT NOT NULL, source TEXT NOT NULL, executor TEXT NOT NULL, lock TEXT NOT NULL, threads INTEGER NOT NULL,
    processes INTEGER NOT NULL, perturb TEXT NOT NULL, strategy TEXT NOT NULL, model TEXT NOT NULL);
CREATE TABLE rounds (
    id INTEGER PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cells, number INTEGER NOT NULL, seed INTEGER NOT NULL,
    description TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('started', 'done', 'lost')),
    attempt INTEGER NOT NULL, worker TEXT NOT NULL, shard TEXT NOT NULL, began REAL NOT NULL, ended REAL,
    seconds REAL, outcome TEXT, verdict TEXT, rounds INTEGER, operations INTEGER, steps INTEGER, memory INTEGER,
    complete INTEGER, violations INTEGER, faults INTEGER, new_findings INTEGER, new_pairs INTEGER, why TEXT,
    result BLOB, UNIQUE (cell, number));
CREATE INDEX rounds_by_end ON rounds (ended);
CREATE TABLE findings (
    signature TEXT PRIMARY KEY, kind TEXT NOT NULL, scenario TEXT NOT NULL, variant TEXT NOT NULL, item TEXT NOT NULL,
    title TEXT NOT NULL, places TEXT NOT NULL, expected INTEGER NOT NULL, beside TEXT NOT NULL,
    violation BLOB NOT NULL, explanation BLOB);
CREATE TABLE sightings (
    finding TEXT NOT NULL REFERENCES findings, round INTEGER NOT NULL REFERENCES rounds, count INTEGER NOT NULL,
    UNIQUE (finding, round));
CREATE INDEX sightings_by_round ON sightings (round);
CREATE TABLE coverage (
    title TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (title, first, second)) WITHOUT ROWID;
CREATE TABLE samples (time REAL NOT NULL, what TEXT NOT NULL, value REAL NOT NULL, shard TEXT NOT NULL);
CREATE TABLE events (time REAL NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, shard TEXT NOT NULL);
"""


@contextlib.contextmanager
def made(path: Path) -> Iterator[sqlite3.Connection]:
    """A new store, to be filled inside; it is at `path` complete, or not at all. The caller has the lock of the folder.

    Raises:
        MachineError: the folder cannot be written, or is full.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        for torn in path.parent.glob(f".{path.name}.*.new"):  # of one that was killed
            torn.unlink()
        _version()
        with contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as base:
            base.executescript(f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA};"
                               f"PRAGMA journal_mode = OFF; BEGIN; {TABLES}")
            yield base
            base.execute("COMMIT")
            base.execute("PRAGMA journal_mode = WAL")
        _sync(unfinished)
        unfinished.replace(path)
        _sync(path.parent)
    except sqlite3.Error as error:
        raise refused(path, error) from error
    except OSError as error:
        raise MachineError(f"cannot make {path}: {error.strerror}") from error
    finally:
        for name in (unfinished, unfinished.with_name(unfinished.name + "-journal")):
            with contextlib.suppress(OSError):
                name.unlink()


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def writer(path: Path) -> sqlite3.Connection:
    """A connection that writes; the caller has the lock of the folder.

    Raises:
        UsageError: no store, a damaged or foreign one, or one of a newer pttorture. MachineError: it cannot be written.
    """
    check_file(path)
    if not all(os.access(each, os.W_OK, effective_ids=True) for each in (path, path.parent)):
        raise MachineError(f"{path}: cannot be written; a campaign needs a folder of its own to write to")
    with _judged(path):
        _looking(path, "ro", "integrity_check").close()  # one that could write would tidy up the log when it is closed
        base = _connected(path, "rw")
        try:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = FULL")
            base.execute("PRAGMA foreign_keys = ON")
            base.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT}")
        except BaseException:
            base.close()
            raise
        return base


def reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, while a campaign runs and on a disk that cannot be written too.

    Raises:
        UsageError: as `writer`.
    """
    check_file(path)
    with _judged(path, "read"):
        try:
            return _looking(path, "ro")
        except sqlite3.OperationalError:
            # The log's index cannot be made in a folder that cannot be written; without a log none is needed.
            log = path.with_name(path.name + "-wal")
            if log.exists() and log.stat().st_size:
                raise
            return _looking(path, "ro&immutable=1")


def _looking(path: Path, mode: str, how: str = "quick_check") -> sqlite3.Connection:
    base = _connected(path, mode)
    try:
        _check(base, path, how)
    except BaseException:
        base.close()
        raise
    return base


def _version() -> None:
    if sqlite3.sqlite_version_info[:2] < OLDEST:
        raise MachineError(f"a campaign needs SQLite {'.'.join(map(str, OLDEST))} or newer; this Python has "
                           f"{sqlite3.sqlite_version}")


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    _version()
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=20.0)


def check_file(path: Path) -> None:
    """Whether there is a file that could be a store. Never opens it: a process that closes a file loses every POSIX
    lock that it has on it, and without the lock of a writer in this process another one takes its log for left behind
    and unlinks it. What is in the file SQLite says, which closes no file that it has locked.

    Raises:
        UsageError: there is none, or it is something else.
    """
    try:
        facts = path.stat()
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            raise UsageError(f"{path.parent}: no campaign there (no {NAME} in it)") from error
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(facts.st_mode):
        raise UsageError(f"{path}: cannot be read: it is no file")
    if not os.access(path, os.R_OK, effective_ids=True):
        raise UsageError(f"{path}: cannot be read: {os.strerror(errno.EACCES)}")
    if not facts.st_size:  # to SQLite a database without tables
        raise _damaged(path, _NO_STORE)


def _check(base: sqlite3.Connection, path: Path, how: str) -> None:
    application, = base.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION:
        raise UsageError(f"{path}: an SQLite file of another program, left as it is; name another folder")
    schema, = base.execute("PRAGMA user_version").fetchone()
    if schema > SCHEMA:
        raise UsageError(f"{path}: written by a newer pttorture (schema {schema}, this one knows {SCHEMA}), left as it "
                         "is; use that pttorture, or name another folder")
    if schema != SCHEMA:
        raise _damaged(path, f"it says it has schema {schema}, which never was")
    said, = base.execute(f"PRAGMA {how}(1)").fetchone()
    if said != "ok":
        raise _damaged(path, " ".join(said.split()))


@contextlib.contextmanager
def _judged(path: Path, what: str = "write") -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise refused(path, error, what) from error


def refused(path: Path, error: sqlite3.Error, what: str = "write") -> PttortureError:
    """What SQLite will not do, as one line: the file is damaged, or the machine fails it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return _damaged(path, _NO_STORE if code == sqlite3.SQLITE_NOTADB else str(error))
    if isinstance(error, _OURS):
        return InternalError(f"{path}: {error}")
    full = ": no space left on its disk" if code == sqlite3.SQLITE_FULL else f": {error}"
    return MachineError(f"cannot {what} {path}{full}")


def _damaged(path: Path, how: str) -> UsageError:
    return UsageError(f"{path}: damaged ({how}), left as it is; go on in another folder, or put back a copy "
                      "(`sqlite3 FILE .recover` saves what can be read)")
