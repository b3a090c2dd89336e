"""The strategies: how many executions there are, what a bound means, what a search that found nothing may say."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import comb

import pytest

from engine import protocol
from engine.declare import Mem
from engine.errors import DivergedError, UsageError
from engine.explore import STRATEGIES, explore, replay, smallest
from engine.language.program import build
from engine.schedule import Schedule, Turn
from scenarios import find
from tests.protocols import faults as f
from tests.protocols import words as w
from tests.protocols.counter import SCENARIO

TWO = w.scenario(w.increment, w.increment)
THREE = w.scenario(w.increment, w.increment, w.increment)


def preemptions_of(order: tuple[int, ...]) -> int:
    return sum(1 for i in range(1, len(order)) if order[i] != order[i - 1] and order[i - 1] in order[i:])


def interleavings(threads: int, steps: int) -> list[int]:
    """The preemptions of every interleaving, counted the plain way."""
    tokens = [t for t in range(threads) for _ in range(steps)]
    return [preemptions_of(order) for order in set(itertools.permutations(tokens))]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_two_threads_of_n_increments_have_as_many_executions_as_there_are_interleavings(n):
    result = explore(build(TWO, params={"increments": n}))
    assert (result.executions, result.complete, result.violation) == (comb(4 * n, 2 * n), True, None)


def test_three_threads():
    assert explore(build(THREE)).executions == 90  # 6! / (2! 2! 2!)


@pytest.mark.parametrize("bound", range(6))
@pytest.mark.parametrize(("scenario", "threads", "n"), [(TWO, 2, 2), (THREE, 3, 1)])
def test_a_bound_keeps_exactly_the_executions_with_as_many_preemptions(scenario, threads, n, bound):
    result = explore(build(scenario, params={"increments": n}), preemptions=bound)
    wanted = sum(1 for p in interleavings(threads, 2 * n) if p <= bound)
    assert (result.executions, result.complete, result.bound["preemptions"]) == (wanted, True, bound)


def test_random_is_a_function_of_the_seed():
    program = build(SCENARIO, "plain", rounds=3)
    runs = [explore(program, strategy="random", executions=20, seed=seed) for seed in (1, 1, 2, 3, 4)]
    turns = [run.schedule.turns for run in runs]
    assert turns[0] == turns[1]
    assert len(set(turns)) > 2


def test_random_ends_after_its_executions_and_is_never_complete():
    result = explore(build(TWO), strategy="random", executions=1234)
    assert (result.executions, result.complete, result.steps) == (1234, False, 1234 * 4)


def test_random_draws_every_interleaving():
    program = build(TWO)
    seen = {explore(program, strategy="random", executions=1, seed=s).counters is not None for s in range(3)}
    assert seen == {True}
    found = {explore(build(SCENARIO), strategy="random", executions=1, seed=s).schedule is None for s in range(30)}
    assert found == {True, False}


def test_a_search_that_is_cut_short_is_not_complete():
    result = explore(build(TWO, params={"increments": 4}), executions=10)
    assert (result.executions, result.complete) == (10, False)


def test_a_search_goes_on_behind_a_violation():
    result = explore(build(SCENARIO), stop_at_first=False)
    assert (result.executions, result.found, result.complete) == (6, 4, True)


@pytest.mark.parametrize(("options", "message"), [
    ({"strategy": "bogo"}, "strategy 'bogo' does not exist"), ({"lock": "mutex"}, "lock 'mutex' does not exist"),
    ({"model": "arm"}, "memory model 'arm'"),
    ({"strategy": "random"}, "ends by itself only with"), ({"pool": "lake"}, "pool 'lake'"),
    ({"strategy": "random", "preemptions": 2, "executions": 1}, "a bound on preemptions is for strategy dfs"),
    ({"seconds": 0.0}, "no execution was completed"),
])
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(UsageError, match=message):
        explore(build(TWO), **options)


def test_an_unfolded_program_is_refused():
    with pytest.raises(UsageError, match="folded"):
        explore(build(TWO, folded=False))


# --- the smallest schedule, replay ---


def test_the_smallest_schedule_has_the_fewest_preemptions_and_steps():
    result = smallest(build(SCENARIO, "plain", rounds=4))
    assert result.violation is not None
    program = build(SCENARIO, "plain")
    result = smallest(program)
    assert (result.preemptions, len(result.schedule.turns)) == (1, 4)
    assert replay(program, result.schedule).violation == result.violation


def test_the_smallest_of_a_right_program_is_complete_for_all_executions():
    result = smallest(build(SCENARIO, "locked"))
    assert (result.violation, result.complete, result.bound["preemptions"]) == (None, True, None)


def test_shorter_executions_that_break_are_preferred():
    """r1's long way round the fault (fault 2) is left out of the smallest schedule."""
    program = build(f.scenario(f.reader, f.remover, setup=f.publish), params={"fault": 2})
    assert explore(program).schedule is not None
    result = smallest(program)
    assert [turn.thread for turn in result.schedule.turns] == [0, 1, 1, 1, 1, 1, 1, 1, 0]


