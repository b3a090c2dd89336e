"""The journal of a lease, on the machine of the worker that has it: which of its tasks began, and what they came to.

A line is on the disk before a task begins, and before the next one does. So a task that began and has no end is the one
that its worker died in, and no other is to blame.

A lease's name begins with its campaign's, and that says which process of which machine it is: one that was killed asks
for its ledgers no more, so the next campaign that comes to the machine removes them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from engine.memory.arena import start_time
from stress import journal

#: Of a campaign on another machine nobody here can say whether it goes on; in a day it has asked, or is gone.
_OLD: Final = 86_400.0  # seconds


@dataclass
class Account:
    """What a ledger says. `ended`: number of a task -> what came of it. `culprit`: the one without an end, or None.

    `kept`: whether there is a ledger at all.
    """

    ended: dict[int, dict[str, Any]] = field(default_factory=dict)
    culprit: int | None = None
    kept: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {"ended": [[number, each] for number, each in self.ended.items()], "culprit": self.culprit,
                "kept": self.kept}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Account:
        return cls({int(number): each for number, each in data["ended"]}, data["culprit"], data["kept"])


class Ledger:
    """An open one; `lease` names its file."""

    def __init__(self, lease: str) -> None:
        self.path = place(lease)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def started(self, number: int) -> None:
        self._write({"started": number})

    def ended(self, number: int, what: Mapping[str, Any]) -> None:
        self._write({"ended": number, "what": dict(what)})

    def close(self) -> None:
        os.close(self._file)

    def _write(self, event: Mapping[str, Any]) -> None:
        data = json.dumps(event).encode() + b"\n"
        while data:
            data = data[os.write(self._file, data):]
        os.fsync(self._file)


def place(lease: str) -> Path:
    """Where the ledger of a lease lies on this machine."""
    return journal.state() / "pttorture" / "leases" / f"{lease}.jsonl"


def read(lease: str) -> Account:
    """What the ledger of a lease says on this machine; a last line that was torn says nothing."""
    try:
        lines = place(lease).read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
    except OSError:
        return Account()
    account = Account(kept=True)
    for event in map(json.loads, lines):
        if "started" in event:
            account.culprit = event["started"]
        else:
            account.ended[event["ended"]] = event["what"]
            account.culprit = None
    return account


def campaign() -> str:
    """A name for a campaign of this process, with what says one day whether that still runs."""
    me = os.getpid()
    return f"{_machine()}-{me}-{start_time(me)}-{secrets.token_hex(4)}"


@functools.cache
def _machine() -> str:
    """Within what process numbers mean the same: a boot of a machine, and in it a container."""
    facts = [Path("/proc/sys/kernel/random/boot_id").read_text().strip(), os.readlink("/proc/self/ns/pid")]
    return hashlib.sha256(" ".join(facts).encode()).hexdigest()[:12]


def sweep(lease: str) -> None:
    """Remove the ledgers of campaigns that were killed; looked for once for each campaign whose leases come here."""
    _swept(lease.rpartition("-")[0])


@functools.cache
def _swept(_campaign: str) -> None:
    for path in place("any").parent.glob("*.jsonl"):
        with suppress(OSError):
            if _abandoned(path):
                path.unlink()


def _abandoned(path: Path) -> bool:
    with suppress(ValueError):
        machine, pid, start, _, _ = path.stem.split("-")
        if machine == _machine():
            return start_time(int(pid)) != int(start)
    return time.time() - path.stat().st_mtime > _OLD


def forget(lease: str) -> None:
    """Remove a ledger that nobody will ask for again."""
    place(lease).unlink(missing_ok=True)
