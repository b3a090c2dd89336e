"""What a worker of the cluster does: runs the tasks of a lease one after the other, each written down before and after.

The tasks run in a process of their own, watched as in a campaign on one machine: a round that kills, stalls or takes
too much memory costs that process, not the worker.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine import __version__
from stress.campaign.cell import Cell, Round
from stress.campaign.crew import Ended, LocalCrew, Task
from stress.cluster.ledger import Account, Ledger, forget, read, sweep
from stress.machine import cpus, facts

_POLL: Final = 0.2
_running: Final[set[str]] = set()  # leases that this process is at
_recalled: Final[set[str]] = set()  # leases of which it is to begin nothing more


def as_dict(task: Task) -> dict[str, Any]:
    """A task as plain data."""
    return {"cell": task.cell.as_dict(), "round": task.round.as_dict() if task.round else None,
            "violation": task.violation, "signature": task.signature}


def task_of(data: Mapping[str, Any]) -> Task:
    return Task(Cell.from_dict(data["cell"]), Round.from_dict(data["round"]) if data["round"] else None,
                data["violation"], data["signature"])


def work(lease: Mapping[str, Any]) -> dict[str, Any]:
    """Runs on a worker. Returns an `Account` as plain data, or {"refused": why}.

    Args:
        lease: "lease" its name, "version", "tasks", "memory" in bytes for all
            workers of this machine (0: half of what it has), "mates" how many these are, "settled": names that nobody
            asks for again.
    """
    if lease["version"] != __version__:
        return {"refused": f"it has pttorture {__version__}, the campaign {lease['version']}"}
    forgotten(lease["settled"])
    sweep(lease["lease"])
    _running.add(lease["lease"])
    try:
        return _worked(lease).as_dict()
    finally:
        _running.discard(lease["lease"])
        _recalled.discard(lease["lease"])


def _worked(lease: Mapping[str, Any]) -> Account:
    account = read(lease["lease"])
    if account.kept:  # the scheduler has given it out twice
        return account
    ledger = Ledger(lease["lease"])
    try:
        account = Account(kept=True)
        with tempfile.TemporaryDirectory(prefix="pttorture-lease-") as logs:
            limit = (lease["memory"] or facts()["memory"] // 2) // lease["mates"]
            crew = LocalCrew(Path(logs), 1, cpus(), limit)
            try:
                for number, task in enumerate(map(task_of, lease["tasks"])):
                    if lease["lease"] in _recalled:
                        break
                    ledger.started(number)
                    account.ended[number] = _one(crew, task)
                    ledger.ended(number, account.ended[number])
            finally:
                crew.close()
    finally:
        ledger.close()
    return account


def _one(crew: LocalCrew, task: Task) -> dict[str, Any]:
    crew.start(task)
    ended: list[Ended] = []
    while not ended:
        ended = crew.poll(_POLL)
    each = ended[0]
    return {"answer": each.answer, "why": each.why, "found": list(each.found), "memory": each.memory}


def account_of(lease: str) -> dict[str, Any]:
    """Runs on the worker that has the lease, or on any of its machine: an `Account`, and "running": it is at it."""
    running = lease in _running  # before the ledger is read: a lease that ends in between is asked for once more
    return {**read(lease).as_dict(), "running": running}


def recalled(lease: str) -> bool:
    """Runs on the worker that has the lease: its tasks that have not begun are not to. Returns that it is noted."""
    _recalled.add(lease)
    return True


def forgotten(names: Sequence[str]) -> bool:
    """Runs on a worker: nobody asks for these leases again. Returns that it has been done."""
    for name in names:
        forget(name)
    return True
