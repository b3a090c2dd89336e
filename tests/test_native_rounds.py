"""How roles of a round meet, and who gives the CPU away: what the benchmarks compare is really switched."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine import Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.language.program import build
from engine.native import words as w
from tests.native_help import Alone, driven, until
from tests.protocols.counter import SCENARIO

pytestmark = [pytest.mark.native, pytest.mark.usefixtures("cpu_token")]
TOTAL = Word("total")
STEPS = 20
ALWAYS = 1 << 16


@protocol
def steps(mem: Mem) -> None:
    for _ in range(20):
        mem.atomic64_inc(TOTAL)


GIVING = Scenario("giving", "", (Role("A", steps),), (Variant("v"),))


@pytest.mark.parametrize("naive", [1, 0])
def test_a_naive_round_begins_with_its_release_an_adaptive_one_later(naive: int, tmp_path: Path) -> None:
    with driven(build(SCENARIO, "atomic", folded=False), tmp_path, perturb="none") as session:
        session.arena.store(w.H_NAIVE, naive)
        rounds = session.progress().rounds
        until(lambda: session.progress().rounds > rounds + 500)
        session.stop()
        until(lambda: {t.state for t in session.threads()} == {"idle"})
        for thread in range(2):
            area = session.program.layout.thread(thread)
            ready, begin = (session.arena.load(area + word) for word in (w.T_READY, w.T_BEGIN))
            assert begin == ready if naive else begin > ready


@pytest.fixture
def giving(tmp_path: Path) -> Alone:
    """One thread that gives the CPU away before each of its steps but the first, which draws."""
    made = Alone(build(GIVING, folded=False), tmp_path)
    area = made.program.layout.thread(0)
    for word, value in ((w.T_MODE, w.MODE_RING | w.MODE_YIELD), (w.T_CHANCE, ALWAYS), (w.T_NEXT, 0)):
        made.arena.store(area + word, value)
    return made


def test_who_lost_a_time_slice_keeps_the_cpu_for_a_while(giving: Alone) -> None:
    keeps = giving.program.layout.thread(0) + w.T_KEEPS
    giving.arena.store(keeps, 1000)
    assert giving.run() is None
    assert giving.arena.load(keeps) == 1000 - (STEPS - 1)
    assert giving.arena.load(giving.word("total")) == STEPS
    giving.close()


def test_a_neighbour_that_does_not_give_the_cpu_back_is_noticed(giving: Alone) -> None:
    keeps = giving.program.layout.thread(0) + w.T_KEEPS
    core = min(os.sched_getaffinity(0))
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    found: list[int] = []

    def beside() -> None:
        os.sched_setaffinity(0, {core})  # of this thread alone
        until(lambda: giving.run() is None and giving.arena.load(keeps) > 0)
        found.append(giving.arena.load(keeps))

    try:
        os.sched_setaffinity(neighbour.pid, {core})
        thread = threading.Thread(target=beside)
        thread.start()
        thread.join()
    finally:
        neighbour.kill()
        neighbour.wait()
        giving.close()
    assert found
    assert 0 < found[0] <= 256
