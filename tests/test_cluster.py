"""A campaign's rounds on a cluster: each counts once, whoever dies; no open network."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from engine import __version__
from engine.errors import MachineError, UsageError
from stress import cli
from stress.campaign.crew import Ended, LocalCrew, Task
from stress.cluster import crew as crews
from stress.cluster import lease as leases
from stress.cluster.address import check, parts
from stress.cluster.crew import ClusterCrew
from stress.cluster.ledger import Ledger, campaign, forget, place, read, sweep
from tests.cluster_rig import FAR, ONE, TWO, Cluster, Hosts, numbers, result, search, slow


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


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


def test_ledgers_of_campaigns_that_were_killed_go_when_the_next_one_comes() -> None:
    here, pid, start, _ = campaign().split("-")
    dead, other = f"{here}-{pid}-{int(start) - 1}-00-7", f"feedfeedfeed-{pid}-{start}-00-7"
    for lease in (f"{campaign()}-1", dead, other, "of-before-1", f"{other}0"):
        Ledger(lease).close()
    os.utime(place(f"{other}0"), (0, 0))
    sweep("mine-1")
    there = {path.stem for path in place("x").parent.iterdir()}
    assert {dead, f"{other}0"} & there == set()
    assert {other, "of-before-1"} < there
    assert len(there) == 3
    Ledger(dead).close()
    sweep("mine-2")
    assert read(dead).kept, "looked for once for each campaign"
    sweep("another-1")
    assert not read(dead).kept


# --- a crew whose cluster is in this process ---


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


def test_a_lost_connection_loses_nothing_what_runs_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(ONE)
    crew = ClusterCrew(cluster, 0, seconds=2.0)
    for n in range(4):
        crew.start(slow(n, 1.0))
    looks: list[list[Ended]] = []

    def one(_crew: LocalCrew, task: Task) -> dict[str, Any]:
        cluster.cut()
        looks.append(crew.poll(0.0))
        return result(task)

    monkeypatch.setattr(leases, "_one", one)
    cluster.given[0][2].call()
    assert numbers(looks[0]) == []
    assert len(cluster.given) == 3  # the lease that had not begun goes out again, the one that runs does not
    assert [each["round"]["number"] for each in cluster.given[2][1]["tasks"]] == [2, 3]
    ended = crew.poll(0.0)
    cluster.given[2][2].status = "lost"
    ended += crew.poll(0.0)
    assert numbers(ended) == [0, 1]
    assert not any(each.why for each in ended)
    assert len(crew.busy()) == 2


def test_a_worker_that_is_there_and_silent_is_not_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(ONE, TWO)
    crew = ClusterCrew(cluster, 0, seconds=1.0)
    crew.start(slow(0, 1.0))
    worker = died_in(cluster, 0, 0)
    cluster.there[worker] = 1
    cluster.cut()
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "ask", lambda function, what, at: None if at == worker else function(what))
        assert crew.poll(0.0) == []
    assert [each.why for each in crew.poll(0.0)] == [f"its worker {worker} died with it"]


def test_ledgers_are_removed_on_the_machine_where_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leases, "_one", lambda _crew, task: result(task))
    cluster = Hosts(tmp_path, monkeypatch, ONE, FAR)
    crew = ClusterCrew(cluster, 0, seconds=1.0)
    here, far = parts(ONE)[1], parts(FAR)[1]
    for n in range(2):
        crew.start(slow(n, 1.0))
        cluster.given[n][2].run()
    assert numbers(crew.poll(0.0)) == [0, 1]
    assert cluster.ledgers() == [(far, 2), (here, 1)]
    del cluster.there[ONE]
    crew.workers = cluster.workers()
    crew.start(slow(2, 1.0))
    cluster.given[2][2].run()
    assert cluster.ledgers() == [(far, 3), (here, 1)]
    cluster.there[ONE] = 1
    assert numbers(crew.poll(0.0)) == [2]
    for n in (3, 4, 5):
        crew.start(slow(n, 1.0))
    for _, _, future in cluster.given[3:5]:  # and nobody asks what they came to
        future.run()
    crew.close()
    assert cluster.ledgers() == []


def test_a_lease_that_never_ran_has_removed_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leases, "_one", lambda _crew, task: result(task))
    cluster = Hosts(tmp_path, monkeypatch, ONE)
    crew = ClusterCrew(cluster, 0, seconds=1.0)
    crew.start(slow(0, 1.0))
    cluster.given[0][2].run()
    crew.poll(0.0)
    crew.start(slow(1, 1.0))
    cluster.cut()
    crew.poll(0.0)
    assert cluster.ledgers() == [("127.0.0.1", 1)]
    crew.close()
    assert cluster.ledgers() == []


def test_what_has_not_begun_when_nothing_more_may_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(ONE, TWO)
    crew = ClusterCrew(cluster, 0, seconds=2.0)
    for n in range(7):
        crew.start(slow(n, 1.0))
    asked: list[str] = []

    def one(_crew: LocalCrew, task: Task) -> dict[str, Any]:
        asked.append("runs")
        crew.finish()
        assert crew.poll(0.0) == [Ended(slow(6, 1.0), "", {}, begun=False)]
        return result(task)

    monkeypatch.setattr(leases, "_one", one)
    cluster.given[0][2].run()
    assert asked == ["runs"], "the second of the lease does not begin"
    ended = crew.poll(0.0)
    assert [(number, each.begun) for number, each in zip(numbers(ended), ended, strict=True)] == [(0, True), (1, False)]
    cluster.given[2][2].run()  # it waited for the first: there are two workers
    died_in(cluster, 1, 0)
    ended = crew.poll(0.0) + crew.poll(0.0)
    assert sorted((n, each.begun, bool(each.why)) for n, each in zip(numbers(ended), ended, strict=True)) == [
        (2, True, True), (3, False, False), (4, False, False), (5, False, False)]
    assert asked == ["runs"]
    assert crew.busy() == []
    assert len(cluster.given) == 3, "and nothing goes out again"


def test_a_worker_that_did_not_hear_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(ONE)
    crew = ClusterCrew(cluster, 0, seconds=1.0)
    crew.start(slow(0, 1.0))
    crew.finish()
    with monkeypatch.context() as patch:
        patch.setattr(cluster, "ask", lambda *_: None)
        assert crew.poll(0.0) == []
    assert crew.poll(0.0) == []
    cluster.given[0][2].run()
    assert [each.begun for each in crew.poll(0.0)] == [False]


def test_leaving_asks_nobody_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "LEAVE", 0.0)
    cluster = Cluster(ONE, FAR)
    crew = ClusterCrew(cluster, 0, seconds=1.0)
    crew.start(slow(0, 1.0))
    died_in(cluster, 0, 0)
    monkeypatch.setattr(cluster, "ask", lambda *_: pytest.fail("asked"))
    crew.close()
    assert not cluster.there


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
