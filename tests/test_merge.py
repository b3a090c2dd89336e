"""`pttorture merge`: the shards of a campaign are what one machine would have found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stress import cli
from stress.campaign.cell import Cell, Round
from stress.findings.signature import findings_of
from stress.store.store import Store
from stress.store.view import View, look
from tests.store_rig import PLAIN, SEARCH, SEED, made, ran, result, round_of, violation

ROOT = Path(__file__).parent.parent
ROUNDS = [round_of(cell, number) for number in range(12) for cell in (PLAIN, SEARCH)]


def given(each: Round) -> dict[str, Any]:
    """The result of a round: a function of its description."""
    found = [violation(line, count=each.number + 1) for line in (21, 30) if each.seed % line < 8]
    return result(*found, pairs=[(f"a:{each.seed % 5}", f"b:{each.seed % 3}", each.number)])


def campaign(folder: Path, rounds: Iterable[Round], **config: Any) -> Path:
    with made(folder, **config) as store:
        for each in rounds:
            ran(store, each, given(each))
        store.sample("memory", 1.0)
        store.event("note", folder.name)
    return folder


def told(folder: Path) -> dict[str, Any]:
    """All that does not depend on when and in which order it happened."""
    with look(folder) as view:
        return {
            "rounds": {(r.round.cell.key, r.round.number): (r.state, r.attempt, r.round.seed, r.result, r.operations)
                       for r in view.rounds()},
            "findings": {f.signature: (f.kind, f.count, f.rounds, f.places, f.title) for f in view.findings()},
            "coverage": set(view.coverage()),
            "cells": {c.cell.key: (c.rounds, c.seconds, c.operations, c.outcomes, set(c.findings))
                      for c in view.cells()},
        }


def merge(*folders: Path, into: Path) -> int:
    return cli.main(["merge", *map(str, folders), "--into", str(into)])


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    return [campaign(tmp_path / f"shard{i}", [r for r in ROUNDS if r.number % 3 == i - 1], shard=f"{i}/3")
            for i in (1, 2, 3)]


def test_shards_are_the_whole(tmp_path: Path, shards: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    whole = told(campaign(tmp_path / "whole", ROUNDS))
    assert whole["findings"]
    assert whole["coverage"]
    assert merge(*reversed(shards), into=tmp_path / "all") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'all'}: 24 rounds and 2 findings from 3 folders\n"
    assert told(tmp_path / "all") == whole
    with look(tmp_path / "all") as view:
        assert view.campaign["config"] == {}
        assert {part["shard"] for part in view.campaign["merged"]} == {"1/3", "2/3", "3/3"}
        assert {row.shard for row in view.rounds()} == {"1/3", "2/3", "3/3"}
    with Store.open(tmp_path / "all") as store:  # it can go on
        assert store.resumed()[PLAIN.key] == (12, {})


def test_what_two_folders_have_counts_once(tmp_path: Path, shards: list[Path],
                                           capsys: pytest.CaptureFixture[str]) -> None:
    whole = told(campaign(tmp_path / "whole", ROUNDS))
    assert merge(*shards[:2], into=tmp_path / "some") == 0
    assert merge(tmp_path / "some", *shards[1:], into=tmp_path / "all") == 0
    assert "  8 rounds in more than one folder, counted once\n" in capsys.readouterr().out
    assert told(tmp_path / "all") == whole
    with look(tmp_path / "all") as view:
        assert [event.text for event in view.events()] == ["shard1", "shard2", "shard3"]
        assert len(view.samples()) == 3


def test_first_and_last_seen(tmp_path: Path, shards: list[Path]) -> None:
    assert merge(*shards, into=tmp_path / "all") == 0

    def span(view: View) -> dict[str, tuple[float, float, Round]]:
        return {f.signature: (f.first, f.last, f.round) for f in view.findings()}

    parts = []
    for shard in shards:
        with look(shard) as view:
            parts.append(span(view))
    with look(tmp_path / "all") as view:
        for signature, (first, last, round_) in span(view).items():
            spans = [part[signature] for part in parts if signature in part]
            assert last == max(last for _, last, _ in spans)
            assert (first, round_) == min(((first, round_) for first, _, round_ in spans), key=lambda each: each[0])


def test_a_round_that_is_done_anywhere_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = (round_of(PLAIN, number) for number in range(3))
    with made(tmp_path / "a") as a, made(tmp_path / "b") as b:
        a.lose(a.begin(first), "killed")
        ran(b, first, given(first))
        a.lose(a.begin(second), "killed")
        b.lose(b.begin(second), "killed")
        b.lose(b.begin(second), "killed again")
        a.begin(third)
        assert merge(tmp_path / "a", tmp_path / "b", into=tmp_path / "all") == 0
    assert "  2 rounds without a result, 1 of them still running\n" in capsys.readouterr().out
    with look(tmp_path / "all") as view:
        rounds = {row.round.number: row for row in view.rounds()}
    assert {n: (r.state, r.attempt) for n, r in rounds.items()} == {0: ("done", 1), 1: ("lost", 2), 2: ("lost", 1)}
    assert "when the shards were merged" in (rounds[2].why or "")
    with Store.open(tmp_path / "all") as store:
        assert store.resumed()[PLAIN.key] == (3, {1: 2, 2: 1})


def test_the_best_explanation_and_its_files(tmp_path: Path) -> None:
    said = [{"explained": "not explained", "schedule": None},
            {"explained": "breaks", "schedule": "{}", "minimal": True, "preemptions": 1},
            {"explained": "breaks", "schedule": "{}", "minimal": False, "preemptions": 0}]
    for number, explanation in enumerate(said):
        with made(tmp_path / str(number)) as store:
            ran(store, round_of(PLAIN, number), result(violation()))
            found, = findings_of(PLAIN, result(violation()))
            store.explained(found.signature, explanation)
            store.sample("memory", number)
            store.event("note", "same")
        folder = tmp_path / str(number) / "findings" / found.signature
        folder.mkdir(parents=True)
        (folder / "picture.txt").write_text(str(number))
    assert merge(*(tmp_path / str(n) for n in range(3)), into=tmp_path / "all") == 0
    with look(tmp_path / "all") as view:
        row, = view.findings()
        assert row.explanation == said[1]
        assert [s.value for s in view.samples()] == [0.0, 1.0, 2.0]
        assert len(view.events()) == 3
    assert (tmp_path / "all" / "findings" / row.signature / "picture.txt").read_text() == "1"


def _nothing(_: Path) -> None:
    pass


def _other_seed(tmp_path: Path) -> None:
    with Store.create(tmp_path / "b", seed=SEED + 1, config={}, names=[]) as store:
        ran(store, round_of(PLAIN, 1, SEED + 1), result())


def _other_round(tmp_path: Path, cell: Cell = PLAIN, **change: Any) -> None:
    with made(tmp_path / "b") as store:
        ran(store, replace(round_of(cell, 0), **change), result())


def _copied(tmp_path: Path) -> None:
    (tmp_path / "b").symlink_to(tmp_path / "a")


def _damaged(tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / "campaign.sqlite").write_bytes(b"SQLite format 3\0" + bytes(4000))


@pytest.mark.parametrize(("change", "said"), [
    (_other_seed, "b has seed 8, "), (lambda path: _other_round(path, seed=5), "round 0 of counter:plain (native "),
    (lambda path: _other_round(path, seconds=3.0), "has another description than in another of the folders"),
    (_copied, "b: named twice"), (_nothing, "b: no campaign there"), (_damaged, "b/campaign.sqlite: "),
    (lambda path: (_other_round(path, SEARCH), made(path / "all").close()), "all: holds a campaign already")],
    ids=["seed", "round's seed", "description", "twice", "none", "damaged", "into"])
def test_what_does_not_belong_together(tmp_path: Path, change: Any, said: str,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    campaign(tmp_path / "a", [round_of(PLAIN, 0)])
    change(tmp_path)
    before = sorted(path for path in tmp_path.rglob("*") if path.name != "lock" and path.suffix == "")
    assert merge(tmp_path / "a", tmp_path / "b", into=tmp_path / "all") == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    left = [path.name for path in (tmp_path / "all").iterdir()] if (tmp_path / "all").exists() else []
    assert [name for name in left if name not in ("lock", "campaign.sqlite")] == []
    assert ("campaign.sqlite" in left) == (tmp_path / "all" / "lock" in before or "all: holds" in said)


SIGNALLED = """
import os, shutil, signal, sys
from stress import cli
from stress.store import merging, rows
place, number, *args = sys.argv[1:]
module, name = {"insert": (rows, "insert"), "rest": (merging._Merging, "_rest"), "copy": (shutil, "copytree"),
                "placed": (merging, "_placed")}[place]
