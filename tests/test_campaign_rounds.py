"""One round on the real executors: what it gives back, that a search repeats it to the last step, and why it broke."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.schedule import Schedule
from stress.campaign.cell import Cell, Round
from stress.campaign.rounds import Rounds
from stress.findings.signature import findings_of
from tests.campaign_rig import COUNTER

NATIVE = Cell("counter", "plain", COUNTER, perturb="yield:0.05")
SEARCH = Cell("counter", "plain", COUNTER, executor="explore", strategy="random")
PYTHON = replace(NATIVE, executor="python", lock="fair", perturb="yield:0.2")


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    with Rounds(tmp_path_factory.mktemp("logs")) as made:
        yield made


def steady(result: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on the machine's speed."""
    violations = [{**violation, "seconds": 0.0} for violation in result["violations"]]
    return {**result, "seconds": 0.0, "violations": violations}


def test_a_search_is_a_function_of_its_description(rounds: Rounds) -> None:
    each = Round(SEARCH, 3, 12345, executions=500)
    first, second = rounds.run(each), rounds.run(each)
    assert steady(first) == steady(second)
    assert first["rounds"] == 500
    assert first["coverage"]
    assert {place.split(":")[0] for pair in first["coverage"] for place in pair[:2]} == {"tests/protocols/counter.py"}
    other = rounds.run(replace(each, seed=54321))
    assert steady(other)["violations"] != steady(first)["violations"]


@pytest.mark.native
def test_every_executor_meets_one_bug(rounds: Rounds) -> None:
    signatures = set()
    for cell in (NATIVE, replace(NATIVE, processes=2), PYTHON, SEARCH, replace(SEARCH, strategy="dfs")):
        result = rounds.run(Round(cell, 0, 5, seconds=5.0, executions=500))
        assert (result["outcome"], result["expected"]) == ("reproduced", "check"), (cell.mode, result)
        signatures |= {finding.signature for finding in findings_of(cell, result)}
    assert len(signatures) == 1


@pytest.mark.native
def test_the_first_rounds_end_when_the_bug_is_seen(rounds: Rounds) -> None:
    brief, full = (rounds.run(Round(NATIVE, number, 5, seconds=1.0)) for number in (0, 2))
    assert brief["seconds"] < 1.0 <= full["seconds"]


def test_a_fix_is_clean_and_a_complete_search_says_so(rounds: Rounds) -> None:
    result = rounds.run(Round(replace(SEARCH, variant="locked", strategy="dfs"), 0, 5, executions=10_000))
    assert (result["outcome"], result["complete"], result["violations"]) == ("clean", True, [])


def test_what_cannot_run_is_a_fault_of_its_round(rounds: Rounds, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("from engine import nothing_there\n")
    result = rounds.run(Round(replace(NATIVE, source=str(broken)), 0, 5, seconds=0.1))
    assert (result["outcome"], result["rounds"]) == ("fault", 0)
    assert "broken.py" in result["why"]


@pytest.mark.native
def test_a_violation_of_threads_is_explained(rounds: Rounds) -> None:
    result = rounds.run(Round(NATIVE, 0, 5, seconds=5.0))
    answer = rounds.explain(NATIVE, result["violations"][0])
    assert answer["minimal"]
    assert answer["explained"].startswith("breaks with 1 preemption")
    assert Schedule.from_json(answer["schedule"]).violation is not None
    assert "CPU0" in answer["picture"]


def test_what_no_search_finds_is_said(rounds: Rounds) -> None:
    violation = {"kind": "leak", "where": f"{COUNTER}:1"}
    answer = rounds.explain(replace(SEARCH, variant="locked"), violation)
    assert answer["schedule"] is None
    assert answer["explained"].startswith("not explained: nothing breaks in ")
