"""Interleaving coverage in results: what runs and searches report, and what there was to be seen."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.explore import explore
from engine.language.program import build
from stress import cli
from stress import coverage as cov
from tests.protocols import counter
from tests.protocols import covered as p

FILE = counter.__file__
LINES = Path(FILE).read_text().splitlines()
READ, WRITE = (f"{FILE}:{next(n for n, line in enumerate(LINES, 1) if text in line)}"
               for text in ("value = mem.read_once", "mem.write_once"))
ANY = {(WRITE, READ), (WRITE, WRITE), (READ, WRITE)}
PLAIN = build(counter.SCENARIO, "plain")


def test_a_search_lists_what_it_saw() -> None:
    found = cov.of_result(explore(PLAIN, coverage=True, stop_at_first=False))
    assert {(a, b) for a, b, _ in found} == ANY
    assert all(n > 0 for _, _, n in found)
    assert cov.of_result(explore(PLAIN)) == []
    assert cov.summed([found, found]) == Counter({(a, b): 2 * n for a, b, n in found})


def test_what_is_possible_and_how_much_of_it_was_seen() -> None:
    all_of_it = cov.possible(PLAIN)
    assert all_of_it == cov.Possible(frozenset(ANY), True)
    assert cov.possible(build(counter.SCENARIO, "locked")).pairs == {(WRITE, READ), (WRITE, WRITE)}
    assert cov.possible(build(p.scenario(p.writes_twice, p.reads_another))).pairs == frozenset()
    assert cov.share({(WRITE, READ)}, all_of_it) == "1 of 3 ordered pairs, 0 of 2 in both orders"
    assert cov.share(ANY, all_of_it) == "3 of 3 ordered pairs, 2 of 2 in both orders"
    least = cov.Possible(frozenset({(WRITE, READ)}), False)
    assert cov.share(ANY, least) == (
        "1 of at least 1 ordered pairs, 0 of at least 0 in both orders; 2 more outside the search's bound")


def test_a_run_reports_what_its_threads_showed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    target = tmp_path / "out.json"
    met = False
    for _ in range(10):  # on a busy machine two of Python's threads may not meet in half a second
        cli.main(["run", FILE, "--executor", "python", "--seconds", "0.5", "--json", str(target)])
        seen = {r["variant"]: {(a, b) for a, b, _ in r["coverage"]} for r in json.loads(target.read_text())["results"]}
        assert seen["plain"] <= ANY
        assert seen["locked"] <= {(WRITE, READ), (WRITE, WRITE)}
        assert seen["atomic"] == set()
        met = met or bool(seen["plain"] | seen["locked"])
        if met:
            break
    assert met


class _Session:
    def __init__(self, answers: list[Any]) -> None:
        self.answers = answers

    def coverage(self) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_samples_are_added_and_a_torn_arena_is_left_alone() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    sampler = cov.Sampler(PLAIN, counts)
    site = {text: next(s.index for s in PLAIN.sites if s.where == text) for text in (READ, WRITE)}
    pair = {(site[WRITE], site[READ]): 2}
    session: Any = _Session([pair, ValueError("torn"), IndexError("torn"), None, pair])
    for _ in range(5):
        sampler.look(session, last=True)
    assert counts == {(WRITE, READ): 4}
    assert cov.of_arena(_Session([pair]), PLAIN) == [[WRITE, READ, 2]]  # type: ignore[arg-type]
    assert cov.of_arena(_Session([None]), PLAIN) == []  # type: ignore[arg-type]


def test_looks_take_a_small_share_of_the_time() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    sampler, session = cov.Sampler(PLAIN, counts), _Session([{}, {}])
    sampler.look(session)  # type: ignore[arg-type]
    sampler._due += 1e6
    sampler.look(session)  # type: ignore[arg-type]
    assert len(session.answers) == 1
