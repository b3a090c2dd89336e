"""Random protocols under random schedules: every executor gives the same steps, values and memory.

    plain Python     the source itself, one thread: judges the language's front end
    python           real threads through the gate; walks at random, which makes the schedules
    explore          the machine of the search follows the same schedules
    native           compiled code, on threads and on processes

A difference is a bug of the engine. To look at one: the seed is in the test's name; the file is in its tmp_path.
PTTORTURE_MASS=20 in the environment runs twenty times as many protocols, for a night.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from engine import explore as search
from engine.declare import Role, Scenario, Variant
from engine.language.program import Program, build
from engine.memory.layout import Layout
from engine.python.replay import replay, walk
from engine.schedule import Execution, Schedule
from tests.protocol_generator import BATCH, module
from tests.protocol_oracle import Mem, Place, Wild, functions
from tests.protocol_source import load

GROUPS = 20
MASS = int(os.environ.get("PTTORTURE_MASS", "1"))
WALKS = 10  # of each protocol
LOCKS = ("qrwlock", "fair", "read", "write", "pthread", "pthread-writer")
#: What only the search can see: it follows every pointer to its allocation.
BLIND = "stale-pointer"


def words_of(final: dict[int, int], layout: Layout) -> dict[int, int]:
    return {address: word for address, word in final.items() if address < layout.DESCRIPTORS}


@pytest.mark.parametrize("seed", range(8 * MASS))
def test_one_thread_agrees_with_plain_python(seed: int, tmp_path: Path) -> None:
    text = module(seed, GROUPS, sequential=True, budget=10)
    protocols, oracle = load(tmp_path, text), functions(text, {}, {"LIMIT": 12})
    for name in (f"g{k}_{part}" for k in range(GROUPS) for part in "ab"):
        program = build(Scenario("one", "", (Role("A", getattr(protocols, name)),), (Variant("v"),)))
        oracle.update({word: Place(address) for word, address in program.layout.words.items()})
        mem, wild = Mem(), False
        try:
            oracle[name](mem)
        except Wild:
            wild = True
        _, execution = walk(program, seed, folder=tmp_path)
        steps = [(program.sites[s.site].primitive, s.address, s.value) for s in execution.steps]
        assert steps == mem.steps, name
        assert (execution.violation is not None) == wild, name
        assert words_of(execution.final, program.layout) == mem.final(), name


def compare(a: Execution, b: Execution, name: str) -> None:
    """Equal but for the wording of a violation."""
    assert a.steps == b.steps, name
    va, vb = ((e.violation.kind, e.violation.where, e.violation.site, e.violation.thread, e.violation.other)
              if e.violation else None for e in (a, b))
    assert va == vb, name
    assert a.final == b.final, name


def compare_with_search(program: Program, schedule: Schedule, execution: Execution, name: str) -> str:
    """Follow a schedule of the python executor in the machine; gives how it ended."""
    found = search.replay(program, schedule)
    if found.violation and found.violation.kind == BLIND:
        before = len(found.steps) - 1
        assert found.steps[:before] == execution.steps[:before], name
        return BLIND
    compare(execution, found, name)
    return found.violation.kind if found.violation else "clean"


@pytest.mark.parametrize("seed", range(10 * MASS))
def test_threads_agree_with_the_search(seed: int, tmp_path: Path) -> None:
    protocols = load(tmp_path, module(1000 + seed, GROUPS, downgrades=seed % 2 == 0))
    ends = set()
    for number, scenario in enumerate(protocols.SCENARIOS):
        program = build(scenario)
        for turn in range(WALKS):
            lock = LOCKS[(number + turn) % (4 if seed % 2 == 0 else 6)]
            schedule, execution = walk(program, turn, lock, folder=tmp_path)
            ends.add(compare_with_search(program, schedule, execution, f"g{number}, walk {turn}, {lock}"))
    assert "clean" in ends  # the generator reaches what it is for
    assert len(ends) > 1


@pytest.mark.parametrize("seed", range(4 * MASS))
def test_what_the_search_finds_replays_on_threads(seed: int, tmp_path: Path) -> None:
    protocols = load(tmp_path, module(2000 + seed, GROUPS, downgrades=False))
    replayed = 0
    for number, scenario in enumerate(protocols.SCENARIOS):
        program = build(scenario)
        result = search.explore(program, strategy="random", executions=30, seed=seed, lock=LOCKS[number % 6])
        if result.schedule is None or result.violation is None:
            continue
        execution = replay(program, result.schedule, folder=tmp_path)
        replayed += 1
        if result.violation.kind != BLIND:
            compare(search.replay(program, result.schedule), execution, f"g{number}")
    assert replayed


@pytest.mark.parametrize("seed", range(3 * MASS))
def test_a_schedule_repeats_itself(seed: int, tmp_path: Path) -> None:
    protocols = load(tmp_path, module(3000 + seed, 5))
    for scenario in protocols.SCENARIOS:
        program = build(scenario)
        schedule, execution = walk(program, seed, folder=tmp_path)
        again = replay(program, Schedule.from_json(schedule.to_json()), folder=tmp_path)
        assert again == execution


@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="the native executor needs numba")
@pytest.mark.usefixtures("cpu_token")
@pytest.mark.parametrize("seed", range(3 * MASS))
def test_native_threads_and_processes_agree(seed: int, tmp_path: Path) -> None:
    """Every walk in all three executors. One compile for ten groups: half a second of each is for none of them, and a
    walk takes longer the more groups stand beside its own."""
    from engine.native.replay import replay as native_replay

    groups, ends = 30, set()
    protocols = load(tmp_path, module(4000 + seed, groups, downgrades=False, budget=6))
    for number in range(groups):
        rounds = 1 + number % 5 // 4
        folded, compiled = (build(protocols.BATCHES[number // BATCH], f"g{number}", rounds=rounds, folded=how)
                            for how in (True, False))
        for turn in range(WALKS):
            lock = ("qrwlock", "pthread", "pthread-writer")[turn % 3]
            schedule, execution = walk(folded, turn, lock, folder=tmp_path)
            name = f"g{number}, walk {turn}, {lock}"
            compare(execution, native_replay(compiled, schedule, processes=turn == 3), name)
            ends.add(compare_with_search(folded, schedule, execution, name))
    assert len(ends) > 2
