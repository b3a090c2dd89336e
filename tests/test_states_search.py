"""The state search: as many states as there are, the violations and final words of `dfs`, and what its limits say."""

from __future__ import annotations

import os

import pytest

from engine.errors import UsageError
from engine.explore import explore, replay
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.strategies import cells as x
from engine.explore.strategies import load, states_parts
from engine.explore.strategies.base import Options
from engine.language.program import build
from engine.violations import BY_CODE
from stress import cli
from tests import protocol_source as source
from tests.protocols import faults as f
from tests.protocols import words as w
from tests.protocols.counter import SCENARIO
from tests.state_rig import agree, everything, random_programs, waiting_programs

TWO = w.scenario(w.increment, w.increment)
THREE = w.scenario(w.increment, w.increment, w.increment)
SEEDS = range(int(os.environ.get("PTTORTURE_STATE_SEEDS", "8")))


def reachable(threads: int, n: int) -> set[tuple[object, ...]]:
    """The states of threads that load and store one word n times, counted the plain way: (place, value held) each."""
    start = (0, tuple((0, 0) for _ in range(threads)))
    seen, work = {start}, [start]
    while work:
        count, held = work.pop()
        for t, (place, value) in enumerate(held):
            if place == 2 * n:
                continue
            after, mine = (count, (place + 1, count)) if place % 2 == 0 else (value + 1, (place + 1, 0))
            state = (after, (*held[:t], mine, *held[t + 1:]))
            if state not in seen:
                seen.add(state)
                work.append(state)
    return seen


@pytest.mark.parametrize(("scenario", "threads", "n"), [(TWO, 2, 1), (TWO, 2, 5), (THREE, 3, 1), (THREE, 3, 3)])
def test_there_are_as_many_states_as_a_plain_enumeration_finds(scenario, threads, n):
    result = explore(build(scenario, params={"increments": n}), strategy="states", finals=True)
    states = reachable(threads, n)
    ends = {count for count, held in states if all(place == 2 * n for place, _ in held)}
    assert (result.states, result.complete, result.violation) == (len(states), True, None)
    assert result.outcomes("count") == {(count,) for count in ends}
    assert result.executions == len(ends)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_programs_end_as_under_dfs(seed, tmp_path):
    done = [agree(name, program, lock) for name, program, lock in random_programs(seed, tmp_path, 20, 2 + seed % 3)]
    assert sum(done) >= 15


@pytest.mark.parametrize("model", ["sc", "tso", "pso"])
@pytest.mark.parametrize("seed", SEEDS)
def test_programs_that_wait_end_as_under_dfs(model, seed, tmp_path):
    programs = waiting_programs(range(20 * seed, 20 * seed + 20), tmp_path)
    assert sum(agree(name, program, lock, 5_000, model) for name, program, lock in programs) >= 15


def test_a_violation_is_found_recorded_and_replayed():
    program = build(SCENARIO, "plain")
    result = explore(program, strategy="states", stop_at_first=False)
    assert result.violation.kind == "check"
    assert result.complete
    assert replay(program, result.schedule).violation == result.violation


@pytest.mark.parametrize("lock", ["qrwlock", "pthread", "pthread-writer", "fair", "read", "write"])
def test_a_right_program_is_complete(lock):
    result = explore(build(SCENARIO, "locked"), strategy="states", lock=lock)
    assert (result.violation, result.complete) == (None, True)


def test_choices_are_searched_and_lead_to_schedules():
    program = build(f.scenario(f.chooser), params={"fault": 12})
    result = explore(program, strategy="states")
    assert result.schedule.choices == ((2, 1),)


@pytest.mark.parametrize("compact", [False, True])
def test_a_search_in_single_steps_with_growing_tables_is_the_same_search(compact):
    program = build(THREE, params={"increments": 3})
    seen = everything(program, "states", compact=compact)
    assert seen.states == len(reachable(3, 3))
    assert {final[0][1] for final in seen.finals} == set(range(2, 10))


def test_hashed_states_never_make_a_search_complete():
    result = explore(build(TWO, params={"increments": 3}), strategy="states", compact=True)
    assert result.states == len(reachable(2, 3))
    assert not result.complete
    assert result.stopped == "a state counts as seen if 64 bits of its hash are"


