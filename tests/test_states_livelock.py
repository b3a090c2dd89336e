"""Livelocks: a fair cycle is found, shown once round and recognised again; what only looks like one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.declare import CLEAN
from engine.errors import DivergedError
from engine.explore import explore, replay
from engine.explore.load import Machine
from engine.explore.machine import cells as c
from engine.explore.strategies.states_livelock import cycle_of, take
from engine.language.program import build
from engine.python.replay import replay as on_threads
from engine.schedule import Schedule
from tests.protocols import livelock
from tests.protocols.livelock import SCENARIOS

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("compact", [False, True])
def test_kind(name, compact):
    scenario = BY_NAME[name]
    result = explore(build(scenario), strategy="states", stop_at_first=False, compact=compact)
    kind = result.violation.kind if result.violation else CLEAN
    assert (kind, result.complete) == (scenario.variants[0].expects, not compact)


@pytest.mark.parametrize("name", ["ended", "lonely", "asleep", "woken", "back-off", "recycler", "starved"])
@pytest.mark.parametrize("model", ["tso", "pso"])
def test_store_buffers_neither_hide_a_livelock_nor_make_one(name, model):
    """A store that waits for ever would be an unfair cycle: its flusher could always have taken a step."""
    scenario = BY_NAME[name]
    program = build(scenario)
    result = explore(program, strategy="states", model=model, stop_at_first=False)
    kind = result.violation.kind if result.violation else CLEAN
    assert (kind, result.complete) == (scenario.variants[0].expects, True)
    if result.schedule is not None:
        assert replay(program, result.schedule).violation == result.violation


@pytest.mark.parametrize("name", [s.name for s in SCENARIOS if s.variants[0].expects == "livelock"])
def test_a_replay_comes_to_one_state_twice_and_can_go_on_so_for_ever(name):
    program = build(BY_NAME[name])
    result = explore(program, strategy="states")
    assert replay(program, Schedule.from_json(result.schedule.to_json())).violation == result.violation
    picks = picks_of(program, result.schedule)
    machine = Machine(program)
    cycle = cycle_of(machine, picks)
    places = []
    for pick in [*picks[cycle.start:], *picks[cycle.start:]]:
        places.append(place(machine))
        take(machine, pick)
    half = len(places) // 2
    assert places[:half] == places[half:]
    assert place(machine) == places[0]


def picks_of(program, schedule):
    """The choices in the order in which the machine asks for them."""
    machine, values, picks = Machine(program), [iter(row) for row in schedule.choices], []
    turns = iter(schedule.turns)
    while True:
        t = machine.chooser()
        pick = next(values[t]) if t >= 0 else getattr(next(turns, None), "thread", None)
        if pick is None:
            return picks
        picks.append(pick)
        take(machine, pick)


def place(machine):
    """Memory, and where each thread is."""
    return machine.memory(), [(machine.area(t, c.T_STATUS), machine.area(t, c.T_PC)) for t in range(machine.alone)]


def test_half_a_turn_is_no_livelock():
    program = build(BY_NAME["polite"])
    schedule = explore(program, strategy="states").schedule
    short = Schedule.of(program, schedule.turns[:-1])
    with pytest.raises(DivergedError, match="has not finished"):
        replay(program, short)


def test_threads_follow_a_livelock_as_far_as_it_goes(tmp_path):
    program = build(BY_NAME["back-off"])
    schedule = explore(program, strategy="states").schedule
    execution = on_threads(program, schedule, folder=tmp_path)
    assert execution.violation is None
    assert [s.site for s in execution.steps] == [turn.site for turn in schedule.turns]


def test_a_livelock_has_the_place_of_its_first_line():
    result = explore(build(BY_NAME["lonely"]), strategy="states")
    assert result.violation.message == "the last step leads back to the state before, again and again; nobody finishes"
    line = int(result.violation.where.rpartition(":")[2])
    assert "read_once(DONE)" in Path(livelock.__file__).read_text().split("\n")[line - 1]


def test_how_often_a_page_was_handed_out_does_not_tell_states_apart():
    """Five places in the loop by three of the other thread, and the end."""
    assert explore(build(BY_NAME["recycler"]), strategy="states").states == 5 * 3 + 1
