"""Five programs that have nothing to do with page tables, as files that a user would write.

Each bug is found by the search and replayed by every executor; each fix is searched completely within a stated bound,
at which the broken twin is found.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from engine import CLEAN, Scenario, Variant
from engine.explore import explore, replay, smallest
from engine.explore.load import MODELS
from engine.files import load_file
from engine.language.program import build
from engine.python.replay import replay as on_python
from tests.test_scenarios_replayed import same

FOLDER = Path(__file__).parent / "protocols"
FILES = ("peterson", "ticket_lock", "treiber_stack", "seqlock", "bounded_buffer")
#: Preemptions within which everything is searched, and every bug found.
PREEMPTIONS = 4
#: What a variant may also end in; which comes first is a matter of the order of the search.
ALSO = {"two-steps": "check"}


@cache
def scenario(name: str) -> Scenario:
    (found,) = load_file(FOLDER / f"{name}.py")
    return found


VARIANTS = [(name, variant) for name in FILES for variant in scenario(name).variants]
BROKEN = [(name, variant) for name, variant in VARIANTS if variant.expects != CLEAN]


def ids(value: object) -> str:
    return value.name if isinstance(value, Variant) else str(value)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("name", "variant"), VARIANTS, ids=ids)
def test_bugs_are_found_and_fixes_hold_in_all_states(name: str, variant: Variant, model: str) -> None:
    result = explore(scenario(name), variant.name, strategy="states", model=model)
    expected = scenario(name).expected(variant, executor="explore", lock="qrwlock", model=model)
    assert (result.violation.kind if result.violation else CLEAN) in (expected, ALSO.get(variant.name))
    assert result.complete or expected != CLEAN
    assert expected != CLEAN or [counter for counter in variant.needs if not result.counters[counter]] == []


@pytest.mark.parametrize(("name", "variant"), VARIANTS, ids=ids)
def test_bugs_are_found_and_fixes_hold_in_all_executions_within_a_bound(name: str, variant: Variant) -> None:
    result = explore(scenario(name), variant.name, preemptions=PREEMPTIONS)
    expected = scenario(name).expected(variant, executor="explore", lock="qrwlock")
    assert (result.violation.kind if result.violation else CLEAN) == expected
    assert result.complete or expected != CLEAN


def test_every_program_has_a_bug_without_a_weak_model_and_a_fix() -> None:
    for name in FILES:
        assert any(variant.expects != CLEAN for variant in scenario(name).variants)
        assert any(variant.expects == CLEAN and not variant.expects_by for variant in scenario(name).variants)


@pytest.mark.parametrize(("name", "variant"), BROKEN, ids=ids)
def test_bugs_are_replayed(name: str, variant: Variant, tmp_path: Path) -> None:
    program = build(scenario(name), variant.name)
    schedule = smallest(program).schedule
    assert schedule is not None
    expected = replay(program, schedule)
    assert expected.violation is not None
    assert expected.violation.kind == variant.expects
    same(expected, on_python(program, schedule, folder=tmp_path))


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
@pytest.mark.parametrize(("name", "variant"), BROKEN, ids=ids)
def test_bugs_are_replayed_natively(name: str, variant: Variant, tmp_path: Path) -> None:
    pytest.importorskip("numba")
    from engine.native.replay import replay as on_native

    schedule = smallest(build(scenario(name), variant.name)).schedule
    assert schedule is not None
    expected = replay(build(scenario(name), variant.name), schedule)
    program = build(scenario(name), variant.name, folded=False)
    for processes in (False, True):
        same(expected, on_native(program, schedule, processes=processes, folder=tmp_path))
