"""Every variant as a person explores it: each race minimal, each fix seen in all of its executions.

`test_scenarios_explored` says the same within bounds on preemptions; here there is none.
"""

from __future__ import annotations

import pytest

from engine import CLEAN, Scenario, Variant
from engine.explore import replay, smallest
from engine.language.program import build
from scenarios import all_scenarios

#: `hammer` is load for native runs, too large to be seen completely.
SEARCHED = [(s, v) for s in all_scenarios() if s.name != "hammer" for v in s.variants]


@pytest.mark.parametrize(("scenario", "variant"), [pytest.param(s, v, id=f"{s.name}:{v.name}") for s, v in SEARCHED])
def test_a_race_is_minimal_and_a_fix_holds_in_all_executions(scenario: Scenario, variant: Variant) -> None:
    lock = next(iter(variant.locks), "qrwlock")
    expected = scenario.expected(variant, executor="explore", lock=lock)
    result = smallest(build(scenario, variant.name), lock=lock, seconds=120)
    assert (result.violation.kind if result.violation else CLEAN) == expected
    if result.violation is None:
        assert result.complete
        assert result.bound["preemptions"] is None
        return
    assert result.minimal
    assert result.program is not None
    assert result.schedule is not None
    assert replay(result.program, result.schedule).violation == result.violation