def test_a_limit_on_memory_ends_the_search_in_words():
    result = explore(build(THREE, params={"increments": 5}), strategy="states", memory=4)
    assert not result.complete
    assert result.stopped == "the limit of 4 MB was reached"
    assert 1_000 < result.states < len(reachable(3, 5))


def test_bytes_are_what_the_tables_take():
    result = explore(build(THREE, params={"increments": 5}), strategy="states")
    assert 16 < result.bytes / result.states < 64


def test_a_bound_on_preemptions_is_refused():
    with pytest.raises(UsageError, match="a bound on preemptions is for strategy dfs"):
        explore(build(TWO), strategy="states", preemptions=2)


def test_every_named_word_of_the_state_is_classified():
    """A new one belongs to the state as it is until somebody decides otherwise; then it is named here too."""
    packed = {"T_STATUS", "T_PC", "T_BASE", "T_DEPTH", "T_PRIVATE", "T_ROUNDS", "T_LOCK", "T_WANTS", "T_HELD",
              "T_WATCHED", "T_WATCH", "T_CALLS", "F_ALLOCATED", "F_GENERATION", "F_OWNER", "F_MEMBERS", "L_WRITER",
              "L_READERS", "L_PRIMARY", "L_WRITE_PHASE", "L_HANDOVER", "L_VERSION", "L_QUEUED", "L_QUEUE"}
    tables = [names for key, names in vars(states_parts).items() if key.isupper() and isinstance(names, tuple)]
    known = packed.union(*tables)
    named = {name for name in vars(c) if name[:2] in ("S_", "T_", "F_", "L_")}
    named -= {"S_HEADER", "T_SIZE", "F_SIZE"}
    assert named == known


RENEWED = """
@protocol
def setup(mem):
    mem.write_once(A, mem.alloc_page(1))

@protocol
def renewer(mem):
    page = mem.read_once(A)
    mem.atomic_set(refcount(page), 0)
    mem.free_page(page)
    mem.write_once(A, mem.alloc_page(1))
    mem.write_once(B[1], 1)

@protocol
def user(mem):
    page = mem.read_once(A)
    {keep}
    if mem.read_once(B[1]):
        {again}
        mem.write_once(page, 1)
"""


@pytest.mark.parametrize(("keep", "again"), [("pass", "pass"), ("mem.write_once(B, page)", "page = mem.read_once(B)")])
def test_an_old_pointer_alone_tells_two_states_apart(keep, again, tmp_path):
    """The page was freed, handed out and published again when it is used: who has read the word before and who reads
    it now have the same number in a register, or in memory.
    """
    program = source.program(tmp_path, RENEWED.replace("{keep}", keep).replace("{again}", again),
                             roles=["renewer", "user"])
    assert agree(keep, program, "qrwlock")
    found = everything(program, "states", most=1 << 60).violations
    assert {BY_CODE[kind].name for kind, _, _ in found} == {"stale-pointer"}


@pytest.mark.parametrize("fault", [0, 1])
def test_equal_states_have_equal_futures(fault):
    """What is remembered of a step holds wherever the state comes up: the search without memory finds the same."""
    program = build(f.scenario(f.reader, f.remover_and_new, setup=f.publish), params={"fault": fault})
    seen = []
    for remembers in (True, False):
        strategy = load("states")(Machine(program), Options())
        if not remembers:
            strategy.store.forget()
        while strategy.run(1_000) != x.COMPLETE:
            pass
        seen.append((strategy.count(x.X_STATES), strategy.count(x.X_STEPS), strategy.count(x.X_EXECUTIONS)))
    assert seen[0] == seen[1]


def test_the_command_says_how_much_it_stored_and_never_calls_hashes_complete(capsys):
    counter = f"{w.__file__.replace('words.py', 'counter.py')}:atomic"
    assert cli.main(["explore", counter, "--strategy", "states"]) == 0
    assert " states of " in capsys.readouterr().out
    assert cli.main(["explore", counter, "--strategy", "states", "--compact"]) == 4
    out = " ".join(capsys.readouterr().out.split())
    assert "no violation found: a state counts as seen if 64 bits of its hash are" in out
    assert "all within" not in out
    assert cli.main(["explore", counter, "--strategy", "dfs", "--compact"]) == 2
    assert "--compact has no effect without --strategy states" in capsys.readouterr().err
