"""What the check at rest counts is part of a run's work, under every executor."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.explore import explore
from engine.language.program import Program, build
from tests.protocol_source import scenario

TEXT = """
SEEN = Counter("seen")
@protocol
def role(mem):
    mem.atomic64_inc(A)
    mem.count(WORK)
@protocol
def at_rest(mem):
    mem.count(SEEN)
    mem.count(WORK)
"""


def program(folder: Path, folded: bool = True) -> Program:
    return build(scenario(folder, TEXT, roles=["role", "role"]), folded=folded)


def test_in_a_search(tmp_path: Path) -> None:
    result = explore(program(tmp_path), executions=1)
    assert result.counters == {"work": 3, "seen": 1}


def test_on_python_threads(tmp_path: Path) -> None:
    from tests.test_python_session import running, until

    with running(program(tmp_path), tmp_path) as session:
        until(lambda: session.progress().rounds > 20, "rounds")
        counters = session.progress().counters
    assert counters["seen"] >= 20
    assert counters["work"] >= 3 * counters["seen"]


@pytest.mark.native
@pytest.mark.usefixtures("cpu_token")
def test_natively(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    from tests.native_help import driven, until

    with driven(program(tmp_path, folded=False), tmp_path) as session:
        until(lambda: session.progress().rounds > 20)
        counters = session.progress().counters
    assert counters["seen"] >= 20
    assert counters["work"] >= 3 * counters["seen"]
