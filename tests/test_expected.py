"""What a variant comes to in a mode is worked out in one place, and all that judge by it agree."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.journalled import expectation as in_benchmarks
from engine.declare import CLEAN, CONDITIONS, Role, Scenario, Variant, protocol
from engine.errors import UsageError
from engine.explore import explore
from engine.language.program import build
from scenarios import find
from stress.campaign.cell import Cell
from stress.campaign.rounds import expectation as in_campaigns
from stress.job import Job, program_of
from stress.results import expected as in_runs
from stress.selection import lock_for
from stress.testing.check import checks
from stress.testing.exploring import replay

ANYWHERE: dict[str, Any] = {"executor": "explore", "lock": "qrwlock", "model": "sc"}


@protocol
def nothing() -> None:
    pass


def scenario(variant: Variant, context: str = "process") -> Scenario:
    return Scenario("one", "One.", (Role("a", nothing, context=context),), (variant,))


def where(**condition: str) -> Variant:
    """Breaks nowhere but there."""
    return Variant("v", expects_by=((tuple(condition.items()), "leak"),))


@pytest.mark.parametrize(("condition", "mode", "other"), [
    ({"lock": "pthread"}, {"lock": "pthread"}, {"lock": "qrwlock"}),
    ({"executor": "native"}, {"executor": "native"}, {"executor": "explore"}),
    ({"model": "tso"}, {"model": "tso"}, {"model": "pso"}),
    ({"model": "tso"}, {"model": "tso"}, {"model": "tso", "executor": "native"}),  # the machine's own, whatever is said
    ({"model": "tso", "lock": "pthread"}, {"model": "tso", "lock": "pthread"}, {"model": "tso"}),
])
def test_a_condition_holds_in_its_mode_alone(condition: dict[str, str], mode: dict[str, str],
                                             other: dict[str, str]) -> None:
    variant = where(**condition)
    assert scenario(variant).expected(variant, **ANYWHERE | mode) == "leak"
    assert scenario(variant).expected(variant, **ANYWHERE | other) == CLEAN


def test_the_context_is_that_of_the_roles_that_run() -> None:
    variant = where(context="interrupt")
    assert scenario(variant, "interrupt").expected(variant, **ANYWHERE) == "leak"
    assert scenario(variant, "hardware").expected(variant, **ANYWHERE) == CLEAN
    of_its_own = replace(variant, roles=(Role("b", nothing),))
    assert scenario(of_its_own, "interrupt").expected(of_its_own, **ANYWHERE) == CLEAN


def test_the_first_entry_that_holds_counts() -> None:
    variant = Variant("v", expects_by=(((("lock", "qrwlock"),), "check"), ((), "leak")))
    assert scenario(variant).expected(variant, **ANYWHERE) == "check"
    assert scenario(variant).expected(variant, **ANYWHERE | {"lock": "fair"}) == "leak"


def test_a_condition_that_no_mode_has_is_refused() -> None:
    with pytest.raises(UsageError, match=re.escape("expects_by names 'encoding', which is not one of lock, context, "
                                                   "model, executor")):
        where(encoding="type")
    for condition in CONDITIONS:
        where(**{condition: "x"})


@pytest.mark.parametrize("name", ["nested-read:rfc-interrupt", "nested-read:rfc", "exclusive-gup:plain-store"])
def test_runs_campaigns_and_measurements_expect_the_same(name: str) -> None:
    ours, variant = find(name)
    lock = lock_for(variant, "native")
    says = ours.expected(variant, executor="native", lock=lock)
    job = Job(ours.name, variant.name, lock=lock)
    assert in_runs(job, program_of(job)) == says
    assert in_campaigns(Cell(ours.name, variant.name, executor="native", lock=lock)) == says
    assert in_benchmarks(ours, variant) == says
    searched = Cell(ours.name, variant.name, executor="explore", lock="qrwlock", strategy="dfs", model="tso")
    assert in_campaigns(searched) == ours.expected(variant, executor="explore", lock="qrwlock", model="tso")
    assert {in_campaigns(replace(searched, model=model)) for model in ("sc", "tso")} == (
        {CLEAN, "check"} if name.endswith("plain-store") else {says})


def test_a_recorded_schedule_is_judged_by_the_context_too() -> None:
    base, broken = find("transient-get:rfc-v1")
    kind = base.expected(broken, **ANYWHERE)
    variant = replace(broken, expects=CLEAN, expects_by=(((("context", "interrupt"),), kind),))
    roles = tuple(replace(role, context="interrupt") for role in base.roles)
    inside = replace(base, roles=roles, variants=(variant,))
    schedule = explore(build(inside), lock="qrwlock").schedule
    assert schedule is not None
    result = replay(checks([inside], {"strategy": "dfs"}, (), "dfs")[0], schedule, 1)
    assert result is not None
    assert (result.expected, result.as_expected) == (kind, True)
