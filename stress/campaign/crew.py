"""The processes that run a campaign's rounds: started, watched, and replaced when they die, stall or take too much.

The campaign's own process never runs a round. A member that is lost costs the round it was in, which is named.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from engine.errors import MachineError
from stress import folder
from stress.campaign.cell import Cell, Round
from stress.campaign.processes import end, memory, tree
from stress.child import Child
from stress.report.places import home
from stress.watch import process_state, processor_seconds

#: Seconds without a word and without processor time after which a member is stalled.
STALLED: Final = 60.0
#: A round may take so many times its seconds, and never less than `LEAST`: compiling is part of the first.
FACTOR: Final = 20.0
LEAST: Final = 600.0
_LOOK: Final = 2.0  # seconds between two looks at a member's processes
_DUMP: Final = 0.5  # seconds for a stack dump


@dataclass(frozen=True)
class Task:
    """What a member is to do: a round, or to explain a violation (then `violation` is one)."""

    cell: Cell
    round: Round | None = None
    violation: dict[str, Any] | None = None
    signature: str = ""

    @property
    def request(self) -> dict[str, Any]:
        if self.round is not None:
            return {"do": "round", "round": self.round.as_dict()}
        return {"do": "explain", "cell": self.cell.as_dict(), "violation": self.violation}

    def cost(self, cpus: int) -> int:
        """Processors that it keeps busy."""
        if self.violation is not None or self.cell.executor != "native":
            return 1
        return min(cpus, max(2, self.cell.threads))


@dataclass(frozen=True)
class Ended:
    """A task is over. `answer`: a round's result or an explanation; empty if it was lost, then `why` says how.

    `begun`: False if it was taken back before its turn came, see `Crew.finish`; then the rest is empty.
    `worker`: who had it, in words. `found`: what had been seen before it was lost. `memory`: the most that its
    processes took, bytes.
    """

    task: Task
    worker: str
    answer: dict[str, Any]
    why: str = ""
    found: Sequence[dict[str, Any]] = ()
    memory: int = 0
    begun: bool = True


class Crew(Protocol):
    """Whoever runs rounds."""

    def takes(self, task: Task) -> bool: ...
    def start(self, task: Task) -> None: ...
    def poll(self, timeout: float) -> list[Ended]: ...
    def finish(self) -> None: ...
    def busy(self) -> list[tuple[int, Task, str, float]]: ...
    def resident(self) -> int: ...
    def close(self) -> None: ...


@dataclass
class _Member:
    """One process and what it does. Times are monotonic seconds."""

    number: int
    child: Child
    task: Task | None = None
    began: float = 0.0
    heard: float = 0.0
    burnt: float = 0.0
    looked: float = 0.0
    doing: str = ""
    found: list[dict[str, Any]] = field(default_factory=list)
    peak: int = 0
    resident: int = 0

    @property
    def name(self) -> str:
        """As its folder of logs."""
        return f"member-{self.number}"


class LocalCrew:
    """Members on this machine.

    Args:
        logs: a folder for what members write. members: how many at most. limit: bytes of memory for one and its own
            children; more than that costs its round. cpus: as many as tasks may keep busy together.
    """

    def __init__(self, logs: Path, members: int, cpus: int, limit: int, *, stalled: float = STALLED) -> None:
        self.logs, self.size, self.cpus, self.limit, self.stalled = logs, members, cpus, limit, stalled
        self.members: dict[int, _Member] = {}

    def takes(self, task: Task) -> bool:
        """Whether there is room for the task now."""
        busy = [m for m in self.members.values() if m.task is not None]
        used = sum(m.task.cost(self.cpus) for m in busy if m.task)
        return len(busy) < self.size and used + task.cost(self.cpus) <= self.cpus

    def start(self, task: Task) -> None:
        """Give the task to a member that is free.

        Raises:
            MachineError: no process can be had.
        """
        member = next((m for m in self.members.values() if m.task is None), None) or self._hire()
        now = time.monotonic()
        member.task, member.began, member.heard, member.doing = task, now, now, "starting"
        member.found, member.peak = [], 0
        member.burnt = processor_seconds(tree(member.child.pid))
        try:
            member.child.send(task.request)
        except MachineError:
            member.heard = now - 2 * LEAST  # `poll` finds it dead

    def _hire(self) -> _Member:
        number = next(n for n in range(self.size) if n not in self.members)
        logs = self.logs / f"member-{number}"
        logs.mkdir(parents=True, exist_ok=True)
        child = Child("stress.campaign.member", "a member of the crew", logs / "log")
        member = self.members[number] = _Member(number, child)
        with contextlib.suppress(MachineError):
            child.send({"do": "begin", "logs": str(logs)})
        return member

    def poll(self, timeout: float) -> list[Ended]:
        """What has ended since; waits for it, `timeout` seconds at most."""
        sockets = {m.child.control: m for m in self.members.values()}
        ready = select.select(list(sockets), [], [], timeout)[0]
        ended = [each for control in ready for each in self._heard(sockets[control])]
        now = time.monotonic()
        for member in list(self.members.values()):
            if member.task is not None and now - member.looked >= _LOOK and (why := self._look(member, now)):
                ended.append(self._lost(member, why))
        return ended

    def _heard(self, member: _Member) -> list[Ended]:
        try:
            messages = member.child.receive()
        except MachineError as error:
            return [self._lost(member, str(error))] if member.task else self._dismiss(member)
        member.heard, ended = time.monotonic(), []
        for message in messages:
            if "doing" in message:
                member.doing = message["doing"]
            elif "found" in message:
                member.found.append(message["found"])
            elif "failed" in message:
                ended.append(self._lost(member, message["failed"]))
            elif member.task is not None:
                answer = message.get("result") or message.get("explanation") or {}
                ended.append(Ended(member.task, member.name, answer, memory=max(member.peak, member.resident)))
                member.task = None
                if member.resident > self.limit // 2:  # what is compiled stays; a new one begins with nothing
                    self._dismiss(member)
        return ended

    def _look(self, member: _Member, now: float) -> str:
        """Why the member must go, "" if all is well."""
        member.looked = now
        pids = tree(member.child.pid)
        member.resident = memory(pids)
        member.peak = max(member.peak, member.resident)
        burnt = processor_seconds(pids)
        if burnt > member.burnt + 0.05:
            member.burnt, member.heard = burnt, now
        assert member.task is not None
        allowed = max(LEAST, FACTOR * (member.task.round.seconds if member.task.round else 0.0))
        if member.resident > self.limit:
            return (f"its processes took {member.resident / 1e6:,.0f} MB, more than the {self.limit / 1e6:,.0f} MB "
                    "that --memory leaves each")
        if process_state(member.child.pid) in "Tt":
            return "it was stopped by a signal" if now - member.heard >= self.stalled else ""
        if now - member.heard >= self.stalled:
            return f"it stalled: nothing heard and no processor time used for {self.stalled:.0f} s{self._dump(member)}"
        if now - member.began >= allowed:
            return f"it took more than {allowed:.0f} s{self._dump(member)}"
        return ""

    def _dump(self, member: _Member) -> str:
        """Ask for its stacks; they go to its log."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(member.child.pid, signal.SIGUSR2)
            time.sleep(_DUMP)
        return f" (its stacks are in {home(member.child.log)})"

    def _lost(self, member: _Member, why: str) -> Ended:
        assert member.task is not None
        ended = Ended(member.task, member.name, {}, why, tuple(member.found), member.peak)
        self._dismiss(member)
        return ended

    def _dismiss(self, member: _Member) -> list[Ended]:
        """End a member, and remove what it leaves in shared memory."""
        self.members.pop(member.number, None)
        pids = tree(member.child.pid)
        member.child.close()
        end(pids[1:])  # its zygotes are killed by its death; be sure of it
        folder.sweep_killed()
        return []

    def finish(self) -> None:
        """Nothing more is to begin. Here every task begins when it is given; it goes on to its end."""

    def busy(self) -> list[tuple[int, Task, str, float]]:
        """Who does what: number, task, what it said last, for how many seconds."""
        now = time.monotonic()
        return [(m.number, m.task, m.doing, now - m.began) for m in self.members.values() if m.task is not None]

    def resident(self) -> int:
        """Bytes of memory that all members take, as of the last look."""
        return sum(member.resident for member in self.members.values())

    def close(self) -> None:
        """End all of them."""
        for member in list(self.members.values()):
            self._dismiss(member)
