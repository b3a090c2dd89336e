"""Reports: text in 80 columns, JSON, JUnit, and where they are written."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from engine.errors import MachineError, UsageError
from stress.console import Console, shorten
from stress.installation import root
from stress.report import json as json_report
from stress.report import junit, places, text
from stress.report.write import check_target, write


def result(**changes: Any) -> dict[str, Any]:
    return {"scenario": "transient-get", "variant": "rfc-v1", "race": "S1-a", "executor": "native", "lock": "qrwlock",
            "processes": 1, "threads": 3, "seconds": 2.0, "rounds": 100_000, "operations": 10,
            "operations_per_second": 5, "overlap": 0.5, "outcome": "clean", "verdict": "as-expected", "why": "",
            "hangs": 0, "violations": [], "faults": [], **changes}


VIOLATION = {"kind": "leak", "message": "page 7 is \x1b[1m linked nowhere & <lost>, " * 5, "where": "s1.py:10",
             "count": 2, "seconds": 0.01, "evidence": [{"thread": "unmap", "step": "xchg", "address": "page 3 [5]",
                                                        "value": 0x7003}]}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_text_has_80_columns() -> None:
    console = Console(io.StringIO())
    long = result(variant="a-variant-with-a-very-long-name-indeed-it-is", outcome="unexpected",
                  verdict="not-as-expected", why="found leak; " * 20, violations=[VIOLATION],
                  faults=[{"what": "a worker ended " * 10, "last_steps": VIOLATION["evidence"]}])
    lines = text.result_lines(long, console)
    assert max(map(len, lines)) <= 80
    assert any("unmap: xchg(page 3 [5]) = 0x7003" in line for line in lines)
    assert text.result_lines(result(), console)[0].startswith("ok transient-get:rfc-v1 (S1-a)")


def test_colour_is_chosen_by_terminal_and_environment() -> None:
    def coloured(stream: io.StringIO, **environment: str) -> bool:
        return "\x1b[" in Console(stream, environment=environment).paint("x", "bad")

    assert coloured(Terminal())
    assert not coloured(io.StringIO())
    assert not coloured(Terminal(), NO_COLOR="1")
    assert coloured(io.StringIO(), FORCE_COLOR="1")
    assert not coloured(io.StringIO(), FORCE_COLOR="1", NO_COLOR="1")
    assert not coloured(Terminal(), TERM="dumb")


def test_progress_is_redrawn_on_a_terminal_only() -> None:
    terminal, plain = Terminal(), io.StringIO()
    for stream in (terminal, plain):
        console = Console(stream, environment={})
        console.progress("one " * 40)
        console.progress("two")  # too soon after the first
        console.result("done")
    assert terminal.getvalue().startswith("\rone ")
    assert terminal.getvalue().endswith("\r\x1b[Kdone\n")
    assert "\r" not in plain.getvalue()
    assert "\x1b" not in plain.getvalue()
    assert max(map(len, plain.getvalue().split("\n"))) < 80


def test_quiet_says_only_results() -> None:
    stream = io.StringIO()
    console = Console(stream, quiet=True)
    console.progress("a")
    console.say("b")
    console.result("c")
    assert stream.getvalue() == "c\n"
    assert shorten("a\nb" * 100, 10) == "a ba ba..."


def test_json_holds_everything() -> None:
    data = json.loads(json_report.render({"seed": 1}, [result()]))
    assert data == {"seed": 1, "results": [result()]}


@pytest.mark.parametrize(("changes", "tag"), [
    ({}, None),
    ({"outcome": "unexpected", "verdict": "not-as-expected", "violations": [VIOLATION]}, "failure"),
    ({"outcome": "fault", "verdict": "inconclusive", "faults": [{"what": "died"}]}, "error"),
    ({"outcome": "missed", "verdict": "inconclusive"}, "skipped"),
    ({"outcome": "inconclusive", "verdict": "inconclusive"}, "failure"),
])
def test_junit_says_what_it_is(changes: dict[str, Any], tag: str | None) -> None:
    root = ElementTree.fromstring(junit.render({"seed": 1}, [result(**changes)], allow_missed=True))
    case = root.find("testsuite/testcase")
    assert case is not None
    assert [child.tag for child in case if child.tag != "system-out"] == ([tag] if tag else [])
    assert root.find("testsuite/[@tests='1']") is not None


def test_report_replaces_a_file_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    write(str(target), "first")
    write(str(target), "second")
    assert target.read_text() == "second"
    assert list(tmp_path.iterdir()) == [target]


def test_full_disk_names_the_journal() -> None:
    with pytest.raises(MachineError, match=r"No space left on device; everything is in /somewhere"):
        write("/dev/full", "x" * 100_000, journal=Path("/somewhere"))


def test_target_is_checked_before_anything_runs(tmp_path: Path) -> None:
    check_target("--json", None)
    check_target("--json", "-")
    check_target("--json", str(tmp_path / "new.json"))
    with pytest.raises(UsageError, match="is a folder"):
        check_target("--json", str(tmp_path))
    with pytest.raises(UsageError, match="no folder"):
        check_target("--json", str(tmp_path / "missing" / "out.json"))


def test_places_are_short_on_the_screen_and_whole_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert places.short(f"at {tmp_path}/mine.py:3, {root()}/stress/cli.py:1") == "at mine.py:3, stress/cli.py:1"
    assert places.short(f"at /elsewhere{tmp_path}/mine.py:3") == f"at /elsewhere{tmp_path}/mine.py:3"
    monkeypatch.chdir("/")
    assert places.short("at /etc/mine.py:3") == "at /etc/mine.py:3"


def test_long_lock_name_and_long_path_keep_to_their_lines() -> None:
    lines = text.result_lines(result(processes=2, lock="pthread-writer"), Console(io.StringIO()))
    assert max(map(len, lines)) <= 80
    path = "/a" * 60 + "/b.py:1"
    assert any(path in line for line in text.wrap(f"check: at {path}, 3 times"))


def test_evidence_shows_every_thread() -> None:
    rows = [{"thread": name, "step": "xchg", "address": f"page {i}", "value": i}
            for name in ("A", "B") for i in range(99)]
    fault = {"what": "a worker died", "seconds": 1.0, "last_steps": rows}
    lines = text.result_lines(result(outcome="fault", verdict="inconclusive", faults=[fault]), Console(io.StringIO()))
    shown = [line.split(":")[0].strip() for line in lines if "xchg" in line]
    assert shown == ["A"] * 6 + ["B"] * 6
    assert any("page 98" in line for line in lines if "A:" in line)
