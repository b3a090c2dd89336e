"""A pointer knows the generation of its page through every detour; a number that is no pointer knows none."""

from __future__ import annotations

import pytest

from engine.explore import explore
from engine.language.program import build
from tests.protocols import pointers as p


def kind(run, how=0, **options) -> str | None:
    result = explore(build(p.scenario(run), params={"how": how} if run in HOW else {}), **options)
    return result.violation.kind if result.violation else None


HOW = (p.stale, p.fresh, p.descriptor, p.many_arrays)


@pytest.mark.parametrize("how", range(6))
def test_an_old_pointer_is_found_through_every_detour(how):
    assert kind(p.stale, how) == "stale-pointer"
    assert kind(p.stale, how, pool="quarantine") == "use-after-free"


@pytest.mark.parametrize("how", range(6))
def test_a_new_pointer_to_the_same_frame_is_not(how):
    assert kind(p.fresh, how) is None


@pytest.mark.parametrize("run", [p.compared, p.distance, p.index], ids=lambda run: run.name)
def test_a_number_that_is_no_pointer_is_not(run):
    assert kind(run) is None


def test_a_speculative_access_may_be_late():
    assert kind(p.descriptor, 0) is None
    assert kind(p.descriptor, 1) == "stale-pointer"


def test_private_arrays_live_until_their_function_returns():
    assert kind(p.many_arrays, 0) is None
    assert kind(p.many_arrays, 1) == "stack-overflow"
