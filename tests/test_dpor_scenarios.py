"""Scenarios in all their executions: a fix holds without a bound on preemptions, and the race it fixes is found."""

from __future__ import annotations

import pytest

from engine.explore import explore
from scenarios import all_scenarios, find


@pytest.mark.parametrize(("name", "executions"), [
    ("transient-get:later-same-entry", 19), ("both-give-up:rfc-v2", 58), ("split:cmpxchg", 18),
    ("nested-read:flat", 5), ("free-before-flush:queue", 6),
])
def test_a_fix_is_complete(name, executions):
    result = explore(*_named(name), strategy="dpor")
    assert (result.complete, result.violation, result.blocked, result.redundant) == (True, None, 0, 0)
    assert result.executions == executions


@pytest.mark.parametrize("name", ["transient-get:rfc-v1", "both-give-up:rfc-v1", "split:plain-store", "nested-read:rfc",
                                  "free-before-flush:before-flush"])
def test_a_race_is_found(name):
    scenario, variant = _named(name)
    result = explore(scenario, variant, strategy="dpor")
    assert result.violation is not None
    assert result.violation.kind == scenario.expected(scenario.variant(variant), executor="explore", lock="qrwlock")


def _named(name):
    scenario, variant = find(name, all_scenarios())
    return scenario, variant.name
