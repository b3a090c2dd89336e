"""Every broken variant's schedule, found by the search, on Python threads, native threads and native processes.

Deterministic: the gate makes each executor take the same steps, and every value must be the same.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine import CLEAN
from engine.explore import explore
from engine.explore import replay as explored
from engine.language.program import Program, build
from engine.python.replay import BLIND
from engine.python.replay import replay as on_python
from engine.schedule import Execution, Schedule
from scenarios import all_scenarios, find

BREAKING = [
    f"{s.name}:{v.name}" for s in all_scenarios() if s.name != "hammer" for v in s.variants
    if s.expected(v, executor="explore", lock="qrwlock") != CLEAN
]
SAME = ("kind", "where", "site", "thread")
SCENARIOS = sorted({name.partition(":")[0] for name in BREAKING})


@cache  # for the tests that one worker runs of it
def broken(name: str) -> tuple[Program, Schedule, Execution]:
    """The program, the schedule that breaks it, and what the search's machine did on it."""
    scenario, variant = find(name)
    program = build(scenario, variant.name)
    schedule = next(s for n in range(4) if (s := explore(program, preemptions=n).schedule) is not None)
    return program, schedule, explored(program, schedule)


def same(a: Execution, b: Execution) -> None:
    assert a.violation is not None
    if a.violation.kind in BLIND:  # the same steps; the last one is made where nobody sees that it is wrong
        assert b.violation is None
        assert a.steps[:-1] == b.steps[:-1]
        return
    assert b.violation is not None
    assert [getattr(a.violation, name) for name in SAME] == [getattr(b.violation, name) for name in SAME]
    assert a.steps == b.steps
    assert a.final == b.final


@pytest.mark.parametrize("name", BREAKING)
def test_python_threads_break_alike(name: str, tmp_path: Path) -> None:
    program, schedule, expected = broken(name)
    same(expected, on_python(program, schedule, folder=tmp_path))


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_native_threads_and_processes_break_alike(scenario: str, tmp_path: Path) -> None:
    """All variants of a scenario in one test: they share one compilation."""
    pytest.importorskip("numba")
    from engine.native.replay import replay as on_native

    for name in (n for n in BREAKING if n.startswith(scenario + ":")):
        found, schedule, expected = broken(name)
        program = build(found.scenario, found.variant.name, folded=False)
        for processes in (False, True):
            same(expected, on_native(program, schedule, processes=processes, folder=tmp_path))