real, calls = getattr(module, name), 0

def counted(*args, **more):
    global calls
    calls += 1
    if calls == int(number):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
    return real(*args, **more)

setattr(module, name, counted)
code = cli.main(["merge", *args])
print("calls", calls)
sys.exit(code)
"""


def signalled(place: str, number: int, *folders: Path, into: Path) -> subprocess.CompletedProcess[str]:
    """A merge that gets signals in the given call of a function."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", SIGNALLED, place, str(number), *map(str, folders), "--into", str(into)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def explained(folder: Path) -> None:
    """Explain all findings of a campaign, with a file each."""
    with look(folder) as view:
        signatures = [row.signature for row in view.findings()]
    with Store.open(folder) as store:
        for signature in signatures:
            store.explained(signature, {"explained": "not explained", "schedule": None})
            (folder / "findings" / signature).mkdir(parents=True)
            (folder / "findings" / signature / "finding.json").write_text("{}")


@pytest.mark.parametrize(("place", "number"), [("insert", 4), ("rest", 1), ("copy", 1)])
def test_a_signal_ends_it_between_two_steps_and_leaves_nothing(tmp_path: Path, shards: list[Path], place: str,
                                                               number: int) -> None:
    for shard in shards:
        explained(shard)
    done = signalled(place, number, *shards, into=tmp_path / "all")
    assert (done.returncode, done.stderr) == (130, f"interrupted: nothing was merged into {tmp_path / 'all'}\n")
    calls = int(done.stdout.removeprefix("calls "))
    assert calls - number < 4, "it went on to the end of a round at most"
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["lock"]
    assert merge(*shards, into=tmp_path / "all") == 0
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["campaign.sqlite", "findings", "lock"]


