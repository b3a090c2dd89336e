"""`pttorture campaign` as a person uses it: it begins, ends, goes on, and says what is wrong in one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.declare import CLEAN
from stress.cli import main
from stress.store.view import look
from tests.campaign_rig import COUNTER

ROOT = Path(__file__).parent.parent
CONFIG = '[campaign]\nmembers = 1\n[matrix]\nexecutors = ["explore"]\nstrategies = ["dfs", "random"]\n'


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "night.toml"
    path.write_text(CONFIG)
    return str(path)


def test_a_campaign_ends_by_itself_when_every_search_is_complete(tmp_path: Path, config: str,
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    Path(config).write_text(CONFIG.replace(', "random"', ""))
    folder = tmp_path / "night"
    assert main(["campaign", COUNTER, "--config", config, "--out", str(folder), "--seed", "5"]) == 0
    said = capsys.readouterr().out
    assert "seed 5" in said
    assert "1 finding: 1 expected, 0 not" in said
    with look(folder) as view:
        assert all(row.complete for row in view.rounds() if row.round.cell.variant == "locked")
        finding, = view.findings()
        assert finding.explanation is not None
        assert finding.explanation["minimal"]
    kept = folder / "findings" / finding.signature / "finding.json"
    kept.unlink()
    assert main(["campaign", "--out", str(folder), "--resume"]) == 0, "there is nothing left to do"
    assert kept.exists(), "what a kill has kept from being written is written"


def test_a_folder_with_a_campaign_is_not_begun_again(tmp_path: Path, config: str,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "night")
    assert main(["campaign", f"{COUNTER}:locked", "--config", config, "--out", folder, "--hours", "1s"]) == 0
    assert main(["campaign", COUNTER, "--config", config, "--out", folder]) == 2
    assert "--resume" in capsys.readouterr().err


def test_a_file_that_changed_is_noted(tmp_path: Path, config: str) -> None:
    home = tmp_path / "my.python"  # a folder whose name is like a file's
    home.mkdir()
    mine, folder = home / "mine.py", tmp_path / "night"
    mine.write_text(Path(COUNTER).read_text())
    start = ["campaign", "--out", str(folder), "--hours", "1s"]
    assert main([*start, f"{mine}:locked", "--config", config]) == 0
    assert main([*start, "--resume"]) == 0
    with look(folder) as view:
        assert view.events("changed") == ()
    mine.write_text(mine.read_text() + "# another word\n")
    assert main([*start, "--resume"]) == 0
    with look(folder) as view:
        assert "mine.py changed since the campaign began" in view.events("changed")[0].text


@pytest.mark.parametrize(("arguments", "said"), [
    (["transient-gte"], "did you mean"),
    (["--resume"], "no campaign there"),
    (["--resume", "transient-get"], "NAME has no effect with --resume"),
    (["--shard", "3/2"], "is not a shard"),
    (["--hours", "soon"], "is not a duration"),
    (["--memory", "lots"], "is not a size"),
    (["--config", "none.toml"], "none.toml: cannot be read"),
    (["--hour", "1"], "unknown argument '--hour'; did you mean '--hours'?"),
])
def test_mistakes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str],
                               said: str) -> None:
    assert main(["campaign", "--out", str(tmp_path / "x"), *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "x").exists(), "nothing is made where something is wrong"


def test_signals(tmp_path: Path, config: str) -> None:
    """SIGUSR1 tells how things stand, Ctrl-C ends it: everything that ended is there, nothing else is left."""
    folder = tmp_path / "night"
    process = subprocess.Popen(
        [sys.executable, "-m", "stress", "campaign", COUNTER, "--config", config, "--out", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"})
    until = time.monotonic() + 120
    while time.monotonic() < until and not _done(folder):
        time.sleep(0.2)
    process.send_signal(signal.SIGUSR1)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "had a round" in out
    assert "member 0:" in out
    assert "\ninterrupted: " in out
    with look(folder) as view:
        assert {row.state for row in view.rounds()} <= {"done", "lost"}
        assert {finding.expected for finding in view.findings()} == {True}
        assert all(row.outcome == CLEAN for row in view.rounds(state="done") if row.round.cell.variant == "locked")


def _done(folder: Path) -> bool:
    if not (folder / "campaign.sqlite").exists():
        return False
    with look(folder) as view:
        return sum(row.state == "done" for row in view.rounds()) >= 3


def test_what_is_known_is_no_news(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A fix that does not hold: exit 1 the first night, 0 the second, until it is dropped from what is known."""
    Path(config).write_text(CONFIG.replace(', "random"', ""))
    mine, known = tmp_path / "mine.py", tmp_path / "known.json"
    mine.write_text(Path(COUNTER).read_text().replace('expects="check"', "expects=CLEAN"))

    def night(folder: str, *options: str) -> int:
        return main(["campaign", f"{mine}:plain", "--config", config, "--out", str(tmp_path / folder),
                     "--baseline", str(known), *options])

    assert night("first", "--baseline-update") == 1
    assert f"baseline {known}: 1 added, 0 dropped, 1 in all" in " ".join(capsys.readouterr().out.split())
    assert night("second") == 0
    said = capsys.readouterr().out
    assert "1 finding: 0 expected, 1 known, 0 not" in said
    assert "!!" not in said


def test_a_baseline_that_is_none_is_said_before_anything_is_made(tmp_path: Path, config: str,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    start = ["campaign", COUNTER, "--config", config, "--out", str(tmp_path / "night")]
    for options, said in ((["--baseline", "none.json"], "none.json: no such baseline"),
                          (["--baseline-update"], "need --baseline FILE"), (["--baseline", config], "no baseline of")):
        assert main([*start, *options]) == 2
        err = capsys.readouterr().err
        assert said in err
        assert err.count("\n") == 1
    assert not (tmp_path / "night").exists()
