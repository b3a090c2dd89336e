"""Numbers of traces that are known: `dpor` has exactly as many executions, none redundant and none blocked."""

from __future__ import annotations

from math import comb

import pytest

from engine.errors import UsageError
from engine.explore import explore
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


def test_a_bound_on_preemptions_is_refused():
    with pytest.raises(UsageError, match="dpor does not keep to it"):
        explore(build(k.COUNTER), strategy="dpor", preemptions=1)
