"""Sessions on native threads and processes: rounds, evidence, a killed worker, load roles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine import Counter, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.errors import UsageError
from engine.language.program import build
from engine.native.evidence import merged
from engine.native.session import Session, prepare
from engine.schedule import Step
from tests.native_help import driven, until
from tests.protocols.counter import SCENARIO

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("cpu_token")]
ROOT = Path(__file__).parent.parent

TOTAL = Word("total")
TURNS = Counter("turns")
ROUNDS_DONE = Counter("rounds_done", operation=True)


@protocol
def load(mem: Mem) -> None:
    while mem.running():
        mem.atomic64_inc(TOTAL)
        mem.count(TURNS)


@protocol
def finite(mem: Mem) -> None:
    for _ in range(100):
        mem.atomic64_inc(TOTAL)
    mem.count(ROUNDS_DONE)


LOADS = Scenario("loads", "", (Role("A", load), Role("B", load)),
                 (Variant("loads"), Variant("one", roles=(Role("A", load), Role("F", finite)))))

WORKER = """
import sys, threading
from pathlib import Path
from engine.language.program import build
from engine.native.evidence import merged
from engine.native.session import Session
from tests.protocols.counter import SCENARIO
session = Session.attach(Path(sys.argv[1]), build(SCENARIO, "plain", folded=False))
session.drive(int(sys.argv[2]))
"""


def test_the_lost_update_is_found_with_evidence(tmp_path: Path) -> None:
    with driven(build(SCENARIO, "plain", folded=False), tmp_path) as session:
        until(lambda: bool(session.progress().violations))
        found = session.progress().violations[0]
        assert (found.kind, found.message, found.thread) == ("check", "an increment is lost", -1)
        assert {step.thread for step in found.evidence} == {0, 1}
        until(lambda: session.progress().overlapped_rounds > 0)


@pytest.mark.parametrize("variant", ["atomic", "locked"])
def test_the_fixed_counter_is_silent(variant: str, tmp_path: Path) -> None:
    with driven(build(SCENARIO, variant, folded=False), tmp_path, perturb="delay:0.05:500") as session:
        until(lambda: session.progress().overlapped_rounds > 2_000)
        progress = session.progress()
        assert progress.violations == ()
        assert progress.operations == progress.counters["increments"] >= 2 * progress.rounds


def test_a_stopped_session_starts_again(tmp_path: Path) -> None:
    session = Session.create(build(SCENARIO, "atomic", folded=False), folder=tmp_path)
    for _ in range(2):
        rounds = session.progress().rounds
        threads = [threading.Thread(target=session.drive, args=(i,)) for i in range(2)]
        session.start()
        for thread in threads:
            thread.start()
        until(lambda rounds=rounds: session.progress().rounds > rounds + 100)
        session.stop()
        for thread in threads:
            thread.join()
        assert [t.state for t in session.threads()] == ["idle", "idle"]
    assert session.progress().violations == ()
    session.close()
    assert not list(tmp_path.iterdir())


def worker(arena: Path, thread: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(arena), str(thread)], env=environment)


def test_threads_in_several_processes_and_one_killed(tmp_path: Path) -> None:
    program = build(SCENARIO, "plain", folded=False)
    prepare(program)
    session = Session.create(program, folder=tmp_path)
    workers = [worker(session.arena.path, thread) for thread in range(2)]
    try:
        session.start()
        until(lambda: session.progress().overlapped_rounds > 100 and bool(session.progress().violations))
        workers[0].send_signal(signal.SIGKILL)
        workers[0].wait()
        left = Session.attach(session.arena.path, program)  # as a viewer, or after a crash
        assert left.progress().rounds > 100
        assert left.progress().violations[0].kind == "check"
        assert {step.thread for step in left.last_steps()} == {0, 1}
        left.close()
        session.stop()
        assert workers[1].wait(60) == 0
    finally:
        for each in workers:
            each.kill()
            each.wait()
        session.close()


def test_load_roles_run_for_the_sessions_time(tmp_path: Path) -> None:
    with driven(build(LOADS, "loads", folded=False), tmp_path) as session:
        until(lambda: session.progress().rounds > 3)
        progress = session.progress()
        assert progress.counters["turns"] > 10 * progress.rounds


def test_a_load_ends_with_the_role_that_ends_by_itself(tmp_path: Path) -> None:
    with driven(build(LOADS, "one", folded=False), tmp_path) as session:
        until(lambda: session.progress().rounds > 2000)
        assert session.progress().operations >= 2000


def test_lock_events_are_stamped_and_order_the_last_steps(tmp_path: Path) -> None:
    """Under an exclusive lock what one thread does between taking and releasing it is not among another's steps."""
    program = build(SCENARIO, "locked", folded=False)
    with driven(program, tmp_path) as session:
        until(lambda: session.progress().overlapped_rounds > 1000)
        session.stop()
        until(lambda: all(thread.state == "idle" for thread in session.threads()))
        steps = [s for s in session.last_steps() if s.thread >= 0]
    names = [program.sites[s.site].primitive for s in steps]
    stamps = [s.stamp for s in steps if s.stamp is not None]
    stamped = {name for name, step in zip(names, steps, strict=True) if step.stamp is not None}
    assert stamped == {"write_lock", "write_unlock", "count"}
    assert stamps == sorted(stamps)
    holder = -1
    for name, step in zip(names[64:], steps[64:], strict=True):  # the first half may begin inside a lock
        assert holder in (-1, step.thread)
        holder = {"write_lock": step.thread, "write_unlock": -1}.get(name, holder)


def test_steps_without_stamps_stay_thread_by_thread() -> None:
    a, b = Step(0, 1, 0, 0), Step(1, 1, 0, 0)
    stamped = [Step(thread, 2, 0, 0, stamp=time) for thread, time in ((0, 5), (1, 3))]
    assert merged([[a, a], [b]]) == [a, a, b]
    assert merged([[stamped[0], a], [stamped[1], b]]) == [stamped[1], stamped[0], a, b]
    assert merged([[stamped[0], a], [b, stamped[1]]]) == [b, stamped[1], stamped[0], a]


def test_without_the_recorder_there_is_no_evidence(tmp_path: Path) -> None:
    with driven(build(SCENARIO, "plain", folded=False), tmp_path, recorder=False) as session:
        until(lambda: bool(session.progress().violations))
        assert session.progress().violations[0].evidence == ()


def test_without_checks_the_same_violations_of_the_protocol_are_found(tmp_path: Path) -> None:
    with driven(build(SCENARIO, "plain", folded=False), tmp_path, checks=False) as session:
        until(lambda: bool(session.progress().violations))
        assert session.progress().violations[0].kind == "check"


@pytest.mark.parametrize("spec", ["yield", "yield:2", "delay:0.1", "sometimes", "yield:x", "none:1"])
def test_a_bad_perturbation_is_refused(spec: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="write none, yield:P or delay:P:NS"):
        Session.create(build(SCENARIO, "plain", folded=False), folder=tmp_path, perturb=spec)
