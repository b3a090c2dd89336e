"""The verdict fails closed: "as expected" demands evidence, and only one function says it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stress import verdict
from stress.verdict import exit_code, judge

STRESS = Path(verdict.__file__).parent


@pytest.mark.parametrize(("expected", "violations", "rounds", "work", "faults", "outcome", "word"), [
    ("clean", [], 10, {"splits": 1}, 0, "clean", "as-expected"),
    ("clean", [], 0, {"splits": 1}, 0, "inconclusive", "inconclusive"),
    ("clean", [], 10, {"splits": 0}, 0, "inconclusive", "inconclusive"),
    ("clean", [], 10, {}, 0, "inconclusive", "inconclusive"),
    ("clean", [], 10, {"splits": 1, "lost": 1}, 0, "inconclusive", "inconclusive"),
    ("clean", ["leak"], 10, {"splits": 1}, 0, "unexpected", "not-as-expected"),
    ("clean", ["leak"], 10, {"splits": 1}, 1, "unexpected", "not-as-expected"),
    ("clean", [], 10, {"splits": 1}, 1, "fault", "inconclusive"),
    ("leak", ["leak"], 10, {}, 0, "reproduced", "as-expected"),
    ("leak", ["leak", "deadlock"], 10, {}, 0, "reproduced", "as-expected"),
    ("leak", ["leak"], 10, {}, 1, "fault", "inconclusive"),
    ("leak", ["deadlock"], 10, {"splits": 1}, 0, "unexpected", "not-as-expected"),
    ("leak", [], 10, {"splits": 1}, 0, "missed", "inconclusive"),
    ("deadlock", ["deadlock"], 0, {}, 0, "reproduced", "as-expected"),
])
def test_table(expected: str, violations: list[str], rounds: int, work: dict[str, int], faults: int, outcome: str,
               word: str) -> None:
    said = judge(expected, violations, rounds=rounds, work=work, needs=["splits"], forbids=["lost"], faults=faults)
    assert (said.outcome, said.verdict) == (outcome, word)
    assert said.why or outcome in ("clean", "reproduced")


def result(outcome: str, word: str) -> dict[str, str]:
    return {"outcome": outcome, "verdict": word}


OK, MISSED = result("clean", "as-expected"), result("missed", "inconclusive")
BAD, FAULT = result("unexpected", "not-as-expected"), result("fault", "inconclusive")
DOUBT = result("inconclusive", "inconclusive")


@pytest.mark.parametrize(("results", "allow", "code"), [
    ([], False, 4), ([OK], False, 0), ([OK, MISSED], False, 4), ([OK, MISSED], True, 0), ([OK, DOUBT], True, 4),
    ([OK, FAULT], True, 3), ([FAULT, BAD, MISSED], True, 1), ([DOUBT, FAULT], False, 3), ([{}], True, 4),
])
def test_exit_codes(results: list[dict[str, str]], allow: bool, code: int) -> None:
    assert exit_code(results, allow_missed=allow) == code


def test_only_the_judge_says_as_expected() -> None:
    """No other file may make the verdict; comparing and colouring it is allowed."""
    made = re.compile(r"""["']verdict["']\s*:\s*["']as-expected|Verdict\(""")
    makers = {path.name for path in STRESS.rglob("*.py") if made.search(path.read_text())}
    assert makers == {"verdict.py"}
