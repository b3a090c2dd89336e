"""Numbers of traces that are known: `dpor` has exactly as many executions, none redundant and none blocked."""

from __future__ import annotations

from math import comb

import pytest

from engine.errors import NotDeterministicError, UsageError
from engine.explore import explore
from engine.explore.load import Machine
from engine.explore.search import Search, run
from engine.explore.strategies import cells as x
from engine.explore.strategies.base import Options
from engine.jit import HAVE_NUMBA
from engine.language.program import Program, build
from tests.protocols import counts as k

SLOW = pytest.mark.skipif(not HAVE_NUMBA, reason="too many executions for the plain machine")


def traces(program: Program) -> int:
    result = explore(program, strategy="dpor")
    assert (result.complete, result.violation, result.redundant, result.blocked) == (True, None, 0, 0)
    return result.executions


@pytest.mark.parametrize("n", [1, 2, 5, pytest.param(12, marks=SLOW), pytest.param(16, marks=SLOW)])
def test_readers(n):
    assert traces(build(k.readers(n))) == 2 ** n


@pytest.mark.parametrize(("n", "count"), [(5, 64), pytest.param(10, 3328, marks=SLOW),
                                          pytest.param(15, 147456, marks=SLOW)])
def test_lastzero(n, count):
    assert traces(build(k.lastzero(n), params={"size": n})) == count


@pytest.mark.parametrize(("n", "count"), [(1, 4), (2, 34), pytest.param(3, 328, marks=SLOW),
                                          pytest.param(4, 3334, marks=SLOW), pytest.param(5, 34904, marks=SLOW)])
def test_plain_increments(n, count):
    assert traces(build(k.COUNTER, params={"increments": n})) == count


@pytest.mark.parametrize("n", [1, 2, 5])
def test_void_additions_commute(n):
    assert traces(build(k.COUNTER, params={"increments": n, "how": 1})) == 1


@pytest.mark.parametrize("n", [1, 2, 4])
def test_additions_whose_value_is_used_do_not(n):
    assert traces(build(k.COUNTER, params={"increments": n, "how": 2})) == comb(2 * n, n)


def test_it_goes_on_where_a_slice_ended_and_after_a_number_of_executions():
    result = explore(build(k.COUNTER, params={"increments": 2}), strategy="dpor", executions=10)
    assert (result.executions, result.complete) == (10, False)


def test_events_set_aside_are_counted():
    """Void additions leave nothing to come back to."""
    assert explore(build(k.COUNTER, params={"increments": 5, "how": 1}), strategy="dpor").peak == 0
    result = explore(build(k.readers(5)), strategy="dpor")
    assert result.peak >= 5
    assert result.bytes % result.peak == 0


@pytest.mark.parametrize(("program", "depth"), [
    (build(k.readers(6)), 7), pytest.param(build(k.readers(16)), 17, marks=SLOW),
    pytest.param(build(k.lastzero(15), params={"size": 15}), 60, marks=SLOW),
    pytest.param(build(k.COUNTER, params={"increments": 5}), 20, marks=SLOW),
])
def test_the_events_set_aside_are_bounded_by_the_square_of_the_depth(program, depth):
    assert explore(program, strategy="dpor").peak <= depth ** 2


def test_it_gives_up_when_it_may_set_aside_no_more():
    """Without room for more than the first execution and a little."""
    search = Search(Machine(build(k.COUNTER, params={"increments": 15})), "dpor", Options(memory=0))
    result = run(search, {}, None)
    assert (result.complete, result.stopped) == (False, "the limit of 0 MB was reached")
    assert result.executions > 0


def test_a_step_that_was_foreseen_otherwise_ends_the_search():
    search = Search(Machine(build(k.COUNTER)), "dpor", Options())
    search.strategy.X[x.X_DIVERGED] = 1
    with pytest.raises(NotDeterministicError, match=r"count:v is not deterministic .* in dpor a step was not what"):
        search.slice(float("inf"))


def test_a_bound_on_preemptions_is_refused():
    with pytest.raises(UsageError, match="dpor does not keep to it"):
        explore(build(k.COUNTER), strategy="dpor", preemptions=1)
