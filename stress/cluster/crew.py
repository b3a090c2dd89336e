"""A crew on a cluster: tasks go out in leases of some tens of seconds, each to one worker that is named.

The scheduler runs what a dead worker had once more, on others, and blames whoever was near. So it may not: a lease is
for one worker alone, and of one that is gone the ledger on its machine decides. What had ended there counts, once; the
task that had begun is lost with its worker; the rest goes into a new lease.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from engine import __version__
from engine.errors import MachineError
from stress.campaign.crew import Ended, Task
from stress.cluster.address import parts
from stress.cluster.lease import account_of, as_dict, forgotten, recalled, work
from stress.cluster.ledger import Account, campaign

SECONDS: Final = 15.0  # of work in a lease
DEPTH: Final = 2  # leases of a worker: one that runs, one that waits, so that it need not
PATIENCE: Final = 60.0  # seconds for a machine, or for any worker at all, to come back
CUT: Final = ("cancelled", "lost")  # of futures that bring nothing any more
TRIES: Final = 3  # leases of a task that vanish with their machine before it counts as lost
LEAVE: Final = 10.0  # seconds for all that is said to workers at the end
_EXPLAIN: Final = 10.0  # seconds that an explanation is thought to take
_LEAST: Final = 1.0  # and a round


class Cluster(Protocol):
    """What `stress.cluster.scheduler.Scheduler` is to a crew."""

    def workers(self) -> Mapping[str, int]: ...
    def give(self, function: Callable[..., Any], argument: Any, worker: str) -> Any: ...
    def ask(self, function: Callable[..., Any], argument: Any, worker: str) -> Any: ...
    def wait(self, futures: Sequence[Any], seconds: float) -> None: ...
    def answer(self, future: Any) -> Any: ...
    def drop(self, futures: Sequence[Any]) -> None: ...
    def close(self) -> None: ...


@dataclass
class _Given:
    """A task on its way. `tries`: leases that nobody knows anything about any more."""

    task: Task
    tries: int = 0

    @property
    def seconds(self) -> float:
        return max(_LEAST, self.task.round.seconds) if self.task.round else _EXPLAIN


@dataclass
class _Lease:
    name: str
    given: list[_Given]
    worker: str
    future: Any
    began: float
    settled: list[str] = field(default_factory=list)  # leases whose ledgers it removes
    gone: float = 0.0  # since when nobody on its machine answers
    recalled: bool = False  # its worker begins no more of it

    @property
    def host(self) -> str:
        return parts(self.worker)[1]


class ClusterCrew:
    """See the module's text.

    Args:
        memory: bytes for what the workers of one machine start, 0: half of what it has. seconds: of work in a
            lease. patience: see `PATIENCE`.
    """

    def __init__(self, cluster: Cluster, memory: int, *, seconds: float = SECONDS, patience: float = PATIENCE) -> None:
        self.cluster, self.memory, self.seconds, self.patience = cluster, memory, seconds, patience
        self.leases: list[_Lease] = []
        self.open: list[_Given] = []
        self.workers: Mapping[str, int] = cluster.workers()
        self._name, self._number = campaign(), 0
        self._finishing = False
        self._settled: defaultdict[str, list[str]] = defaultdict(list)  # by host: only there are the ledgers
        self._manned = time.monotonic()  # when there was a worker last

    # --- a crew ---

    def takes(self, task: Task) -> bool:  # noqa: ARG002
        """Whether another lease may go out."""
        return len(self.leases) < DEPTH * len(self.workers)

    def start(self, task: Task) -> None:
        """Put the task into the lease that goes out next."""
        self.open.append(_Given(task))
        if sum(given.seconds for given in self.open) >= self.seconds:
            self._lease()

    def poll(self, timeout: float) -> list[Ended]:
        """What has ended since; waits for it, `timeout` seconds at most.

        Raises:
            MachineError: the scheduler is gone, there is no worker, or one cannot work. UsageError: an open network.
        """
        if self._finishing:
            self._recall()
        self._lease()
        if waiting := [lease.future for lease in self.leases if lease.future.status not in CUT]:
            self.cluster.wait(waiting, timeout)
        else:
            time.sleep(timeout)
        self.workers = self.cluster.workers()
        self._someone()
        return [ended for lease in list(self.leases) for ended in self._look(lease)] + self._withdrawn()

    def finish(self) -> None:
        """Nothing more is to begin: `poll` gives back what has not, and a lease ends with the task that it is at."""
        self._finishing = True

    def busy(self) -> list[tuple[int, Task, str, float]]:
        """Number of the lease, task, where it is, for how many seconds."""
        now = time.monotonic()
        leased = [(number, given.task, f"leased to {lease.worker}", now - lease.began)
                  for number, lease in enumerate(self.leases) for given in lease.given]
        return leased + [(len(self.leases), given.task, "waits for a lease", 0.0) for given in self.open]

    def resident(self) -> int:
        """Bytes of memory that the workers take, as they say."""
        return sum(self.workers.values())

    def close(self) -> None:
        """Leave the cluster, in some seconds whoever answers. A lease that runs goes on to its end, unasked for."""
        self.cluster.drop([lease.future for lease in self.leases])
        for lease in self.leases:
            self._settled[lease.host] += [lease.name, *lease.settled]
        self.leases.clear()
        self._forget()
        self.cluster.close()

    def _forget(self) -> None:
        """Have one worker of each machine remove the ledgers there."""
        limit = time.monotonic() + LEAVE
        for worker in self.workers:
            names = self._settled.get(parts(worker)[1])
            if names and time.monotonic() < limit and self.cluster.ask(forgotten, names, worker):
                names.clear()

    # --- leases ---

    def _recall(self) -> None:
        """Tell the workers, those again that did not answer."""
        for lease in self.leases:
            if not lease.recalled and lease.worker in self.workers:
                lease.recalled = bool(self.cluster.ask(recalled, lease.name, lease.worker))

    def _withdrawn(self) -> list[Ended]:
        """When nothing more is to begin: what has not."""
        if not self._finishing:
            return []
        given, self.open = self.open, []
        return [Ended(each.task, "", {}, begun=False) for each in given]

    def _someone(self) -> None:
        now = time.monotonic()
        if self.workers:
            self._manned = now
        elif now - self._manned > self.patience:
            raise MachineError(f"the cluster has had no worker for {self.patience:.0f} s")

    def _lease(self) -> None:
        """Give what is open to the worker that has least."""
        if self._finishing or not self.open or not self.workers:
            return
        has = {worker: sum(lease.worker == worker for lease in self.leases) for worker in self.workers}
        worker = min(has, key=lambda each: has[each])
        self._number += 1
        lease = _Lease(f"{self._name}-{self._number}", self.open, worker, None, time.monotonic())
        lease.settled = self._settled.pop(lease.host, [])
        lease.future = self.cluster.give(work, {
            "lease": lease.name, "version": __version__, "tasks": [as_dict(given.task) for given in lease.given],
            "memory": self.memory, "mates": sum(parts(each)[1] == lease.host for each in self.workers),
            "settled": lease.settled}, worker)
        self.leases.append(lease)
        self.open = []

    def _look(self, lease: _Lease) -> list[Ended]:
        status = lease.future.status
        if status == "pending" and lease.worker in self.workers:
            return []
        if status == "error" and lease.worker in self.workers:
            raise MachineError(f"the cluster's worker {lease.worker} cannot work: {lease.future.exception()}")
        answer = self.cluster.answer(lease.future) if status == "finished" and lease.worker in self.workers else None
        if answer is None:
            return self._orphaned(lease)
        if "refused" in answer:
            raise MachineError(f"the cluster's worker {lease.worker} cannot work: {answer['refused']}")
        return self._settle(lease, Account.from_dict(answer))

    def _orphaned(self, lease: _Lease) -> list[Ended]:
        """Nobody brings what the lease came to: its worker, or if that is gone another on its machine, has the ledger.

        A lost connection cancels all futures, but not what runs: that is waited for.
        """
        mates = [each for each in self.workers if parts(each)[1] == lease.host]
        for mate in [lease.worker] if lease.worker in mates else mates:
            answer = self.cluster.ask(account_of, lease.name, mate)
            if answer is None:
                continue
            lease.gone = 0.0
            if answer["running"]:
                return []
            self.cluster.drop([lease.future])
            return self._settle(lease, Account.from_dict(answer))
        now = time.monotonic()
        lease.gone = lease.gone or now
        if now - lease.gone < self.patience:
            return []
        self.cluster.drop([lease.future])
        for given in lease.given:
            given.tries += 1
        return self._settle(lease, Account())

    def _settle(self, lease: _Lease, account: Account) -> list[Ended]:
        """Count what is known of a lease, and lease the rest again."""
        self.leases.remove(lease)
        self._settled[lease.host].append(lease.name)
        if not account.kept:  # it never ran, so it has removed nothing
            self._settled[lease.host] += lease.settled
        ended, again = [], []
        for number, given in enumerate(lease.given):
            if number in account.ended:
                what = account.ended[number]
                ended.append(Ended(given.task, lease.worker, what["answer"], what["why"], tuple(what["found"]),
                                   what["memory"]))
            elif number == account.culprit:
                why = f"its worker {lease.worker} died with it"
                ended.append(Ended(given.task, lease.worker, {}, why))
            elif given.tries >= TRIES:
                ended.append(Ended(given.task, lease.worker, {}, f"its machine went away {TRIES} times"))
            else:
                again.append(given)
        self.open = again + self.open
        return ended