def test_replay_gives_every_step_and_the_final_words():
    program = build(SCENARIO, "locked")
    result = explore(program, strategy="random", executions=1, seed=3)
    assert result.violation is None
    turns = (Turn(0, 3), Turn(1, 3, True), Turn(0, 4), Turn(0, 5), Turn(0, 6), Turn(1, 3), Turn(1, 4), Turn(1, 5),
             Turn(1, 6))
    execution = replay(program, Schedule.of(program, turns))
    count = program.layout.words["count"]
    assert execution.final[count] == 2
    assert [(s.thread, s.value, s.blocked) for s in execution.steps] == [
        (0, 0, False), (1, 0, True), (0, 0, False), (0, 1, False), (0, 0, False), (1, 0, False), (1, 1, False),
        (1, 2, False), (1, 0, False), (-1, 2, False)]


@pytest.mark.parametrize(("turns", "message"), [
    ((Turn(0, 3), Turn(1, 3)), "step 1: CPU1 B has to wait for the lock at"),
    ((Turn(0, 3, True),), "step 0: CPU0 A does not have to wait"),
    ((Turn(0, 4),), r"step 0: the schedule wants CPU0 A at .* \(read_once\), but it is at .* \(write_lock\)"),
    ((Turn(0, 3), Turn(1, 3, True), Turn(1, 3)), "step 2: .* but it waits at"),
    ((Turn(0, 3),), "the schedule ends after 1 step, but CPU0 A has not finished"),
])
def test_a_schedule_that_the_program_does_not_follow(turns, message):
    program = build(SCENARIO, "locked")
    with pytest.raises(DivergedError, match=message):
        replay(program, Schedule.of(program, turns))


def test_choices_are_part_of_a_schedule():
    program = build(f.scenario(f.chooser), params={"fault": 12})
    result = explore(program)
    assert result.schedule.choices == ((2, 1),)
    with pytest.raises(DivergedError, match="chooses once more"):
        replay(program, Schedule.of(program, result.schedule.turns, ((2,),)))


@protocol
def nothing(mem: Mem) -> None:
    mem.smp_wmb()


@protocol
def never(mem: Mem) -> None:
    mem.check(mem.read_once(w.COUNT) == 1, "check", "nobody stores")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_program_of_no_steps_has_an_execution(strategy):
    """What its check at rest finds has a schedule, without turns."""
    program = build(replace(w.scenario(nothing, nothing), at_rest=never))
    result = explore(program, strategy=strategy, executions=3)
    assert result.violation is not None
    assert (len(result.schedule.turns), result.preemptions) == (0, 0)


def test_a_search_that_memory_ends_before_any_execution_says_so():
    hammer, variant = find("hammer:split")
    with pytest.raises(UsageError, match=r"no execution was completed in .* s; the limit of 1 MB was reached"):
        explore(hammer, variant.name, strategy="states", memory=1)