def test_a_signal_after_the_last_step_finds_it_whole(tmp_path: Path, shards: list[Path]) -> None:
    explained(shards[0])
    done = signalled("placed", 1, *shards, into=tmp_path / "all")
    assert (done.returncode, done.stderr) == (130, "")
    assert done.stdout.startswith(f"{tmp_path / 'all'}: 24 rounds and 2 findings from 3 folders\n")
    with look(tmp_path / "all") as view:
        assert len(list(view.rounds())) == 24
        assert {path.name for path in (tmp_path / "all" / "findings").iterdir()} == {
            row.signature for row in view.findings()}


def test_a_full_disk_leaves_no_files_of_findings(tmp_path: Path, shards: list[Path], monkeypatch: pytest.MonkeyPatch,
                                                 capsys: pytest.CaptureFixture[str]) -> None:
    explained(shards[0])
    torn = tmp_path / "all" / ".findings.1.new"
    torn.mkdir(parents=True)
    (torn / "what a kill -9 has left").touch()
    copytree = shutil.copytree

    def full(source: Path, to: Path, **how: Any) -> Path:
        copytree(source, to, **how)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copytree", full)
        assert merge(*shards, into=tmp_path / "all") == 3
    assert "cannot copy the files of findings" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "all").iterdir()] == ["lock"]
