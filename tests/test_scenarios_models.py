"""Scenarios whose outcome the memory model decides: S8-g and S8-h, store buffering with a pin on one side."""

from __future__ import annotations

import pytest

from engine import CLEAN, Scenario, Variant
from engine.explore import explore, replay
from engine.language.program import build
from scenarios.models.litmus import CELLS
from scenarios.s8_barrier import SCENARIOS

CASES = [(scenario, variant) for scenario in SCENARIOS for variant in scenario.variants]


@pytest.mark.parametrize("model", ["sc", "tso", "pso"])
@pytest.mark.parametrize(("scenario", "variant"), CASES, ids=lambda each: each.name)
def test_what_each_model_lets_pins_and_clearing_miss(scenario: Scenario, variant: Variant, model: str) -> None:
    expected = scenario.expected(variant, executor="explore", lock="qrwlock", model=model)
    program = build(scenario, variant.name)
    result = explore(program, strategy="states", model=model)
    assert (result.violation.kind if result.violation else CLEAN) == expected
    if result.violation:
        assert result.schedule is not None
        assert replay(program, result.schedule).violation == result.violation
    else:
        assert result.complete
        assert result.counters["taken_away"]
        assert result.counters["fast_pins"]


def test_only_a_plain_store_breaks_and_only_where_stores_are_buffered() -> None:
    breaks = {(s.name, v.name, model) for s, v in CASES for model in ("sc", "tso", "pso")
              if s.expected(v, executor="explore", lock="qrwlock", model=model) != CLEAN}
    assert breaks == {(name, "plain-store", model) for name in ("exclusive-gup", "ksm-gup") for model in ("tso", "pso")}
    assert all(s.expected(v, executor="native", lock="qrwlock") != CLEAN for s, v in CASES if v.name == "plain-store")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.name)
def test_a_search_has_one_page_and_a_native_round_many(scenario: Scenario) -> None:
    assert scenario.small.entries == 2 < scenario.geometry.entries
    assert scenario.geometry.frames > CELLS > 1000
