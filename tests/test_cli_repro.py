"""`pttorture repro`: scripts and tests that reproduce a race, and the ready ones of every named race."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.schedule import Schedule
from scenarios import find
from stress import cli, scripts

ROOT = Path(__file__).parent.parent
COUNTER = ROOT / "tests" / "protocols" / "counter.py"
BROKEN = {f"{s.name}:{v.name}": scripts.ready(s, v) for s, v in scripts.broken()}


def started(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *command], env=env, cwd=cwd, capture_output=True, text=True, check=False,
                          timeout=300)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's own scenario, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(COUNTER, tmp_path / "mine.py"))


def fixed(mine: Path) -> None:
    """The race repaired in place: other steps than those of the schedule."""
    text = mine.read_text()
    plain = "        value = mem.read_once(COUNT)\n        mem.write_once(COUNT, value + 1)\n"
    assert plain in text
    mine.write_text(text.replace(plain, "        mem.atomic64_inc(COUNT)\n"))


# --- the ready ones ---


def test_every_named_race_has_a_ready_script_and_no_other_has() -> None:
    there = set(scripts.FOLDER.glob("*__*.py")) - {scripts.FOLDER / "__init__.py", scripts.FOLDER / "__main__.py"}
    assert there == set(BROKEN.values()), "run: python -m stress.races"
    races = {variant.item for _, variant in scripts.broken()}
    assert {"S1-a", "S1-c", "S1-d", "S4-a", "S4-c", "S4-h", "S4-i", "S4-j.reread", "S8-g", "S8-h"} <= races


@pytest.mark.parametrize("name", BROKEN)
def test_a_ready_script_is_fresh_and_breaks(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """If this fails after an edit of scenarios: python -m stress.races."""
    module = runpy.run_path(str(BROKEN[name]))
    schedule = Schedule.from_json(module["SCHEDULE"])
    scenario, variant = find(name)
    assert f"{schedule.scenario}:{schedule.variant}" == name
    assert schedule.violation is not None
    assert schedule.violation["kind"] == scenario.expected(variant, executor="explore", lock=schedule.lock,
                                                                 model=schedule.model)
    assert str(ROOT) not in module["SCHEDULE"]
    assert scripts.ready(scenario, variant).read_text() == scripts.script(schedule, variant.item)
    executors = ["--executor", "explore"]
    assert module["main"](module["SCHEDULE"], module["__file__"], executors) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert out.count(f"{schedule.violation['kind']} at {schedule.violation['where']}, as recorded") == 1


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
def test_a_ready_script_stands_alone_and_runs_on_native_threads(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    script = Path(shutil.copy(BROKEN["split:whole"], tmp_path / "race.py"))
    imports = [line for line in script.read_text().split("\n") if line.startswith(("import ", "from "))]
    assert imports == ["from stress.repro import main"]
    done = started(str(script), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "<-- warning" in done.stdout
    said = " ".join(done.stdout.split())
    where = Schedule.from_json(runpy.run_path(str(script))["SCHEDULE"]).violation["where"]  # type: ignore[index]
    assert f"replayed on explore: 11 steps, warning at {where}, as recorded" in said
    assert f"replayed on native: 11 steps, warning at {where}, as recorded" in said


def test_the_ready_ones_are_listed_and_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["repro"]) == 0
    text = capsys.readouterr().out
    assert all(path.name in text for path in BROKEN.values())
    assert max(map(len, text.split("\n")[1:])) <= 80
    assert cli.main(["repro", "S1-a"]) == 0
    assert capsys.readouterr().out.startswith(str(BROKEN["transient-get:rfc-v1"]) + "\n")
    assert cli.main(["repro", "transient-get:rfc-v2"]) == 2
    assert "no ready script; write one with --script" in capsys.readouterr().err


# --- those of a user ---


@pytest.mark.parametrize("kind", ["FILE.py", "FILE.json"])
def test_a_script_exits_1_while_it_breaks_and_0_when_it_is_fixed(mine: Path, kind: str) -> None:
    name = "mine.py:plain"
    if kind == "FILE.json":
        name = "race.json"
        assert cli.main(["explore", "mine.py:plain", "--save", name]) == 0
    assert cli.main(["repro", name, "--script", "repro.py"]) == 0
    python = ("repro.py", "--executor", "explore", "--executor", "python")
    done = started(*python, cwd=mine.parent)
    assert done.returncode == 1, done.stderr
    assert "CHECK: an increment is lost (mine.py:30)" in done.stdout
    assert "replayed on python: 5 steps, check at mine.py:30, as recorded" in done.stdout
    fixed(mine)
    done = started(*python, cwd=mine.parent)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "The schedule cannot be followed: step 0: the schedule wants CPU0 A at mine.py:21 (read_once)" in said
    assert "with any number of preemptions breaks counter:plain." in said


def test_a_script_whose_schedule_cannot_be_followed_finds_the_race_all_the_same(mine: Path) -> None:
    assert cli.main(["repro", "mine.py:plain", "--script", "repro.py"]) == 0
    text = mine.read_text()
    mine.write_text(text.replace("mem.write_once(COUNT, value + 1)", "mem.xchg(COUNT, value + 1)"))
    done = started("repro.py", cwd=mine.parent)
    assert done.returncode == 1, done.stderr
    assert "Another one breaks it:" in done.stdout
    assert "xchg(count): 1 -> 1" in done.stdout


def test_a_schedule_that_ends_well_is_exit_0(mine: Path) -> None:
    assert cli.main(["repro", "mine.py:plain", "--script", "repro.py"]) == 0
    mine.write_text(mine.read_text().replace("== 2, ", ">= 1, "))
    done = started("repro.py", cwd=mine.parent)
    assert done.returncode == 0, done.stderr
    assert "The schedule ends well" in done.stdout


def test_a_script_without_its_scenario_is_exit_2(mine: Path) -> None:
    assert cli.main(["repro", "mine.py:plain", "--script", "repro.py"]) == 0
    mine.unlink()
    done = started("repro.py", cwd=mine.parent)
    assert done.returncode == 2
    assert done.stderr == f"pttorture: {mine}: no such file\n"


def test_an_inconclusive_search_is_exit_4(mine: Path) -> None:
    """The schedule cannot be followed, and there is no time to look for another."""
    assert cli.main(["repro", "mine.py:plain", "--script", "repro.py"]) == 0
    fixed(mine)
    code = ("import runpy, stress.repro as r; from dataclasses import replace; real = r.smallest; "
            "r.smallest = lambda *a, **k: replace(real(*a, **k), complete=False); "
            "runpy.run_path('repro.py', run_name='__main__')")
    done = started("-c", code, cwd=mine.parent)
    assert done.returncode == 4, done.stderr
    assert "but these are not all" in done.stdout


def test_a_script_says_in_one_line_what_is_wrong_with_its_options(mine: Path) -> None:
    assert cli.main(["repro", "mine.py:plain", "--script", "repro.py"]) == 0
    done = started("repro.py", "--executor", "abacus", cwd=mine.parent)
    assert done.returncode == 2
    assert done.stderr.startswith("pttorture: argument --executor: invalid choice: 'abacus'")
    assert done.stderr.count("\n") == 1


def test_a_pytest_file_fails_while_it_breaks_and_passes_when_it_is_fixed(mine: Path) -> None:
    assert cli.main(["repro", "mine.py:plain", "--pytest", "test_race.py"]) == 0
    pytest_ = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_race.py")
    done = started(*pytest_, cwd=mine.parent)
    assert done.returncode == 1, done.stdout
    assert "CHECK: an increment is lost (mine.py:30)" in done.stdout
    assert "test_counter__plain_holds" in done.stdout
    fixed(mine)
    done = started(*pytest_, cwd=mine.parent)
    assert done.returncode == 0, done.stdout


def test_nobodys_own_file_is_overwritten(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = mine.read_text()
    assert cli.main(["repro", "mine.py:plain", "--script", "mine.py"]) == 2
    assert "was not written by pttorture repro" in capsys.readouterr().err
    assert mine.read_text() == before
    assert cli.main(["repro", "mine.py:plain", "--script", "repro.py"]) == 0
    assert cli.main(["repro", "mine.py:plain", "--script", "repro.py", "--pytest", "test_race.py"]) == 0


@pytest.mark.parametrize(("args", "said"), [
    (["--script", "x.py"], "--script and --pytest need a RACE or a FILE"),
    (["mine.py:plain", "--script", "x.txt"], "its name ends in .py"),
    (["mine.py:plain", "--script", "none/x.py"], "no folder none"),
    (["mine.py:locked", "--script", "x.py"], "there is nothing to replay"),
    (["none.json", "--script", "x.py"], "none.json: cannot be read"),
    (["mine.py:plain"], "no ready script; write one with --script"),
])
def test_wrong_use(mine: Path, args: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["repro", *args]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in mine.parent.iterdir()) == ["mine.py"]


def test_quotes_in_a_schedule_do_not_end_the_scripts_string() -> None:
    schedule = Schedule.from_json(runpy.run_path(str(BROKEN["split:whole"]))["SCHEDULE"])
    violation = {**(schedule.violation or {}), "message": "it's ''' \\ \"quoted\""}
    text = json.dumps({**json.loads(schedule.to_json()), "violation": violation})
    nasty = Schedule.from_json(text)
    scope: dict[str, str] = {"__name__": "x", "__file__": "x"}
    exec(compile(scripts.script(nasty, "S1-a"), "x", "exec"), scope)
    assert Schedule.from_json(scope["SCHEDULE"]) == nasty
