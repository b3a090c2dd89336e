"""`pttorture replay`: the kind and the place must be those recorded, on every executor; edits are followed or named."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import DivergedError, UsageError
from stress import cli, nursery

ROOT = Path(__file__).parent.parent
COUNTER = ROOT / "tests" / "protocols" / "counter.py"
EXECUTORS = [("explore",), ("python",), pytest.param(("native",), marks=pytest.mark.native),
             pytest.param(("native", "--processes"), marks=pytest.mark.native)]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A user's own scenario."""
    return Path(shutil.copy(COUNTER, tmp_path / "mine.py"))


@pytest.fixture
def saved(mine: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The schedule of its race."""
    path = mine.with_name("race.json")
    assert cli.main(["explore", f"{mine}:plain", "--save", str(path)]) == 0
    assert f"Replay: pttorture replay {path}\n" in capsys.readouterr().out
    return path


def changed(path: Path, **fields: object) -> None:
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, **fields}))


@pytest.mark.parametrize("executor", EXECUTORS)
def test_every_executor_ends_in_the_same_kind_at_the_same_place(saved: Path, executor: tuple[str, ...],
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", str(saved), "--executor", *executor]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"replayed on {executor[0]}: 5 steps, check at {saved.parent}/mine.py:30, as recorded" in out


@pytest.mark.parametrize("executor", EXECUTORS[:2])
@pytest.mark.parametrize(("change", "said"), [
    ({"site": 0, "where": "mine.py:22"}, "check at mine.py:22"), ({"kind": "leak"}, "leak at mine.py:30"),
    (None, "clean"),
])
def test_another_kind_or_place_is_not_as_recorded(saved: Path, executor: tuple[str, ...],
                                                  change: dict[str, object] | None, said: str,
                                                  capsys: pytest.CaptureFixture[str]) -> None:
    violation = json.loads(saved.read_text())["violation"]
    changed(saved, violation={**violation, **change} if change else None)
    assert cli.main(["replay", str(saved), "--executor", *executor]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert f"mine.py:30; recorded was: {said}" in out
    assert "as recorded" not in out


def replayed(saved: Path, executor: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """In a process of its own: this one has the file in memory as it was."""
    command = [sys.executable, "-m", "stress", "replay", str(saved), "--executor", *executor]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_edit_elsewhere_is_followed(mine: Path, saved: Path, executor: tuple[str, ...]) -> None:
    """New lines move every line, and a new primitive that is no step every site number."""
    head = "def increment(mem: Mem) -> None:"
    mine.write_text("# seven more lines\n" * 6 + mine.read_text().replace(head, f"{head}\n    mem.smp_mb()"))
    done = replayed(saved, executor)
    assert done.returncode == 0, done.stderr
    assert "mine.py:37, as recorded" in " ".join(done.stdout.split())


@pytest.mark.parametrize("executor", EXECUTORS)
def test_an_edit_of_the_race_is_named_with_both_lines(mine: Path, saved: Path, executor: tuple[str, ...]) -> None:
    mine.write_text("\n" + mine.read_text().replace("mem.write_once(COUNT, value + 1)", "mem.xchg(COUNT, value + 1)"))
    done = replayed(saved, executor)
    assert done.returncode == 1
    assert done.stderr.startswith(f"pttorture: {saved}: step 2: the schedule ")
    assert "CPU1 B at mine.py:22 (write_once), " in done.stderr
    assert f"is at {mine}:23 (xchg)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_diverges_in_another_process_is_still_a_divergence() -> None:
    error = nursery._error({"error": "step 3: ...", "code": DivergedError.exit_code})
    assert isinstance(error, DivergedError)
    assert isinstance(nursery._error({"error": "?", "code": 2}), UsageError)


@pytest.mark.parametrize("executor", ["python", pytest.param("native", marks=pytest.mark.native)])
def test_what_only_the_search_sees_is_no_difference(tmp_path: Path, executor: str,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    """Real threads follow a schedule that ends in a step limit, and are not said to have got another result."""
    path = tmp_path / "limit.json"
    assert cli.main(["explore", str(ROOT / "tests/protocols/livelock.py"), "--save", str(path)]) in (0, 1)
    assert json.loads(path.read_text())["violation"]["kind"] == "step-limit"
    capsys.readouterr()
    assert cli.main(["replay", str(path), "--executor", executor]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert f"replayed on {executor}: 10,001 steps, clean: all steps as recorded; that they end in a step-limit" in out
    assert cli.main(["repro", str(path), "--script", str(tmp_path / "limit.py")]) == 0
    done = subprocess.run([sys.executable, str(tmp_path / "limit.py"), "--executor", executor], capture_output=True,
                          text=True, check=False, timeout=300, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("executor", ["python", pytest.param("native", marks=pytest.mark.native)])
def test_a_store_that_becomes_visible_late_is_for_the_search_alone(tmp_path: Path, executor: str,
                                                                   capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "late.json"
    peterson = ROOT / "tests/protocols/peterson.py"
    assert cli.main(["explore", f"{peterson}:no-fence", "--model", "tso", "--save", str(path)]) == 0
    assert "flush: wants: 0 -> 1" in capsys.readouterr().out
    assert cli.main(["replay", str(path)]) == 0
    capsys.readouterr()
    assert cli.main(["replay", str(path), "--executor", executor]) == 2
    err = capsys.readouterr().err
    assert "is the late flush of a store, under tso; only `explore` can force that" in err
    assert err.count("\n") == 1
    assert cli.main(["repro", str(path), "--script", str(tmp_path / "late.py")]) == 0
    done = subprocess.run([sys.executable, str(tmp_path / "late.py"), "--executor", "explore", "--executor", executor],
                          capture_output=True, text=True, check=False, timeout=300,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stderr) == (1, "")
    assert f"not replayed on {executor}: " in done.stdout


def test_a_schedule_without_sites_is_replayed_by_its_numbers(saved: Path) -> None:
    data = json.loads(saved.read_text())
    del data["sites"]
    saved.write_text(json.dumps(data))
    assert cli.main(["replay", str(saved)]) == 0


def test_a_folder_with_scenario_and_schedule_can_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here" / "races").mkdir(parents=True)
    shutil.copy(COUNTER, tmp_path / "here" / "mine.py")
    monkeypatch.chdir(tmp_path / "here")
    assert cli.main(["explore", "mine.py:plain", "--save", "races/one.json"]) == 0
    assert json.loads(Path("races/one.json").read_text())["bound"]["source"] == "../mine.py"
    assert str(tmp_path) not in Path("races/one.json").read_text()
    (tmp_path / "here").rename(tmp_path / "there")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["replay", "there/races/one.json"]) == 0


def test_what_nothing_breaks_says_what_was_searched(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", f"{COUNTER}:locked"]) == 2
    err = capsys.readouterr().err
    assert "no execution with any number of preemptions breaks it; there is nothing to replay" in err


def written(seed: str, target: Path, python: str = sys.executable) -> bytes:
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    subprocess.run([python, "-m", "stress", "explore", "S4-a", "--save", str(target)], env=env, cwd=ROOT, check=True,
                   capture_output=True, timeout=300)
    return target.read_bytes()


def test_a_schedule_is_the_same_to_the_byte_in_every_process(tmp_path: Path) -> None:
    one = written("1", tmp_path / "one.json")
    assert written("2", tmp_path / "two.json") == one
    assert str(ROOT).encode() not in one


@pytest.mark.skipif("PTTORTURE_OTHER_PYTHON" not in os.environ, reason="names an interpreter")
def test_a_schedule_is_the_same_to_the_byte_on_another_python(tmp_path: Path) -> None:
    other = written("1", tmp_path / "other.json", os.environ["PTTORTURE_OTHER_PYTHON"])
    assert written("1", tmp_path / "this.json") == other


def test_a_file_that_is_no_schedule_is_not_taken_for_a_finding(tmp_path: Path,
                                                               capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "race.txt").write_text("{}")
    assert cli.main(["replay", str(tmp_path / "race.txt")]) == 2
    assert "race.txt: not a schedule; `explore --save FILE.json` writes one" in capsys.readouterr().err
