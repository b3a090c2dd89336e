"""Making a schedule small: fewest preemptions, rounds, threads, steps; the kind and the place never change."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from engine import Geometry, Role, Scenario, Variant, Word, protocol
from engine.declare import Mem
from engine.errors import UsageError
from engine.explore import Bound, Result, explore, minimise, replay, smallest
from engine.explore.load import Machine
from engine.explore.record import Recorder
from engine.explore.simplifying import Target, run_loosely, segments, simplify, size
from engine.language.program import Program, build
from engine.schedule import Schedule, Turn
from scenarios import find
from tests.protocols.counter import COUNT, SCENARIO
from tests.protocols.draws import STORE_BUFFERING

X = Word("x", 4)


@protocol
def adds_and_complains(mem: Mem) -> None:
    """Breaks in mid-execution where somebody adds between its load and its store."""
    value = mem.read_once(X[0])
    mem.check(mem.read_once(X[0]) == value, "check", "somebody is between")
    mem.write_once(X[0], value + 1)


@protocol
def adds(mem: Mem) -> None:
    mem.write_once(X[0], mem.read_once(X[0]) + 1)


@protocol
def idles(mem: Mem) -> None:
    mem.write_once(X[2], mem.read_once(X[2]) + 1)


@protocol
def repeats(mem: Mem, index: int) -> None:
    value = mem.read_once(X[0])
    mem.check(mem.read_once(X[0]) == value, "check", "somebody is between")
    mem.write_once(X[0], value + 1 + index)


def scenario(*roles: Role, rounds: int = 1) -> Scenario:
    return Scenario("small", "tests", roles, (Variant("v"),), small=Geometry(2, 1, 2), rounds=rounds)


BUSY = scenario(Role("complains", adds_and_complains), Role("idles", idles), Role("adds", adds), Role("idles2", idles))


def found(program: Program, strategy: str = "random", seed: int = 1) -> Result:
    result = explore(program, strategy=strategy, executions=5000, seed=seed)
    assert result.schedule is not None
    return result


@pytest.mark.parametrize("strategy", ["random", "pct", "pos", "surw"])
@pytest.mark.parametrize("name", ["S1-a", "S4-a", "S4-c", "S4-j", "split:no-flush"])
def test_what_a_sampler_finds_becomes_as_small_as_what_a_search_finds(name: str, strategy: str) -> None:
    picked, variant = find(name)
    program = build(picked, variant.name)
    result = found(program, strategy)
    quick = name == "S4-a"  # has a violation that needs three preemptions: not all with two are seen in time
    small = minimise(program, result.schedule, seconds=3.0 if quick else 100.0)
    assert small.violation is not None
    assert result.violation is not None
    assert small.schedule is not None
    assert (small.violation.kind, small.violation.where) == (result.violation.kind, result.violation.where)
    assert replay(program, small.schedule).violation == small.violation
    if quick:
        assert size_of(small) < size_of(result) or small.preemptions == 1
        return
    assert small.minimal
    least = smallest(program)
    assert least.violation is not None
    assert least.schedule is not None
    if least.violation.where == small.violation.where:
        assert (small.preemptions, len(small.schedule.turns)) == (least.preemptions, len(least.schedule.turns))


def size_of(result: Result) -> tuple[int, int]:
    assert result.schedule is not None
    assert result.preemptions is not None
    return result.preemptions, len(result.schedule.turns)


def test_fewer_rounds_and_fewer_repeated_threads() -> None:
    program = build(scenario(Role("repeats", repeats, scale=True), rounds=3), threads=4)
    small = minimise(program, found(program).schedule)
    assert small.schedule is not None
    assert small.program is not None
    assert (small.schedule.rounds, small.schedule.threads) == (1, 2)
    assert replay(small.program, small.schedule).violation == small.violation
    assert [turn.thread for turn in small.schedule.turns] in ([0, 1, 1, 1, 0], [1, 0, 0, 0, 1])


def test_a_round_that_is_needed_stays() -> None:
    """Its third round breaks: two rounds must come before."""
    program = build(scenario(Role("third", third), Role("idles", idles), rounds=4))
    small = minimise(program, found(program).schedule)
    assert small.schedule is not None
    assert (small.schedule.rounds, small.preemptions) == (3, 0)


@protocol
def third(mem: Mem) -> None:
    mem.check(mem.atomic64_inc_return(X[1]) != 3, "check", "the third")


def test_a_thread_that_is_not_needed_takes_no_step() -> None:
    program = build(BUSY)
    schedules = [found(program, seed=seed).schedule for seed in range(20)]
    busy = next(s for s in schedules if s is not None and len({turn.thread for turn in s.turns}) == 4)
    small = minimise(program, busy)
    assert small.schedule is not None
    assert [turn.thread for turn in small.schedule.turns] == [0, 2, 2, 0]
    assert small.schedule.threads == 4
    assert replay(program, small.schedule).violation == small.violation
    assert smallest(BUSY).schedule is not None
    assert smallest(BUSY).schedule.turns == small.schedule.turns  # type: ignore[union-attr]


def test_fewer_threads_count_more_than_fewer_steps() -> None:
    """Two threads store one word each; a third one stores both, with more steps."""
    program = build(scenario(Role("sees", sees_both), Role("one", stores, (0,)), Role("other", stores, (1,)),
                             Role("both", stores_both)))
    small = minimise(program, found(program).schedule)
    assert small.schedule is not None
    assert [turn.thread for turn in small.schedule.turns] == [3, 3, 3, 3, 0, 0]


@protocol
def stores(mem: Mem, index: int) -> None:
    mem.write_once(X[index], 1)


@protocol
def stores_both(mem: Mem) -> None:
    mem.write_once(X[2], 1)
    mem.write_once(X[3], 1)
    mem.write_once(X[0], 1)
    mem.write_once(X[1], 1)


@protocol
def sees_both(mem: Mem) -> None:
    first = mem.read_once(X[0])
    mem.check(mem.read_once(X[1]) == 0 or first == 0, "check", "both are there")


def test_at_rest_all_threads_must_have_finished() -> None:
    """With fewer rounds this check fails for another reason, and with no preemption: those are not the same bug."""
    program = build(SCENARIO, "plain", rounds=1)
    small = minimise(program, found(program).schedule)
    assert small.schedule is not None
    assert {turn.thread for turn in small.schedule.turns} == {0, 1}
    assert small.preemptions == 1
    odd = build(replace(SCENARIO, name="odd", at_rest=four), "plain", rounds=2)
    small = minimise(odd, found(odd).schedule)
    assert small.schedule is not None
    assert (small.schedule.rounds, small.preemptions) == (2, 1)


@protocol
def four(mem: Mem) -> None:
    mem.check(mem.read_once(COUNT) == 4, "check", "two rounds of two threads")


def test_kind_and_place_do_not_change_where_something_else_breaks_sooner() -> None:
    """The reader breaks with one preemption, the writer with two: what was found is what is made small."""
    program = build(scenario(Role("early", adds_and_complains), Role("late", late), Role("adds", adds)))
    small = minimise(program, Schedule.of(program, turns_of(program, "late")))
    early = smallest(program)
    assert small.violation is not None
    assert early.violation is not None
    assert (small.violation.message, small.preemptions, small.minimal) == ("twice", 2, True)
    assert (early.violation.message, early.preemptions) == ("somebody is between", 1)


@protocol
def late(mem: Mem) -> None:
    """Breaks where somebody adds between its first two loads and again between its last two."""
    first = mem.read_once(X[0])
    second = mem.read_once(X[0])
    mem.check(first == second or mem.read_once(X[0]) == second, "check", "twice")


def turns_of(program: Program, role: str) -> tuple[Turn, ...]:
    """An execution in which that role breaks."""
    for seed in range(100):
        result = explore(program, strategy="random", executions=1, seed=seed)
        if result.violation is not None and result.violation.message == "twice" and result.schedule is not None:
            assert program.threads[result.violation.thread].name == role
            return result.schedule.turns
    raise AssertionError(role)


def test_a_clean_schedule_is_refused() -> None:
    program = build(SCENARIO, "locked")
    turns = (Turn(0, 3), Turn(0, 4), Turn(0, 5), Turn(0, 6), Turn(1, 3), Turn(1, 4), Turn(1, 5), Turn(1, 6))
    with pytest.raises(UsageError, match="nothing to minimise"):
        minimise(program, Schedule.of(program, turns))


def test_smallest_takes_a_scenario_and_a_bound() -> None:
    result = smallest(SCENARIO, "plain", bound=Bound(geometry=Geometry(2, 1, 4)))
    assert result.schedule is not None
    assert result.schedule.geometry.frames == 4
    assert result.minimal
    assert result.bound["smallest"] == "Nothing breaks with fewer preemptions."
    assert not smallest(SCENARIO, "locked").minimal


def test_an_interrupted_question_keeps_what_the_bounded_search_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    import engine.explore.finding as finding

    def interrupted(_finder: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(finding, "_over", lambda _result: False)
    monkeypatch.setattr(finding._Finder, "_ask", interrupted)
    result = smallest(build(SCENARIO, "locked"))
    assert result.interrupted
    assert result.executions > 0


# --- memory models ---


@pytest.mark.parametrize("model", ["tso", "pso"])
def test_a_late_flush_is_made_small_too(model: str) -> None:
    program = build(STORE_BUFFERING)
    result = explore(program, strategy="random", model=model, executions=5000, seed=3)
    small = minimise(program, result.schedule) if result.schedule else result
    assert small.schedule is not None
    assert small.schedule.model == model
    assert (small.preemptions, small.minimal) == (0, True)
    assert replay(program, small.schedule).violation == small.violation


# --- by simple changes alone ---


def test_a_long_execution_shrinks_without_a_search() -> None:
    program = build(BUSY, rounds=20)
    machine = Machine(program)
    result = explore(program, strategy="random", executions=100, seed=2)
    assert result.violation is not None
    assert result.schedule is not None
    recorder = Recorder(machine)
    for turn in result.schedule.turns:
        recorder.step(turn.thread)
    recording = recorder.finish()
    small = simplify(machine, recording, Target.of(result.violation), time.perf_counter() + 60)
    assert small.violation is not None
    assert Target.of(small.violation) == Target.of(result.violation)
    assert size(small) < size(recording)
    assert small.preemptions <= 2


def test_segments_are_what_they_came_from() -> None:
    program = build(SCENARIO, "locked", rounds=3)
    machine = Machine(program)
    first = run_loosely(machine, [(1, 2), (0, 3), (1, 100)], ((), ()))
    again = run_loosely(machine, segments(machine, first), first.choices)
    assert again.turns == first.turns
    assert {t for t, _ in segments(machine, first)} == {0, 1}


# --- the smallest, or a verdict ---


@pytest.mark.parametrize("name", ["parent-freed:pin", "mapcount-get:rfc-v2", "stale-structure-cache:sync-inside"])
def test_a_fix_is_complete_for_all_executions_at_once(name: str) -> None:
    """With four preemptions these have more executions than there is patience for, but only thousands of states."""
    result = smallest(build(find(name)[0], name.partition(":")[2]), seconds=60)
    assert (result.violation, result.complete, result.bound["preemptions"]) == (None, True, None)
    assert result.bound["strategy"] == "states"
    assert result.states is not None


def test_a_bound_that_was_asked_for_is_kept() -> None:
    result = smallest(find("parent-freed:pin")[0], "pin", preemptions=2)
    assert (result.violation, result.complete, result.bound["preemptions"]) == (None, True, 2)


def test_what_only_the_search_through_states_finds_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no bounded search had reached it: simple changes then make it smaller, and nothing is claimed."""
    import engine.explore.finding as finding

    monkeypatch.setattr(finding, "_PREEMPTIONS", 0)
    monkeypatch.setattr(finding, "_FEW", 0)
    result = smallest(find("S1-d")[0], "rfc-v1")
    assert result.violation is not None
    assert result.violation.kind == "missed-free"
    assert not result.minimal
    assert result.preemptions is not None
    assert result.preemptions >= 2
    assert result.program is not None
    assert result.schedule is not None
    assert replay(result.program, result.schedule).violation == result.violation
