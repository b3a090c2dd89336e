"""Tasks for a crew on a cluster, and a cluster that is in the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stress.campaign.cell import Cell, Round, seed_of
from stress.campaign.crew import Ended, Task
from stress.cluster import crew as crews
from stress.cluster.address import parts

HERE = Path(__file__).parent
COUNTER, FAKE = str(HERE / "protocols" / "counter.py"), str(HERE / "fake_session.py")
SEARCHED = Cell("counter", "plain", COUNTER, executor="explore", strategy="random")
SLOW = Cell("counter", "plain", COUNTER, executor=FAKE, perturb="good")


def search(number: int) -> Task:
    return Task(SEARCHED, Round(SEARCHED, number, seed_of(7, SEARCHED, number), executions=20))


def slow(number: int, seconds: float = 3.0) -> Task:
    return Task(SLOW, Round(SLOW, number, seed_of(7, SLOW, number), seconds=seconds))


class Future:
    def __init__(self, call: Callable[[], Any]) -> None:
        self.call, self.status, self.answer = call, "pending", None

    def run(self) -> None:
        self.answer, self.status = self.call(), "finished"


class Cluster:
    """Workers that do what the test says: nothing until it calls `run` of a future."""

    def __init__(self, *workers: str) -> None:
        self.there: dict[str, int] = dict.fromkeys(workers, 1000)
        self.given: list[tuple[str, Any, Future]] = []

    def workers(self) -> dict[str, int]:
        return dict(self.there)

    def give(self, function: Callable[..., Any], argument: Any, worker: str) -> Future:
        future = Future(lambda: function(argument))
        self.given.append((worker, argument, future))
        return future

    def ask(self, function: Callable[..., Any], argument: Any, worker: str) -> Any:
        return function(argument) if worker in self.there else None

    def wait(self, futures: Any, seconds: float) -> None:  # noqa: ARG002
        """The test decides when something happens."""
        assert all(each.status not in crews.CUT for each in futures)  # distributed would not wait

    def answer(self, future: Future) -> Any:
        return future.answer

    def drop(self, futures: Any) -> None:
        for each in futures:
            each.status = "cancelled"

    def cut(self) -> None:
        """The connection is lost, and there again: distributed cancels all futures, what runs goes on."""
        self.drop(future for _, _, future in self.given)

    def close(self) -> None:
        self.there.clear()


def result(task: Task) -> dict[str, Any]:
    assert task.round is not None
    return {"answer": {"number": task.round.number}, "why": "", "found": [], "memory": 5}


def numbers(ended: list[Ended]) -> list[int]:
    return [each.task.round.number for each in ended if each.task.round]


ONE, TWO, FAR = "tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tls://10.0.0.9:3"


class Hosts(Cluster):
    """Every host has a folder for its ledgers."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *workers: str) -> None:
        super().__init__(*workers)
        self.folder, self.patch = folder, monkeypatch

    def give(self, function: Callable[..., Any], argument: Any, worker: str) -> Future:
        return super().give(lambda what: self.at(worker, function, what), argument, worker)

    def ask(self, function: Callable[..., Any], argument: Any, worker: str) -> Any:
        return super().ask(lambda what: self.at(worker, function, what), argument, worker)

    def at(self, worker: str, function: Callable[..., Any], argument: Any) -> Any:
        with self.patch.context() as patch:
            patch.setenv("XDG_STATE_HOME", str(self.folder / parts(worker)[1]))
            return function(argument)

    def ledgers(self) -> list[tuple[str, int]]:
        """Host and number of the lease."""
        names = [(path.relative_to(self.folder).parts[0], path.stem) for path in self.folder.rglob("*.jsonl")]
        return sorted((host, int(name.rpartition("-")[2])) for host, name in names)
