"""A trace replayed on worker threads gives what the sequential model gives; a difference is seen and named."""

from __future__ import annotations

import argparse
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import UsageError
from engine.session import Progress
from stress import running, tracing
from stress.console import Console
from stress.faces import Session
from stress.journal import Journal
from stress.trace import load
from stress.trace.live import Prepared, TraceSupervisor, prepare
from stress.trace.reference import Policy
from tests.trace_files import MIB, Map, Unmap, make_trace

LARGE = 0x40000000  # aligned for a leaf of 2 MiB


def small_trace(folder: Path) -> Path:
    """Two CPUs: pages that share tables, a large leaf that goes, one that stays, and a page that stays."""
    path = folder / "small.trace"
    make_trace(
        path,
        Map(0x1000, 4096), Map(0x2000, 8192, cpu=1), Map(LARGE, 2 * MIB, LARGE), Unmap(0x1000, 4096),
        Map(LARGE + 2 * MIB, 2 * MIB, LARGE, cpu=1), Unmap(0x2000, 8192, cpu=1), Unmap(LARGE, 2 * MIB),
        Map(0x1000, 4096, cpu=1), Map(LARGE, 4096), Unmap(LARGE, 4096, cpu=1),
    )
    return path


def replayed(folder: Path, prepared: Prepared, shown: io.StringIO | None = None, **options: Any) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    args = argparse.Namespace(json=None, allow_missed=False)
    run = running.Run(args, 1, Console(shown or io.StringIO()), Journal(folder))
    with running.runner(run) as made:
        result = tracing.replay(run, made, prepared, executor="python", lock="fair", **options)
    run.journal.close()
    return result


@pytest.mark.parametrize("policy", ["whole", "split"])
def test_replay_equals_the_model(tmp_path: Path, policy: Policy) -> None:
    prepared = prepare(load(small_trace(tmp_path)), 2, policy)
    assert prepared.plan.streams == 2
    result = replayed(tmp_path / "run", prepared)
    assert result["violations"] == []
    assert result["faults"] == []
    assert (result["outcome"], result["rounds"]) == ("clean", 1)
    assert result["work"]["splits"] == (1 if policy == "split" else 0)
    assert result["operations"] == 10
    assert result["work"]["walks"] >= 0


@pytest.mark.parametrize(("threads", "said"), [(8, "small.trace: has the streams of 2 CPUs; 2 of 8 threads"), (2, "")])
def test_threads_that_have_no_stream_are_said(tmp_path: Path, threads: int, said: str) -> None:
    prepared, shown = prepare(load(small_trace(tmp_path)), threads, "split", bystanders=False), io.StringIO()
    assert prepared.plan.streams == 2
    replayed(tmp_path / "run", prepared, shown, threads=threads)
    assert said in shown.getvalue()
    assert ("threads replay it" in shown.getvalue()) == bool(said)


def test_looped_replay_ends_as_a_single_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = TraceSupervisor.over

    def when_it_has_looped(self: TraceSupervisor, session: Session, progress: Progress) -> bool:
        self.loop_seconds = 0.0 if progress.counters.get("loops", 0) > 1 else 600.0  # however busy the machine is
        return over(self, session, progress)

    monkeypatch.setattr(TraceSupervisor, "over", when_it_has_looped)
    prepared = prepare(load(small_trace(tmp_path)), 2, "split", bystanders=False)
    result = replayed(tmp_path / "run", prepared, seconds=0.1)
    assert result["outcome"] == "clean"
    assert result["rounds"] > 1
    assert result["operations"] == 10 * result["rounds"]


def test_wrong_size_and_lost_mapping_are_named(tmp_path: Path) -> None:
    """The twin: the rows do another thing than the model expects."""
    prepared = prepare(load(small_trace(tmp_path)), 1, "split", bystanders=False)
    rows = prepared.rows.copy()
    last_map = int((rows[:, 1] == 1).nonzero()[0][-2])  # the page that stays; the closing unmap comes after it
    rows[last_map, 1] = 7
    result = replayed(tmp_path / "run", replace(prepared, rows=rows))
    assert result["outcome"] == "unexpected"
    messages = " ".join(violation["message"] for violation in result["violations"])
    assert "1 lost, the first at iova 0x1000; 1 too many, the first at iova 0x7000" in messages
    expected = prepared.expected.copy()
    expected[0] = 3
    result = replayed(tmp_path / "again", replace(prepared, expected=expected))
    assert "calls did another size than the model's" in result["violations"][0]["message"]


def test_pages_that_lead_elsewhere_are_named(tmp_path: Path) -> None:
    prepared = prepare(load(small_trace(tmp_path)), 1, "whole", bystanders=False)
    rows = prepared.rows.copy()
    rows[int((rows[:, 1] == 1).nonzero()[0][-2]), 3] += 1
    result = replayed(tmp_path / "run", replace(prepared, rows=rows))
    assert "1 pages lead elsewhere, the first at iova 0x1000" in result["violations"][0]["message"]


def test_more_domains_than_there_is_room_for(tmp_path: Path) -> None:
    path = tmp_path / "many.trace"
    make_trace(path, *(Map(0x1000, 4096, dom=0x1000 * (n + 1)) for n in range(9)))
    with pytest.raises(UsageError, match="9 domains; a replay has room for 8"):
        prepare(load(path), 1, "split")


def test_trace_names() -> None:
    assert tracing.find("vfio-hugepage").name == "vfio-hugepage.trace.gz"
    with pytest.raises(UsageError, match="did you mean 'nvme-strict'"):
        tracing.find("nvme-strct")
