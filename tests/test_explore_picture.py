"""The picture of an execution, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.explore import explore, smallest
from engine.explore.picture import WIDTH, picture
from engine.language.program import build
from tests.protocols import faults as f
from tests.test_explore_detectors import CASES, RACE


def test_a_use_after_free():
    program = build(RACE, params={"fault": 1})
    text = picture(program, smallest(program).schedule)
    lines = text.splitlines()
    assert lines[:8] == [
        "CPU0 r0                                 CPU1 r1",
        "-------                                 -------",
        "read_once(slot) = pt 1[0]",
        "                                        write_lock(lock)",
        "                                        xchg(slot): pt 1[0] -> 0",
        "                                        write_unlock(lock)",
        "                                        atomic_dec_and_test(page 1 refcount): 1",
        "                                            -> 0",
    ]
    assert lines[8:10] == ["                                        free_page(pt 1[0])", "read_once(pt 1[1])"]
    assert lines[11].startswith("USE-AFTER-FREE: read_once of pt 1[1]: page 1 was freed by CPU1 r1 at")


def test_a_deadlock_shows_who_waits():
    program = build(f.scenario((f.one_two, 0), (f.one_two, 1)), params={"fault": 1})
    text = picture(program, smallest(program).schedule)
    assert "write_lock(lock[1]) waits" in text
    assert "DEADLOCK: CPU0 r0 waits for lock[1]" in text


def test_steps_add_number_and_place():
    program = build(RACE, params={"fault": 1})
    text = picture(program, smallest(program).schedule, steps=True)
    assert "0: read_once(slot) = pt 1[0]\n    [faults.py:" in text


@pytest.mark.parametrize(("scenario", "fault", "kind", "message"), CASES)
@pytest.mark.parametrize("steps", [False, True])
def test_no_line_is_too_long(scenario, fault, kind, message, steps):
    if kind == "step-limit":
        return
    program = build(scenario, params={"fault": fault})
    text = picture(program, explore(program).schedule, steps=steps)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert message


@pytest.mark.parametrize("threads", [1, 3, 4, 7])
def test_any_number_of_threads(threads):
    scenario = f.scenario(*[f.warner] * threads)
    scenario = replace(scenario, roles=tuple(replace(r, name=r.name + "-with-a-long-name") for r in scenario.roles))
    program = build(scenario, params={"fault": 1})
    text = picture(program, explore(program).schedule)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "CPU0" in text
    assert "Warning: WARN_ON(" in text
