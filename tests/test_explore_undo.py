"""Taking steps back restores every word of the state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.explore.load import LOCKS, MODELS, Machine
from engine.language.program import build
from tests.protocols import faults as f
from tests.test_explore_detectors import CASES

SCENARIOS = [
    f.scenario(f.reader, f.remover_and_new, setup=f.publish), f.scenario(f.speculative, f.remover, setup=f.publish),
    f.scenario((f.one_two, 0), (f.one_two, 1), f.sleeper, f.waiter, f.setter), f.scenario(f.chooser, f.arrays, f.dive),
]


@pytest.mark.parametrize(("scenario", "fault", "kind", "message"), CASES)
def test_reset_takes_a_violation_back(scenario, fault, kind, message):
    machine = Machine(build(scenario, params={"fault": fault}), steps=500)
    start = machine.S.copy()
    walk(machine, [0] * 600 if kind != "deadlock" else [0, 1] * 300)
    machine.reset()
    assert np.array_equal(machine.S, start)
    assert message


def walk(machine, picks) -> None:
    """Some steps, by number among what can be done; ends with the check at rest if it comes so far."""
    for pick in picks:
        t = machine.chooser()
        if machine.failed:
            return
        if t >= 0:
            machine.choose(t, pick % machine.choices(t))
        elif enabled := machine.enabled():
            machine.step(enabled[pick % len(enabled)])
        else:
            machine.finish()
            return


@pytest.mark.parametrize("scenario", SCENARIOS)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60), st.lists(st.integers(0, 5), max_size=60), st.sampled_from(LOCKS),
       st.integers(0, 1), st.sampled_from(MODELS))
def test_undo_restores_the_state(scenario, first, second, lock, fault, model):
    machine = Machine(build(scenario, params={"fault": fault}), lock=lock, model=model)
    start = machine.S.copy()
    walk(machine, first)
    middle, mark = machine.S.copy(), machine.mark
    walk(machine, second)
    machine.undo(mark)
    assert np.array_equal(machine.S, middle)
    walk(machine, second)
    machine.undo(mark)
    assert np.array_equal(machine.S, middle)
    machine.reset()
    assert np.array_equal(machine.S, start)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_sampler_leaves_no_trace_and_logs_a_word_once(scenario):
    machine = Machine(build(scenario, params={"fault": 0}))
    start = machine.S.copy()
    for seed in range(20):
        machine.restart()
        assert np.array_equal(machine.S, start)
        walk(machine, [(seed * 7 + k * k) % 11 for k in range(80)])
        touched = machine.U[machine.base:machine.mark:2]
        assert len(set(touched)) == len(touched) > 0
    machine.reset()
    assert np.array_equal(machine.S, start)
