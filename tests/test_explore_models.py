"""Store buffers: what tso and pso allow beyond sc, what they do not, and that a schedule with late stores is data."""

from __future__ import annotations

import pytest

from engine.errors import DivergedError, UsageError
from engine.explore import explore, replay
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.picture import picture
from engine.language.program import Program, build
from engine.python.replay import replay as python_replay
from engine.schedule import Schedule, Turn
from tests.protocols import buffers as b

MODELS = ("sc", "tso", "pso")


def program(*roles, how=None, **options) -> Program:
    params = {name: value for name, value in (("how", how),) if value is not None}
    return build(b.scenario(*roles, **options), params=params)


def seen(p: Program, model: str, *words: str, strategy: str = "dfs") -> set[tuple[int, ...]]:
    """The final values of some words over all executions; every one of them must end without a violation."""
    result = explore(p, strategy=strategy, model=model, finals=True)
    assert (result.complete, result.found) == (True, 0)
    assert result.finals is not None
    places = [p.layout.words[name.rstrip("0123456789")] + 8 * int("0" + name.lstrip("abcdefghijklmnopqrstuvwxyz"))
              for name in words]
    return {tuple(dict(final).get(place, 0) for place in places) for final in result.finals}


def kinds(p: Program, model: str) -> str:
    result = explore(p, model=model)
    return result.violation.kind if result.violation else "clean"


# --- what may be seen ---


@pytest.mark.parametrize(("model", "how", "late"), [
    ("sc", 0, set()), ("tso", 0, set()), ("pso", 0, {(10,), (100,), (110,)}),
    ("pso", 1, set()), ("pso", 2, set()),
])
def test_stores_pass_each_other_under_pso_only(model, how, late):
    """In order z, y, x. A barrier, or the one in a release, keeps both behind x, but not y before z."""
    always = {(0,), (1,), (11,), (111,)}
    passes = {(101,)} if model == "pso" else set()  # z before y
    assert seen(program(b.message, b.reads_x_last, how=how), model, "r") == always | passes | late


@pytest.mark.parametrize("model", MODELS)
def test_a_thread_sees_its_own_stores_in_order(model):
    own = 7 + 256 * 16 + (3 << 20) + (((3 << 32) + 7) << 32)
    assert seen(program(b.forwards), model, "r") == {(own & (1 << 64) - 1,)}


@pytest.mark.parametrize("model", MODELS)
def test_a_load_of_two_stores_waits_and_reads_memory(model):
    """Forwarding never mixes: with another thread's store to one half there are the same values as under sc."""
    p = program(b.forwards, b.disturbs)
    found = seen(p, model, "r0", "x")
    assert found >= seen(p, "sc", "r0", "x") if model != "sc" else found
    assert {x >> 32 for _, x in found} == {3}


@pytest.mark.parametrize("model", MODELS)
def test_a_filled_page_is_seen_by_its_own_thread_before_and_after_the_flush(model):
    assert seen(program(b.fills), model, "r") == {(5 * 100 + 1 * 10 + 9,)}


@pytest.mark.parametrize("model", MODELS)
def test_all_is_flushed_when_the_check_at_rest_runs(model):
    assert seen(program(b.stores_and_ends, b.looks, at_rest=b.everything_is_flushed), model, "r") == {(1,), (2,)}


@pytest.mark.parametrize(("model", "both"), [("sc", False), ("tso", True), ("pso", True)])
@pytest.mark.parametrize("how", [0, 1])
def test_a_load_passes_an_unlock(model, both, how):
    found = seen(program(b.unlocks_and_looks, b.fenced_other, how=how), model, "r0", "r1")
    assert found == {(1, 2), (2, 1), (2, 2)} | ({(1, 1)} if both else set())


@pytest.mark.parametrize("model", MODELS)
def test_a_locked_instruction_and_a_full_barrier_wait_for_the_buffer(model):
    assert (1, 1) not in seen(program(b.adds_atomically, b.fenced_other), model, "r0", "r1")
    assert (1, 1) not in {x for x in seen(program(b.fenced, b.fenced_other), model, "r0", "y") if x[1] != 1}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("lock", ["qrwlock", "pthread", "fair", "read"])
@pytest.mark.parametrize("how", [0, 1])
def test_locks_exclude(model, lock, how):
    p = program(b.adds_locked, b.adds_locked, how=how)
    result = explore(p, model=model, lock=lock, finals=True)
    assert result.finals is not None
    assert {dict(final)[p.layout.words["x"]] for final in result.finals} == {2}


@pytest.mark.parametrize("model", MODELS)
def test_an_unlock_in_the_buffer_is_an_unlock_to_its_thread(model):
    result = explore(program(b.unlocks_twice), model=model, stop_at_first=False)
    assert result.violation is not None
    assert result.found == result.executions
    assert (result.violation.kind, "does not hold" in result.violation.message) == ("lock-misuse", True)


# --- violations of late stores ---


@pytest.mark.parametrize(("model", "how", "kind"), [
    ("sc", 0, "clean"), ("tso", 0, "use-after-free"), ("pso", 0, "use-after-free"), ("tso", 1, "clean"),
])
def test_a_late_store_into_a_freed_page_is_told_at_the_store(model, how, kind):
    p = program(b.uses_page, b.frees_page, how=how)
    result = explore(p, model=model, stop_at_first=False)
    assert (result.violation.kind if result.violation else "clean") == kind
    if result.violation:
        assert p.sites[result.violation.site].function == "uses_page"
        assert result.violation.thread == 0


