"""`pttorture run` and `list` on the python executor: outcomes, reports, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from engine.errors import MachineError
from stress import cli, journal

ROOT = Path(__file__).parent.parent
COUNTER = str(ROOT / "tests" / "protocols" / "counter.py")
RUN = ("--executor", "python", "--seconds", "0.5", "--seed", "7")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def results(tmp_path: Path, *args: str) -> tuple[int, list[dict[str, Any]]]:
    target = tmp_path / "out.json"
    code = cli.main(["run", *args, *RUN, "--json", str(target)])
    report = json.loads(target.read_text())
    assert report["exit_code"] == code
    assert report["seed"] == 7
    return code, report["results"]


def test_race_is_reproduced_and_its_fix_is_clean(tmp_path: Path) -> None:
    code, (plain, atomic, locked) = results(tmp_path, COUNTER)
    assert code == 0
    assert [r["outcome"] for r in (plain, atomic, locked)] == ["reproduced", "clean", "clean"]
    violation, = plain["violations"]
    assert violation["kind"] == "check"
    assert violation["where"].startswith(COUNTER)
    assert violation["count"] > 0
    assert {row["thread"] for row in violation["evidence"]} >= {"A", "B"}
    for result in (plain, atomic, locked):
        assert result["work"]["increments"] == result["operations"] > 0
        assert result["rounds"] > 0
        assert result["processes"] == 1
        assert result["threads"] == 2


def test_wrong_expectation_is_exit_1_and_in_the_junit_report(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(Path(COUNTER).read_text().replace('expects="check"', "expects=CLEAN"))
    xml = tmp_path / "out.xml"
    code, (result,) = results(tmp_path, f"{mine}:plain", "--junit-xml", str(xml))
    assert code == 1
    assert (result["outcome"], result["verdict"]) == ("unexpected", "not-as-expected")
    failure = ElementTree.parse(xml).find("testsuite/testcase/failure")
    assert failure is not None
    assert "an increment is lost" in (failure.text or "")


@pytest.mark.parametrize(("extra", "code"), [((), 4), (("--allow-missed",), 0)])
def test_missed_race(tmp_path: Path, extra: tuple[str, ...], code: int) -> None:
    mine = tmp_path / "mine.py"
    text = Path(COUNTER).read_text()
    mine.write_text(text.replace('Variant("atomic", expects=CLEAN', 'Variant("atomic", expects="leak"'))
    got, (result,) = results(tmp_path, f"{mine}:atomic", *extra)
    assert (got, result["outcome"], result["verdict"]) == (code, "missed", "inconclusive")


def test_work_that_was_not_done_is_inconclusive(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    text = Path(COUNTER).read_text().replace('"additions done", operation=True)', '"", operation=True)\n'
                                             'IDLE = Counter("idle", "never")')
    never = "\n    if HOW == 9:\n        mem.count(IDLE)"
    text = text.replace("    mem.count(INCREMENTS)", "    mem.count(INCREMENTS)" + never)
    mine.write_text(text.replace('params={"how": 1}, needs=("increments",)', 'params={"how": 1}, needs=("idle",)'))
    code, (result,) = results(tmp_path, f"{mine}:atomic")
    assert (code, result["outcome"]) == (4, "inconclusive")
    assert "nothing happened of: idle" in result["why"]


def test_json_on_standard_output_is_json_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", f"{COUNTER}:atomic", *RUN, "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["results"][0]["outcome"] == "clean"
    assert "counter:atomic" in err


def test_quiet_says_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", f"{COUNTER}:atomic", *RUN, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert out == "1 clean; seed 7\n"
    assert err == ""


def test_full_disk_is_exit_3_and_names_the_journal(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", f"{COUNTER}:atomic", *RUN, "--json", "/dev/full"]) == 3
    err = capsys.readouterr().err
    assert "No space left on device; everything is in /" in err
    assert err.count("\n") == 1


def test_python_executor_works_without_numba(tmp_path: Path) -> None:
    """As on a platform that has no wheel of it: the import fails."""
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['numba'] = None\n")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "XDG_STATE_HOME": str(tmp_path / "state")}
    command = [sys.executable, "-m", "stress", "run", f"{COUNTER}:atomic"]
    done = subprocess.run([*command, *RUN], env=env, cwd=tmp_path, capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    native = subprocess.run([*command, "--seconds", "1"], env=env, cwd=tmp_path, capture_output=True, text=True,
                            check=False, timeout=60)
    assert native.returncode == 2
    assert "numba" in native.stderr
    assert "--executor python" in native.stderr
    assert native.stderr.count("\n") == 1


def test_list_names_every_variant(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0
    text = capsys.readouterr().out
    assert cli.main(["list", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["scenarios"]) > 3
    for scenario in data["scenarios"]:
        assert f"{scenario['name']}:" in text
        for variant in scenario["variants"]:
            assert variant["name"] in text
            assert variant["expected"]


def test_journal_on_a_full_disk_does_not_cost_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    real = journal.Journal.write

    def write(self: journal.Journal, event: str, **fields: Any) -> None:
        if event == "end":
            raise MachineError("cannot write the journal: No space left on device")
        real(self, event, **fields)

    monkeypatch.setattr(journal.Journal, "write", write)
    code, (result,) = results(tmp_path, f"{COUNTER}:atomic")
    assert (code, result["outcome"]) == (3, "clean")
    assert "cannot write the journal" in capsys.readouterr().err
