"""A survey tells all the different violations that one search comes past, and is a function of its arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.explore import explore, replay
from engine.explore.surveying import Survey, survey
from engine.language.program import Program, build
from scenarios import find, load_file

COUNTER = Path(__file__).parent / "protocols" / "counter.py"


def program(name: str = "transient-get", variant: str = "rfc-v1") -> Program:
    return build(find(name)[0], variant)


def told(found: Survey) -> list[tuple[object, ...]]:
    return [(s.violation, s.schedule.to_json(), s.count, s.executions) for s in found.sightings]


@pytest.mark.parametrize("strategy", ["random", "dfs"])
def test_the_same_arguments_tell_the_same(strategy: str) -> None:
    first, second = (survey(program(), strategy=strategy, executions=3000, seed=7) for _ in range(2))
    assert told(first) == told(second)
    assert first.result.executions == (3000 if strategy == "random" else 214)
    assert first.result.coverage == second.result.coverage != {}


def test_every_violation_is_told_with_a_schedule_that_ends_in_it() -> None:
    found = survey(program("parent-freed", "rfc-v1"), strategy="random", executions=30_000, seed=3)
    places = [(s.violation.kind, s.violation.where) for s in found.sightings]
    assert len(places) == len(set(places)) >= 2
    assert sum(s.count for s in found.sightings) == found.result.found
    for sighting in found.sightings:
        again = replay(program("parent-freed", "rfc-v1"), sighting.schedule)
        assert again.violation == sighting.violation


def test_a_fix_has_nothing_to_tell() -> None:
    fix = build(find("transient-get")[0], "ptdesc")
    found = survey(fix, strategy="random", executions=3000)
    assert found.sightings == ()
    assert found.result.executions == 3000


def test_enough_is_enough() -> None:
    found = survey(build(load_file(str(COUNTER))[0], "plain"), strategy="random", executions=10**6, enough=50)
    assert found.result.found == 50
    assert "50 violations" in found.result.stopped


def test_it_agrees_with_explore() -> None:
    found = survey(program(), strategy="dfs", executions=10**6, enough=10**6)
    all_of_it = explore(program(), strategy="dfs", executions=10**6, stop_at_first=False)
    assert (found.result.executions, found.result.found) == (all_of_it.executions, all_of_it.found)


def test_it_ends_when_its_time_is_over_and_says_so() -> None:
    found = survey(build(find("transient-get")[0], "ptdesc"), strategy="random", executions=10**9, seconds=0.2)
    assert found.result.stopped == "its time is over"
    assert 0 < found.result.executions < 10**9
    whole = survey(build(find("transient-get")[0], "ptdesc"), strategy="random", executions=500)
    assert (whole.result.stopped, whole.result.executions) == ("", 500)