# --- loops that wait ---


@pytest.mark.parametrize("model", MODELS)
def test_a_thread_that_waits_is_woken_by_a_flush(model):
    assert seen(program(b.stores_and_ends, b.waits_for_x), model, "r") == {(1,)}
    assert seen(program(b.waits_while_it_stores, b.stores_and_ends), model, "x") == {(1,)}
    assert kinds(program(b.waits_while_it_stores), model) == "deadlock"
    assert kinds(program(b.waits_for_its_own), model) == "deadlock"


@pytest.mark.parametrize("model", MODELS)
def test_a_thread_that_waits_for_its_own_word_to_be_changed(model):
    """The other store comes before, so that the thread waits for ever, or after."""
    result = explore(program(b.waits_for_its_own, b.stores_and_ends), model=model, stop_at_first=False)
    assert result.complete
    assert result.violation is not None
    assert result.violation.kind == "deadlock"
    assert 0 < result.found < result.executions


# --- limits ---


def test_a_full_buffer_makes_its_thread_wait():
    p = build(b.scenario(b.stores_many), params={"stores": 40})
    machine = Machine(p, model="tso")
    for _ in range(c.BUFFER_MAX):
        assert machine.enabled()[0] == 0
        machine.step(0)
    assert machine.enabled() == [1]
    machine.step(1)
    assert machine.enabled() == [0, 1]


def test_a_buffer_flushes_what_was_stored():
    p = build(b.scenario(b.stores_many), params={"stores": 6})
    assert seen(p, "tso", *(f"many{i}" for i in range(6))) == {(1, 2, 3, 4, 5, 6)}
    assert explore(p, model="tso").executions == 132  # Catalan: never more flushes than stores


def test_more_addresses_than_flushers_are_a_limit_of_pso():
    p = build(b.scenario(b.stores_many, b.looks), params={"stores": 31})
    result = explore(p, model="pso", strategy="random", executions=10)
    assert result.violation is not None
    assert (result.violation.kind, "stores to more than 30 addresses" in result.violation.message) == (
        "step-limit", True)


def test_more_threads_than_processes_are_refused():
    with pytest.raises(UsageError, match="takes up to 31"):
        Machine(build(b.scenario(*[b.looks] * 32)), model="tso")


# --- schedules ---


def test_a_late_store_is_part_of_the_schedule():
    p = program(b.uses_page, b.frees_page, how=0)
    for model in ("tso", "pso"):
        found = explore(p, model=model)
        assert found.schedule is not None
        schedule = Schedule.from_json(found.schedule.to_json())
        assert schedule == found.schedule
        execution = replay(p, schedule)
        assert execution.violation == found.violation
        assert [step.flush for step in execution.steps] == [turn.flush is not None for turn in schedule.turns]
        with pytest.raises(UsageError, match=f"step 8 .* late flush of a store, under {model}; only `explore`"):
            schedule.unbuffered(p)


def test_a_schedule_without_late_stores_runs_everywhere():
    p = program(b.fenced)
    found = explore(p, model="tso", executions=1, strategy="dfs", finals=True)
    x, fence, y, r = (site.index for site in p.sites if site.function == "fenced")
    turns = (Turn(0, x), Turn(0, x, flush=0), Turn(0, fence), Turn(0, y), Turn(0, r), Turn(0, r, flush=0))
    assert found.executions == 1
    schedule = Schedule.of(p, turns, model="tso")
    assert replay(p, schedule).violation is None
    plain = schedule.unbuffered(p)
    assert (plain.model, plain.turns) == ("sc", (Turn(0, x), Turn(0, y), Turn(0, r)))
    assert replay(p, plain).final == replay(p, schedule).final


def test_a_flush_that_is_not_there_is_told():
    p = program(b.fenced)
    x = next(site.index for site in p.sites if site.function == "fenced")
    with pytest.raises(DivergedError, match=r"step 0: .* wants the store buffer of CPU0 r0 at .* has finished"):
        replay(p, Schedule.of(p, (Turn(0, x, flush=0),), model="tso"))
    with pytest.raises(DivergedError, match="step 1: the schedule flushes a store that model sc does not buffer"):
        replay(p, Schedule.of(p, (Turn(0, x), Turn(0, x, flush=0)), model="sc"))


def test_the_picture_draws_a_flush():
    p = program(b.uses_page, b.frees_page, how=0)
    schedule = explore(p, model="tso").schedule
    assert schedule is not None
    text = picture(p, schedule)
    assert "flush: pt 1[1] = 1 <-- use-after-free" in text
    assert "write_once(x, 1), in the store buffer" in text
    assert "flush: x: 0 -> 1" in text
    assert "smp_mb()" in text


def test_other_executors_run_what_they_can_force(tmp_path):
    p = program(b.fenced)
    x, fence, y, r = (site.index for site in p.sites if site.function == "fenced")
    turns = (Turn(0, x), Turn(0, x, flush=0), Turn(0, fence), Turn(0, y), Turn(0, r), Turn(0, r, flush=0))
    schedule = Schedule.of(p, turns, model="tso")
    assert python_replay(p, schedule, folder=tmp_path).final == replay(p, schedule).final
    late = explore(program(b.uses_page, b.frees_page, how=0), model="tso").schedule
    assert late is not None
    with pytest.raises(UsageError, match="only `explore` can force that"):
        python_replay(program(b.uses_page, b.frees_page, how=0), late, folder=tmp_path)
