"""The files of a finding, and `pttorture repro` and `replay` on findings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import MachineError
from engine.schedule import Schedule
from stress import cli
from stress.findings import files
from stress.findings.files import keep, keep_missing
from stress.replaying import read
from tests.store_rig import PLAIN, made, ran, result, round_of, violation

ROOT = Path(__file__).parent.parent
NAMES = ("finding.json", "picture.txt", "repro.py", "schedule.json")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(ROOT / "tests" / "protocols" / "counter.py", tmp_path / "mine.py"))


@pytest.fixture
def known(mine: Path) -> str:
    """The signature of an explained finding in a campaign in `c`; a second one is not explained, a third cannot be."""
    schedule, _ = read("mine.py:plain")
    cell = replace(PLAIN, source=str(mine))
    with made(Path("c")) as store:
        places = [{**violation(), "where": f"{mine}:{line}"} for line in (30, 21, 25)]
        first, _, third = ran(store, round_of(cell, 0), result(*places))
        store.explained(first.signature, {"explained": "breaks with 1 preemption", "schedule": schedule.to_json(),
                                          "preemptions": 1, "minimal": True, "picture": "the picture\n"})
        said = "not explained: nothing breaks in 5 executions"
        store.explained(third.signature, {"explained": said, "schedule": None})
    for each in (first, third):
        keep(Path("c"), each.signature)
    return first.signature


def signature(line: int) -> str:
    found = [json.loads(path.read_text()) for path in Path("c/findings").glob("*/finding.json")]
    return str(next(each["signature"] for each in found if each["title"].endswith(f":{line}")))


def test_a_finding_has_its_files(known: str) -> None:
    folder = Path("c/findings") / known
    assert sorted(path.name for path in folder.iterdir()) == sorted([*NAMES, f"test_{known}.py"])
    about = json.loads((folder / "finding.json").read_text())
    assert about["title"] == "counter:plain: check at mine.py:30"
    assert about["explanation"] == {"explained": "breaks with 1 preemption", "minimal": True, "preemptions": 1}
    assert about["round"]["cell"]["variant"] == "plain"
    assert (folder / "picture.txt").read_text() == "the picture\n"
    schedule = Schedule.from_json((folder / "schedule.json").read_text())
    assert schedule.bound["source"] == "../../../mine.py", "so that the folder can be moved with the file"
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert keep(Path("c"), known[:6]) == folder
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_what_was_cut_off_is_made_good(known: str) -> None:
    """A kill or a full disk between the explanation and its files, after any number of them."""
    folder, bare = Path("c/findings") / known, Path("c/findings") / signature(25)
    whole = {path: path.read_bytes() for each in (folder, bare) for path in each.iterdir()}
    times = {path: path.stat().st_mtime_ns for path in whole}
    assert keep_missing(Path("c")) == []
    assert {path: path.stat().st_mtime_ns for path in whole} == times, "what is whole is left alone"
    for path in sorted(whole):
        path.unlink()
        assert keep_missing(Path("c")) == [path.parent]
    (folder / "finding.json").write_text('{"explanation"')
    assert keep_missing(Path("c")) == [folder]
    shutil.rmtree("c/findings")
    assert sorted(keep_missing(Path("c"))) == sorted([folder, bare])
    assert {path: path.read_bytes() for path in Path("c/findings").glob("*/*")} == whole
    assert keep_missing(Path("c")) == []


def test_the_files_of_an_earlier_explanation_are_replaced(known: str) -> None:
    from stress.store.store import Store
    from stress.store.view import look

    with look("c") as view:
        explanation = view.finding(known).explanation or {}
    with Store.open("c") as store:
        store.explained(known, {**explanation, "explained": "breaks with 0 preemptions", "picture": "another\n"})
    assert keep_missing(Path("c")) == [Path("c/findings") / known]
    assert (Path("c/findings") / known / "picture.txt").read_text() == "another\n"


def test_a_schedule_that_cannot_be_read_keeps_no_other_finding_from_its_files(known: str) -> None:
    from stress.store.store import Store

    bare = signature(25)
    shutil.rmtree("c/findings")
    with Store.open("c") as store:
        store.explained(known, {"explained": "breaks", "schedule": "{}"})
    assert keep_missing(Path("c")) == [Path("c/findings") / bare]


def test_finding_json_is_written_last(known: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that the files are there."""
    shutil.rmtree("c/findings")

    def full(target: str, text: str) -> None:
        if target.endswith("picture.txt"):
            raise MachineError("full")
        Path(target).write_text(text)

    with monkeypatch.context() as patched:
        patched.setattr(files, "write", full)
        with pytest.raises(MachineError):
            keep_missing(Path("c"))
    assert not (Path("c/findings") / known / "finding.json").exists()
    assert Path("c/findings") / known in keep_missing(Path("c"))
    assert (Path("c/findings") / known / "picture.txt").exists()


