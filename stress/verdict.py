"""What a result means: one function may say "as expected", and it demands evidence.

    outcome        when                                                       verdict
    clean          expected clean, nothing found, and it did the work         as-expected
    reproduced     the expected violation was seen                            as-expected
    unexpected     another violation was seen than the one expected, or any   not-as-expected
                   where none is expected
    missed         a violation is expected and none was seen                  inconclusive
    inconclusive   nothing was found, but the work was not done: no round     inconclusive
                   ended, a counter that must not be zero is, or the reverse
    fault          a worker died, and nothing unexpected was seen             inconclusive
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.declare import CLEAN
from engine.text import count

OUTCOMES: Final = ("clean", "reproduced", "missed", "unexpected", "inconclusive", "fault")
VERDICTS: Final = ("as-expected", "not-as-expected", "inconclusive")

EXIT_AS_EXPECTED, EXIT_NOT_AS_EXPECTED, EXIT_USAGE, EXIT_FAULT, EXIT_INCONCLUSIVE = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class Verdict:
    """`why`: one line where the outcome needs a reason, else empty."""

    outcome: str
    verdict: str
    why: str = ""


def judge(expected: str, violations: Collection[str], *, rounds: int, work: Mapping[str, int],
          needs: Iterable[str] = (), forbids: Iterable[str] = (), faults: int = 0) -> Verdict:
    """The verdict over one variant in one mode.

    Args:
        expected: CLEAN or a violation kind. violations: the kinds that were seen.
        rounds: how many ended. work: counter -> value; one that is not there counts as 0.
        needs, forbids: counters that must not be zero, or must be, before "nothing found" means anything.
        faults: workers that died or were stopped from outside.
    """
    others = sorted(kind for kind in violations if kind != expected)
    seen = expected != CLEAN and expected in violations
    if others and not seen:
        return Verdict("unexpected", "not-as-expected", f"found {', '.join(others)}; expected {expected}")
    if faults:
        return Verdict("fault", "inconclusive", f"{count(faults, 'worker')} failed")
    if seen:
        return Verdict("reproduced", "as-expected", f"also found {', '.join(others)}" if others else "")
    if expected != CLEAN:
        return Verdict("missed", "inconclusive", f"{expected} was not seen in {count(rounds, 'round')}")
    lacking = _lacking(rounds, work, needs, forbids)
    if lacking:
        return Verdict("inconclusive", "inconclusive", lacking)
    return Verdict("clean", "as-expected")


def _lacking(rounds: int, work: Mapping[str, int], needs: Iterable[str], forbids: Iterable[str]) -> str:
    """What is missing before "nothing found" is evidence; "" if nothing is."""
    if rounds <= 0:
        return "no round ended"
    if idle := [name for name in needs if work.get(name, 0) <= 0]:
        return f"nothing happened of: {', '.join(idle)}"
    if hit := [name for name in forbids if work.get(name, 0) != 0]:
        return f"happened, and must not: {', '.join(hit)}"
    return ""


def exit_code(results: Iterable[Mapping[str, Any]], *, allow_missed: bool = False) -> int:
    """The exit code for a set of results: the most telling one. A violation outweighs a worker that failed, for it
    is proven by its evidence; nothing at all is inconclusive.
    """
    codes = [_code(result, allow_missed) for result in results]
    for code in (EXIT_NOT_AS_EXPECTED, EXIT_FAULT, EXIT_INCONCLUSIVE):
        if code in codes:
            return code
    return EXIT_AS_EXPECTED if codes else EXIT_INCONCLUSIVE


def _code(result: Mapping[str, Any], allow_missed: bool) -> int:
    outcome, verdict = result.get("outcome"), result.get("verdict")
    if verdict == "not-as-expected":
        return EXIT_NOT_AS_EXPECTED
    if outcome == "fault":
        return EXIT_FAULT
    if verdict == "as-expected" or (outcome == "missed" and allow_missed):
        return EXIT_AS_EXPECTED
    return EXIT_INCONCLUSIVE
