"""Schedules as data: the round trip, stability to the byte, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.declare import Geometry
from engine.errors import UsageError
from engine.schedule import Schedule, Turn, Violation
from tests.protocols import counter

TURNS = st.lists(st.builds(Turn, st.integers(0, 1), st.integers(0, 1), st.booleans())).map(tuple)
CHOICES = st.tuples(st.lists(st.integers(0, 5)).map(tuple), st.lists(st.integers(0, 5)).map(tuple))


def find(name: str):
    assert name == "counter"
    return counter.SCENARIO


def schedule(**changes) -> Schedule:
    values = {
        "scenario": "counter", "variant": "plain", "params": {"how": 0}, "geometry": Geometry(4, 3, 16), "threads": 2,
        "rounds": 1, "lock": "qrwlock", "pool": "reuse", "model": "sc", "turns": (Turn(0, 0), Turn(1, 1, True)),
        "choices": ((), ()),
    }
    return Schedule(**{**values, **changes})


@given(TURNS, CHOICES)
def test_json_round_trip(turns, choices):
    one = schedule(turns=turns, choices=choices)
    assert Schedule.from_json(one.to_json()) == one
    assert Schedule.from_json(one.to_json()).to_json() == one.to_json()


def test_json_does_not_depend_on_the_order_of_keys():
    one, two = schedule(params={"a": 1, "b": 2}), schedule(params={"b": 2, "a": 1})
    assert one.to_json() == two.to_json()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"turns": 3}', "null"])
def test_garbage_is_a_usage_error(text):
    with pytest.raises(UsageError, match="not a schedule file"):
        Schedule.from_json(text)


def test_an_unknown_violation_kind_is_a_usage_error():
    with pytest.raises(UsageError, match="unknown kind"):
        Schedule.from_json(schedule(violation={"kind": "gremlin"}).to_json())


def test_it_rebuilds_its_program():
    program = schedule().program(find)
    assert (program.name, len(program.threads), program.rounds) == ("counter:plain", 2, 1)
    again = Schedule.of(program, (Turn(0, 0),), violation=Violation("check", "m", "f:1", 0, 0))
    assert again.params == {"how": 0}
    assert again.violation is not None
    assert Schedule.from_json(again.to_json()) == again


def test_a_site_that_is_gone_is_named():
    with pytest.raises(UsageError, match="step 0 is at site 999 of thread 0"):
        schedule(turns=(Turn(0, 999),)).program(find)
