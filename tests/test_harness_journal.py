"""The journal: nothing that was written is lost, and the reports come from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import MachineError, UsageError
from stress import journal
from stress.journal import Journal


def test_results_in_order(tmp_path: Path) -> None:
    book = Journal(tmp_path)
    first, second = book.started({"scenario": "a"}), book.started({"scenario": "b"})
    book.finished(second, {"scenario": "b", "outcome": "clean"})
    book.finished(first, {"scenario": "a", "outcome": "missed"})
    book.close()
    assert [r["outcome"] for r in journal.results(book.path)] == ["missed", "clean"]


def test_job_without_an_end_is_a_fault_with_its_findings(tmp_path: Path) -> None:
    book = Journal(tmp_path)
    number = book.started({"scenario": "a"})
    book.finding(number, {"kind": "leak"})
    book.finding(number, {"what": "a worker ended"})
    with open(book.path, "a") as file:
        file.write('{"event": "finished", "numb')  # torn by a crash
    result, = journal.results(book.path)
    assert result["outcome"] == "fault"
    assert result["violations"] == [{"kind": "leak"}]
    assert result["faults"][-1] == {"what": "a worker ended"}


def test_damaged_line_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"event": "run"}\nnonsense\n{"event": "end"}\n')
    with pytest.raises(UsageError, match=r":2: not a line"):
        journal.results(path)


def test_twenty_runs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for number in range(25):
        journal.new(f"run-{number:02}").close()
    runs = tmp_path / "pttorture" / "runs"
    assert len(list(runs.iterdir())) == journal.KEPT


def test_two_journals_of_one_process_and_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert journal.new("now").path != journal.new("now").path


def test_state_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    book = journal.new()
    book.write("run")
    assert book.path.parent.parent == tmp_path
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(MachineError, match="no place for the journal"):
        journal.new()


def test_full_disk_is_one_line() -> None:
    book = Journal.__new__(Journal)
    book.path = Path("/dev/full")
    with open("/dev/full", "wb", buffering=0) as file:
        book._file = file.fileno()
        with pytest.raises(MachineError, match="No space left"):
            book.write("run")


def test_lines_are_json(tmp_path: Path) -> None:
    book = Journal(tmp_path)
    book.write("run", seed=1)
    assert json.loads(book.path.read_text())["seed"] == 1
