"""`pttorture run --explain`: each violation is searched for, and what is found is attached to it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.explore import hunting
from engine.explore.hunting import ALIKE, EXACT, NOTHING, OTHER, Wanted, hunt
from engine.language.program import build
from engine.schedule import Schedule
from scenarios import find
from stress import cli, explaining, journal
from tests.protocols import counter

ROOT = Path(__file__).parent.parent
COUNTER = str(ROOT / "tests" / "protocols" / "counter.py")
RUN = ("--executor", "python", "--seconds", "0.4", "--seed", "7", "--explain")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def ran(tmp_path: Path, *args: str) -> tuple[int, dict[str, Any]]:
    target = tmp_path / "out.json"
    code = cli.main(["run", *args, *RUN, "--json", str(target)])
    return code, json.loads(target.read_text())


def test_a_violation_gets_its_smallest_schedule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = ran(tmp_path, f"{COUNTER}:plain")
    violation, = report["results"][0]["violations"]
    assert code == 0
    assert violation["explained"] == "breaks with 1 preemption on the same geometry"
    assert violation["preemptions"] == 1
    schedule = Schedule.from_json(violation["schedule"])
    assert (schedule.lock, schedule.geometry, len(schedule.turns)) == ("fair", counter.SCENARIO.geometry, 4)
    out = capsys.readouterr().out
    assert violation["picture"] in out
    assert "Nothing breaks so with fewer preemptions." in " ".join(out.split())
    kept = Path(report["journal"]).with_name("explained-0.json")
    assert kept.read_text() == violation["schedule"]
    assert cli.main(["replay", str(kept), "--executor", "python"]) == 0
    assert violation == journal.results(Path(report["journal"]))[0]["violations"][0]


def test_without_the_option_nothing_is_searched(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert cli.main(["run", f"{COUNTER}:plain", *RUN[:-1], "--json", str(target)]) == 0
    violation, = json.loads(target.read_text())["results"][0]["violations"]
    assert "schedule" not in violation


def test_what_runs_clean_has_nothing_to_explain(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = ran(tmp_path, f"{COUNTER}:atomic")
    assert (code, report["results"][0]["violations"]) == (0, [])
    assert "breaks with" not in capsys.readouterr().out


def test_what_cannot_be_explained_says_what_was_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    """A search without preemptions sees no lost update."""
    real = hunting.hunt
    monkeypatch.setattr(hunting, "hunt", lambda *a, **k: real(*a, **{**k, "preemptions": 0}))
    code, report = ran(tmp_path, f"{COUNTER}:plain")
    violation, = report["results"][0]["violations"]
    assert (code, violation["schedule"]) == (0, None)
    said = "2 executions in 0 s (complete with at most 0 preemptions; 512 entries, 4 levels)"
    assert violation["explained"] == f"not explained: nothing breaks in {said}"
    assert "not explained" in capsys.readouterr().out


def test_a_real_geometry_that_is_too_large_gives_way_to_the_small_one(tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    real = hunting.hunt

    def no_time(program: Any, wanted: Wanted, **options: Any) -> hunting.Hunt:
        large = program.geometry == counter.SCENARIO.geometry
        return real(program, wanted, **{**options, "preemptions": 0 if large else 8})

    monkeypatch.setattr(hunting, "hunt", no_time)
    _, report = ran(tmp_path, f"{COUNTER}:plain")
    violation, = report["results"][0]["violations"]
    assert violation["explained"] == "breaks with 1 preemption on the small geometry, not on the run's own in the time"
    assert Schedule.from_json(violation["schedule"]).geometry == counter.SCENARIO.small


INTERRUPTED = """
import signal, sys
import engine.explore.search as search
from stress import cli

def once(self, until, real=search.Search.slice, calls=[0]):
    calls[0] += 1
    if calls[0] == int(sys.argv[1]):
        signal.raise_signal(signal.SIGINT)
    return real(self, until)

search.Search.slice = once
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.parametrize(("at", "said"), [("1", ""), ("2", "not all without a preemption"), ("3", "; interrupted)")])
def test_an_interrupted_search_loses_no_result(tmp_path: Path, at: str, said: str) -> None:
    """At the first slice nothing is known yet; later what was searched until then is said."""
    target = tmp_path / "out.json"
    shutil.copy(COUNTER, tmp_path / "mine.py")
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, at, "run", str(tmp_path / "mine.py"), *RUN, "--json",
                           str(target)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "")
    report = json.loads(target.read_text())
    assert report["interrupted"]
    assert [r["outcome"] for r in report["results"]] == ["reproduced", "clean", "clean"]
    violation = report["results"][0]["violations"][0]
    assert violation["count"] > 0
    assert said in violation.get("explained", "")


# --- the hunt ---


def test_the_hunt_goes_on_past_other_violations() -> None:
    """S4-a also breaks by a WARN_ON, with one preemption more than its use after free."""
    scenario, variant = find("parent-freed:rfc-v1")
    program = build(scenario, variant.name)
    *_, warning = (s for s in program.sites if s.primitive == "warn_on" and "entry was not present" in s.text)
    first = hunt(program, Wanted("use-after-free", "?"), seconds=20.0, preemptions=1)
    assert (first.rank, first.result.preemptions) == (ALIKE, 1)
    found = hunt(program, Wanted("warning", warning.where), seconds=20.0)
    assert found.rank == EXACT
    assert found.result.violation is not None
    assert (found.result.violation.kind, found.result.violation.where) == ("warning", warning.where)
    assert found.result.preemptions == 2
    assert found.preemptions == 1, "complete with one preemption, and then it was found"


def test_the_hunt_says_what_it_saw_instead() -> None:
    program = build(counter.SCENARIO, "plain")
    found = hunt(program, Wanted("leak", "nowhere:1"), seconds=20.0)
    assert (found.rank, found.preemptions) == (OTHER, None)
    assert found.result.violation is not None
    clean = hunt(build(counter.SCENARIO, "atomic"), Wanted("check", "nowhere:1"), seconds=20.0)
    assert (clean.rank, clean.preemptions, clean.result.violation) == (NOTHING, None, None)


def test_a_deadlock_is_the_same_wherever_it_is_seen() -> None:
    scenario, variant = find("nested-read:rfc")
    found = hunt(build(scenario, variant.name), Wanted("deadlock", "elsewhere:1"), seconds=20.0)
    assert found.rank == EXACT


def test_several_violations_are_drawn_once_and_said_each() -> None:
    result = {"expected": "check", "violations": [{"kind": "warning"}, {"kind": "check"}, {"kind": "hang"}]}
    job = explaining.Job("s", "v")
    assert [index for index, _ in explaining._in_order(job, result)] == [1, 0]