def test_what_could_not_be_explained_says_so(known: str) -> None:
    assert known
    folder = Path("c/findings") / signature(25)
    assert [path.name for path in folder.iterdir()] == ["finding.json"]
    about = json.loads((folder / "finding.json").read_text())
    assert about["explanation"]["explained"].startswith("not explained")


def test_its_script_and_its_test_stand_alone(known: str) -> None:
    folder = Path("c/findings") / known
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def started(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, check=False)

    script = started(str(folder / "repro.py"), "--executor", "explore")
    assert script.returncode == 1, script.stderr
    assert "check at mine.py:30, as recorded" in script.stdout
    test = started("-m", "pytest", "-q", "-p", "no:cacheprovider", "c")
    assert test.returncode == 1, test.stdout
    assert "1 failed" in test.stdout
    assert "CHECK: an increment is lost (mine.py:30)" in test.stdout


@pytest.mark.parametrize("how", ["c/{}", "c/findings/{}", "{} --campaign c", "./c/{:.6}"])
def test_repro_replays_a_finding(known: str, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["repro", *how.format(known).split()]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"counter:plain: check at mine.py:30 [{known}], 3 times in 1 round; breaks")
    assert "replayed on explore: 5 steps, check at mine.py:30, as recorded\n" in out
    assert f"on native threads too: python3 c/findings/{known}/repro.py\n" in " ".join(out.split()) + "\n"


def test_repro_writes_a_script_and_a_test(known: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["repro", f"c/{known}", "--script", "one.py", "--pytest", "test_one.py"]) == 0
    assert capsys.readouterr().out == ("written: one.py; run it with: python3 one.py\n"
                                       "written: test_one.py; run it with: pytest test_one.py\n")
    assert f'"""finding {known}: counter:plain' in Path("one.py").read_text()
    assert Path("one.py").read_text().count('"source": "mine.py"') == 1


def test_replay_takes_a_finding_too(known: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", f"c/{known}"]) == 0
    assert "as recorded" in capsys.readouterr().out


def test_the_findings_of_a_campaign_are_listed(known: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["repro", "--campaign", "c"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{known}  counter:plain: check at mine.py:30; breaks with 1 preemption\n")
    assert "not explained yet" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(("args", "said"), [
    ("repro c/000000", "000000: no such finding in c; there is: "), ("repro none/000000", "none: no campaign there"),
    ("repro 000000 --campaign none", "none: no campaign there"), ("replay c/findings/zz", "zz: no such finding in c"),
    ("repro {25} --campaign c", "has no schedule (not explained: nothing breaks in 5 executions)"),
    ("repro {21} --campaign c --script x.py", "has no schedule yet"), ("repro --campaign none", "no campaign there")])
def test_wrong_use(known: str, args: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert known
    keep(Path("c"), _unexplained())
    for line in (21, 25):
        args = args.replace(f"{{{line}}}", signature(line))
    assert cli.main(args.split()) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not Path("x.py").exists()


def _unexplained() -> str:
    from stress.store.view import look

    with look("c") as view:
        return next(row.signature for row in view.findings() if row.explanation is None)
