"""The classic litmus tests: published outcomes, axioms, search and hardware agree."""

from __future__ import annotations

import pytest

from engine.declare import Variant
from engine.errors import UsageError
from engine.explore import STRATEGIES, explore
from engine.explore.load import MODELS
from engine.explore.strategies import TABLE
from engine.language.program import build
from scenarios import find
from scenarios.litmus import LITMUS, ORDERS, TESTS, Litmus
from tests.litmus_axioms import outcomes

NAMES = [test.name for test in TESTS]
SAMPLES = 4_000  # of a strategy that draws executions
COMPLETE = tuple(name for name in STRATEGIES if TABLE[name].ends)


def seen(test: Litmus, counters: dict[str, int]) -> set[str]:
    """The outcomes that were counted."""
    return {test.words(int(name.removeprefix("outcome_"))) for name, count in counters.items()
            if name.startswith("outcome_") and count}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("test", TESTS, ids=NAMES)
def test_the_published_outcomes_are_those_of_the_axioms(test: Litmus, model: str) -> None:
    for order in ORDERS:
        assert outcomes(test.program, test.observed, model, order) == test.reachable(model, order), test.title(order)


def test_weaker_models_allow_more_and_barriers_less() -> None:
    for test in TESTS:
        for order in ORDERS:
            sc, tso, pso = (test.reachable(model, order) for model in MODELS)
            assert sc <= tso <= pso <= test.reachable("pso", "")
            assert test.reachable("pso", "mb") == sc


@pytest.mark.parametrize(("strategy", "model"), [(name, model) for name in STRATEGIES for model in TABLE[name].models])
def test_a_search_reaches_exactly_the_published_outcomes(strategy: str, model: str) -> None:
    if model not in TABLE[strategy].models:
        with pytest.raises(UsageError, match=f"strategy {strategy} does not know model {model}"):
            explore(build(LITMUS), strategy=strategy, model=model, executions=1)
        return
    limit = None if strategy in COMPLETE else SAMPLES
    for test in TESTS:
        for order in ORDERS:
            result = explore(build(LITMUS, test.title(order)), strategy=strategy, model=model, executions=limit,
                             stop_at_first=False)
            assert result.complete == (strategy in COMPLETE)
            assert seen(test, result.counters) == test.reachable(model, order), (test.title(order), model, strategy)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("variant", LITMUS.variants, ids=lambda v: v.name)
def test_what_is_not_sequentially_consistent_is_a_violation(variant: Variant, model: str) -> None:
    """And where it is not reachable there is none."""
    result = explore(build(LITMUS, variant.name), model=model)
    expected = LITMUS.expected(variant, executor="explore", lock="qrwlock", model=model)
    assert (result.violation.kind if result.violation else "clean") == expected


def test_an_outcome_is_named_by_what_was_observed() -> None:
    by_name = {test.name: test for test in TESTS}
    assert [by_name["SB"].words(code) for code in range(4)] == ["00", "01", "10", "11"]
    assert [by_name["R"].words(code) for code in range(4)] == ["10", "11", "20", "21"]
    assert by_name["IRIW"].words(0b1010) == "1010"
    for test in TESTS:
        assert test.words(test.params("")["not_sc"]) == test.not_sc


def test_the_family_is_found_by_name() -> None:
    assert find("litmus")[1].name == "SB"
    assert find("litmus:2+2W+wmb-rmb")[1].name == "2+2W+wmb-rmb"
