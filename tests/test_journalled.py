"""Measurements that resume: what is in the journal is not made again, and tables say what is missing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import bounds, first, held, journalled
from benchmarks.journalled import Runs, Task, expectation, measure, part, variants
from benchmarks.reasons import REASONS
from engine.declare import CLEAN
from engine.errors import UsageError
from engine.explore import explore
from engine.language.program import build
from scenarios import find
from stress.job import Job

JOBS = [Job(name, variant, seed=seed) for name in ("a", "b", "c") for variant in ("x", "y") for seed in (1, 2)]
ORIGIN = {"revision": "0123", "machine": "2 CPUs", "date": "2026-01-01", "load": 1.0}


def run_of(variant: str, seed: int, *, seen: bool = True, processes: int = 1) -> dict[str, Any]:
    return {"key": f"{variant} {processes} {seed}", "variant": variant, "processes": processes, "seed": seed,
            "seen": seen, "seconds": 0.5 if seen else 10.0, "rounds": seed, "others": [], "faults": 0, **ORIGIN}


def journal(path: Path, *records: dict[str, Any]) -> Runs:
    runs = Runs(path)
    for record in records:
        runs.append(record)
    return Runs(path)


def test_journal_keeps_every_whole_line_and_drops_a_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal(path, run_of("a:x", 1))
    with path.open("a") as file:
        file.write('{"key": "a:x 1 2", "vari')
    runs = journal(path, run_of("a:x", 3))
    assert list(runs.records) == ["a:x 1 1", "a:x 1 3"]
    assert [json.loads(line)["seed"] for line in path.read_text().splitlines()] == [1, 3]


def test_damaged_line_that_is_not_the_last_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_text('{"key": "a"}\n{"ke\n{"key": "b"}\n')
    with pytest.raises(UsageError, match="j:2: not a line of a journal"):
        Runs(path)


def test_parts_are_whole_scenarios_and_make_up_everything() -> None:
    tasks = [Task(job) for job in JOBS]
    parts = [part(tasks, f"{number}/2", lambda task: task.scenario) for number in (1, 2)]
    assert [{task.scenario for task in one} for one in parts] == [{"a", "c"}, {"b"}]
    assert sorted(task.key for one in parts for task in one) == sorted(task.key for task in tasks)
    for wrong in ("0/2", "3/2", "1", "a/b", "1/0"):
        with pytest.raises(UsageError, match="is not I/N"):
            part(tasks, wrong, lambda task: task.scenario)


def test_only_missing_runs_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def results(tasks: list[Task]) -> Any:
        for task in tasks:
            made.append(task.key)
            yield task, {}

    monkeypatch.setattr("benchmarks.journalled._results", results)
    tasks = [Task(job) for job in JOBS]
    measure(journal(tmp_path / "j", run_of("a:x", 1), run_of("b:y", 2)), tasks, lambda _: {"seen": True})
    assert sorted([*made, "a:x 1 1", "b:y 1 2"]) == sorted(task.key for task in tasks)
    made.clear()
    measure(Runs(tmp_path / "j"), tasks, lambda _: {"seen": True})
    assert not made


def test_every_variant_is_measured_in_one_of_the_two() -> None:
    broken, clean = variants([], lambda kind: kind != CLEAN), variants([], CLEAN.__eq__)
    titles = [each.title for each in (*broken, *clean)]
    assert len(titles) == len(set(titles)) > 200
    assert {f"{scenario.name}:{v.name}" for scenario in {each.scenario.name: each.scenario for each in broken}.values()
            for v in scenario.variants if expectation(scenario, v) != CLEAN} == {each.title for each in broken}


def test_first_table_has_median_19th_and_the_rate_of_what_is_seldom_seen(tmp_path: Path) -> None:
    often = [run_of("transient-get:rfc-v1", seed, seen=seed != 7) for seed in range(1, 21)]
    seldom = [run_of("ksm-gup:plain-store", seed, seen=seed == 7) for seed in range(1, 21)]
    text = first.table(journal(tmp_path / "j", *often, *seldom))
    assert "| `transient-get:rfc-v1` | S1-a | race | missed-free | 19 of 20 | 0.500, 0.500 | 11, 20 | " in text
    assert "- `ksm-gup:plain-store` on threads: seen in 1 run of 20, once in 190 s." in text
    assert "- `transient-get:rfc-v1`" not in text
    assert "Not yet run: " in text


PAGE = Path(__file__).parent.parent / "docs" / "time-to-first.md"


def rows() -> dict[str, list[str]]:
    """The rows of the page, by variant."""
    cells = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in PAGE.read_text().splitlines()
             if line.startswith("| `")]
    return {row[0]: row for row in cells}


def test_page_has_every_variant_that_breaks() -> None:
    later = PAGE.read_text().partition("Not yet run: ")[2].rstrip(".\n").split(", ")
    assert set(rows()) | {*later} - {""} == {each.title for each in variants([], lambda kind: kind != CLEAN)}


def test_page_says_why_and_how_often_what_is_seldom_seen_is_seen() -> None:
    for title, row in rows().items():
        for mode, seen in (("threads", row[4]), ("processes", row[7])):
            if seen and int(seen.split()[0]) < first.MOST * int(seen.split()[2]):
                line = next(line for line in PAGE.read_text().splitlines() if line.startswith(f"- `{title}` on {mode}"))
                assert "once in " in line
                assert line.endswith(REASONS[title])


def test_page_shows_what_is_sequential_failing_in_round_one() -> None:
    sequential = [row for row in rows().values() if row[2] == "sequential"]
    assert len(sequential) > 10
    assert {cell for row in sequential for cell in (row[6], row[9])} <= {"1, 1", ""}


@pytest.mark.parametrize("title", [each.title for each in variants([], lambda kind: kind != CLEAN)
                                   if each.variant.kind == "sequential"])
def test_what_is_sequential_fails_in_its_first_round(title: str) -> None:
    scenario, variant = find(title)
    result = explore(build(scenario, variant.name), strategy="dfs", executions=1)
    assert result.violation is not None
    assert result.violation.kind == variant.expects


def test_held_table_says_what_broke(tmp_path: Path) -> None:
    def row(variant: str, outcome: str, why: str = "") -> dict[str, Any]:
        return run_of(variant, 1) | {"outcome": outcome, "why": why, "operations": 5, "overlap": 0.5}

    text = held.table(journal(tmp_path / "j", row("transient-get:rfc-v2", "clean"),
                              row("transient-get:ptdesc", "unexpected", "found leak; expected clean")))
    assert "`transient-get:ptdesc` is unexpected: found leak; expected clean." in text
    assert "| `transient-get:rfc-v2` | clean | 0 | 1 | 5 | 50% |" in text


@pytest.mark.parametrize("measurement", [first, held, bounds], ids=lambda module: module.__name__)
def test_each_measurement_writes_its_table_and_runs_only_parts_that_there_are(
        measurement: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journalled, "install", lambda: None)  # the signals are pytest's
    monkeypatch.setattr(measurement, "measure", lambda *_: pytest.fail("it runs"))
    page, kept = tmp_path / "page.md", tmp_path / "j"

    def says(*options: str) -> str:
        monkeypatch.setattr(sys, "argv", ["m", "--journal", str(kept), *options])
        with pytest.raises(SystemExit) as error:
            measurement.main()
        return str(error.value)

    monkeypatch.setattr(sys, "argv", ["m", "--journal", str(kept), "--table", str(page)])
    measurement.main()
    assert page.read_text() == measurement.table(Runs(kept))
    assert says("S4-a" if measurement is first else "parent-freed", "--part", "3/2").startswith("--part 3/2 is not I/N")
    kept.write_text("{\n{}\n")
    assert "j:1: not a line of a journal" in says()
