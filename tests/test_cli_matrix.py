"""`pttorture matrix`: which placement of the count survives what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.s3_placement import OUTCOMES, PLACES, VISITORS
from stress import cli, matrix
from stress.interrupts import Interrupted


def test_the_matrix_is_the_table_of_expectations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "matrix.json"
    assert cli.main(["matrix", "--json", str(target)]) == 0
    results = {r["variant"]: r for r in json.loads(target.read_text())["results"]}
    assert len(results) == len(PLACES) * len(VISITORS)
    broken = {name: r["found"] for name, r in results.items() if r["found"] != "clean"}
    assert broken == {f"{place}+{visitor}": kind for (place, visitor), (kind, _) in OUTCOMES.items()}
    assert all(r["complete"] for r in results.values() if r["found"] == "clean")
    out = capsys.readouterr().out
    assert max(map(len, out.split("\n"))) <= 80
    rows = {line.split()[0]: line.split()[1:] for line in out.split("\n") if line.partition(" ")[0] in PLACES}
    assert list(rows) == list(PLACES)
    assert rows["refcount"] == ["MF", *["-"] * 7]
    assert out.count("missed-free") == 1  # the legend


def test_a_scenario_that_is_no_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["matrix", "transient-get"]) == 2
    assert "no pairs ROW+COLUMN" in capsys.readouterr().err


def test_an_interrupted_matrix_shows_what_it_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    real, calls = matrix._outcome, []

    def interrupted(*args: Any) -> dict[str, Any]:
        calls.append(args)
        if len(calls) == 3:
            raise Interrupted
        return real(*args)

    monkeypatch.setattr(matrix, "_outcome", interrupted)
    target = tmp_path / "matrix.json"
    assert cli.main(["matrix", "--json", str(target)]) == 130
    assert len(json.loads(target.read_text())["results"]) == 2
    assert "refcount      MF      -       ?" in capsys.readouterr().out
