"""A campaign's rounds on a cluster: each counts once, whoever dies; no open network."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from engine import __version__
from engine.errors import MachineError, UsageError
from stress import cli
from stress.campaign.cell import Cell, Round, seed_of
from stress.campaign.crew import Ended, LocalCrew, Task
from stress.cluster import crew as crews
from stress.cluster import lease as leases
from stress.cluster.address import check
from stress.cluster.crew import ClusterCrew
from stress.cluster.ledger import Ledger, forget, place, read
from stress.findings.signature import findings_of

HERE = Path(__file__).parent
COUNTER, FAKE = str(HERE / "protocols" / "counter.py"), str(HERE / "fake_session.py")
SEARCHED = Cell("counter", "plain", COUNTER, executor="explore", strategy="random")
SLOW = Cell("counter", "plain", COUNTER, executor=FAKE, perturb="good")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def search(number: int) -> Task:
    return Task(SEARCHED, Round(SEARCHED, number, seed_of(7, SEARCHED, number), executions=20))


def slow(number: int, seconds: float = 3.0) -> Task:
    return Task(SLOW, Round(SLOW, number, seed_of(7, SLOW, number), seconds=seconds))


# --- addresses ---


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "localhost:8786", "tcp://[::1]:8786"])
def test_this_machine_needs_no_certificates(address: str) -> None:
    assert check(address) == {}


@pytest.mark.parametrize(("address", "says"), [
    ("tcp://192.168.1.5:8786", "could run code"), ("scheduler.example:8786", "could run code"),
    ("tcp://0.0.0.0:8786", "could run code"), ("tls://192.168.1.5:8786", "needs certificates"),
    ("ucx://127.0.0.1:1", "write tcp"),
])
def test_an_open_network_is_refused_in_one_line(address: str, says: str, capsys: pytest.CaptureFixture[str],
                                                tmp_path: Path) -> None:
    assert cli.main(["campaign", "--cluster", address, "--out", str(tmp_path / "out")]) == 2
    line, = capsys.readouterr().err.splitlines()
    assert says in line
    assert not (tmp_path / "out").exists()


def test_certificates_are_a_folder_of_three_files(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem"):
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match=r"there is no key\.pem"):
        check("tls://192.168.1.5:8786", str(tmp_path))
    (tmp_path / "key.pem").touch()
    assert check("tls://192.168.1.5:8786", str(tmp_path))["tls_client_key"] == str(tmp_path / "key.pem")


# --- ledgers ---


def test_a_ledger_names_the_task_without_an_end() -> None:
    assert not read("a").kept
    ledger = Ledger("a")
    ledger.started(0)
    ledger.ended(0, {"answer": {"seconds": 1}})
    assert (read("a").ended, read("a").culprit) == ({0: {"answer": {"seconds": 1}}}, None)
    ledger.started(1)
    with place("a").open("a") as file:
        file.write('{"ended": 1, "wh')  # torn
    assert (list(read("a").ended), read("a").culprit) == ([0], 1)
    with pytest.raises(FileExistsError):
        Ledger("a")
    ledger.close()
    forget("a")
    assert not read("a").kept


# --- a crew whose cluster is in this process ---


class Future:
    def __init__(self, call: Callable[[], Any]) -> None:
        self.call, self.status, self.answer = call, "pending", None

    def run(self) -> None:
        self.answer, self.status = self.call(), "finished"

    def result(self) -> Any:
        return self.answer

    def cancel(self) -> None:
        self.status = "cancelled"


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

    def wait(self, futures: Any, seconds: float) -> None:
        """The test decides when something happens."""

    def close(self) -> None:
        self.there.clear()


def result(task: Task) -> dict[str, Any]:
    assert task.round is not None
    return {"answer": {"number": task.round.number}, "why": "", "found": [], "memory": 5}


def numbers(ended: list[Ended]) -> list[int]:
    return [each.task.round.number for each in ended if each.task.round]


ONE, TWO, FAR = "tcp://127.0.0.1:1", "tcp://127.0.0.1:2", "tls://10.0.0.9:3"


def test_leases_are_some_seconds_of_work_for_one_worker_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_one", lambda _crew, task: result(task))
    cluster = Cluster(ONE, FAR)
    crew = ClusterCrew(cluster, 0, seconds=10.0)
    tasks = [slow(n, 4.0) for n in range(8)]
    for task in tasks:
        assert crew.takes(task)
        crew.start(task)
    assert crew.poll(0.0) == []
    assert [(worker, len(lease["tasks"])) for worker, lease, _ in cluster.given] == [(ONE, 3), (FAR, 3), (ONE, 2)]
    crew.start(slow(8, 20.0))
    assert not crew.takes(tasks[0])
    assert len(crew.busy()) == 9
    ended: list[Ended] = []
    for _, _, future in cluster.given:
        future.run()
        ended += crew.poll(0.0)
    assert numbers(ended) == list(range(9))
    assert all(each.answer and not each.why and each.memory == 5 for each in ended)
    assert crew.busy() == []
    assert crew.resident() == 2000
    crew.close()
    assert not any(place(lease["lease"]).exists() for _, lease, _ in cluster.given)


def died_in(cluster: Cluster, which: int, ended: int) -> str:
    """The worker of a lease dies in the task after `ended` ones; returns its address."""
    worker, lease, _ = cluster.given[which]
    ledger = Ledger(lease["lease"])
    for number in range(ended + 1):
        ledger.started(number)
        if number < ended:
            ledger.ended(number, result(leases.task_of(lease["tasks"][number])))
    ledger.close()
    del cluster.there[worker]
    return str(worker)


def test_of_a_dead_worker_what_ended_counts_what_began_is_lost_and_the_rest_goes_out_again() -> None:
    cluster = Cluster(ONE, TWO)
    crew = ClusterCrew(cluster, 0, seconds=3.0)
    for n in range(6):
        crew.start(slow(n, 1.0))
    assert crew.poll(0.0) == []
    worker = died_in(cluster, 0, 1)
    ended = crew.poll(0.0)
    assert numbers(ended) == [0, 1]
    assert (ended[0].answer, ended[0].why) == ({"number": 0}, "")
    assert (ended[1].answer, ended[1].why) == ({}, f"its worker {worker} died with it")
    assert crew.poll(0.0) == []
    assert [each["round"]["number"] for each in cluster.given[2][1]["tasks"]] == [2]
    assert cluster.given[2][0] != worker
    assert cluster.given[2][1]["settled"] == [cluster.given[0][1]["lease"]]


def test_a_lease_that_had_not_begun_goes_out_again_and_nobody_is_to_blame() -> None:
    cluster = Cluster(ONE, TWO)
    crew = ClusterCrew(cluster, 0, seconds=1.0)
    for n in range(4):
        crew.start(slow(n, 1.0))
    del cluster.there[ONE]
    for _ in range(3):
        assert crew.poll(0.0) == []
    worker, again, _ = cluster.given[4]
    assert worker == TWO
    assert sorted(each["round"]["number"] for each in again["tasks"]) == [0, 2]
    assert len(cluster.given) == 5


def test_of_a_machine_that_is_gone_all_goes_out_again_but_not_for_ever() -> None:
    cluster = Cluster(FAR, ONE)
    crew = ClusterCrew(cluster, 0, seconds=1.0, patience=0.0)
    crew.start(slow(0))
    ended: list[Ended] = []
    for turn in range(crews.TRIES):
        cluster.there = {FAR: 1}
        crew.workers = cluster.workers()
        assert crew.poll(0.0) == []
        assert len(cluster.given) == turn + 1
        cluster.there = {ONE: 1}
        ended = crew.poll(0.0)
    assert numbers(ended) == [0]
    assert "went away 3 times" in ended[0].why


def test_a_lease_given_out_twice_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Task] = []
    monkeypatch.setattr(leases, "_one", lambda _crew, task: ran.append(task) or result(task))
    lease = {"lease": "twice", "version": __version__, "tasks": [leases.as_dict(search(3))], "memory": 0, "mates": 1,
             "settled": []}
    first = leases.work(lease)
    assert leases.work(lease) == first
    assert ran == [search(3)]
    leases.work({**lease, "lease": "next", "settled": ["twice"]})
    assert not read("twice").kept


def test_what_is_wrong_with_a_worker_is_one_line() -> None:
    refused = leases.work({"lease": "x", "version": "0.0", "tasks": [], "memory": 0, "mates": 1, "settled": []})
    assert "the campaign 0.0" in refused["refused"]
    cluster = Cluster(ONE)
    crew = ClusterCrew(cluster, 0, patience=0.0)
    crew.start(search(0))
    crew.poll(0.0)
    cluster.given[0][2].call = lambda: refused
    cluster.given[0][2].run()
    with pytest.raises(MachineError, match=r"worker tcp://127\.0\.0\.1:1 cannot work: it has pttorture"):
        crew.poll(0.0)
    cluster.there.clear()
    time.sleep(0.01)
    with pytest.raises(MachineError, match="no worker for"):
        crew.poll(0.0)


# --- a real scheduler and two workers ---


@pytest.mark.skipif(find_spec("distributed") is None, reason="needs dask.distributed: pip install 'pttorture[cluster]'")
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


class _Client:
    def __init__(self, info: dict[str, Any]) -> None:
        self.info = info

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
