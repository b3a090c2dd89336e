"""A campaign on a real scheduler and its workers: one is killed, the connection is cut."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from engine.errors import MachineError, UsageError
from stress import cli
from stress.campaign.crew import Ended, LocalCrew, Task
from stress.cluster.crew import ClusterCrew
from stress.cluster.ledger import place, read
from stress.findings.signature import findings_of
from stress.store.view import look
from tests.cluster_rig import COUNTER, FAR, ONE, search, slow

real = pytest.mark.skipif(find_spec("distributed") is None,
                          reason="needs dask.distributed: pip install 'pttorture[cluster]'")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@real
@pytest.mark.filterwarnings("default")
def test_a_worker_killed_in_the_middle_costs_the_round_it_was_in(monkeypatch: pytest.MonkeyPatch,
                                                                 tmp_path: Path) -> None:
    import dask
    import distributed

    from stress.cluster.scheduler import Scheduler

    monkeypatch.setenv("PTTORTURE_JIT", "0")  # of the workers: nothing is compiled
    searches, sleeper = [search(n) for n in range(6)], slow(0, 30.0)
    with (dask.config.set({"temporary-directory": str(tmp_path)}),
          distributed.LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1",
                                   dashboard_address=None) as cluster):
        crew = ClusterCrew(Scheduler(cluster.scheduler_address), 0, seconds=4.0)
        for task in [*searches[:2], sleeper, *searches[2:]]:  # it has two searches before it in its lease
            crew.start(task)
        ended = crew.poll(0.0)
        lease = next(each for each in crew.leases if any(given.task is sleeper for given in each.given))
        number = next(n for n, given in enumerate(lease.given) if given.task is sleeper)
        ended += _until(crew, lambda _: read(lease.name).culprit == number)
        os.kill(_pid(cluster, lease.worker), signal.SIGKILL)
        ended += _until(crew, lambda more: len(ended) + len(more) >= len(searches) + 1)
        crew.close()
    assert sorted(_key(each) for each in ended) == sorted([*map(_key_of, searches), _key_of(sleeper)])
    lost, = (each for each in ended if each.why)
    assert lost.task == sleeper
    assert _findings(ended) == _findings(_on_one_machine(searches, tmp_path))
    assert _findings(ended)


@real
@pytest.mark.filterwarnings("default")
def test_a_connection_that_comes_back_costs_no_round(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import dask
    import distributed

    from stress.cluster.scheduler import Scheduler

    monkeypatch.setenv("PTTORTURE_JIT", "0")
    tasks = [slow(0, 1.0), search(1), slow(2, 1.0), search(3)]
    with (dask.config.set({"temporary-directory": str(tmp_path)}),
          distributed.LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1",
                                   dashboard_address=None) as cluster):
        scheduler = Scheduler(cluster.scheduler_address)
        crew = ClusterCrew(scheduler, 0, seconds=2.0)
        for task in tasks:
            crew.start(task)
        ended = crew.poll(0.0)
        first = crew.leases[0].name
        ended += _until(crew, lambda _: read(first).culprit == 0)
        scheduler.client.loop.add_callback(scheduler.client.scheduler_comm.comm.abort)
        ended += _until(crew, lambda _: crew.leases[0].future.status == "cancelled")
        ended += _until(crew, lambda more: len(ended) + len(more) >= len(tasks))
        crew.close()
    assert sorted(map(_key, ended)) == sorted(map(_key_of, tasks))
    assert not any(each.why for each in ended)
    assert not list(place("x").parent.iterdir())


@real
@pytest.mark.filterwarnings("default")
def test_a_scheduler_killed_in_the_middle_ends_the_campaign_in_good_order(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from stress.cluster import scheduler as schedulers

    monkeypatch.setenv("PTTORTURE_JIT", "0")
    monkeypatch.setattr(schedulers, "_CONNECT", 2.0)
    out, file = tmp_path / "out", tmp_path / "scheduler.json"
    with _process("scheduler", tmp_path, "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                  "--scheduler-file", str(file)) as scheduler:
        _wait(file.exists)
        address = json.loads(file.read_text())["address"]
        with _process("worker", tmp_path, address, "--no-nanny", "--nthreads", "1", "--host", "127.0.0.1",
                      "--no-dashboard"):
            killer = threading.Thread(target=lambda: (_wait(_begun), scheduler.kill()))
            killer.start()
            code = cli.main(["campaign", f"{COUNTER}:plain", "--cluster", address, "--out", str(out), "--hours", "1"])
            killer.join()
    assert code == 3
    error, = capfd.readouterr().err.splitlines()
    assert "scheduler of the cluster is gone" in error
    with look(out) as view:
        rows = list(view.rounds())
    assert rows
    assert {row.state for row in rows} <= {"done", "lost"}
    assert any(row.state == "lost" for row in rows)


@contextmanager
def _process(what: str, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "distributed.cli.dask_" + what, *arguments]
    with (folder / what).open("wb") as log, \
            subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _begun() -> bool:
    return any(read(path.stem).culprit is not None for path in place("x").parent.glob("*.jsonl"))


def _wait(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_a_wait_ends_with_the_connection_and_leaving_never_fails() -> None:
    from concurrent.futures import CancelledError

    from stress.cluster.scheduler import Scheduler

    made: Any = Scheduler.__new__(Scheduler)
    made._broken = (OSError, CancelledError)
    made.client = made._distributed = _Broken(CancelledError("Reason: scheduler-connection-lost"))
    made.wait([1], 0.1)
    made.drop([1])
    made.close()
    assert made.answer(made.client) is None
    assert made.ask(len, [], ONE) is None
    with pytest.raises(MachineError, match="scheduler of the cluster is gone"):
        made.give(len, [], ONE)


class _Broken:
    """A client, a module and a future after the connection is lost: whatever is called raises."""

    status = "running"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def as_current(self) -> Any:
        return nullcontext()

    def _raise(self, *_: Any, **__: Any) -> None:
        raise self.error

    wait = cancel = close = result = run = submit = _raise


def test_a_scheduler_that_is_gone_or_open_is_one_line() -> None:
    from stress.cluster.scheduler import Scheduler

    made: Any = Scheduler.__new__(Scheduler)
    made.client = _Client({})
    with pytest.raises(MachineError, match="scheduler of the cluster is gone"):
        made.workers()
    made.client = _Client({"workers": {"tcp://10.0.0.9:3": {}}})
    with pytest.raises(UsageError, match=r"worker tcp://10\.0\.0\.9:3 listens on an open network"):
        made.workers()
    made.client = _Client({"workers": {FAR: {"metrics": {"memory": 7}}, ONE: {}}})
    assert made.workers() == {FAR: 7, ONE: 0}
    made.client.status, made.client.info = "connecting", {}
    assert made.workers() == {FAR: 7, ONE: 0}
    assert made.ask(len, [], ONE) is None


class _Client:
    def __init__(self, info: dict[str, Any]) -> None:
        self.info, self.status = info, "running"

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:  # noqa: ARG002
        return self.info


def _until(crew: ClusterCrew, over: Callable[[list[Ended]], bool]) -> list[Ended]:
    ended: list[Ended] = []
    limit = time.monotonic() + 120
    while not over(ended):
        assert time.monotonic() < limit
        ended += crew.poll(0.2)
    return ended


def _pid(cluster: Any, worker: str) -> int:
    return next(int(nanny.pid) for nanny in cluster.workers.values() if nanny.worker_address == worker)


def _key_of(task: Task) -> tuple[str, int]:
    assert task.round is not None
    return task.cell.key, task.round.number


def _key(ended: Ended) -> tuple[str, int]:
    return _key_of(ended.task)


def _findings(ended: list[Ended]) -> list[tuple[int, str, int]]:
    return sorted((_key(each)[1], found.signature, found.violation["count"]) for each in ended if not each.why
                  for found in findings_of(each.task.cell, each.answer))


def _on_one_machine(tasks: list[Task], folder: Path) -> list[Ended]:
    crew = LocalCrew(folder / "logs", 1, 2, 1 << 32)
    ended: list[Ended] = []
    try:
        for task in tasks:
            crew.start(task)
            while not (some := crew.poll(0.2)):
                pass
            ended += some
    finally:
        crew.close()
    return ended
